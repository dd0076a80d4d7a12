"""Wang's MS-SSIM over a pyramid of sizes, and our mixture of it with L1."""

import math

import numpy as np
from keras import ops

from nircolor_tf.losses.windows import blur, gauss

# Wang, Simoncelli & Bovik 2003: weights of the five scales, finest first.
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
SSIM_WINDOW = 11
SSIM_SIGMA = 1.5


def ms_ssim(prediction, truth, value_range: tuple[float, float]):
    """Mean multi-scale structural similarity, 1 for identical images.

    Source: Wang, Simoncelli & Bovik 2003, eq. 7. Where an image is too small
    for the 11x11 window on every one of the five scales, the coarsest are left
    out and the remaining weights are scaled to sum to one; the number of scales
    follows from the static shape.

    Args:
        prediction: (B, H, W, C) with H and W known and at least 11.
        truth: The same shape.
        value_range: (low, high) of both.
    """
    height, width = prediction.shape[1:3]
    scales = _number_of_scales(min(height, width))
    weights = np.asarray(MS_SSIM_WEIGHTS[:scales]) / sum(
        MS_SSIM_WEIGHTS[:scales]
    )
    low, high = value_range
    prediction, truth = prediction - low, truth - low
    result = 1.0
    for scale, weight in enumerate(weights):
        if scale:
            prediction = ops.average_pool(prediction, 2, 2, padding="valid")
            truth = ops.average_pool(truth, 2, 2, padding="valid")
        similarity, contrast = _ssim_terms(prediction, truth, high - low)
        term = similarity if scale == scales - 1 else contrast
        # A negative mean has no real power; such images are dissimilar enough.
        result *= ops.maximum(term, 1e-6) ** float(weight)
    return ops.mean(result)


def pyramid_mix(
    prediction, truth, value_range: tuple[float, float], alpha: float
):
    """Mixes 1 - MS-SSIM, by alpha, with the Gaussian-weighted L1.

    Ours, between Wang et al. 2003 and Zhao et al. 2016: the latter's mixture,
    with the former's MS-SSIM, which forgives lost texture far more than
    `zhao_mix`. The Gaussian is that of the coarsest scale; small images have
    fewer scales, and with them a narrower one. The error is that of values in
    [0, 1].
    """
    structure = 1.0 - ms_ssim(prediction, truth, value_range)
    error = ops.abs(prediction - truth)
    weights = window_weights(*error.shape[1:3])
    low, high = value_range
    weighted = ops.mean(error * weights[None, :, :, None]) / (high - low)
    return alpha * structure + (1.0 - alpha) * weighted


def window_weights(height: int, width: int) -> np.ndarray:
    """What each pixel counts in the Gaussian-weighted L1, 1 on average.

    The error around a pixel is weighted by the Gaussian of the coarsest scale.
    Over an image, whose every pixel is the center of one window, all
    pixels away from the edges then count the same; those at an edge count
    about half, those in a corner about a quarter, as fewer windows reach them
    (two thirds and two fifths where there is only one scale).

    Args:
        height: Pixels, at least 11.
        width: Likewise.

    Returns:
        (height, width) float32.
    """
    factor = 2 ** (_number_of_scales(min(height, width)) - 1)
    reach = (SSIM_WINDOW // 2) * factor
    profile = gauss(np.arange(-reach, reach + 1), SSIM_SIGMA * factor)
    rows, columns = (
        np.convolve(np.ones(size), profile)[reach : reach + size]
        for size in (height, width)
    )
    weights = np.outer(rows, columns)
    return (weights / weights.mean()).astype("float32")


def _number_of_scales(side: int) -> int:
    if side < SSIM_WINDOW:
        raise ValueError(
            f"MS-SSIM needs images of at least {SSIM_WINDOW} px, got {side}"
        )
    fitting = int(math.log2(side / SSIM_WINDOW)) + 1
    return min(len(MS_SSIM_WEIGHTS), fitting)


def _ssim_terms(prediction, truth, span: float):
    """Returns SSIM and its contrast-structure part, each (B, C)."""
    c1, c2 = (0.01 * span) ** 2, (0.03 * span) ** 2
    mean_p, mean_t, product, squares = (
        blur(image, SSIM_WINDOW, SSIM_SIGMA)
        for image in (
            prediction,
            truth,
            prediction * truth,
            prediction**2 + truth**2,
        )
    )
    covariance = product - mean_p * mean_t
    variances = squares - mean_p**2 - mean_t**2
    contrast = (2 * covariance + c2) / (variances + c2)
    light = (2 * mean_p * mean_t + c1) / (mean_p**2 + mean_t**2 + c1)
    return (
        ops.mean(light * contrast, axis=(1, 2)),
        ops.mean(contrast, axis=(1, 2)),
    )
