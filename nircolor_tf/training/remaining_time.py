"""How long a training takes, said at its start.

A config of a paper takes minutes on a GPU and days on a processor.
"""

import time
from collections.abc import Callable, Mapping
from typing import SupportsFloat

# The first steps compile, and fill the queue of the data.
_FIRST, _LAST = 3, 12
# A shorter training says enough by its progress bar.
_WORTH_SAYING = 10 * 60


class RemainingTime:
    """Measures the first steps of a run, and says what they mean for the rest.

    Args:
        steps: That are left.
        clock: Seconds.
    """

    def __init__(self, steps: int, clock: Callable[[], float] = time.monotonic):
        self._steps = steps
        self._clock = clock
        self._count = 0
        self._start = 0.0

    def advance(self, scalars: Mapping[str, SupportsFloat]) -> str:
        """Counts a step; returns the estimate once, else ''.

        Args:
            scalars: That the step returned.
        """
        self._count += 1
        if self._count in (_FIRST, _LAST):
            # A GPU has not done a step yet that was only begun.
            for value in scalars.values():
                float(value)
        if self._count == _FIRST:
            self._start = self._clock()
        if self._count != _LAST:
            return ""
        seconds = (self._clock() - self._start) / (_LAST - _FIRST)
        left = seconds * (self._steps - self._count)
        if left < _WORTH_SAYING:
            return ""
        return (
            f"takes about {_duration(left)} from here, by the first steps "
            f"({seconds:.2g} s each), evaluations not counted"
        )


def _duration(seconds: float) -> str:
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} minutes"
    hours = seconds / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.0f} days"
