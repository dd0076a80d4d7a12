"""Layers with a gradient of their own, against the one TensorFlow finds."""

import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.networks import layers

PAIRS = (
    (layers.repeat_edge, layers.repeat_edge_in_training),
    (layers.enlarge_bilinear, layers.enlarge_bilinear_in_training),
)


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 1, 4, 2), (2, 1, 1, 1)])
@pytest.mark.parametrize(("plain", "fast"), PAIRS)
def test_value_and_gradient_are_the_same(plain, fast, shape):
    features = tf.random.stateless_normal(shape, (0, 1))
    weights = tf.random.stateless_normal(plain(features).shape, (0, 2))
    results = []
    for function in (plain, fast):
        with tf.GradientTape() as tape:
            tape.watch(features)
            value = function(features)
            loss = tf.reduce_sum(weights * value)
        results.append((value, tape.gradient(loss, features)))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-5)


@pytest.mark.parametrize(("plain", "fast"), PAIRS)
def test_sizes_may_be_unknown_in_a_graph(plain, fast):
    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3))])
    def gradient(features):
        with tf.GradientTape() as tape:
            tape.watch(features)
            loss = tf.reduce_sum(fast(features) ** 2)
        return tape.gradient(loss, features)

    features = tf.random.stateless_normal((1, 4, 6, 3), (0, 1))
    with tf.GradientTape() as tape:
        tape.watch(features)
        loss = tf.reduce_sum(plain(features) ** 2)
    np.testing.assert_allclose(
        gradient(features), tape.gradient(loss, features), atol=1e-5
    )


def by_the_definition(features):
    """Pixel i at 2 i, means of neighbors between, without its gradient."""
    for axis in (1, 2):
        size = features.shape[axis]
        after = tf.gather(features, [*range(1, size), size - 1], axis=axis)
        both = tf.stack([features, (features + after) / 2], axis=axis + 1)
        shape = list(features.shape)
        shape[axis] *= 2
        features = tf.reshape(both, shape)
    return features


@pytest.mark.parametrize("shape", [(2, 5, 7, 3), (1, 1, 4, 2)])
def test_pixel_i_becomes_pixel_2_i(shape):
    features = tf.random.stateless_normal(shape, (0, 1))
    results = []
    for function in (by_the_definition, layers.EvenUpsampling2D()):
        with tf.GradientTape() as tape:
            tape.watch(features)
            value = function(features)
            weights = tf.random.stateless_normal(value.shape, (0, 2))
            loss = tf.reduce_sum(weights * value)
        results.append((value, tape.gradient(loss, features)))
    np.testing.assert_allclose(results[0][0], results[1][0], atol=1e-6)
    np.testing.assert_allclose(results[0][1], results[1][1], atol=1e-5)


@pytest.mark.parametrize(
    ("layer", "fast"),
    [
        (layers.MirrorPadding2D(1, "symmetric"), "repeat_edge_in_training"),
        (layers.BilinearUpsampling2D(), "enlarge_bilinear_in_training"),
    ],
)
def test_only_training_takes_it(layer, fast, monkeypatch):
    # An export must hold none but LiteRT's own operations.
    monkeypatch.setattr(layers, fast, lambda features: "fast")
    features = np.zeros((1, 2, 2, 1), np.float32)
    assert layer.call(features, training=True) == "fast"
    assert not isinstance(layer.call(features), str)
