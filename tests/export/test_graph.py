"""The two back ends of inference give the same, whatever the steps."""

import dataclasses

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.export import graph, image_ops
from nircolor_tf.inference import resizing
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.error_estimate import ErrorEstimator
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.inference.steps import GuidedParameters, Steps

# Largest difference between the back ends, in [0, 1]: the float32 rounding of
# their resizes and filters.
TOLERANCE = 1e-4

# Smaller than the working size of 24, as large, larger, and none of them even.
SIZES = [(1, 1), (5, 33), (24, 24), (25, 24), (61, 38), (97, 101)]


@pytest.fixture(scope="module")
def network():
    """Takes multiples of 4, mixes blocks, and sees the mean of the image."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Conv2D(16, 4, strides=4, activation="tanh"),
        keras.layers.Conv2DTranspose(3, 4, strides=4),
    ]
    blocks = keras.Sequential(layers)

    def network(batch):
        mean = tf.reduce_mean(batch, axis=(1, 2), keepdims=True)
        return tf.sigmoid(4 * (blocks(batch) - mean))

    return network


def run_numpy(network, steps, images):
    colorize = Colorizer(lambda batch: network(batch).numpy(), steps)
    return np.stack([colorize(image) for image in images])


def trace(network, steps):
    """As in a SavedModel: one graph for every size."""
    spec = tf.TensorSpec((None, None, None, 1), tf.float32)

    @tf.function(input_signature=[spec])
    def colorize(batch):
        return graph.colorize(network, steps, batch)

    return colorize


def textures(height, width):
    """Two images, dark above and bright below: padding changes their mean."""
    generator = np.random.default_rng(height)
    noise = generator.random((2, height, width), np.float32)
    blurred = [cv2.GaussianBlur(image, None, 1) for image in noise]
    images = np.clip(8 * np.stack(blurred) - 3.5, 0, 1)
    ramp = np.linspace(0, 1, height, dtype=np.float32)
    return (images * ramp[:, None])[..., None]


GUIDED = GuidedParameters(radius=4, epsilon=5e-4)


@pytest.mark.parametrize("fusion", [None, COLORNET], ids=["plain", "fused"])
@pytest.mark.parametrize("mirror", [False, True], ids=["once", "mirrored"])
@pytest.mark.parametrize(
    ("working_size", "guided"),
    [(None, None), (24, None), (24, GUIDED)],
    ids=["own size", "cubic", "guided"],
)
def test_both_back_ends_give_the_same(
    network, working_size, guided, mirror, fusion
):
    steps = Steps(4, working_size, mirror, fusion, guided)
    colorize = trace(network, steps)
    for size in SIZES:
        images = textures(*size)
        expected = run_numpy(network, steps, images)
        np.testing.assert_allclose(colorize(images), expected, atol=TOLERANCE)


@pytest.mark.parametrize("guided", [None, GUIDED], ids=["cubic", "guided"])
@pytest.mark.parametrize("working_size", [24, 25, 64])
def test_both_back_ends_see_half_of_the_size_alike(
    network, working_size, guided
):
    steps = Steps(4, working_size, True, None, guided, half_share=0.4)
    colorize = trace(network, steps)
    for size in SIZES:
        images = textures(*size)
        expected = run_numpy(network, steps, images)
        np.testing.assert_allclose(colorize(images), expected, atol=TOLERANCE)


@pytest.mark.parametrize("working_size", [3, 24, 30, 60])
def test_both_back_ends_stretch_alike(network, working_size):
    steps = Steps(4, working_size, guided=GUIDED, half_share=0.4, stretch=True)
    colorize = trace(network, steps)
    for size in [*SIZES, (62, 63), (300, 431)]:
        images = textures(*size)
        expected = run_numpy(network, steps, images)
        np.testing.assert_allclose(colorize(images), expected, atol=TOLERANCE)


@pytest.mark.parametrize("working_size", [None, 24])
def test_both_back_ends_whiten_alike(working_size):
    half_share = 0.4 if working_size else 0
    steps = Steps(4, working_size, half_share=half_share, whiten=True)

    def bright(batch):
        return tf.constant([1.0, 0.95, 0.8]) * batch

    colorize = trace(bright, steps)
    changes = []
    for size in [*SIZES, (300, 431)]:
        images = 0.5 + 0.5 * textures(*size)
        expected = run_numpy(bright, steps, images)
        np.testing.assert_allclose(colorize(images), expected, atol=TOLERANCE)
        plain = dataclasses.replace(steps, whiten=False)
        changes.append(abs(run_numpy(bright, plain, images) - expected).max())
    assert max(changes) > 0.01


@pytest.mark.parametrize("least_mean", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("working_size", [None, 24])
def test_both_back_ends_brighten_alike(network, working_size, least_mean):
    steps = Steps(4, working_size, guided=GUIDED, least_mean=least_mean)
    colorize = trace(network, steps)
    for size in [*SIZES, (300, 431)]:
        images = textures(*size) * np.float32([1, 0.2])[:, None, None, None]
        expected = run_numpy(network, steps, images)
        np.testing.assert_allclose(colorize(images), expected, atol=TOLERANCE)


def test_the_error_of_both_back_ends_is_of_brightened_images():
    steps = Steps(4, working_size=24, least_mean=0.5)
    generator = np.random.default_rng(0)
    image = generator.random((61, 38, 4), np.float32)
    image[..., :1] *= 0.2
    estimator = ErrorEstimator(lambda batch: batch.mean(-1)[..., None], steps)
    error = graph.estimate_error(
        lambda batch: tf.reduce_mean(batch, -1, keepdims=True),
        steps,
        image[None],
    )
    expected = estimator(image[..., :1], image[..., 1:])
    np.testing.assert_allclose(error[0], expected, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("size", "side"), [((150, 4000), 128), ((33, 3001), 32), ((4001, 70), 64)]
)
def test_long_images_are_shrunk_as_by_opencv(size, side):
    image = np.random.default_rng(0).random((*size, 1), np.float32)
    expected = resizing.shrink_to_side(image, side)
    shrunk = image_ops.shrink(image[None], side)[0]
    np.testing.assert_allclose(shrunk, expected, atol=1e-5)


def test_each_step_changes_the_result(network):
    # Else the test above would pass without it.
    images = 0.5 * textures(61, 38)
    plain = run_numpy(network, Steps(4), images)
    for steps in (
        Steps(4, working_size=24),
        Steps(4, mirror=True),
        Steps(4, fusion=COLORNET),
        Steps(4, working_size=60, half_share=0.5),
        Steps(4, least_mean=0.5),
    ):
        changed = run_numpy(network, steps, images)
        assert np.abs(changed - plain).max() > 0.01, steps
    stretched, padded = (
        run_numpy(network, Steps(4, 24, stretch=stretch), images)
        for stretch in (True, False)
    )
    assert np.abs(stretched - padded).max() > 0.01


def test_the_guide_changes_what_was_shrunk_alone(network):
    cubic, guided = (
        trace(network, Steps(4, working_size=24, guided=guide))
        for guide in (None, GUIDED)
    )
    for size, changes in (((61, 38), True), ((24, 24), False)):
        images = textures(*size)
        difference = np.abs(guided(images) - cubic(images)).max()
        assert (difference > 0.01) == changes
