"""Protocols: named sets of metric definitions. A number without one is void.

Papers on NIR colorization differ in the window and data range of SSIM and in
how the angular error treats rounding and black, so the same images get
different numbers. Here every number carries the name of its protocol:

* `std`: the textbook definitions; for our own decisions.
* `hkbu`: what the code behind the published VCIP tables computes (Yang and
  Chen 2020, Yang et al. 2022 and 2023); to stand beside those tables.

Both measure 8-bit images divided by 255, because that is what users see and
files hold: predictions are rounded first. The mean over images is the mean of
the per-image numbers.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from nircolor_tf.data.images import to_float, to_integers
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import metrics

Metric = Callable[[np.ndarray, np.ndarray], float]

PROTOCOLS: Mapping[str, Mapping[str, Metric]] = {
    "std": {
        "psnr": metrics.psnr,
        "ssim": metrics.ssim_gaussian,
        "ae": metrics.angular_error,
        "mae": metrics.mae,
    },
    "hkbu": {
        "psnr": metrics.psnr,
        "ssim": metrics.ssim_uniform,
        "ae": metrics.angular_error_offset,
        "mae": metrics.mae,
    },
}

# The Gaussian window of SSIM.
SMALLEST_SIDE = 11


def measure(
    prediction: np.ndarray, truth: np.ndarray, protocol: str
) -> dict[str, float]:
    """Measures one predicted image against its truth.

    Args:
        prediction: (H, W, 3) RGB; uint8, uint16, or floating point in [0, 1].
        truth: The same.
        protocol: A key of `PROTOCOLS`.

    Returns:
        {"psnr": dB, "ssim": .., "ae": degrees, "mae": in [0, 1]}; see
        `metrics` for definition, range and direction of each. The PSNR of
        identical images is inf.

    Raises:
        InputError: Unknown protocol; the shapes differ or are not (H, W, 3);
            a side is shorter than 11 pixels; floating-point values lie
            outside [0, 1] or are not numbers.
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
    if truth.ndim != 3 or truth.shape[2] != 3:
        raise InputError(
            f"expected RGB images (H, W, 3); found the shape {truth.shape}"
        )
    if min(truth.shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            f"expected images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} "
            f"pixels; found {truth.shape[1]}x{truth.shape[0]}"
        )
    prediction = to_8bit(prediction, "prediction") / 255
    truth = to_8bit(truth, "truth") / 255
    return {
        name: metric(prediction, truth)
        for name, metric in PROTOCOLS[protocol].items()
    }


def mean(measurements: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Averages per-image numbers, metric by metric.

    An infinite PSNR (identical images) makes the mean PSNR inf: it is not
    left out silently.

    Args:
        measurements: At least one result of `measure`, all of one protocol.

    Returns:
        The mean of each metric.
    """
    measurements = list(measurements)
    return {
        name: float(np.mean([one[name] for one in measurements]))
        for name in measurements[0]
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
