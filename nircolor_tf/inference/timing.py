"""What this machine gives a model: its cores, and the time of an image."""

import os
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np


def cores() -> int:
    """Returns how many CPU cores this process may use.

    Slurm, `taskset` and a container's cpuset give it fewer than the machine
    has, and more threads than cores wait for each other.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS


def time_colorizer(
    colorize: Callable[[np.ndarray], np.ndarray],
    sizes: Sequence[tuple[int, int]],
    repeats: int,
) -> dict[tuple[int, int], float]:
    """Times a colorizer on noise images.

    The sizes take turns, so that a slow moment of the machine does not fall
    on one of them alone.

    Args:
        colorize: nir (H, W, 1) -> rgb (H, W, 3), for example a `Colorizer`.
        sizes: Heights and widths, pixels.
        repeats: Calls counted per size.

    Returns:
        The median seconds per image for each size.
    """
    generator = np.random.default_rng(0)
    nirs = {size: generator.random((*size, 1), np.float32) for size in sizes}
    seconds = {size: [] for size in sizes}
    for _ in range(repeats):
        for size, nir in nirs.items():
            colorize(nir)  # not timed: a new size costs new memory
            start = time.perf_counter()
            colorize(nir)
            seconds[size].append(time.perf_counter() - start)
    return {size: statistics.median(seconds[size]) for size in sizes}
