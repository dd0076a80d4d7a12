"""PatchGAN and its spectral norm, against NumPy and on synthetic pairs."""

import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf import losses
from nircolor_tf.data import synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.networks.discriminators import PatchGAN, SpectralNormConv2D
from nircolor_tf.training import build

NORMS = ("instance", "spectral")


def make_spectral_norm(channels=3, filters=5):
    """A layer whose singular values lie clearly apart."""
    layer = SpectralNormConv2D(filters, kernel=4, strides=2)
    layer.build((None, None, None, channels))
    rng = np.random.default_rng(0)
    layer.kernel.assign(rng.normal(size=(4, 4, channels, filters)))
    # Keras draws it from a state that other tests leave behind.
    layer.vector.assign(rng.normal(size=layer.vector.shape))
    return layer


def make_images(count=2, size=10, channels=3):
    rng = np.random.default_rng(1)
    return rng.normal(size=(count, size, size, channels)).astype(np.float32)


def matrix_of(kernel):
    return kernel.numpy().astype(float).reshape(-1, kernel.shape[-1])


def effective_matrix(layer):
    """What the layer multiplies with: its answer to each unit window."""
    inputs = int(np.prod(layer.kernel.shape[:3]))
    windows = np.eye(inputs, dtype=np.float32)
    output = layer(windows.reshape(inputs, *layer.kernel.shape[:3]))
    return output.numpy().reshape(inputs, -1) - layer.bias.numpy()


def iterate(matrix, vector):
    """Miyato et al. 2018, algorithm 1, step 1."""
    left = matrix @ vector / np.linalg.norm(matrix @ vector)
    return left @ matrix / np.linalg.norm(left @ matrix)


def spectral_norms_of(network):
    layers = network.blocks.layers
    return [item for item in layers if isinstance(item, SpectralNormConv2D)]


def test_golden_parameter_counts():
    convolutions = [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1)]
    derived = sum(16 * i * o + o for i, o in convolutions)
    # CycleGAN's, whose InstanceNorm has no weights.
    assert derived == 2_764_737
    # One vector to each normalised convolution.
    for norm, vectors in (("instance", 0), ("spectral", 128 + 256 + 512)):
        network = PatchGAN(filters=64, norm=norm)
        network(keras.Input((None, None, 3)))
        assert network.count_params() == derived + vectors
        fixed = network.non_trainable_variables
        assert sum(int(np.prod(v.shape)) for v in fixed) == vectors


@pytest.mark.parametrize("norm", NORMS)
def test_one_logit_a_patch(norm):
    network = PatchGAN(filters=2, norm=norm)
    # 30x30 for 256x256 is what the papers give.
    for size, logits in (((256, 256), (30, 30)), ((32, 64), (2, 6))):
        image = np.zeros((2, *size, 3), np.float32)
        assert network(image).shape == (2, *logits, 1)


@pytest.mark.parametrize("norm", NORMS)
def test_only_the_three_convolutions_in_the_middle_are_normalised(norm):
    network = PatchGAN(filters=4, norm=norm)
    network(keras.Input((None, None, 3)))
    pad, plain, leaky = "ZeroPadding2D", "Conv2D", "LeakyReLU"
    middle = {
        "instance": [pad, plain, "GroupNormalization", leaky],
        "spectral": [pad, "SpectralNormConv2D", leaky],
    }[norm]
    found = [type(item).__name__ for item in network.blocks.layers]
    assert found == [pad, plain, leaky, *middle * 3, pad]
    assert type(network.head).__name__ == plain


def test_an_unknown_norm_is_refused():
    with pytest.raises(InputError, match=r"'batch'; .* instance, spectral"):
        PatchGAN(filters=4, norm="batch")


def test_a_logit_sees_70x70_pixels():
    # Spectral norm, unlike InstanceNorm, does not join distant pixels.
    network = PatchGAN(filters=4, norm="spectral")
    image = tf.constant(make_images(1, 128))
    with tf.GradientTape() as tape:
        tape.watch(image)
        logit = network(image)[0, 7, 6, 0]
    gradient = tape.gradient(logit, image).numpy()
    seen = np.zeros((128, 128), bool)
    # Strides of 8 in all; the padding, 1 + 2 + 4 + 8 + 8, moves the first.
    seen[8 * 7 - 23 :][:70, 8 * 6 - 23 :][:, :70] = True
    np.testing.assert_array_equal(np.any(gradient[0] != 0, axis=-1), seen)


@pytest.mark.parametrize("norm", NORMS)
def test_logits_are_float32_under_mixed_bfloat16(norm):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = PatchGAN(filters=4, norm=norm)
    finally:
        keras.config.set_dtype_policy("float32")
    images = make_images(2, 32)
    logits = network(images, training=True)
    assert logits.dtype == tf.float32
    assert np.any(tf.cast(tf.cast(logits, tf.bfloat16), tf.float32) != logits)
    assert {v.dtype for v in network.variables} == {"float32"}
    exact = PatchGAN(filters=4, norm=norm)
    exact(images)
    for ours, theirs in zip(exact.variables, network.variables, strict=True):
        ours.assign(theirs)
    np.testing.assert_allclose(
        logits, exact(images), atol=0.05 * np.abs(logits).max()
    )


def test_the_effective_kernels_norm_becomes_one():
    layer = make_spectral_norm()
    kernel = layer.kernel.numpy()
    for _ in range(100):
        layer(make_images(), training=True)
    largest = np.linalg.svd(effective_matrix(layer), compute_uv=False)[0]
    np.testing.assert_allclose(largest, 1.0, rtol=1e-5)
    # What the optimizer works on is left alone.
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
    before = layer(make_images()).numpy()
    layer.kernel.assign(10 * kernel)
    np.testing.assert_allclose(layer(make_images()), before, atol=1e-5)
    layer.bias.assign(np.arange(5.0))
    np.testing.assert_allclose(
        layer(make_images()), before + np.arange(5.0), atol=1e-5
    )


def test_one_power_iteration_a_training_call():
    layer = make_spectral_norm()
    matrix = matrix_of(layer.kernel)
    vector = layer.vector.numpy()
    layer(make_images())
    np.testing.assert_array_equal(layer.vector.numpy(), vector)
    for _ in range(2):
        vector = iterate(matrix, vector)
        layer(make_images(), training=True)
        np.testing.assert_allclose(
            layer.vector.numpy(), vector, rtol=1e-4, atol=1e-6
        )
    np.testing.assert_allclose(
        effective_matrix(layer),
        matrix / np.linalg.norm(matrix @ vector),
        rtol=1e-4,
        atol=1e-6,
    )


@pytest.mark.parametrize("training", [False, True])
def test_the_gradient_passes_through_the_norm(training):
    layer = make_spectral_norm()
    images = make_images(3, 4)  # of one window each
    weights = np.random.default_rng(2).normal(size=(3, 5))
    with tf.GradientTape() as tape:
        output = layer(images, training=training)
        loss = tf.reduce_sum(output[:, 0, 0] * weights.astype(np.float32))
    gradient = tape.gradient(loss, layer.kernel.value).numpy()
    matrix = matrix_of(layer.kernel)
    right = layer.vector.numpy() / np.linalg.norm(layer.vector.numpy())
    norm = np.linalg.norm(matrix @ right)
    left = matrix @ right / norm
    # Of W / s, with s = |W v| and so ds / dW = u v' (Miyato et al., eq. 12).
    direct = images.reshape(3, -1).T @ weights
    through_norm = -np.sum(direct * matrix) / norm * np.outer(left, right)
    assert np.abs(through_norm).max() > 0.1 * np.abs(direct).max()
    np.testing.assert_allclose(
        gradient.reshape(-1, 5),
        (direct + through_norm) / norm,
        rtol=1e-3,
        atol=1e-4,
    )


def test_a_training_step_estimates_each_norm_once():
    config = smoke.smoke_config("atcyclegan", "smoke")
    method = build.make_method(config)
    layers = spectral_norms_of(method.rgb_discriminator)
    layers += spectral_norms_of(method.nir_discriminator)
    assert len(layers) == 6
    expected = [
        iterate(matrix_of(layer.kernel), layer.vector.numpy())
        for layer in layers
    ]
    nir, rgb = make_images(2, 32, 1), make_images(2, 32)
    method.paired_losses({"nir": nir, "rgb": rgb})
    for layer, vector in zip(layers, expected, strict=True):
        np.testing.assert_allclose(layer.vector.numpy(), vector, atol=1e-5)
        # A second iteration would have shown.
        second = iterate(matrix_of(layer.kernel), vector)
        assert np.abs(second - vector).max() > 1e-2


@pytest.mark.parametrize("norm", NORMS)
def test_alone_it_learns_real_from_fake(norm):
    """Photos from photos with red and blue exchanged, on pairs not seen."""

    def make_photos(seed):
        pairs = [synthetic.make_pair((seed, i), 64, 64) for i in range(8)]
        return np.stack([rgb for _, rgb in pairs]).astype(np.float32) / 255

    keras.utils.set_random_seed(0)
    network = PatchGAN(filters=8, norm=norm)
    real, new = make_photos(1), make_photos(2)
    network(real)
    optimizer = keras.optimizers.Adam(1e-3, beta_1=0.5)
    variables = network.trainable_variables
    both = np.concatenate([real, real[..., ::-1]])

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            logits = tf.split(network(both, training=True), 2)
            loss = losses.least_squares_discriminator(*logits)
        values = [v.value for v in variables]
        optimizer.apply(tape.gradient(loss, values), variables)

    for _ in range(60):
        step()
    logits = network(new).numpy(), network(new[..., ::-1]).numpy()
    means = [each.mean(axis=(1, 2, 3)) for each in logits]
    # Every photo, and on average by half of the 1 that least squares aims at.
    assert means[0].min() > means[1].max()
    assert means[0].mean() - means[1].mean() > 0.5
