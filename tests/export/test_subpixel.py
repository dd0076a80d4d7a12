"""Sub-pixel convolutions against the transposed convolutions they stand for."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.export import subpixel
from nircolor_tf.networks.cross_scale_unet import CrossScaleUNet
from nircolor_tf.networks.unet import UNet256

TRANSPOSED = "Conv2DBackpropInput"


def traced(network, image):
    """What a network computes as a graph, and the graph's operations."""
    graph = tf.function(network).get_concrete_function(
        tf.TensorSpec((None, None, None, image.shape[-1]))
    )
    operations = {node.type for node in graph.graph.get_operations()}
    return graph(tf.constant(image)).numpy(), operations


def test_reordered_kernel_by_hand():
    kernel = np.arange(16.0).reshape(4, 4, 1, 1)
    # Of the input's four pixels, the one above and to the left comes first;
    # the even output pixel sees it at 2, the odd one at 3, in either axis.
    assert subpixel.reordered(kernel, 2)[:, :, 0].tolist() == [
        [[10, 11, 14, 15], [8, 9, 12, 13]],
        [[2, 3, 6, 7], [0, 1, 4, 5]],
    ]


@pytest.mark.parametrize(
    ("kernel", "stride"), [(4, 2), (2, 2), (6, 2), (6, 3), (4, 4)]
)
@pytest.mark.parametrize(
    ("large_kernel", "operation"), [(0, "MatMul"), (np.inf, "Conv2D")]
)
def test_a_layer_computes_the_same(
    kernel, stride, large_kernel, operation, monkeypatch
):
    monkeypatch.setattr(subpixel, "LARGE_KERNEL", large_kernel)
    layer = keras.layers.Conv2DTranspose(
        7,
        kernel,
        stride,
        padding="same",
        activation="tanh",
        bias_initializer="random_normal",
    )
    network = keras.Sequential([layer])
    image = np.random.default_rng(0).normal(size=(2, 6, 5, 3)).astype("f")
    expected, before = traced(network, image)
    with subpixel.substituted(network):
        result, within = traced(network, image)
    _, after = traced(network, image)
    np.testing.assert_allclose(result, expected, atol=1e-6)
    assert result.std() > 0.1
    assert TRANSPOSED in before & after
    assert TRANSPOSED not in within
    assert within & {"MatMul", "Conv2D"} == {operation}


@pytest.mark.parametrize(
    ("inputs", "filters", "operation"),
    [(16, 1, "MatMul"), (15, 1, "Conv2D"), (512, 128, "MatMul")],
)
def test_many_channels_are_a_matrix_product(inputs, filters, operation):
    layer = keras.layers.Conv2DTranspose(filters, 4, 2, padding="same")
    network = keras.Sequential([layer])
    network(keras.Input((None, None, inputs)))
    image = np.ones((1, 2, 2, inputs), np.float32)
    with subpixel.substituted(network):
        _, operations = traced(network, image)
    assert operations & {"MatMul", "Conv2D"} == {operation}


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(3, 2, "same"), (3, 1, "same"), (4, 2, "valid")],
)
def test_other_layers_stay(kernel, stride, padding):
    layer = keras.layers.Conv2DTranspose(2, kernel, stride, padding)
    network = keras.Sequential([layer])
    network(keras.Input((None, None, 1)))
    image = np.ones((1, 4, 4, 1), np.float32)
    with subpixel.substituted(network):
        result, operations = traced(network, image)
    np.testing.assert_array_equal(result, traced(network, image)[0])
    assert TRANSPOSED in operations


@pytest.mark.parametrize(
    "network",
    [
        lambda **options: UNet256(max_filters=64, norm="instance", **options),
        CrossScaleUNet,
    ],
)
def test_a_whole_network_computes_the_same(network):
    network = network(
        filters=8, levels=6, output_channels=3, activation="sigmoid"
    )
    network(keras.Input((None, None, 1)))
    for variable in network.trainable_variables:
        # As initialized, the network would hardly depend on its input.
        variable.assign(4 * variable)
    image = np.random.default_rng(0).random((1, 64, 128, 1), np.float32)
    expected, _ = traced(network, image)
    with subpixel.substituted(network):
        result, operations = traced(network, image)
    np.testing.assert_allclose(result, expected, atol=1e-5)
    assert result.std() > 0.05
    assert TRANSPOSED not in operations
