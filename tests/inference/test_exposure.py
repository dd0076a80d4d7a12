"""Dark images are brightened before anything else sees them."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import ranges
from nircolor_tf.inference import exposure
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.error_estimate import ErrorEstimator
from nircolor_tf.inference.steps import Steps

STEPS = Steps(least_mean=0.4)


def grays(*values, side=10):
    """Rows of these values, as many of each."""
    rows = np.repeat(np.float32(values), side)
    return np.repeat(rows[:, None], side, axis=1)[..., None]


@pytest.mark.parametrize(
    ("image", "gain"),
    [
        (grays(0.1, 0.3), 2.0),
        # The brighter half is white by then.
        (grays(0.0, 0.5), 1.6),
        (grays(0.0, 0.1, 0.8), 1.25),
        (grays(0.4), 1.0),
        (grays(0.2, 0.9), 1.0),
        (grays(0.01), 8.0),
        (grays(0.0), 8.0),
    ],
)
def test_the_gain_of_an_image(image, gain):
    assert exposure.find_gain(image, np.asarray, 0.4) == pytest.approx(gain)
    seen = []
    colorizer = Colorizer(lambda nir: seen.append(nir) or nir, STEPS, 1)
    expected = np.minimum(gain * image, 1)
    np.testing.assert_allclose(colorizer(image), expected, atol=1e-6)
    np.testing.assert_allclose(seen[0][0], expected, atol=1e-6)


def test_a_hundredth_may_become_white():
    image = np.full((20, 20, 1), 0.1, np.float32)
    image[0, :4] = 1
    mean = (396 * 0.1 + 4) / 400
    gain = exposure.find_gain(image, np.asarray, 0.4)
    assert gain == pytest.approx(0.4 / mean)
    image[0, :5] = 1
    assert exposure.find_gain(image, np.asarray, 0.4) == 1


def test_without_a_least_mean_nothing_changes():
    image = grays(0.1)
    for colorizer in (
        Colorizer(lambda nir: nir, Steps(), 1),
        Colorizer(lambda nir: nir, STEPS, 1, brighten=False),
    ):
        np.testing.assert_array_equal(colorizer(image), image)


@pytest.mark.parametrize("working_size", [None, 20])
@pytest.mark.parametrize("tiling", [{}, {"tile": 48, "overlap": 8}])
def test_a_dark_image_is_colored_as_a_bright_one(working_size, tiling):
    generator = np.random.default_rng(0)
    bright = generator.uniform(0, 1, (300, 140, 1)).astype(np.float32)
    steps = Steps(4, working_size, least_mean=bright.mean())

    def model(nir):
        return nir**2 * np.float32([1, 0.9, 0.5])

    colorizer = Colorizer(model, steps, **tiling)
    expected = Colorizer(model, Steps(4, working_size), **tiling)(bright)
    # The samples have another mean than all pixels.
    difference = np.abs(colorizer(0.2 * bright) - expected)
    assert difference.mean() < 0.01
    without = Colorizer(model, Steps(4, working_size), **tiling)(0.2 * bright)
    assert np.abs(without - expected).mean() > 0.1


def test_levels_are_brightened_as_decoded_values():
    image = (grays(10, 30)).astype(np.uint8)
    rgb = Colorizer(lambda nir: nir, STEPS, 1).integers(image, 0, 100)
    np.testing.assert_array_equal(rgb, np.rint(image * 2 * 2.55))


def test_the_error_is_that_of_the_brightened_image():
    nir = grays(0.1, 0.3)
    seen = []

    def predict(batch):
        seen.append(batch)
        return batch[..., :1] / 4

    estimator = ErrorEstimator(predict, STEPS)
    rgb = np.repeat(2 * nir, 3, axis=-1)
    error = estimator(nir, rgb)
    np.testing.assert_allclose(seen[0][0, ..., :1], 2 * nir, atol=1e-6)
    np.testing.assert_allclose(seen[0][0, ..., 1:], rgb, atol=1e-6)
    np.testing.assert_allclose(error, nir / 2, atol=1e-6)
    levels = (100 * nir).round().astype(np.uint8)
    colors = (255 * rgb).round().astype(np.uint8)
    np.testing.assert_array_equal(
        estimator.levels(levels, 0, 100, colors), np.rint(255 * nir / 2)
    )


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_mean_that_cannot_be_is_refused(value):
    with pytest.raises(InputError, match=f"least_mean={value}: expected 0 to"):
        Steps(least_mean=value)


def test_the_gain_is_that_of_decoded_values():
    image = (grays(10, 30)).astype(np.uint16)
    gain = exposure.find_gain(
        image, lambda part: ranges.to_unit(part, 0, 100), 0.4
    )
    assert gain == pytest.approx(2)
