"""Protocols: named sets of metric definitions. Every number names its own.

Papers on NIR colorization differ in the window and data range of SSIM and in
how the angular error treats rounding and black, so the same images get
different numbers. Here every number carries the name of its protocol:

* `std`: the textbook definitions, and more metrics; for our own decisions.
* `hkbu`: what the code behind the published VCIP tables computes (Yang and
  Chen 2020, Yang et al. 2022 and 2023); to stand beside those tables.

Both measure 8-bit images divided by 255, because that is what users see and
files hold: predictions are rounded first. The mean over images is the mean of
the per-image numbers; only the angular error also has a mean and a standard
deviation over the pixels of all images, as Suarez et al. 2017 (DCGAN) report
it.
"""

import dataclasses
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions
from nircolor_tf.metrics import color_metrics, metrics, similarity

Measure = Callable[[np.ndarray, np.ndarray], float | None]


@dataclasses.dataclass(frozen=True)
class Protocol:
    """The definitions behind the names.

    Attributes:
        metrics: Name -> (prediction, truth) -> number, of any image; None
            where an image has none.
        color_metrics: The same, of RGB alone.
        angles: (prediction, truth) -> (H, W) angular errors in degrees; "ae"
            and "ae_pixels_std" are their mean and standard deviation.
    """

    metrics: Mapping[str, Measure]
    color_metrics: Mapping[str, Measure]
    angles: Callable[[np.ndarray, np.ndarray], np.ndarray]


PROTOCOLS: Mapping[str, Protocol] = {
    "std": Protocol(
        metrics={
            "psnr": metrics.psnr,
            "psnr_gain": metrics.psnr_gain,
            "ssim": similarity.ssim_gaussian,
            "ms_ssim": similarity.ms_ssim,
            "mae": metrics.mae,
            "rmse": metrics.rmse,
        },
        color_metrics={
            "s_cielab": color_metrics.s_cielab,
            "ciede2000": color_metrics.ciede2000,
            "colorfulness_error": color_metrics.colorfulness_error,
        },
        angles=metrics.angular_errors,
    ),
    "hkbu": Protocol(
        metrics={
            "psnr": metrics.psnr,
            "ssim": similarity.ssim_uniform,
            "mae": metrics.mae,
        },
        color_metrics={},
        angles=metrics.angular_errors_offset,
    ),
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
        The metrics of the protocol by name, {"psnr": 16.7, "ssim": ..}; see
        `display` for unit and direction of each, `PROTOCOLS` for its
        definition. "ae" and "ae_pixels_std" are the mean and the standard
        deviation of the angular error over the image's pixels. Metrics of
        color are left out where there is one channel, MS-SSIM where a side is
        shorter than 176 pixels. All are finite.

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
    _check_shapes(prediction, truth)
    prediction = conversions.to_8bit(prediction, "prediction") / 255
    truth = conversions.to_8bit(truth, "truth") / 255
    definitions = PROTOCOLS[protocol]
    functions = dict(definitions.metrics)
    if truth.shape[2] == 3:
        functions |= definitions.color_metrics
    result = {
        name: value
        for name, function in functions.items()
        if (value := function(prediction, truth)) is not None
    }
    if truth.shape[2] == 3:
        angles = definitions.angles(prediction, truth)
        result["ae"] = float(angles.mean())
        result["ae_pixels_std"] = float(angles.std())
    return result


def _check_shapes(prediction, truth):
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


def summarize(
    measurements: Sequence[Mapping[str, float]], pixels: Sequence[int]
) -> dict[str, float]:
    """Combines per-image numbers into those of all images.

    Args:
        measurements: At least one result of `measure`, all of one protocol.
        pixels: Height times width of each image.

    Returns:
        The mean of every metric over the images that have it; of color also
        "ae_pixels_mean" and "ae_pixels_std", the mean and the standard
        deviation of the angular error over all pixels of all images, exactly
        as if their angles had been kept.
    """
    columns = {
        name: np.array([each[name] for each in measurements if name in each])
        for name in dict.fromkeys(itertools.chain(*measurements))
    }
    deviations = columns.pop("ae_pixels_std", None)
    summary = {name: float(values.mean()) for name, values in columns.items()}
    if deviations is None:
        return summary
    weights = [
        count
        for each, count in zip(measurements, pixels, strict=True)
        if "ae" in each
    ]
    mean = np.average(columns["ae"], weights=weights)
    # The variance within the images and that of their means.
    spread = deviations**2 + (columns["ae"] - mean) ** 2
    deviation = np.sqrt(np.average(spread, weights=weights))
    return summary | {
        "ae_pixels_mean": float(mean),
        "ae_pixels_std": float(deviation),
    }
