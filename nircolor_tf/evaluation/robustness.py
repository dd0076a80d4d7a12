"""Robustness curves: how a model's numbers fall as its input gets worse.

The input of every image is degraded in each way and strength of
`degradations.DEGRADATIONS`; the truth stays as it is. PSNR, SSIM and angular
error follow the `std` protocol, as means over the images.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from absl import logging
from tqdm import tqdm

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.degradations import DEGRADATIONS, generator
from nircolor_tf.images import conversions
from nircolor_tf.metrics import protocols

METRICS = ("psnr", "ssim", "ae")


@dataclasses.dataclass(frozen=True)
class Point:
    """One point of a run's curve.

    Attributes:
        run: Name of the run.
        degradation: A key of `DEGRADATIONS`.
        strength: One of its strengths, `Degradation.none` among them.
        images: How many images the means are over; the same for every point
            of a run.
        left_out: How many could not be measured at some strength.
        psnr: Mean, dB.
        ssim: Mean.
        ae: Mean, degrees; None if the run makes images of one channel.
    """

    run: str
    degradation: str
    strength: float
    images: int
    left_out: int
    psnr: float
    ssim: float
    ae: float | None


def measure(
    run: str,
    colorize: Callable[[np.ndarray], np.ndarray],
    pairs: Sequence[tuple[str, np.ndarray, np.ndarray]],
) -> list[Point]:
    """Measures a model on degraded images, with a progress bar.

    The undegraded image is colorized once, though it is a point of every
    curve. An image that fails at one strength is left out of all, so that the
    points of a curve are means over the same images; it is logged.

    Args:
        run: Name of the model.
        colorize: (H, W, 1) -> (H, W, C), float32 in [0, 1].
        pairs: (name, source (H, W, 1), truth (H, W, C)), float32 in [0, 1].

    Returns:
        A point for every strength of every degradation, in the order of
        `DEGRADATIONS`.

    Raises:
        InputError: No image could be measured.
    """
    measured, reason = [], None
    for name, source, truth in tqdm(pairs, f"{run}, degraded", unit="image"):
        try:
            measured.append(_measure_image(colorize, name, source, truth))
        except Exception as error:
            # The runtime of a model raises errors of any type.
            reason = f"{name}: {error}"
            logging.warning("%s: not in the curves: %s", run, reason)
    if not measured:
        raise InputError(
            f"{run}: no robustness curves: all {len(pairs)} images failed, "
            f"the last one: {reason}"
        )
    return [
        Point(
            run,
            key,
            strength,
            len(measured),
            len(pairs) - len(measured),
            **_mean([scores[key, strength] for scores in measured]),
        )
        for key, degradation in DEGRADATIONS.items()
        for strength in degradation.strengths
    ]


def _measure_image(colorize, name, source, truth):
    """{(degradation, strength): {metric: value}} of one image."""
    undegraded = _measure(colorize(source), truth)
    scores = {}
    for key, degradation in DEGRADATIONS.items():
        for strength in degradation.strengths:
            if strength == degradation.none:
                scores[key, strength] = undegraded
                continue
            image = degradation.apply(source, strength, generator(name))
            scores[key, strength] = _measure(colorize(image), truth)
    return scores


def _measure(prediction, truth):
    """As `protocols.measure` under `std`, without its expensive metrics."""
    prediction = conversions.to_8bit(prediction, "prediction") / 255
    truth = conversions.to_8bit(truth, "truth") / 255
    standard = protocols.PROTOCOLS["std"]
    scores = {
        "psnr": standard.metrics["psnr"](prediction, truth),
        "ssim": standard.metrics["ssim"](prediction, truth),
        "ae": None,
    }
    if truth.shape[2] == 3:
        scores["ae"] = float(standard.angles(prediction, truth).mean())
    return scores


def _mean(scores):
    return {
        metric: None
        if scores[0][metric] is None
        else float(np.mean([one[metric] for one in scores]))
        for metric in METRICS
    }
