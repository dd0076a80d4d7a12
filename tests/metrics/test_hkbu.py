"""`hkbu` gives what the code behind the VCIP tables gives, to 4 digits.

The formulas: 8-bit RGB / 255; PSNR = -10 log10(MSE); SSIM with a uniform
window 7x7, sample covariance and the prediction's max - min as data range,
mean over the channels; the angle of dot / (|p| |t| + 1e-6), mean over pixels.
"""

import math

import numpy as np
import pytest

from nircolor_tf.metrics import protocols

TOLERANCE = 5e-5


def _published(prediction, truth):
    """PSNR, SSIM, AE of uint8 RGB: the formulas, pixel by pixel."""
    prediction = [[[v / 255 for v in p] for p in row] for row in prediction]
    truth = [[[v / 255 for v in p] for p in row] for row in truth]
    height, width = len(truth), len(truth[0])
    values = [v for row in prediction for pixel in row for v in pixel]
    data_range = max(values) - min(values)
    errors, angles = [], []
    for y in range(height):
        for x in range(width):
            p, t = prediction[y][x], truth[y][x]
            errors += [(p[c] - t[c]) ** 2 for c in range(3)]
            cosine = sum(p[c] * t[c] for c in range(3)) / (
                math.hypot(*p) * math.hypot(*t) + 1e-6
            )
            angles.append(math.degrees(math.acos(cosine)))
    similarities = [
        _window_ssim(
            [prediction[y + i][x + j][c] for i in range(7) for j in range(7)],
            [truth[y + i][x + j][c] for i in range(7) for j in range(7)],
            data_range,
        )
        for c in range(3)
        for y in range(height - 6)
        for x in range(width - 6)
    ]
    return {
        "psnr": -10 * math.log10(np.mean(errors)),
        "ssim": np.mean(similarities),
        "ae": np.mean(angles),
    }


def _window_ssim(p, t, data_range):
    mean_p, mean_t = sum(p) / 49, sum(t) / 49
    variance_p = sum((a - mean_p) ** 2 for a in p) / 48
    variance_t = sum((b - mean_t) ** 2 for b in t) / 48
    covariance = (
        sum((a - mean_p) * (b - mean_t) for a, b in zip(p, t, strict=True)) / 48
    )
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    return (
        (2 * mean_p * mean_t + c1)
        * (2 * covariance + c2)
        / ((mean_p**2 + mean_t**2 + c1) * (variance_p + variance_t + c2))
    )


def _dotted(*levels):
    """28x35 pixels, black but for one in 7x7: every window holds one dot."""
    image = np.zeros((28, 35, 3), np.uint8)
    image[3::7, 2::7] = levels
    return image


@pytest.mark.parametrize("contrast", [0.15, 0.6, 1.0])
def test_against_the_formulas_in_loops(contrast):
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (15, 12, 3))
    prediction = (contrast * truth + rng.integers(0, 30, truth.shape)).clip(
        0, 255
    )
    truth[:2, :5] = prediction[1:3, :3] = 0  # black in one, the other, both
    prediction[9] = truth[9]
    prediction, truth = prediction.astype(np.uint8), truth.astype(np.uint8)
    measured = protocols.measure(prediction, truth, "hkbu")
    for name, expected in _published(
        prediction.tolist(), truth.tolist()
    ).items():
        assert measured[name] == pytest.approx(expected, abs=TOLERANCE), name


def test_ssim_by_hand_depends_on_the_range_of_the_prediction():
    # The dot of the truth is 1: mean 1/49 and, of a sample, variance 1/49 in
    # every window. A dot of 0.2 has the mean 0.2/49, the variance 0.04/49,
    # and the covariance 0.2/49 with it. Range 0.2: C1 = 4e-6, C2 = 3.6e-5.
    truth = _dotted(255, 255, 255)
    measured = protocols.measure(_dotted(51, 51, 51), truth, "hkbu")
    assert measured["ssim"] == pytest.approx(0.1505, abs=TOLERANCE)
    # White in green makes the range 1: C1 = 1e-4, C2 = 9e-4. Green is then
    # exact, red and blue score 0.2048; the mean of the channels.
    measured = protocols.measure(_dotted(51, 255, 51), truth, "hkbu")
    assert measured["ssim"] == pytest.approx(0.4699, abs=TOLERANCE)
    # A black prediction has no range.
    measured = protocols.measure(_dotted(0, 0, 0), truth, "hkbu")
    assert measured["ssim"] == 0


def test_psnr_by_hand():
    # In one of 49 pixels, of three channels, errors 204/255, 0 and 51/255:
    # MSE = (0.64 + 0.04) / 147, 23.3481 dB.
    measured = protocols.measure(
        _dotted(51, 255, 51), _dotted(255, 255, 0), "hkbu"
    )
    assert measured["psnr"] == pytest.approx(23.3481, abs=TOLERANCE)


def test_angle_by_hand():
    # Black in both is 90 degrees in 48 of 49 pixels; the dots are 45 degrees
    # apart: (48 * 90 + 45) / 49.
    measured = protocols.measure(
        _dotted(255, 255, 0), _dotted(255, 0, 0), "hkbu"
    )
    assert measured["ae"] == pytest.approx(89.0816, abs=TOLERANCE)


def test_identical_images_by_hand():
    # Red of length 0.2: acos(0.04 / (0.04 + 1e-6)) = sqrt(2 * 2.5e-5) to 4
    # digits, 0.4051 degrees; not 0.
    red = np.broadcast_to(np.array((51, 0, 0), np.uint8), (14, 14, 3))
    measured = protocols.measure(red, red, "hkbu")
    assert measured["ae"] == pytest.approx(0.4051, abs=TOLERANCE)
    assert measured["ae_pixels_std"] == pytest.approx(0, abs=TOLERANCE)
    assert measured["ssim"] == pytest.approx(1, abs=TOLERANCE)
    # Rounding to 8 bit alone: 12 * 255^2 = 780300, 58.9226 dB.
    assert measured["psnr"] == pytest.approx(58.9226, abs=TOLERANCE)
