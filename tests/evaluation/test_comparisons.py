"""Runs compared image by image: numbers and words."""

import numpy as np
import pytest

from nircolor_tf.evaluation import comparisons

NAMES = ("a", "b", "std/psnr")


def test_the_difference_is_of_the_images_of_both():
    values = np.random.default_rng(1).normal(17, 2, 40)
    noise = np.random.default_rng(3).normal(0, 0.1, 40)
    first = {str(i): value for i, value in enumerate(values)}
    second = {str(i): values[i] - 0.4 + noise[i] for i in range(3, 40)}
    scenes = {str(i): str(i) for i in range(40)}
    comparison = comparisons.paired(NAMES, first, second, scenes)
    assert comparison.images == 37
    assert comparison.difference == pytest.approx(0.4 - noise[3:].mean())
    low, high = comparison.interval
    assert low < comparison.difference < high
    # The runs' own intervals are over a dB wide and overlap; the pairs agree.
    assert high - low < 0.1
    turned = comparisons.paired(NAMES, second, first, scenes)
    assert turned.interval == pytest.approx((-high, -low))


def test_nothing_to_compare():
    scenes = {"a": "a", "b": "b"}
    assert comparisons.paired(NAMES, {"a": 1.0}, {"b": 1.0}, scenes) is None
    infinite = {"a": float("inf")}
    assert comparisons.paired(NAMES, infinite, {"a": 1.0}, scenes) is None


@pytest.mark.parametrize(
    ("metric", "difference", "interval", "text"),
    [
        (
            "std/psnr",
            0.42,
            (0.2, 0.66),
            "a better than b by 0.42 dB PSNR, interval 0.20..0.66",
        ),
        (
            "std/psnr",
            -0.42,
            (-0.66, -0.2),
            "b better than a by 0.42 dB PSNR, interval 0.20..0.66",
        ),
        (
            "std/ae",
            -1.5,
            (-2, -1),
            "a better than b by 1.50 degrees AE, interval 1.00..2.00",
        ),
        (
            "std/ae",
            -1.5,
            (-2, 0.5),
            "no clear difference: a ahead of b by 1.50 degrees AE, "
            "interval -0.50..2.00",
        ),
        (
            "hkbu/ssim",
            0.01,
            None,
            "a ahead of b by 0.010 SSIM; no interval, one scene",
        ),
        ("std/ae", -1e-9, (-1e-9, 0.0), "a and b are equal in AE"),
    ],
)
def test_in_words(metric, difference, interval, text):
    compared = comparisons.Comparison(
        "a", "b", metric, difference, interval, images=36
    )
    assert compared.text == text
