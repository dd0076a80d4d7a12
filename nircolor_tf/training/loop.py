"""The training loop: phases, evaluation, checkpoints.

At each step it sets the learning rates from the progress within the phase, and
runs the compiled step (`step.py`) on the next batch (`data/pipeline.py`). Every
so many steps it logs, saves, and evaluates whole validation images, in this
order: a loss that is not finite stops the training before anything is kept,
and an evaluation that fails costs no step.
"""

import contextlib
import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import shards
from nircolor_tf.data.examples import Source
from nircolor_tf.errors import InputError, NonFiniteLossError
from nircolor_tf.methods.base import Phase
from nircolor_tf.training import cluster
from nircolor_tf.training.build import Training
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluations import Evaluations
from nircolor_tf.training.interruption import Interruption
from nircolor_tf.training.step import compile_step
from nircolor_tf.training.writer import Writer


@dataclasses.dataclass
class Loop:
    """A training between two steps.

    Attributes:
        training: Method, optimizers and averages.
        step: Steps taken so far.
        data: What the phases read, by name.
        checkpoints: Of the workdir.
        evaluations: Of the validation images.
        writer: Of the logs.
        agreement: Of the processes that share the training.
        clock: Until when time is counted, s.
        interruption: Knows whether a signal came.
        compiled: The phases' steps, by what they share.
        batches: Of the phase that runs, kept after an interruption: to end
            them may take TensorFlow a minute.
    """

    training: Training
    step: tf.Variable
    data: Mapping[str, Source]
    checkpoints: Checkpoints
    evaluations: Evaluations
    writer: Writer
    agreement: cluster.Agreement
    clock: float
    interruption: Interruption = dataclasses.field(default_factory=Interruption)
    compiled: dict[tuple, Callable] = dataclasses.field(default_factory=dict)
    batches: Iterator | None = None

    @property
    def config(self) -> ConfigDict:
        """The whole experiment."""
        return self.training.method.config

    @property
    def end(self) -> int:
        """Steps of all phases."""
        return self.evaluations.end

    @property
    def current_step(self) -> int:
        """Steps taken so far."""
        return int(self.step.numpy())

    @property
    def is_unfinished(self) -> bool:
        """Whether there is more to do than there was time for."""
        step = self.current_step
        return step < self.end or self.evaluations.are_missing(step)

    def phases_after(self, step: int) -> Iterator[tuple[Phase, int]]:
        """Yields each unfinished phase and the step at which it starts."""
        end = 0
        for phase in self.training.method.phases():
            start, end = end, end + phase.steps
            if step < end:
                yield phase, start

    def save_start(self) -> None:
        """Saves the weights that it starts from; so far they are the best."""
        phase, _ = next(self.phases_after(0))
        self.evaluations.run(0, phase.name)
        self._count_time()
        self.checkpoints.save_latest()

    def train(self, stop_at: int | None) -> None:
        """Runs what is left of all phases, up to `stop_at`."""
        step = self.current_step
        # A signal may have ended its evaluation.
        if self.evaluations.are_due(step):
            phase, _ = next(self.phases_after(step - 1))
            if self.evaluate(phase):
                return
        with _memory_named(self.config):
            for phase, first_step in self.phases_after(step):
                if stop_at is not None and self.current_step >= stop_at:
                    return
                if self.train_phase(phase, first_step, stop_at):
                    return

    def train_phase(
        self, phase: Phase, start: int, stop_at: int | None
    ) -> bool:
        """Runs a phase from the current step to its end, or to `stop_at`.

        Saves and evaluates every so many steps and after the last of all, not
        after every phase: a phase may be a single epoch.

        Returns:
            Whether it was interrupted, and is saved.
        """
        train, end = self.config.train, start + phase.steps
        train_step = self._compiled(phase)
        self.batches = shards.named(
            self._batches(phase), self.config.data.manifest
        )
        pending = []
        for step in range(self.current_step + 1, end + 1):
            progress = (step - 1 - start) / phase.steps
            for name, rate in phase.rates.items():
                optimizer = self.training.optimizers[name]
                optimizer.learning_rate.assign(rate(progress))
            pending.append(train_step(next(self.batches)))
            self.step.assign(step)
            self.writer.advance(pending[-1])
            interrupted = self.interruption.is_agreed(
                self.agreement.gather_previous
            )
            last = interrupted or step in (self.end, stop_at)
            evaluate = self.evaluations.are_due(step)
            save = last or evaluate or step % train.checkpoint_every == 0
            # Nothing is saved or evaluated whose losses were not checked.
            # A phase's scalars differ from the next one's.
            if save or step == end or step % train.log_every == 0:
                self._log(phase, pending)
                pending = []
            if save:
                self._save(last)
            if evaluate and not interrupted:
                interrupted = self.evaluate(phase)
                if interrupted or last:  # with its minutes
                    self._save(last=True)
            if interrupted or step == stop_at:
                return interrupted
        return False

    def _save(self, last: bool) -> None:
        """Saves everything; only the last time it has to succeed."""
        self._count_time()
        if last:
            self.checkpoints.save_latest()
        else:  # a full disk may have room again at the next one
            self.writer.attempt(self.checkpoints.save_latest)

    def evaluate(self, phase: Phase) -> bool:
        """Evaluates, if the weights were not evaluated yet.

        Returns:
            Whether it was interrupted, in this process or another one.
        """
        if self.evaluations.are_missing(self.current_step):
            self.evaluations.run(
                self.current_step, phase.name, lambda: bool(self.interruption)
            )
        return self.interruption.is_agreed(self.agreement.gather)

    def _count_time(self) -> None:
        """Counts what passed since the last time, through all phases."""
        now = time.monotonic()
        self.checkpoints.count_time(now - self.clock)
        self.clock = now

    def _compiled(self, phase: Phase):
        if phase.kind not in self.compiled:
            self.compiled[phase.kind] = compile_step(
                self.training, phase, self.config.train.jit_compile
            )
        return self.compiled[phase.kind]

    def _batches(self, phase: Phase):
        def of_process(context):
            datasets = {
                name: self.data[name].batches(
                    self.config.data,
                    self.config.seed,
                    self.current_step,
                    context,
                )
                for name in phase.data
            }
            if len(datasets) > 1:
                return tf.data.Dataset.zip(datasets)
            return datasets[phase.data[0]]

        return cluster.distribute(
            self.training.strategy, of_process, self.config.train.prefetch
        )

    def _log(self, phase: Phase, pending: list[dict]) -> None:
        """Checks and writes the scalars of the steps since the last call."""
        step = self.current_step
        columns = {
            name: np.array([float(scalars[name]) for scalars in pending])
            for name in pending[0]
        }
        _check_finite(columns, step, phase)
        means = {name: values.mean() for name, values in columns.items()}
        rates = {
            f"{name}/rate": float(
                self.training.optimizers[name].learning_rate.numpy()
            )
            for name in phase.optimizers
        }
        self.writer.scalars("train", step, phase.name, means | rates)
        terms = {
            name: value
            for name, value in means.items()
            if "_optimizer/" not in name
        }
        self.writer.show(phase.name, terms)


def _check_finite(
    columns: Mapping[str, np.ndarray], step: int, phase: Phase
) -> None:
    """Refuses scalars that are not finite.

    Args:
        columns: Of each scalar, its values in the last steps.
        step: The last of these.
        phase: To which they belong.

    Raises:
        NonFiniteLossError: It names the first step that has one.
    """
    for place, values in enumerate(zip(*columns.values(), strict=True)):
        for name, value in zip(columns, values, strict=True):
            if not math.isfinite(value):
                number = step - len(next(iter(columns.values()))) + 1 + place
                raise NonFiniteLossError(
                    f"step {number}, phase {phase.name!r}: {name} is {value}. "
                    "The last checkpoint is intact; a lower config.rate.peak "
                    "or config.train.precision=float32 may help"
                )


@contextlib.contextmanager
def _memory_named(config: ConfigDict) -> Iterator[None]:
    """Says what takes less memory where that of a device does not suffice."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        data, train = config.data, config.train
        raise InputError(
            "the memory of the device does not suffice for a step with "
            f"config.data.batch_size={data.batch_size}, "
            f"config.data.crop={data.crop} and "
            f"config.train.accumulate={train.accumulate}; expected a smaller "
            "batch or crop, a larger accumulate, or "
            "config.train.recompute=True: bin/estimate_memory.py tells how "
            "much each takes"
        ) from error
