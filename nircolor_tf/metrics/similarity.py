"""Structural similarity of one image, in the definitions of the protocols.

Conventions as in `metrics`: prediction and truth of equal shape, floating point
in [0, 1], (H, W, 3) RGB or (H, W, 1); one float.
"""

import cv2
import numpy as np

# Five scales; the fifth must still hold the window: 176 / 2^4 = 11.
MS_SSIM_SMALLEST_SIDE = 176

# Finest scale first: Wang et al. 2003, section 3.2.
_MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)

# Of SSIM and of MS-SSIM: (K L)^2 for a data range L of 1.
_K1, _K2 = 0.01, 0.03

# Of `ssim_gaussian` and `ms_ssim`: 11 taps, sigma 1.5.
_GAUSSIAN = cv2.getGaussianKernel(11, 1.5)
# Of `ssim_uniform`.
_UNIFORM = np.full((7, 1), 1 / 7)


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
        np.mean(
            [
                _similarity(*planes, _GAUSSIAN)[0]
                for planes in _channels(prediction, truth)
            ]
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
    pixels = len(_UNIFORM) ** 2
    sample = pixels / (pixels - 1)
    return float(
        np.mean(
            [
                _similarity(*planes, _UNIFORM, data_range, sample)[0]
                for planes in _channels(prediction, truth)
            ]
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
    return float(
        np.mean([_ms_ssim(*planes) for planes in _channels(prediction, truth)])
    )


def _ms_ssim(prediction, truth):
    """Of one channel, (H, W)."""
    product = 1.0
    for weight in _MS_SSIM_WEIGHTS[:-1]:
        _, contrast = _similarity(prediction, truth, _GAUSSIAN)
        product *= max(contrast, 0) ** weight
        prediction, truth = _halved(prediction), _halved(truth)
    whole, _ = _similarity(prediction, truth, _GAUSSIAN)
    return product * max(whole, 0) ** _MS_SSIM_WEIGHTS[-1]


def _channels(prediction, truth):
    """Yields each channel of both, (H, W): small arrays stay in the cache."""
    if prediction.shape != truth.shape:
        raise ValueError(
            f"the prediction has the shape {prediction.shape}, its truth "
            f"{truth.shape}; expected equal shapes"
        )
    for channel in range(truth.shape[2]):
        yield tuple(
            np.ascontiguousarray(image[..., channel])
            for image in (prediction, truth)
        )


def _similarity(prediction, truth, window, data_range=1.0, sample=1.0):
    """SSIM and its contrast-structure factor, means over the pixels.

    Args:
        prediction: (H, W).
        truth: (H, W).
        window: (K, 1), along rows as along columns.
        data_range: L of the constants (K L)^2.
        sample: Factor on variances and covariance.
    """
    inside = slice(len(window) // 2, -(len(window) // 2))

    def window_mean(image):
        return cv2.sepFilter2D(image, -1, window, window)[inside, inside]

    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    mean_p, mean_t = window_mean(prediction), window_mean(truth)
    means = mean_p * mean_t
    squares = mean_p * mean_p + mean_t * mean_t
    covariance = sample * (window_mean(prediction * truth) - means)
    # One blur for both variances, of which only the sum is needed.
    variances = sample * (
        window_mean(prediction * prediction + truth * truth) - squares
    )
    contrast = (2 * covariance + c2) / (variances + c2)
    luminance = (2 * means + c1) / (squares + c1)
    return (luminance * contrast).mean(), contrast.mean()


def _halved(image):
    """The mean of every 2x2 pixels; an odd last row or column is repeated."""
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2)), mode="symmetric")
    rows = (even[::2] + even[1::2]) / 2
    return (rows[:, ::2] + rows[:, 1::2]) / 2
