"""L_mix as Zhao et al. compute it: by hand and against SciPy."""

import functools

import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict
from scipy import ndimage

from nircolor_tf import losses
from nircolor_tf.errors import InputError

ALPHA = 0.84


def smooth_and_noisy(height, width):
    """An image and a noisy copy, (2, H, W, 3) float32 in [0, 1]."""
    rng = np.random.default_rng(height)
    smooth = ndimage.gaussian_filter(
        rng.random((2, height, width, 3)), (0, 3, 3, 0)
    )
    smooth = 0.5 + 4 * (smooth - smooth.mean())
    noisy = smooth + rng.normal(0, 0.03, smooth.shape)
    return (
        np.clip(image, 0, 1).astype(np.float32) for image in (smooth, noisy)
    )


def window(sigma):
    """33x33 pixels, which sum to 1."""
    rows, columns = np.mgrid[-16:17, -16:17]
    values = np.exp(-(rows**2 + columns**2) / (2 * sigma**2))
    return values / values.sum()


@functools.cache
def inside(size, sigma):
    """How much of the window around each pixel lies on the image."""
    return ndimage.correlate(np.ones(size), window(sigma), mode="constant")


def mean_in_windows(image, sigma):
    """Of one channel, float64; a window has no pixels beyond the image."""
    kernel = window(sigma)
    total = ndimage.correlate(image, kernel, mode="constant")
    return total / inside(image.shape, sigma)


def reference(prediction, truth):
    """L_mix of one channel in [0, 1], of alpha 1 and of alpha 0."""
    x, y = (image.astype(np.float64) for image in (prediction, truth))
    c_1, c_2, product = 0.01**2, 0.03**2, 1.0
    for sigma in (0.5, 1, 2, 4, 8):
        mean_x, mean_y, xx, yy, xy = (
            mean_in_windows(image, sigma)
            for image in (x, y, x * x, y * y, x * y)
        )
        variances = xx - mean_x**2 + yy - mean_y**2
        product *= (2 * (xy - mean_x * mean_y) + c_2) / (variances + c_2)
    light = (2 * mean_x * mean_y + c_1) / (mean_x**2 + mean_y**2 + c_1)
    structure = 1 - light * product
    return structure.mean(), mean_in_windows(abs(x - y), 8).mean()


@functools.cache
def reference_of_size(size):
    """Of all images and channels; an alpha is only their weight."""
    planes = [np.moveaxis(image, -1, 1) for image in smooth_and_noisy(*size)]
    channels = [
        reference(planes[1][index], planes[0][index])
        for index in np.ndindex(2, 3)
    ]
    return np.mean(channels, axis=0)


@pytest.mark.parametrize("alpha", [0.0, ALPHA, 1.0])
@pytest.mark.parametrize("size", [(40, 56), (20, 9)])
def test_zhaos_mix_against_scipy(size, alpha):
    """In 20x9 pixels no window of 33x33 is whole."""
    truth, noisy = smooth_and_noisy(*size)
    expected = np.dot((alpha, 1 - alpha), reference_of_size(size))
    assert alpha == 0 or 0.2 < expected < 0.9
    found = losses.zhao_mix(noisy, truth, (0.0, 1.0), alpha)
    np.testing.assert_allclose(found, expected, rtol=2e-4)
    # As if in [0, 1], whatever the range of the networks.
    found = losses.zhao_mix(2 * noisy - 1, 2 * truth - 1, (-1.0, 1.0), alpha)
    np.testing.assert_allclose(found, expected, rtol=2e-4)


def test_zhaos_mix_of_two_pixels_by_hand():
    """Gray 0.5 and 0.5 against 0.49 and 0.51.

    Both pixels' windows hold the two, with the weights p and 1 - p, p = 1 / (1
    + exp(-1 / (2 sigma^2))): 0.880797, 0.622459, 0.531209, 0.507812, 0.501953.
    The variance of the first is 0, of the second 4 p (1 - p) 0.01^2, here in
    units of 1e-4: 0.419974, 0.940015, 0.996104, 0.999756, 0.999985. With C_2 =
    9e-4 the terms are 9 / (9 + variance): 0.955417, 0.905431, 0.900351,
    0.900022, 0.900001. Their product is 0.630894. The means of the second are
    0.5 -+ 0.01 (2 p - 1), so that the luminance is 1 to 1e-8; the error is
    0.01.
    """
    flat = tf.constant([0.5, 0.5], shape=(1, 1, 2, 1))
    truth = tf.constant([0.49, 0.51], shape=(1, 1, 2, 1))
    expected = 0.84 * (1 - 0.630894) + 0.16 * 0.01
    assert expected == pytest.approx(0.311649, abs=1e-6)
    found = losses.zhao_mix(flat, truth, (0.0, 1.0), ALPHA)
    assert float(found) == pytest.approx(expected, abs=2e-5)


def test_zhaos_mix_of_two_grays_is_a_comparison_of_means():
    gray, lighter = tf.fill((1, 11, 7, 3), 0.3), tf.fill((1, 11, 7, 3), 0.5)
    light = (2 * 0.3 * 0.5 + 1e-4) / (0.3**2 + 0.5**2 + 1e-4)
    found = losses.zhao_mix(gray, lighter, (0.0, 1.0), ALPHA)
    expected = 0.84 * (1 - light) + 0.16 * 0.2
    assert float(found) == pytest.approx(expected, abs=1e-5)


def test_equal_images_have_none_and_lost_texture_costs_most():
    truth, noisy = smooth_and_noisy(48, 40)
    assert float(losses.zhao_mix(noisy, noisy, (0.0, 1.0), ALPHA)) == (
        pytest.approx(0, abs=1e-6)
    )
    # What the pyramid forgives: the noise is gone, the mean is right.
    zhao, pyramid = (
        float(losses.mix(truth, noisy, (0.0, 1.0), 1.0, form))
        for form in ("zhao", "pyramid")
    )
    assert zhao > 1.5 * pyramid
    value_range = (0.0, 1.0)
    for form, loss in losses.MIX_LOSSES.items():
        assert float(
            losses.mix(truth, noisy, value_range, ALPHA, form)
        ) == float(loss(truth, noisy, value_range, ALPHA))


def test_zhaos_mix_has_a_gradient_everywhere():
    truth, noisy = smooth_and_noisy(12, 10)
    prediction = tf.Variable(noisy)
    with tf.GradientTape() as tape:
        loss = losses.zhao_mix(prediction, truth, (0.0, 1.0), ALPHA)
    gradient = tape.gradient(loss, prediction).numpy()
    assert np.isfinite(gradient).all()
    assert (gradient != 0).all()


def test_pixel_takes_the_form_that_the_config_names():
    truth, noisy = smooth_and_noisy(12, 13)
    batch = {"nir": truth[..., :1], "rgb": truth}
    weights = dict.fromkeys(("l1", "l2", "chroma"), 0.0) | {"mix": 1.0}
    for form in losses.MIX_LOSSES:
        config = ConfigDict(
            weights | {"mix_alpha": 0.3, "mix_form": form, "shift": 0}
        )
        found, _ = losses.pixel(noisy, batch, config, (0.0, 1.0))
        expected = losses.mix(noisy, truth, (0.0, 1.0), 0.3, form)
        assert float(found) == float(expected)


def test_an_unknown_form_is_refused():
    image = tf.zeros((1, 11, 11, 1))
    with pytest.raises(InputError, match=r"mix_form is 'wang'; .*zhao"):
        losses.mix(image, image, (0.0, 1.0), ALPHA, "wang")
