"""Programs that do the same work, timed in alternation."""

import time
from collections.abc import Callable, Mapping

from nircolor_tf.benchmarks.rows import Quartiles

# Below this a call is made once more before the one that is timed: the last
# program's data fills the caches, and its threads still wait for work.
_SHORT = 0.5
_LEAST_ROUNDS, _MOST_ROUNDS = 5, 50


def take_turns(
    programs: Mapping[str, Callable[[], object]], seconds: float
) -> dict[str, list[float]]:
    """Times programs, one call of each in a round.

    A slow moment of the machine falls on all of them, and hardly changes the
    ratios within a round.

    Args:
        programs: By name; each returns when its work is done.
        seconds: For all rounds; at least five are made, at most fifty.

    Returns:
        Seconds of each round, by name.
    """
    for run in programs.values():
        run()  # compiles
    lengths = {name: _time(run) for name, run in programs.items()}
    results = {name: [] for name in programs}
    start = time.perf_counter()
    for count in range(_MOST_ROUNDS):
        if count >= _LEAST_ROUNDS and time.perf_counter() - start > seconds:
            break
        for name, run in programs.items():
            if lengths[name] < _SHORT:
                run()
            results[name].append(_time(run))
    return results


def ratios(
    times: Mapping[str, list[float]], reference: str
) -> dict[str, Quartiles]:
    """Compares programs with one of them, round by round."""
    return {
        name: Quartiles.of(
            [
                own / other
                for own, other in zip(values, times[reference], strict=True)
            ]
        )
        for name, values in times.items()
    }


def _time(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
