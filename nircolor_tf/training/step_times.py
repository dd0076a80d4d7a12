"""Times the training steps of configs, in turn, relative to each other."""

import dataclasses
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Batch, Phase, Scalars
from nircolor_tf.training import cluster, memory
from nircolor_tf.training.build import make_training
from nircolor_tf.training.step import compile_step


@dataclasses.dataclass(frozen=True)
class StepTime:
    """One kind of phase of a config.

    Attributes:
        phase: Name of the first of its kind.
        steps: Of all phases of its kind.
        seconds: Median of a step, augmentation not counted.
    """

    phase: str
    steps: int
    seconds: float


def time_steps(
    configs: Mapping[str, ConfigDict], repeats: int
) -> dict[str, list[StepTime]]:
    """Times the steps of several configs, on noise, in turn.

    What slows the machine for a moment does not fall on one of them alone.

    Args:
        configs: By name; all are in memory at once.
        repeats: Steps that are timed, of each kind of phase.

    Returns:
        Of each config every kind of phase that has steps.

    Raises:
        InputError: Method, network or crop of a config do not fit.
    """
    strategy = cluster.make_strategy()
    kinds = {
        name: _compile(config, strategy) for name, config in configs.items()
    }
    everything = [kind for of_one in kinds.values() for kind in of_one]
    for kind in everything:
        kind.run()  # compiles
    for _ in range(repeats):
        for kind in everything:
            kind.run()  # not timed: it finds the memory of another in its way
            start = time.perf_counter()
            kind.run()
            kind.seconds.append(time.perf_counter() - start)
    return {
        name: [
            StepTime(kind.phase, kind.steps, statistics.median(kind.seconds))
            for kind in of_one
        ]
        for name, of_one in kinds.items()
    }


def mean_seconds(times: Sequence[StepTime]) -> float:
    """The mean step of a whole training."""
    steps = sum(time.steps for time in times)
    return sum(time.steps * time.seconds for time in times) / steps


@dataclasses.dataclass
class _Kind:
    """Phases that share one compiled step."""

    phase: str
    steps: int
    run: Callable[[], object]
    seconds: list[float]


def _compile(
    config: ConfigDict, strategy: tf.distribute.Strategy
) -> list[_Kind]:
    data = config.data.copy_and_resolve_references()
    data.batch_size //= strategy.num_replicas_in_sync
    training = make_training(config, strategy)
    kinds = {}
    for phase in training.method.phases():
        if phase.steps and phase.kind in kinds:
            kinds[phase.kind].steps += phase.steps
        elif phase.steps:
            step = compile_step(training, phase, config.train.jit_compile)
            batch = _noise(phase, data)
            kinds[phase.kind] = _Kind(
                phase.name, phase.steps, _bind(step, batch), []
            )
    return list(kinds.values())


def _bind(step: Callable[[Batch], Scalars], batch) -> Callable[[], object]:
    # A number is there when the step is done, on a GPU too.
    return lambda: [float(value) for value in step(batch).values()]


def _noise(phase: Phase, data: ConfigDict):
    """What a phase reads on one device; each gets the same."""
    return tf.nest.map_structure(
        lambda spec: tf.random.uniform(spec.shape, *data.value_range),
        memory.batch_spec(phase, data),
    )
