"""CrossScaleUNet, recomputed from the paper's list of encoders and decoders."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.layers import AlignedUpsampling2D


def biased(inputs, outputs):
    return 16 * inputs * outputs + outputs


def derive_parameters(inputs, outputs):
    downs = [inputs, 64, 128, 256, 512, 512, 512, 512, 512]
    ups = [
        (512, 512),  # y7 of x8
        (512 + 512, 512),  # y6 of x7, y7
        (512 + 512, 512),  # y5 of x6, y6
        (512 + 512, 512),  # y4 of x5, y5
        (512 + 512, 256),  # y3 of x4, y4
        (256 + 256, 128),  # y2 of x3, y3
        (128 + 512 + 128, 64),  # y1 of x2, up4(y4), y2
        (64 + 512 + 256 + 64, outputs),  # of x1, up8(y4), up4(y3), y1
    ]
    return sum(itertools.starmap(biased, itertools.pairwise(downs))) + sum(
        itertools.starmap(biased, ups)
    )


def enlarge(features, factor):
    """Bilinear with aligned corners, one axis after the other."""
    for axis in (1, 2):
        size = features.shape[axis]
        positions = np.linspace(0, size - 1, factor * size)
        features = np.apply_along_axis(
            lambda line, at=positions: np.interp(at, range(line.size), line),
            axis,
            features,
        )
    return features.astype(np.float32)


def recompute(network, image):
    """The paper's list, line by line, with the weights of `network`."""
    downs, ups = iter(network.downs), iter(network.ups)

    def encode(features):
        layer = next(downs)
        # Padded by 1 on every side.
        padded = np.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
        kernel = layer.kernel.numpy()
        return tf.nn.conv2d(padded, kernel, 2, "VALID") + layer.bias.numpy()

    def decode(*features):
        layer = next(ups)
        joined = tf.nn.relu(tf.concat(features, axis=-1))
        batch, height, width, _ = joined.shape
        kernel = layer.kernel.numpy()
        shape = (batch, 2 * height, 2 * width, kernel.shape[2])
        # The transpose of `encode`.
        pads = [[0, 0], [1, 1], [1, 1], [0, 0]]
        features = tf.nn.conv2d_transpose(joined, kernel, shape, 2, pads)
        return features + layer.bias.numpy()

    def leaky(features):
        return tf.where(features > 0, features, 0.2 * features)

    def norm(features):
        mean, variance = tf.nn.moments(features, (1, 2), keepdims=True)
        return (features - mean) / tf.sqrt(variance + 1e-5)

    x1 = encode(image)
    x2 = norm(encode(leaky(x1)))
    x3 = norm(encode(leaky(x2)))
    x4 = norm(encode(leaky(x3)))
    x5 = norm(encode(leaky(x4)))
    x6 = norm(encode(leaky(x5)))
    x7 = norm(encode(leaky(x6)))
    x8 = encode(leaky(x7))
    y7 = norm(decode(x8))
    y6 = norm(decode(x7, y7))
    y5 = norm(decode(x6, y6))
    y4 = norm(decode(x5, y5))
    y3 = norm(decode(x4, y4))
    y2 = norm(decode(x3, y3))
    y1 = norm(decode(x2, enlarge(y4.numpy(), 4), y2))
    up4, up8 = enlarge(y3.numpy(), 4), enlarge(y4.numpy(), 8)
    return tf.sigmoid(decode(x1, up8, up4, y1))


@pytest.mark.parametrize(
    ("inputs", "outputs", "golden"),
    # Published for NIR -> RGB. Back: 2 * 16 * 64 weights more in the first
    # convolution; 2 * 16 * 896 and two biases less in the last.
    [(1, 3, 54_968_707), (3, 1, 54_968_707 + 2_048 - 28_674)],
)
def test_golden_parameter_counts(inputs, outputs, golden):
    network = CrossScaleUNet(
        filters=64, levels=8, output_channels=outputs, activation="sigmoid"
    )
    network(keras.Input((None, None, inputs)))
    assert derive_parameters(inputs, outputs) == golden
    assert network.count_params() == golden


def test_it_computes_the_papers_list():
    network = CrossScaleUNet(
        filters=2, levels=8, output_channels=3, activation="sigmoid"
    )
    rng = np.random.default_rng(0)
    image = rng.random((2, 256, 512, 1), np.float32)
    network(image)
    for variable in network.trainable_variables:
        variable.assign(0.2 * rng.standard_normal(variable.shape))
    expected = recompute(network, image)
    assert np.std(expected, axis=(1, 2)).min() > 0.05
    np.testing.assert_allclose(network(image), expected, atol=2e-4)


def test_fewer_than_five_levels_are_refused():
    with pytest.raises(InputError, match="levels is 4; expected at least 5"):
        CrossScaleUNet(
            filters=2, levels=4, output_channels=3, activation="sigmoid"
        )


@pytest.mark.parametrize("factor", [4, 8])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (5, 2), (16, 16)])
def test_aligned_upsampling(factor, size):
    features = np.random.default_rng(0).random((2, *size, 3), np.float32)
    upsampling = AlignedUpsampling2D(factor)
    expected = enlarge(features, factor)
    np.testing.assert_allclose(upsampling(features), expected, atol=1e-5)
    unknown = tf.function(
        upsampling,
        input_signature=[tf.TensorSpec((None, None, None, 3))],
    )
    np.testing.assert_allclose(unknown(features), expected, atol=1e-5)


def test_aligned_upsampling_under_mixed_bfloat16():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        upsampling = AlignedUpsampling2D(8)
    finally:
        keras.config.set_dtype_policy("float32")
    features = np.random.default_rng(0).random((1, 16, 16, 2), np.float32)
    enlarged = upsampling(features)
    assert enlarged.dtype == tf.bfloat16
    # Eight bits of two products in a row; positions in bfloat16 would be
    # wrong by half a pixel.
    np.testing.assert_allclose(
        tf.cast(enlarged, tf.float32), enlarge(features, 8), atol=0.015
    )
