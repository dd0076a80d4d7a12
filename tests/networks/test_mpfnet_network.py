"""MPFNet's network, recomputed from its figure and counted by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from counting import count_macs

from nircolor_tf.errors import InputError
from nircolor_tf.networks.mpfnet import MPFNet, ResidualCoordinateAttention

PUBLISHED = {
    "filters": 64,
    "levels": 4,
    "scales": 3,
    "reduction": 16,
    "attention": True,
    "sccm": True,
    "output_channels": 3,
    "activation": "tanh",
}


def make(**changes):
    return MPFNet(**PUBLISHED | {"filters": 4, "levels": 2} | changes)


def build(network):
    network(keras.Input((None, None, 1)))
    return network


def randomize(layer, seed=0):
    rng = np.random.default_rng(seed)
    for variable in layer.trainable_variables:
        variable.assign(0.3 * rng.standard_normal(variable.shape))


def random_image(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype(np.float32)


def list_convolutions(part, filters=64, scales=3):
    """(kernel, channels in, channels out, pixels it is applied at) of a part.

    At 256x256 with four levels, as the figure has it; `part` is 'trunk',
    'rcab', 'sccm' or 'head', which stands in for the SCCMs.
    """
    if part == "head":
        yield 3, filters, 3, 256**2
        return
    for side in (64, 128, 256)[-scales:]:
        coarsest, finest = side == 256 >> (scales - 1), side == 256
        # Channels in and out of each block and the smaller side: down, then
        # up, where all but the first take the encoder's output too.
        downs = [
            (filters, filters, side // 2),
            (filters, 2 * filters, side // 4),
            (2 * filters, 4 * filters, side // 8),
            (4 * filters, 8 * filters, side // 16),
        ]
        ups = [
            (8 * filters, 4 * filters, side // 16),
            (4 * filters + 4 * filters, 2 * filters, side // 8),
            (2 * filters + 2 * filters, filters, side // 4),
            (filters + filters, filters, side // 2),
        ]
        if part == "trunk":
            yield 3, 1, filters, side**2
            if not coarsest:
                yield 1, filters + filters, filters, side**2
            yield 3, 8 * filters, 8 * filters, (side // 16) ** 2
            # A transposed convolution is applied at each input pixel.
            for inputs, outputs, smaller in downs + ups:
                yield 4, inputs, outputs, smaller**2
        elif part == "rcab":
            sides = [(outputs, smaller) for _, outputs, smaller in downs]
            sides += [(outputs, 2 * smaller) for _, outputs, smaller in ups]
            for channels, rows in sides:
                squeezed = max(8, channels // 16)
                yield 1, channels, squeezed, rows + rows
                yield 1, squeezed, channels, rows
                yield 1, squeezed, channels, rows
        else:
            yield 3, filters, 3, side**2
            if not finest:
                yield 1, filters, filters, side**2
                yield 1, 3, filters, side**2


def derive_parameters(*parts, **sizes):
    return sum(
        kernel**2 * inputs * outputs + outputs
        for part in parts
        for kernel, inputs, outputs, _ in list_convolutions(part, **sizes)
    )


def test_golden_count_and_macs_of_the_published_size():
    network = MPFNet(**PUBLISHED)
    macs = count_macs(network, (256, 256, 1))
    print(f"MPFNet: {macs / 1e9:.4f} GMAC at 256x256")
    assert macs == sum(
        kernel**2 * inputs * outputs * pixels
        for part in ("trunk", "rcab", "sccm")
        for kernel, inputs, outputs, pixels in list_convolutions(part)
    )
    golden = derive_parameters("trunk", "rcab", "sccm")
    assert network.count_params() == golden == 26_449_857
    assert network.size_multiple == 64


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"attention": False}, ["trunk", "sccm"]),
        ({"sccm": False}, ["trunk", "rcab", "head"]),
    ],
)
def test_attention_and_sccm_are_left_out_alone(changes, parts):
    sizes = {"filters": 4, "scales": 2}
    network = build(make(levels=4, **sizes, **changes))
    assert network.count_params() == derive_parameters(*parts, **sizes)


def convolve(layer, features):
    kernel = layer.kernel.numpy()
    return tf.nn.conv2d(features, kernel, 1, "SAME") + layer.bias.numpy()


def attend(layer, x):
    """Coordinate attention in NumPy: 1x1 convolutions are products."""

    def multiply(convolution, means):
        weights = convolution.kernel.numpy()[0, 0]
        return means @ weights + convolution.bias.numpy()

    def weigh(convolution, means):
        squeezed = multiply(layer.shared, means)
        squeezed = squeezed * np.clip(squeezed + 3, 0, 6) / 6
        return 1 / (1 + np.exp(-multiply(convolution, squeezed)))

    a_h = weigh(layer.of_rows, x.mean(axis=2))[:, :, None]
    a_w = weigh(layer.of_columns, x.mean(axis=1))[:, None]
    return x + x * a_h * a_w


def embed(block, features):
    """A FEB of two levels, as in Figure 2(c)."""

    def leaky(x):
        return tf.where(x > 0, x, 0.2 * x)

    def finish(layer, x):
        x = attend(layer, x.numpy())
        mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
        return (x - mean) / tf.sqrt(variance + 1e-5)

    def encode(block, x):
        convolution, attention = block.convolution, block.attention
        # Padded by 1 on every side.
        pads = [[0, 0], [1, 1], [1, 1], [0, 0]]
        kernel = convolution.kernel.numpy()
        x = tf.nn.conv2d(leaky(x), kernel, 2, pads) + convolution.bias.numpy()
        return finish(attention, x)

    def decode(block, x):
        convolution, attention = block.convolution, block.attention
        kernel = convolution.kernel.numpy()
        batch, height, width, _ = x.shape
        shape = (batch, 2 * height, 2 * width, kernel.shape[2])
        x = tf.nn.conv2d_transpose(leaky(x), kernel, shape, 2, "SAME")
        return finish(attention, x + convolution.bias.numpy())

    e1 = encode(block.downs[0], features)
    e2 = encode(block.downs[1], e1)
    bottom = convolve(block.bottleneck, leaky(e2))
    d1 = decode(block.ups[0], bottom)
    return features + decode(block.ups[1], tf.concat([e1, d1], axis=-1))


def test_it_computes_the_figure():
    network = build(make(scales=2))
    randomize(network)
    image = random_image(2, 32, 48, 1)

    half = image.reshape((2, 16, 2, 24, 2, 1)).mean(axis=(2, 4))
    coarse, fine = network.sccms
    features = embed(network.blocks[0], convolve(network.stems[0], half))
    first = tf.tanh(convolve(coarse.residual, features) + half)
    gate = tf.sigmoid(convolve(coarse.gate, first))
    features += convolve(coarse.value, features) * gate

    features = tf.image.resize(features, (32, 48))
    stem = convolve(network.stems[1], image)
    joined = tf.concat([features, stem], axis=-1)
    features = embed(network.blocks[1], convolve(network.joins[0], joined))
    second = tf.tanh(convolve(fine.residual, features) + image)

    predictions = network(image)
    for prediction, expected in zip(predictions, (first, second), strict=True):
        assert np.std(expected, axis=(1, 2)).min() > 0.1
        np.testing.assert_allclose(prediction, expected, atol=1e-4)


def test_without_sccm_and_attention_features_pass_up_as_they_are():
    network = build(make(scales=2, sccm=False, attention=False))
    randomize(network)
    image = random_image(1, 16, 16, 1)
    half = image.reshape((1, 8, 2, 8, 2, 1)).mean(axis=(2, 4))
    features = network.blocks[0](network.stems[0](half))
    features = tf.image.resize(features, (16, 16))
    features = tf.concat([features, network.stems[1](image)], axis=-1)
    features = network.blocks[1](network.joins[0](features))
    (prediction,) = network(image)
    expected = tf.tanh(convolve(network.head, features))
    np.testing.assert_allclose(prediction, expected, atol=1e-5)


def test_coordinate_attention_in_numpy():
    # 40 / 4 squeezed channels, above the least of 8; rows unlike columns.
    layer = ResidualCoordinateAttention(40, 4)
    features = 3 * random_image(2, 5, 7, 40)
    layer(features)
    randomize(layer)
    assert layer.shared.kernel.shape == (1, 1, 40, 10)
    expected = attend(layer, features)
    np.testing.assert_allclose(layer(features), expected, atol=1e-5)


def test_coordinate_attention_knows_the_position():
    layer = ResidualCoordinateAttention(8, 16)
    features = random_image(1, 6, 5, 8)
    layer(features)
    randomize(layer)

    def column_weights(features):
        """Each column's over the first's; the rows' cancel out."""
        weights = np.asarray(layer(features)) / features - 1
        return weights[0, 0] / weights[0, 0, 0]

    raised = features.copy()
    raised[:, :, 3] += 2
    change = np.abs(column_weights(raised) - column_weights(features))
    assert change[3].max() > 0.05
    assert np.delete(change, 3, axis=0).max() < 1e-3


@pytest.mark.parametrize(
    ("scales", "sccm"), [(1, True), (2, True), (3, True), (3, False)]
)
def test_unknown_sizes_in_a_graph(scales, sccm):
    network = build(make(levels=1, scales=scales, sccm=sccm))
    assert network.size_multiple == 2**scales
    size = np.array([2, 3]) * network.size_multiple
    image = random_image(2, *size, 1)
    graph = tf.function(
        network, input_signature=[tf.TensorSpec((None, None, None, 1))]
    )
    predictions = graph(image)
    shrunk = [4, 2, 1][-scales:] if sccm else [1]
    assert isinstance(predictions, tuple)
    assert [p.shape for p in predictions] == [
        (2, *(size // factor), 3) for factor in shrunk
    ]
    for prediction, expected in zip(predictions, network(image), strict=True):
        np.testing.assert_allclose(prediction, expected, atol=1e-5)


@pytest.mark.parametrize("sccm", [True, False])
def test_the_coarsest_block_reaches_the_finest_prediction(sccm):
    network = build(make(levels=1, sccm=sccm))
    randomize(network)
    image = random_image(1, 16, 16, 1)
    before = network(image)[-1]
    randomize(network.blocks[0], seed=2)
    assert np.abs(network(image)[-1] - before).max() > 0.01


def test_mixed_bfloat16_adds_the_image_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = build(make(levels=1, scales=2))
        headed = build(make(levels=1, scales=1, sccm=False))
    finally:
        keras.config.set_dtype_policy("float32")
    image = random_image(1, 16, 16, 1)
    (prediction,) = headed(image)
    assert prediction.dtype == tf.float32
    # Not float32 holding bfloat16 numbers.
    rounded = tf.cast(tf.cast(prediction, tf.bfloat16), tf.float32)
    assert np.any(rounded != prediction)
    assert network.blocks[0].compute_dtype == "bfloat16"
    for sccm in network.sccms:
        sccm.residual.kernel.assign(tf.zeros_like(sccm.residual.kernel))
    half = image.reshape((1, 8, 2, 8, 2, 1)).mean(axis=(2, 4))
    for prediction, shown in zip(network(image), (half, image), strict=True):
        assert prediction.dtype == tf.float32
        expected = np.broadcast_to(np.tanh(shown), prediction.shape)
        np.testing.assert_allclose(prediction, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scales": 0}, "config.network.scales is 0; expected 1, 2 or 3"),
        ({"scales": 4}, "config.network.scales is 4; expected 1, 2 or 3"),
        ({"levels": 0}, "config.network.levels is 0; expected at least 1"),
    ],
)
def test_other_scales_and_levels_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        make(**change)
