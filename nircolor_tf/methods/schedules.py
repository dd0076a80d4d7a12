"""Lengths of epochs, and learning rates by the progress of a phase, 0..1."""

import math
from collections.abc import Callable

from ml_collections import ConfigDict

from nircolor_tf.errors import InputError

Schedule = Callable[[float], float]


def epoch_steps(images: int, batch_size: int) -> int:
    """Steps that draw as many images as an epoch has.

    Draws go on through the images from one epoch to the next. So every image
    comes once in an epoch where the batch divides the images and all epochs
    are of one length; otherwise nearly so.

    Args:
        images: Of config.schedule; 0, before a training has counted those of
            its manifest, is taken for one batch.
        batch_size: Images of a step.
    """
    return max(1, -(-images // batch_size))


def constant(peak: float) -> Schedule:
    """The same rate throughout."""
    return lambda progress: peak


def linear(peak: float) -> Schedule:
    """Falls from `peak` linearly to 0."""
    return lambda progress: peak * (1.0 - progress)


def linear_after(peak: float, steady: int, epochs: int) -> Schedule:
    """Stays at `peak`, then falls linearly to 0.

    Args:
        peak: The largest rate.
        steady: Epochs before it falls, config.schedule.steady_epochs.
        epochs: Of the phase.

    Raises:
        InputError: No epoch of the phase is left to fall in.
    """
    left = max(1, epochs) - steady
    if steady < 0 or left < 1:
        raise InputError(
            f"config.schedule.steady_epochs is {steady}; expected 0 to less "
            f"than {epochs}, the epochs of the phase"
        )
    return lambda progress: peak * min(1.0, epochs * (1.0 - progress) / left)


def cosine(peak: float) -> Schedule:
    """Falls from `peak` to 0 along half a cosine (Loshchilov & Hutter 2017)."""
    return lambda progress: peak * 0.5 * (1.0 + math.cos(math.pi * progress))


def part(schedule: Schedule, index: int, count: int) -> Schedule:
    """The stretch of a schedule that is part `index` of `count` equal ones.

    For phases of one epoch, whose rate falls over many of them.
    """
    return lambda progress: schedule((index + progress) / count)


SCHEDULES = {"constant": constant, "linear": linear, "cosine": cosine}


def make_schedule(config: ConfigDict, key: str) -> Schedule:
    """Builds a schedule.

    Args:
        config: `schedule`, a name above; `peak`, the largest rate; `warmup`,
            the fraction of the phase over which the rate rises from 0.
        key: Where it stands in the whole config, for errors.

    Raises:
        InputError: Unknown name, or warmup outside [0, 1).
    """
    if config.schedule not in SCHEDULES:
        raise InputError(
            f"config.{key}.schedule is {config.schedule!r}; expected one of "
            f"{', '.join(sorted(SCHEDULES))}"
        )
    if not 0.0 <= config.warmup < 1.0:
        raise InputError(
            f"config.{key}.warmup is {config.warmup}; expected a fraction of "
            "the phase, 0 <= warmup < 1"
        )
    schedule, warmup = SCHEDULES[config.schedule](config.peak), config.warmup

    def with_warmup(progress: float) -> float:
        rise = min(1.0, progress / warmup) if warmup else 1.0
        return rise * schedule(progress)

    return with_warmup
