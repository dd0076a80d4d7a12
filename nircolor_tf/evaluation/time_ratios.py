"""Times of models, as ratios to one of them."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np


def time_in_turns(
    colorizers: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    size: int,
    repeats: int,
) -> dict[str, list[float]]:
    """Times colorizers on one square noise image.

    They take turns, so that a slow moment of the machine falls on all, and
    hardly changes the ratios within a round.

    Args:
        colorizers: nir (H, W, 1) -> rgb (H, W, 3), by name.
        size: Height and width, pixels.
        repeats: Rounds.

    Returns:
        Seconds of each round.
    """
    nir = np.random.default_rng(0).random((size, size, 1), np.float32)
    seconds = {name: [] for name in colorizers}
    for _ in range(repeats):
        for name, colorize in colorizers.items():
            colorize(nir)  # not timed: the last one's data fills the caches
            start = time.perf_counter()
            colorize(nir)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def compare_times(
    seconds: Mapping[str, Sequence[float]], reference: str
) -> dict[str, dict[str, float]]:
    """Compares times of the same rounds.

    Args:
        seconds: As `time_in_turns` returns it.
        reference: Name of the colorizer whose ratio is 1.

    Returns:
        Of each 'seconds', the median, and 'time_ratio', the median of its
        ratios to the reference in the same round.
    """
    return {
        name: {
            "seconds": statistics.median(values),
            "time_ratio": statistics.median(
                own / other
                for own, other in zip(values, seconds[reference], strict=True)
            ),
        }
        for name, values in seconds.items()
    }
