"""The guided enlargement of a change."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import guided
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.steps import GuidedParameters, Steps

# Nearly no epsilon: a change that is a line in gray is found exactly.
EXACT = GuidedParameters(radius=2, epsilon=1e-9)


def random_image(height, width):
    return np.random.default_rng(0).random((height, width, 1), np.float32)


def test_a_line_in_the_gray_values_is_found():
    small = random_image(9, 13)
    change = small * np.float32([0.5, -2.0, 0.0]) + np.float32([0.1, 0.2, 0.3])
    slope, offset = guided.fit(small, change, EXACT)
    lines = np.broadcast_to([0.5, -2.0, 0.0], slope.shape)
    np.testing.assert_allclose(slope, lines, atol=1e-3)
    lines = np.broadcast_to([0.1, 0.2, 0.3], offset.shape)
    np.testing.assert_allclose(offset, lines, atol=1e-3)


def test_windows_at_the_edge_hold_the_pixels_that_there_are():
    small, change = random_image(6, 7), random_image(7, 6).transpose(1, 0, 2)
    slope, offset = guided.fit(small, change, GuidedParameters(1, 0.01))

    def mean(image, row, column):
        rows = slice(max(row - 1, 0), row + 2)
        return image[rows, max(column - 1, 0) : column + 2].mean()

    slopes, offsets = np.zeros((2, 6, 7))
    for place in np.ndindex(6, 7):
        gray, color = mean(small, *place), mean(change, *place)
        covariance = mean(small * change, *place) - gray * color
        variance = mean(small**2, *place) - gray**2
        slopes[place] = covariance / (variance + 0.01)
        offsets[place] = color - slopes[place] * gray
    for place in np.ndindex(6, 7):
        np.testing.assert_allclose(
            (slope[place][0], offset[place][0]),
            (mean(slopes, *place), mean(offsets, *place)),
            atol=1e-5,
        )


def test_a_flat_image_keeps_the_mean_of_the_change():
    small = np.full((5, 5, 1), 0.5, np.float32)
    change = random_image(5, 5)
    slope, offset = guided.fit(small, change, GuidedParameters(10, 1e-3))
    np.testing.assert_allclose(slope, 0, atol=1e-4)
    np.testing.assert_allclose(offset, change.mean(), atol=1e-5)


def test_there_is_no_halo_at_an_edge():
    # Dark sky above a bright roof, which the model makes bright and dark.
    nir = np.full((80, 40, 1), 0.2, np.float32)
    nir[37:] = 0.8

    def swapped(batch):
        return np.repeat(1 - batch, 3, axis=-1)

    def error(parameters):
        steps = Steps(working_size=8, guided=parameters)
        rgb = Colorizer(swapped, steps)(nir)
        return np.abs(rgb - (1 - nir)).max()

    assert error(None) > 0.2
    assert error(GuidedParameters(4, 5e-4)) < 0.02


@pytest.mark.parametrize(
    ("radius", "epsilon", "message"),
    [
        (0, 1e-3, "radius=0: expected a whole number, 1 to 1024"),
        (1.5, 1e-3, "radius=1.5: expected a whole number"),
        (4, 0.0, "epsilon=0.0: expected 1e-10 to 1000"),
        (4, 1e-300, "epsilon=1e-300: expected 1e-10 to 1000"),
    ],
)
def test_parameters_out_of_range_are_refused(radius, epsilon, message):
    with pytest.raises(InputError, match=message):
        GuidedParameters(radius, epsilon)


def test_a_radius_that_a_card_has_as_a_float():
    small = np.linspace(0, 1, 42, dtype=np.float32).reshape(6, 7, 1)
    whole, floating = (
        guided.fit(small, small, GuidedParameters(radius, 1e-3))
        for radius in (2, 2.0)
    )
    np.testing.assert_array_equal(whole, floating)
