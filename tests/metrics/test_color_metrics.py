"""CIEDE2000 against published pairs, S-CIELAB against a direct convolution."""

import math

import numpy as np
import pytest
from skimage import color

from nircolor_tf.metrics import color_metrics

# Sharma et al. 2005, table 1, pairs 1, 7, 10, 17, 25 and 34: CIELAB of two
# colors and the difference between them.
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0010), 7.1792),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]

# X, Y, Z of the white D65.
WHITE = (0.95047, 1.0, 1.08883)


def _flat(*rgb):
    return np.broadcast_to(np.array(rgb), (32, 40, 3)).copy()


def _lab(xyz):
    """CIELAB of one color by its definition (CIE 15)."""
    fx, fy, fz = (
        math.cbrt(value / white)
        if value / white > (6 / 29) ** 3
        else (value / white) / (3 * (6 / 29) ** 2) + 4 / 29
        for value, white in zip(xyz, WHITE, strict=True)
    )
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def _xyz(rgb):
    """XYZ of one sRGB color by IEC 61966-2-1."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in rgb
    ]
    return np.array(
        (
            (0.412453, 0.357580, 0.180423),
            (0.212671, 0.715160, 0.072169),
            (0.019334, 0.119193, 0.950227),
        )
    ) @ np.array(linear)


def _gaussian_2d(full_width):
    """A filter of S-CIELAB in two dimensions, not separated.

    As the authors describe it: of an image shown at ten points per pixel by
    interpolation, filtered at the points and looked at in the pixels.
    """
    points = 230
    shifts = np.arange(-114, 115)
    sigma = (full_width * points - 1) / (2 * math.sqrt(2 * math.log(2)))
    squares = shifts[:, None] ** 2 + shifts**2
    fine = np.exp(-squares / (2 * sigma**2))
    # What a point at `shift` takes from the pixel `tap` by interpolation.
    share = np.maximum(
        0, 1 - abs(shifts[None] - 10 * np.arange(-11, 12)[:, None]) / 10
    )
    taps = share @ fine @ share.T
    return taps / taps.sum()


def _s_cielab_lab(rgb):
    """CIELAB of the blurred image, every pixel by a sum over its window."""
    to_opponent = np.array(
        (
            (278.7336, 721.8031, -106.5520),
            (-448.7736, 289.8056, 77.1569),
            (85.9513, -589.9859, 501.1089),
        )
    )
    filters = [
        1.00327 * _gaussian_2d(0.05)
        + 0.114416 * _gaussian_2d(0.225)
        - 0.117686 * _gaussian_2d(7.0),
        0.616725 * _gaussian_2d(0.0685) + 0.383275 * _gaussian_2d(0.826),
        0.567885 * _gaussian_2d(0.0920) + 0.432115 * _gaussian_2d(0.6451),
    ]
    height, width = rgb.shape[:2]
    opponent = np.array(
        [[to_opponent @ _xyz(pixel) for pixel in row] for row in rgb]
    )
    padded = np.pad(opponent, ((11, 11), (11, 11), (0, 0)), mode="symmetric")
    lab = np.empty(rgb.shape)
    for y in range(height):
        for x in range(width):
            window = padded[y : y + 23, x : x + 23]
            blurred = [
                np.sum(window[..., channel] * filters[channel])
                for channel in range(3)
            ]
            lab[y, x] = _lab(np.linalg.solve(to_opponent, blurred))
    return lab


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_ciede2000_of_published_pairs(monkeypatch, first, second, expected):
    # The pairs are CIELAB, not all of them colors of sRGB.
    for conversion in ("_xyz", "_lab"):
        monkeypatch.setattr(color_metrics, conversion, lambda image: image)
    measured = color_metrics.ciede2000(_flat(*second), _flat(*first))
    assert measured == pytest.approx(expected, abs=5e-5)


def test_the_color_metrics_are_those_of_scikit_images_conversions(monkeypatch):
    generator = np.random.default_rng(4)
    images = generator.integers(0, 256, (2, 40, 33, 3)) / 255
    images[:, :9] /= 40  # the straight part of both curves
    fast = color_metrics.ciede2000(*images), color_metrics.s_cielab(*images)
    monkeypatch.setattr(color_metrics, "_xyz", color.rgb2xyz)
    monkeypatch.setattr(color_metrics, "_lab", color.xyz2lab)
    slow = color_metrics.ciede2000(*images), color_metrics.s_cielab(*images)
    assert fast == pytest.approx(slow, abs=1e-10)
    assert min(slow) > 1


def test_ciede2000_is_a_mean_over_the_pixels_as_they_are():
    truth = _flat(0.0, 0.0, 0.0)
    prediction = truth.copy()
    # A checkerboard, of which the eye would see a gray only.
    prediction[::2, ::2] = prediction[1::2, 1::2] = 1
    # Black and white are 100 apart.
    measured = color_metrics.ciede2000(prediction, truth)
    assert measured == pytest.approx(50, abs=1e-3)


def test_s_cielab_against_a_direct_convolution():
    rng = np.random.default_rng(0)
    truth = rng.random((26, 15, 3)) ** 2
    prediction = np.clip(0.8 * truth + rng.normal(0, 0.1, truth.shape), 0, 1)
    difference = _s_cielab_lab(prediction) - _s_cielab_lab(truth)
    expected = np.mean(np.hypot(difference[..., 1], difference[..., 2]))
    assert expected > 3
    measured = color_metrics.s_cielab(prediction, truth)
    assert measured == pytest.approx(expected, abs=1e-9)


def test_s_cielab_of_flat_images_is_the_distance_in_ab():
    first, second = (0.8, 0.3, 0.2), (0.1, 0.4, 0.7)
    (_, *ab), (_, *other) = _lab(_xyz(first)), _lab(_xyz(second))
    measured = color_metrics.s_cielab(_flat(*first), _flat(*second))
    assert measured == pytest.approx(math.dist(ab, other), abs=1e-3)
    # Lightness does not count: CIELAB of grays differs in L alone.
    gray = color_metrics.s_cielab(_flat(0.2, 0.2, 0.2), _flat(0.9, 0.9, 0.9))
    assert gray == pytest.approx(0, abs=0.01)


def test_fine_color_patterns_are_blurred_but_not_coarse_ones():
    """One period in two pixels, 11.5 per degree, is beyond seeing color."""
    shapes = {}
    for period in (2, 30):
        image = np.full((60, 60, 3), 0.5)
        columns = np.arange(60) % period < period // 2
        image[:, columns] += (0.1, 0.0, -0.1)
        image[:, ~columns] -= (0.1, 0.0, -0.1)
        gray = np.full((60, 60, 3), 0.5)
        shapes[period] = color_metrics.s_cielab(image, gray)
    assert shapes[2] < 0.25 * shapes[30]


def test_colorfulness_by_hand():
    gray, red = _flat(0.5, 0.5, 0.5), _flat(1.0, 0.0, 0.0)
    assert color_metrics.colorfulness(gray) == 0
    # One color has a mean and no spread: red-green 255, yellow-blue 127.5.
    expected = 0.3 * math.hypot(255, 127.5)
    assert color_metrics.colorfulness(red) == pytest.approx(expected, abs=1e-9)
    # Half yellow, half blue: a spread of 255, and no mean.
    halves = _flat(1.0, 1.0, 0.0)
    halves[:, :20] = (0.0, 0.0, 1.0)
    assert color_metrics.colorfulness(halves) == pytest.approx(255, abs=1e-9)
    # Too dull and too gaudy count alike.
    for pair in ((gray, red), (red, gray)):
        error = color_metrics.colorfulness_error(*pair)
        assert error == pytest.approx(expected, abs=1e-9)
