"""Metrics of one image: numbers that say how far a prediction is from truth.

Every function takes a prediction and a truth of equal shape (H, W, 3), RGB,
floating point in [0, 1]. It returns one float, or for the angular errors one
per pixel. They check nothing and are bound to no protocol: use
`protocols.measure`, which does both.

Functions in two variants differ by protocol; each says whose definition it is.
"""

import numpy as np
from skimage.metrics import structural_similarity


def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio, -10 log10(MSE) over all pixels and channels.

    Range: (0, inf] dB for values in [0, 1]; higher is better. Identical
    images have inf.
    """
    error = np.mean(np.square(prediction - truth))
    return float(-10 * np.log10(error)) if error > 0 else float("inf")


def mae(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error over all pixels and channels.

    Range: [0, 1]; lower is better. Source: Ma et al. 2022 (ColorNet), eq. 12.
    """
    return float(np.mean(np.abs(prediction - truth)))


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
            sigma=1.5,
            K1=0.01,
            K2=0.03,
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


def angular_errors(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Angle between the RGB vectors of prediction and truth, pixel by pixel.

    Blind to brightness: it measures color alone. The cosine is clipped to
    [-1, 1]. Black has no direction: a pixel black in both images counts 0
    degrees, in one of them 90, the largest angle colors can have, so that
    painting black never pays.

    Source: Suarez et al. 2017 (DCGAN), eq. 3.

    Range: [0, 90] degrees, (H, W); lower is better.
    """
    dots, lengths = _dots_and_lengths(prediction, truth)
    cosines = np.divide(dots, lengths, out=dots, where=lengths > 0)
    cosines[~(prediction.any(axis=-1) | truth.any(axis=-1))] = 1
    return np.degrees(np.arccos(np.clip(cosines, -1, 1)))


def angular_errors_offset(
    prediction: np.ndarray, truth: np.ndarray
) -> np.ndarray:
    """Angle of every pixel as the code behind the VCIP tables computes it.

    The cosine is dot / (|p| |t| + 1e-6), not clipped; the offset keeps it
    below 1 in float64. So the angle of identical images is not 0 (0.08
    degrees for colors of length 1, more for dark ones), and a pixel that is
    black in either image, or in both, counts 90 degrees.

    Range: (0, 90] degrees, (H, W); lower is better.
    """
    dots, lengths = _dots_and_lengths(prediction, truth)
    return np.degrees(np.arccos(dots / (lengths + 1e-6)))


def _dots_and_lengths(prediction, truth):
    """(H, W) inner products and products of lengths, float64."""
    prediction = prediction.astype(np.float64)
    truth = truth.astype(np.float64)
    lengths = np.linalg.norm(prediction, axis=-1) * np.linalg.norm(
        truth, axis=-1
    )
    return np.sum(prediction * truth, axis=-1), lengths
