"""Protocols: named sets of metric definitions. A number without one is void.

Papers on NIR colorization differ in the window and data range of SSIM and in
how the angular error treats rounding and black, so the same images get
different numbers. Here every number carries the name of its protocol:

* `std`: the textbook definitions; for our own decisions.
* `hkbu`: what the code behind the published VCIP tables computes (Yang and
  Chen 2020, Yang et al. 2022 and 2023); to stand beside those tables.

Both measure 8-bit images divided by 255, because that is what users see and
files hold: predictions are rounded first. The mean over images is the mean of
the per-image numbers; only the angular error also has a mean and a standard
deviation over the pixels of all images, as Suarez et al. 2017 (DCGAN) report
it.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nircolor_tf.data.images import to_float, to_integers
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import metrics


@dataclasses.dataclass(frozen=True)
class Protocol:
    """The two definitions in which protocols differ.

    Attributes:
        ssim: (prediction, truth) -> structural similarity.
        angles: (prediction, truth) -> (H, W) angular errors in degrees.
    """

    ssim: Callable[[np.ndarray, np.ndarray], float]
    angles: Callable[[np.ndarray, np.ndarray], np.ndarray]


PROTOCOLS: Mapping[str, Protocol] = {
    "std": Protocol(metrics.ssim_gaussian, metrics.angular_errors),
    "hkbu": Protocol(metrics.ssim_uniform, metrics.angular_errors_offset),
}

# The Gaussian window of SSIM.
SMALLEST_SIDE = 11


def measure(
    prediction: np.ndarray, truth: np.ndarray, protocol: str
) -> dict[str, float]:
    """Measures one predicted image against its truth.

    Args:
        prediction: (H, W, 3) RGB, or (H, W, 1) gray or NIR; uint8, uint16, or
            floating point in [0, 1].
        truth: The same.
        protocol: A key of `PROTOCOLS`.

    Returns:
        {"psnr": dB, "ssim": .., "ae": degrees, "mae": in [0, 1],
        "ae_pixels_std": degrees}; see `metrics` for definition, range and
        direction of each. "ae" and "ae_pixels_std" are the mean and the
        standard deviation of the angular error over the image's pixels; an
        image of one channel has no color and neither of them. The PSNR of
        identical images is inf.

    Raises:
        InputError: Unknown protocol; the shapes differ or are not (H, W, 3)
            or (H, W, 1); a side is shorter than 11 pixels; floating-point
            values lie outside [0, 1] or are not numbers.
    """
    if protocol not in PROTOCOLS:
        raise InputError(
            f"unknown protocol {protocol!r}; expected one of "
            + ", ".join(PROTOCOLS)
        )
    if prediction.shape != truth.shape:
        raise InputError(
            f"the prediction has the shape {prediction.shape}, its truth "
            f"{truth.shape}; expected equal shapes"
        )
    if truth.ndim != 3 or truth.shape[2] not in (1, 3):
        raise InputError(
            "expected images (H, W, 3) or (H, W, 1); found the shape "
            f"{truth.shape}"
        )
    if min(truth.shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            f"expected images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} "
            f"pixels; found {truth.shape[1]}x{truth.shape[0]}"
        )
    prediction = to_8bit(prediction, "prediction") / 255
    truth = to_8bit(truth, "truth") / 255
    result = {
        "psnr": metrics.psnr(prediction, truth),
        "ssim": PROTOCOLS[protocol].ssim(prediction, truth),
        "mae": metrics.mae(prediction, truth),
    }
    if truth.shape[2] == 3:
        angles = PROTOCOLS[protocol].angles(prediction, truth)
        result["ae"] = float(angles.mean())
        result["ae_pixels_std"] = float(angles.std())
    return result


def summarize(
    measurements: Sequence[Mapping[str, float]], pixels: Sequence[int]
) -> dict[str, float]:
    """Combines per-image numbers into those of all images.

    An infinite PSNR (identical images) makes the mean PSNR inf: it is not
    left out silently.

    Args:
        measurements: At least one result of `measure`, all of one protocol.
        pixels: Height times width of each image.

    Returns:
        The mean over the images of "psnr", "ssim", "mae" and, of color, "ae";
        then also "ae_pixels_mean" and "ae_pixels_std", the mean and the
        standard deviation of the angular error over all pixels of all images,
        exactly as if their angles had been kept.
    """
    columns = {
        name: np.array([one[name] for one in measurements])
        for name in measurements[0]
    }
    deviations = columns.pop("ae_pixels_std", None)
    summary = {name: float(values.mean()) for name, values in columns.items()}
    if deviations is None:
        return summary
    mean = np.average(columns["ae"], weights=pixels)
    # The variance within the images and that of their means.
    spread = deviations**2 + (columns["ae"] - mean) ** 2
    deviation = np.sqrt(np.average(spread, weights=pixels))
    return summary | {
        "ae_pixels_mean": float(mean),
        "ae_pixels_std": float(deviation),
    }


def to_8bit(image: np.ndarray, name: str) -> np.ndarray:
    """Rounds an image to 8 bit.

    Args:
        image: uint8, uint16, or floating point in [0, 1], any shape.
        name: What to call the image in an error.

    Returns:
        uint8, same shape.

    Raises:
        InputError: Floating-point values lie outside [0, 1] or are not
            numbers; another integer type.
    """
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return to_integers(to_float(image), 8)
    if not np.issubdtype(image.dtype, np.floating):
        raise InputError(
            f"{name}: holds {image.dtype} values; expected uint8, uint16 or "
            "floating point in [0, 1]"
        )
    if not (image.min() >= 0 and image.max() <= 1):
        raise InputError(
            f"{name}: values lie in [{image.min()}, {image.max()}]; expected "
            "[0, 1]"
        )
    return to_integers(image, 8)
