"""Shapes of the networks, and layers against hand computations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.networks import NETWORKS, layers
from nircolor_tf.networks.acd import ACD
from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.resnet import ResNetEncoder, Shortcut
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


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_a_build(name):
    # Keras traces the call of one without it twice, and all in it likewise.
    assert NETWORKS[name].build is not keras.Layer.build


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
    lite = COLORIZERS["lite_unet"]
    for filters, multiple in (((8, 8, 4, 4, 4), 32), ((8, 8, 4, 4), 16)):
        network = NETWORKS["lite_unet"](**lite | {"filters": filters})
        assert network.size_multiple == multiple


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
