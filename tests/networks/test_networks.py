"""Golden parameter counts, shapes, and layers against hand computations.

The counts are exact literals, and `derive_*` works each out from the papers'
tables without Keras. They include BatchNorm's statistics unless said.
"""

import itertools

import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.networks import NETWORKS, layers, make_network
from nircolor_tf.networks.acd import ACD
from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.linknet import LinkNet
from nircolor_tf.networks.resnet import ResNetEncoder, ResNetGenerator, Shortcut
from nircolor_tf.networks.unet import UNet256

RGB = {"output_channels": 3, "activation": "sigmoid"}
ALIGNED = {"aligned": True, **RGB}
UNET = {"norm": "instance", **RGB}
COLORIZERS = {
    "acd": {"depth": 18, "filters": 4, "glffnet": True, **ALIGNED},
    "cross_scale_unet": {"filters": 4, "levels": 5, **RGB},
    "dcgan_generator": {"filters": 4, "initial_std": 0.1},
    "detail_unet": {
        "filters": 4,
        "max_filters": 8,
        "levels": 4,
        "dropout": 0.2,
        "from_image": False,
        **RGB,
    },
    "edge_unet": {
        "filters": (4, 4, 8, 8),
        "detail_filters": 4,
        "dropout": 0.1,
        **RGB,
    },
    "lite_unet": {
        "version": 0,
        "encoder_rate": 0.5,
        "pretrained": False,
        "filters": (8, 8, 4, 4, 4),
        "dropout": 0.1,
        "from_image": False,
        **RGB,
    },
    # Its last layers have half as many channels: with two, both often died.
    "linknet": {"depth": 18, "filters": 16, **ALIGNED},
    "resnet": {"filters": 4, "blocks": 1, **ALIGNED},
    "ronneberger_unet": {"filters": 4, "levels": 3, **RGB},
    "snet": {"filters": 4, "levels": 3, "assistant_levels": 1, **RGB},
    "unet256": {"filters": 4, "max_filters": 16, "levels": 5, **UNET},
}


def make_tiny(name):
    return NETWORKS[name](**COLORIZERS[name])


def build(network):
    network(keras.Input((None, None, 1)))
    return network


def trainable(network):
    return sum(int(np.prod(v.shape)) for v in network.trainable_variables)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_a_build(name):
    # Keras traces the call of one without it twice, and all in it likewise.
    assert NETWORKS[name].build is not keras.Layer.build


def biased(kernel, inputs, outputs):
    return kernel**2 * inputs * outputs + outputs


def normed(kernel, inputs, outputs):
    """Convolution without bias, then scale, offset and two statistics."""
    return kernel**2 * inputs * outputs + 4 * outputs


def derive_unet256():
    downs = [1, 64, 128, 256, 512, 512, 512, 512, 512]
    # All but the innermost take the skip as well as the level below.
    ups = [(512, 512), (1024, 512), (1024, 512), (1024, 512)]
    ups += [(1024, 256), (512, 128), (256, 64), (128, 3)]
    return sum(biased(4, *pair) for pair in itertools.pairwise(downs)) + sum(
        biased(4, *pair) for pair in ups
    )


def derive_encoder(blocks):
    total = normed(7, 1, 64)
    for stage, count in enumerate(blocks):
        width = 64 * 2**stage
        total += 2 * count * normed(3, width, width)
        if stage:
            half = width // 2
            # The first block's first convolution has half the inputs.
            total += normed(3, half, width) - normed(3, width, width)
            total += normed(1, half, width)
    return total


def derive_linknet(blocks):
    decoders = sum(
        normed(1, inputs, inputs // 4)
        + normed(3, inputs // 4, inputs // 4)
        + normed(1, inputs // 4, outputs)
        for inputs, outputs in ((512, 256), (256, 128), (128, 64), (64, 64))
    )
    head = normed(3, 64, 32) + normed(3, 32, 32) + biased(2, 32, 3)
    return derive_encoder(blocks) + decoders + head


def derive_resnet_generator():
    downs = biased(7, 1, 64) + biased(3, 64, 128) + biased(3, 128, 256)
    blocks = 9 * 2 * biased(3, 256, 256)
    ups = biased(3, 256, 128) + biased(3, 128, 64) + biased(7, 64, 3)
    return downs + blocks + ups


def derive_acd(glffnet):
    decoder = 2 * normed(3, 512, 512)
    for below, skip, outputs in (
        (512, 256, 256),
        (256, 128, 128),
        (128, 64, 64),
        (64, 64, 64),
    ):
        decoder += normed(3, below + skip, outputs)
        decoder += normed(3, outputs, outputs)
    fusion = 2 * normed(3, 512, 256) + normed(3, 512, 512)
    return (
        derive_encoder((3, 4, 6, 3))
        + decoder
        + biased(1, 64, 3)
        + (fusion if glffnet else 0)
    )


def derive_edge_unet():
    widths = [12, 24, 64, 96, 112, 128, 128]
    # The first level has one convolution, the others two.
    total = normed(3, 1, 24)
    for below, width in itertools.pairwise(widths[1:]):
        total += normed(3, below, width) + normed(3, width, width)
    # Four times the channels go into twice the height and width, then the
    # skip of as many joins them; the last two steps up are bilinear.
    for width, below in itertools.pairwise(widths[1:]):
        sub_pixels = 1 if width == widths[1] else 4
        total += biased(1, below, sub_pixels * width)
        total += normed(3, 2 * width, width)
    return total + biased(1, 24, 12) + biased(3, 12 + 1, 3)


def block(inputs, outputs):
    """Two 3x3 convolutions with BatchNorm."""
    return normed(3, inputs, outputs) + normed(3, outputs, outputs)


def derive_ronneberger_unet():
    widths = [64, 128, 256, 512, 1024]
    downs = sum(block(*pair) for pair in itertools.pairwise([1, *widths]))
    # An up-convolution of 2x2, then the skip beside it.
    ups = sum(
        biased(2, below, width) + block(2 * width, width)
        for width, below in itertools.pairwise(widths)
    )
    return downs + ups + biased(1, 64, 3)


def derive_snet():
    widths = [64, 128, 256, 512, 512]
    colorizer = sum(block(*pair) for pair in itertools.pairwise([1, *widths]))
    # Up from below, next to the skip.
    colorizer += sum(
        block(below + width, width)
        for width, below in itertools.pairwise(widths)
    )
    assistant = block(3 + 1, 64) + block(64, 128) + block(128 + 64, 64)
    return colorizer + assistant + 2 * biased(1, 64, 3)


GOLDEN = {
    "unet256": (
        lambda: UNet256(filters=64, max_filters=512, levels=8, **UNET),
        54_407_555,
        derive_unet256,
    ),
    "linknet18": (
        lambda: LinkNet(depth=18, filters=64, **ALIGNED),
        11_539_011,
        lambda: derive_linknet((2, 2, 2, 2)),
    ),
    "linknet34": (
        lambda: LinkNet(depth=34, filters=64, **ALIGNED),
        21_654_595,
        lambda: derive_linknet((3, 4, 6, 3)),
    ),
    "resnet": (
        # CycleGAN's 11,378,179 are with rgb input: 2 * 49 * 64 weights more.
        lambda: ResNetGenerator(filters=64, blocks=9, **ALIGNED),
        11_371_907,
        derive_resnet_generator,
    ),
    "ronneberger_unet": (
        lambda: make_network(
            smoke.load_config("colornet", "scd").network, "network"
        ),
        31_048_387,
        derive_ronneberger_unet,
    ),
    "snet": (
        lambda: make_network(
            smoke.load_config("supervised", "snet").network, "network"
        ),
        20_005_062,
        derive_snet,
    ),
    "acd": (
        lambda: ACD(depth=34, filters=64, glffnet=False, **ALIGNED),
        29_229_571,
        lambda: derive_acd(glffnet=False),
    ),
    "acd-glffnet": (
        lambda: ACD(depth=34, filters=64, glffnet=True, **ALIGNED),
        33_952_259,
        lambda: derive_acd(glffnet=True),
    ),
    "edge": (
        lambda: make_network(smoke.load_config("edge", "").network, "network"),
        1_941_182,
        derive_edge_unet,
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_parameter_counts(name):
    make, golden, derive = GOLDEN[name]
    assert derive() == golden
    assert build(make()).count_params() == golden


@pytest.mark.parametrize(
    ("depth", "published", "blocks"),
    [(18, 11_689_512, (2, 2, 2, 2)), (34, 21_797_672, (3, 4, 6, 3))],
)
def test_the_encoder_is_resnet_without_its_classifier(depth, published, blocks):
    encoder = build(ResNetEncoder(depth=depth, filters=64, stem_strides=2))
    classifier, two_channels = 512 * 1000 + 1000, 2 * 49 * 64
    assert trainable(encoder) == published - classifier - two_channels
    # One mean and one variance to each BatchNorm scale and offset.
    norms = (64 + 2 * 64 * blocks[0]) + sum(
        128 * 2**i * (2 * count + 1) for i, count in enumerate(blocks[1:])
    )
    assert encoder.count_params() == trainable(encoder) + 2 * norms
    assert encoder.count_params() == derive_encoder(blocks)


def test_no_network_is_left_out():
    discriminators = {"dcgan_discriminator", "patch_gan"}
    # Several predictions in place of one: test_mpfnet_network.py.
    of_scales = {"mpfnet"}
    assert COLORIZERS.keys() | discriminators | of_scales == NETWORKS.keys()


@pytest.mark.parametrize("name", COLORIZERS)
def test_any_multiple_of_the_size_multiple_goes_through(name):
    network = make_tiny(name)
    multiple = network.size_multiple
    for rows, columns in ((1, 1), (2, 3)):
        size = (rows * multiple, columns * multiple)
        assert network(np.zeros((2, *size, 1))).shape == (2, *size, 3)


def test_size_multiples():
    unet = UNet256(filters=2, max_filters=16, levels=8, norm="batch", **RGB)
    assert unet.size_multiple == 256
    acd = [
        ACD(depth=18, filters=2, glffnet=g, **ALIGNED).size_multiple
        for g in (False, True)
    ]
    assert acd == [16, 32]
    assert make_tiny("detail_unet").size_multiple == 16
    assert make_tiny("snet").size_multiple == 8
    assert make_tiny("edge_unet").size_multiple == 16


@pytest.mark.parametrize("name", COLORIZERS)
def test_mixed_bfloat16_keeps_weights_and_output_float32(name):
    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = make_tiny(name)
    finally:
        keras.config.set_dtype_policy("float32")
    rgb = network(np.random.default_rng(0).random((1, 32, 32, 1), np.float32))
    assert rgb.dtype == tf.float32
    # Not float32 holding bfloat16 numbers: the activation itself is float32.
    assert np.any(tf.cast(tf.cast(rgb, tf.bfloat16), tf.float32) != rgb)
    assert {v.dtype for v in network.trainable_variables} == {"float32"}


@pytest.mark.parametrize(
    ("network_class", "arguments"),
    [
        (UNet256, {"max_filters": 16, "norm": "instance"}),
        (CrossScaleUNet, {}),
    ],
)
def test_unets_reach_one_pixel_and_no_norm_wipes_it_out(
    network_class, arguments
):
    network = network_class(filters=2, levels=8, **arguments, **RGB)
    features = np.zeros((1, 256, 256, 1), np.float32)
    for down in network.downs:
        features = down(features)
    assert features.shape == (1, 1, 1, 16)
    # InstanceNorm of one pixel is zero: the innermost level must have none.
    assert len(network.down_norms) == 6
    assert len(network.up_norms) == 7
    noise = np.random.default_rng(0).normal(size=(2, 256, 256, 1))
    with tf.GradientTape() as tape:
        rgb = tf.reduce_sum(network(noise.astype(np.float32)) ** 2)
    gradient = tape.gradient(rgb, network.downs[-1].kernel.value)
    assert np.any(gradient.numpy() != 0)


def test_encoder_scales():
    image = np.zeros((1, 64, 96, 1), np.float32)
    for stem_strides, size in ((2, (32, 48)), (1, (64, 96))):
        encoder = ResNetEncoder(depth=18, filters=8, stem_strides=stem_strides)
        expected = [
            (1, size[0] // divisor, size[1] // divisor, channels)
            for divisor, channels in (
                (1, 8),
                (2, 8),
                (4, 16),
                (8, 32),
                (16, 64),
            )
        ]
        assert [tuple(f.shape) for f in encoder(image)] == expected


def test_bilinear_upsampling_equals_image_resize():
    features = np.random.default_rng(0).random((2, 5, 7, 3), np.float32)
    np.testing.assert_allclose(
        layers.BilinearUpsampling2D()(features),
        tf.image.resize(features, (10, 14)),
        atol=1e-6,
    )


@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_shortcut_is_a_strided_1x1_convolution(size):
    features = np.random.default_rng(0).normal(size=(2, *size, 4))
    shortcut = Shortcut(3, strides=2)
    actual = shortcut(features)
    strided = keras.layers.Conv2D(3, 1, strides=2, use_bias=False)
    strided.build((None, None, None, 4))
    strided.kernel.assign(shortcut.convolution.kernel)
    # An untrained BatchNorm divides by the root of its variance, 1, + epsilon.
    expected = strided(features) / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_padded_convolution_pads_all_sides_alike():
    image = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    for strides, expected in (
        (1, [[10, 18, 24, 18], [27, 45, 54, 39]]),
        # Every second of the above, as in PyTorch; Keras' 'same' would start
        # with the window of 45.
        (2, [[10, 24], [51, 90]]),
    ):
        convolution = layers.PaddedConv2D(1, 3, strides)
        convolution(image)  # builds it
        convolution.convolution.kernel.assign(np.ones((3, 3, 1, 1)))
        np.testing.assert_allclose(
            convolution(image)[0, : len(expected), :, 0], expected
        )


def test_a_padded_transposed_convolution_spreads_pixel_i_around_2_i():
    """As PyTorch's ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1)."""
    layer = layers.PaddedConv2DTranspose(1, use_bias=False)
    image = np.zeros((1, 3, 2, 1), np.float32)
    image[0, 1, 1, 0] = 1
    layer(image)  # builds it
    kernel = np.arange(1.0, 10).reshape(3, 3, 1, 1)
    layer.kernel.assign(kernel)
    expected = np.zeros((6, 4))
    expected[1:4, 1:4] = kernel[..., 0, 0]
    np.testing.assert_array_equal(layer(image)[0, ..., 0], expected)
    symbolic = layer(keras.Input((None, None, 1)))
    assert symbolic.shape == (None, None, None, 1)
    assert layer.compute_output_shape((2, 3, None, 1)) == (2, 6, None, 1)


def test_reflection_padding_mirrors_without_the_edge():
    image = np.random.default_rng(0).random((1, 4, 5, 2), np.float32)
    np.testing.assert_array_equal(
        layers.MirrorPadding2D(3, "reflect")(image),
        np.pad(image, ((0, 0), (3, 3), (3, 3), (0, 0)), "reflect"),
    )


def test_the_papers_constants():
    np.testing.assert_allclose(layers.leaky_relu()(np.array([-1.0])), [-0.2])
    # Two pixels, 0 and 2: mean 1, variance 1.
    pixels = np.array([0.0, 2.0], np.float32).reshape(1, 2, 1, 1)
    normalized = layers.instance_norm()(pixels * 0.01)
    np.testing.assert_allclose(
        normalized[0, :, 0, 0],
        np.array([-0.01, 0.01]) / np.sqrt(1e-4 + 1e-5),
        rtol=1e-4,
    )
    norm = layers.batch_norm()
    norm(pixels, training=True)
    np.testing.assert_allclose(norm.moving_mean, [0.1], rtol=1e-5)
    assert norm.epsilon == 1e-5
