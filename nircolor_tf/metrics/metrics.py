"""Metrics of one image: the distance of a prediction from the truth.

Every function takes a prediction and a truth of equal shape, floating point in
[0, 1]: (H, W, 3) RGB, or (H, W, 1) where color does not matter to it. It
returns one float, or for the angular errors one per pixel. They check nothing
and are bound to no protocol: use `protocols.measure`, which does both.

Functions in two variants differ by protocol; each says whose definition it is.
Structural similarity is in `similarity`, distances in color spaces made for the
eye are in `color_metrics`, those by networks in `evaluation`.
"""

import numpy as np

# Mean squared error of an image that is rounded to 8 bit: rounding errors are
# uniform within a level, whose variance is 1/12 of its square.
ROUNDING_ERROR = 1 / 12 / 255**2

# PSNR of identical images, dB.
LARGEST_PSNR = float(-10 * np.log10(ROUNDING_ERROR))


def psnr(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Peak signal-to-noise ratio, -10 log10(MSE) over all pixels and channels.

    The MSE is at least `ROUNDING_ERROR`: a difference below what the rounding
    to 8 bit alone makes tells nothing, and one identical image must not make
    the mean over many images infinite.

    Range: [0, 58.92] dB for values in [0, 1]; higher is better. Source: Ma et
    al. 2022 (ColorNet), eq. 10 and 11, for values divided by the largest.
    """
    error = np.mean(np.square(prediction - truth))
    return float(-10 * np.log10(max(error, ROUNDING_ERROR)))


def psnr_gain(prediction: np.ndarray, truth: np.ndarray) -> float:
    """PSNR after the one gain of the whole image that suits it best.

    The gain is that of least squares, sum(p t) / sum(p^2), and the product is
    clipped at white. How bright the photographer let an image be is one number
    per image that nobody can know; this is the PSNR without it. A black
    prediction stays black.

    Range: [0, 58.92] dB for values in [0, 1]; higher is better. Source:
    [ours].
    """
    energy = np.sum(np.square(prediction))
    if not energy:
        return psnr(prediction, truth)
    gain = np.sum(prediction * truth) / energy
    return psnr(np.minimum(gain * prediction, 1), truth)


def mae(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Mean absolute error over all pixels and channels.

    Range: [0, 1]; lower is better. Source: Ma et al. 2022 (ColorNet), eq. 12.
    """
    return float(np.mean(np.abs(prediction - truth)))


def rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean squared error over all pixels and channels.

    PSNR on a linear scale: -20 log10(RMSE) is the PSNR of the image, up to the
    largest one.

    Range: [0, 1]; lower is better. Source: common; the root of Ma et al. 2022
    (ColorNet), eq. 11.
    """
    return float(np.sqrt(np.mean(np.square(prediction - truth))))


def angular_errors(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Angle between the RGB vectors of prediction and truth, pixel by pixel.

    Blind to brightness: it measures color alone. Black has no direction: a
    pixel black in both images counts 0 degrees, in one of them 90, the
    largest angle colors can have, so that painting black never pays.

    Source: Suarez et al. 2017 (DCGAN), eq. 3.

    Range: [0, 90] degrees, (H, W); lower is better.
    """
    # The arccosine of eq. 3 turns rounding errors of 1e-16 into angles of
    # 1e-6 degrees; the arctangent gives the same angle, and 0 for equals.
    angles = np.degrees(
        np.arctan2(_length(_cross(prediction, truth)), _dot(prediction, truth))
    )
    angles[prediction.any(axis=-1) != truth.any(axis=-1)] = 90
    return angles


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
    prediction = prediction.astype(np.float64)
    truth = truth.astype(np.float64)
    lengths = _length(prediction) * _length(truth)
    return np.degrees(np.arccos(_dot(prediction, truth) / (lengths + 1e-6)))


# Channel by channel a fraction of the time of NumPy's functions of an axis.
def _dot(one, other):
    """(H, W, 3), (H, W, 3) -> (H, W)."""
    return sum(one[..., i] * other[..., i] for i in range(3))


def _length(vectors):
    return np.sqrt(_dot(vectors, vectors))


def _cross(one, other):
    r, g, b = (one[..., i] for i in range(3))
    other_r, other_g, other_b = (other[..., i] for i in range(3))
    return np.stack(
        [
            g * other_b - b * other_g,
            b * other_r - r * other_b,
            r * other_g - g * other_r,
        ],
        axis=-1,
    )
