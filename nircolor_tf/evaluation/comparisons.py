"""Paired differences: whether one run is better than another.

A hard image is hard for both runs. So the interval of their difference, image
by image (the paired bootstrap), is narrower than their own intervals suggest.
"""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from nircolor_tf.evaluation.results import RunResult
from nircolor_tf.metrics import display, intervals


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two runs, one metric, the images that both have.

    Attributes:
        first: Name of a run.
        second: Name of another.
        metric: '<protocol>/<metric>'.
        difference: First less second, mean over the images, in the metric's
            unit.
        interval: Low and high end of its 95% interval; None where there is
            none, see `intervals.mean_interval`.
        images: How many images both have.
    """

    first: str
    second: str
    metric: str
    difference: float
    interval: tuple[float, float] | None
    images: int

    @property
    def text(self) -> str:
        """A sentence: 'A better than B by 0.42 dB PSNR, interval ..'."""
        metric = display.METRICS[self.metric.split("/")[-1]]
        sign = 1 if metric.higher_is_better else -1
        better, worse = self.first, self.second
        if sign * self.difference < 0:
            better, worse, sign = worse, better, -sign
        ends = self.interval or (self.difference,)
        if not any(round(end, metric.digits) for end in ends):
            return f"{self.first} and {self.second} are equal in {metric.label}"
        unit = f" {metric.unit}" if metric.unit else ""
        number = f"{abs(self.difference):.{metric.digits}f}{unit}"
        by = f"{worse} by {number} {metric.label}"
        if self.interval is None:
            return f"{better} ahead of {by}; no interval, one scene"
        low, high = sorted(sign * end for end in self.interval)
        by += f", interval {low:.{metric.digits}f}..{high:.{metric.digits}f}"
        if low <= 0:
            return f"no clear difference: {better} ahead of {by}"
        return f"{better} better than {by}"


def compare(
    results: Sequence[RunResult], keys: Sequence[str]
) -> list[Comparison]:
    """Compares every two runs by each metric that both have."""
    comparisons = []
    for first, second in itertools.combinations(results, 2):
        for key in keys:
            comparison = paired(
                (first.name, second.name, key),
                first.column(key),
                second.column(key),
                first.scenes,
            )
            if comparison is not None:
                comparisons.append(comparison)
    return comparisons


def paired(
    names: tuple[str, str, str],
    first: Mapping[str, float],
    second: Mapping[str, float],
    scenes: Mapping[str, str],
) -> Comparison | None:
    """Compares two runs by one metric.

    Args:
        names: Of the first run, the second, and the metric.
        first: {image: value} of the first run.
        second: Likewise.
        scenes: {image: scene}.

    Returns:
        None if no image is in both, or a value is infinite.
    """
    images = [image for image in first if image in second]
    values = [first[image] - second[image] for image in images]
    if not images or not np.isfinite(values).all():
        return None
    interval = intervals.mean_interval(
        values, [scenes[image] for image in images]
    )
    return Comparison(*names, float(np.mean(values)), interval, len(images))
