"""What a graph costs at least: counted by hand, and the roofline of it."""

import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.benchmarks import counting
from nircolor_tf.benchmarks.counting import Operation
from nircolor_tf.evaluation.counts import frozen_graph

IMAGE = tf.TensorSpec((2, 8, 6, 3))


def count(function, *specs):
    graph = tf.function(function).get_concrete_function(*specs).graph
    return counting.count(graph)


def test_a_convolution_and_its_gradients():
    kernel = tf.Variable(tf.zeros((3, 3, 3, 5)))

    def step(image):
        with tf.GradientTape() as tape:
            tape.watch(image)
            loss = tf.reduce_sum(tf.nn.conv2d(image, kernel, 2, "SAME") ** 2)
        return tape.gradient(loss, [image, kernel])

    # 2 x 4 x 3 results of 5 channels, each of 3 x 3 x 3 products.
    results, image = 2 * 4 * 3 * 5, 2 * 8 * 6 * 3
    each = Operation(2 * results * 27, results + image, 27 * 5)
    assert count(step, IMAGE) == [each] * 3


def test_a_depthwise_convolution():
    kernel = tf.zeros((5, 5, 3, 1))

    def run(image):
        return tf.nn.depthwise_conv2d(image, kernel, [1, 1, 1, 1], "SAME")

    size = 2 * 8 * 6 * 3
    assert count(run, IMAGE) == [Operation(2 * size * 25, 2 * size, 75)]


@pytest.mark.parametrize("turned", [False, True])
def test_a_matrix_product(turned):
    left = tf.TensorSpec((7, 4) if turned else (4, 7))

    def run(first, second):
        return tf.matmul(first, second, transpose_a=turned)

    (product,) = count(run, left, tf.TensorSpec((7, 5)))
    assert product == Operation(2 * 4 * 7 * 5, 28 + 20, 35)


def test_an_unknown_size_is_refused():
    kernel = tf.zeros((3, 3, 3, 5))
    with pytest.raises(NotImplementedError, match="expected a shape"):
        count(
            lambda image: tf.nn.conv2d(image, kernel, 1, "SAME"),
            tf.TensorSpec((1, None, 6, 3)),
        )


def test_the_graph_of_a_network_holds_its_weights():
    kernel = tf.Variable(tf.ones((3, 3, 1, 4)))
    graph = frozen_graph(
        lambda image: tf.nn.conv2d(image, kernel, 1, "SAME"), 8, 8
    )
    assert [each.weights for each in counting.count(graph)] == [36]


def test_each_operation_is_bound_by_arithmetic_or_by_memory():
    bound_by_arithmetic = Operation(1000, 5, 5)
    bound_by_memory = Operation(10, 50, 50)
    counted = [bound_by_arithmetic, bound_by_memory]
    assert counting.traffic(counted) == 4 * 110
    # A second for the first at 1,000 a second, 400 bytes at 100 a second.
    np.testing.assert_allclose(
        counting.least_seconds(counted, 1000, 100), 1 + 4
    )
    # Weights of one byte: (4 * 50 + 50) / 100.
    np.testing.assert_allclose(
        counting.least_seconds(counted, 1000, 100, 4, 1), 1 + 2.5
    )
