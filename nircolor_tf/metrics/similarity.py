"""Structural similarity of one image, in the definitions of the protocols.

Conventions as in `metrics`: prediction and truth of equal shape, floating point
in [0, 1], (H, W, 3) RGB or (H, W, 1); one float.
"""

import numpy as np
from scipy import ndimage
from skimage.metrics import structural_similarity

# Five scales; the fifth must still hold the window: 176 / 2^4 = 11.
MS_SSIM_SMALLEST_SIDE = 176

# Finest scale first: Wang et al. 2003, section 3.2.
_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

# Of SSIM and of MS-SSIM: (K L)^2 for a data range L of 1.
_K1, _K2 = 0.01, 0.03
_WINDOW_SIGMA, _WINDOW_RADIUS = 1.5, 5


def ssim_gaussian(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity as Wang et al. 2004 define it.

    Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli: Image Quality
    Assessment, IEEE Transactions on Image Processing 13(4), 2004, eq. 13:
    Gaussian window 11x11 with sigma 1.5, K1 0.01, K2 0.03, data range 1,
    population covariance; mean over the pixels whose window lies inside, then
    over the channels.

    Range: [-1, 1]; higher is better. Needs 11x11 pixels.
    """
    return float(
        structural_similarity(
            prediction,
            truth,
            gaussian_weights=True,
            sigma=_WINDOW_SIGMA,
            K1=_K1,
            K2=_K2,
            use_sample_covariance=False,
            data_range=1.0,
            channel_axis=-1,
        )
    )


def ssim_uniform(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Structural similarity as the code behind the VCIP tables computes it.

    scikit-image's defaults: uniform window 7x7, sample covariance. The data
    range is max - min **of the prediction**, so a low-contrast prediction is
    judged more strictly. A prediction of one value has no range: 0, which is
    the formula's limit wherever the truth has any contrast.

    Range: [-1, 1]; higher is better. Needs 7x7 pixels.
    """
    data_range = prediction.max() - prediction.min()
    if data_range == 0:
        return 0.0
    return float(
        structural_similarity(
            prediction, truth, data_range=data_range, channel_axis=-1
        )
    )


def ms_ssim(prediction: np.ndarray, truth: np.ndarray) -> float | None:
    """Multi-scale structural similarity.

    Z. Wang, E. P. Simoncelli, A. C. Bovik: Multiscale Structural Similarity
    for Image Quality Assessment, Asilomar Conference on Signals, Systems and
    Computers, 2003, eq. 7: contrast and structure at five scales, luminance
    at the coarsest, each to the power of its published weight. Window and
    constants as `ssim_gaussian`; from one scale to the next the mean of 2x2
    pixels. The factors are means over the pixels of one channel, those below
    0 count as 0; mean over the channels last.

    Range: [0, 1]; higher is better. None if a side is shorter than
    MS_SSIM_SMALLEST_SIDE: the coarsest scale then has no room for the window.
    """
    if min(truth.shape[:2]) < MS_SSIM_SMALLEST_SIDE:
        return None
    product = 1.0
    for weight in _MS_SSIM_WEIGHTS[:-1]:
        _, contrast = _similarity(prediction, truth)
        product *= np.maximum(contrast, 0) ** weight
        prediction, truth = _halved(prediction), _halved(truth)
    whole, _ = _similarity(prediction, truth)
    product *= np.maximum(whole, 0) ** _MS_SSIM_WEIGHTS[-1]
    return float(product.mean())


def _similarity(prediction, truth):
    """SSIM and its contrast-structure factor: (C,), means over the pixels."""

    def window_mean(image):
        blurred = ndimage.gaussian_filter(
            image, _WINDOW_SIGMA, radius=_WINDOW_RADIUS, axes=(0, 1)
        )
        inside = slice(_WINDOW_RADIUS, -_WINDOW_RADIUS)
        return blurred[inside, inside]

    mean_p, mean_t = window_mean(prediction), window_mean(truth)
    means = mean_p * mean_t
    squares = mean_p * mean_p + mean_t * mean_t
    covariance = window_mean(prediction * truth) - means
    # One blur for both variances, of which only the sum is needed.
    variances = window_mean(prediction * prediction + truth * truth) - squares
    contrast = (2 * covariance + _K2**2) / (variances + _K2**2)
    luminance = (2 * means + _K1**2) / (squares + _K1**2)
    return (luminance * contrast).mean((0, 1)), contrast.mean((0, 1))


def _halved(image):
    """The mean of every 2x2 pixels; an odd last row or column is repeated."""
    height, width = image.shape[:2]
    even = np.pad(
        image, ((0, height % 2), (0, width % 2), (0, 0)), mode="symmetric"
    )
    rows = (even[::2] + even[1::2]) / 2
    return (rows[:, ::2] + rows[:, 1::2]) / 2
