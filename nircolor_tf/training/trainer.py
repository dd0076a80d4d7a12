"""The training loop: phases, evaluation, checkpoints, resume.

`train` takes an experiment to its last step, or goes on from where it stopped.

Inputs: a config (one experiment), a workdir, a distribution strategy.

Outputs, all in the workdir:
    config.json          the complete config
    images.csv           the lines of the manifest that the training reads
    training_data.csv    names and hashes of the images that the training reads
    checkpoints/         the three newest, to resume from, and the best
    train/, eval/        scalars as TensorBoard events and CSV, image grids
    loggers.json         its runs in Weights & Biases and MLflow, if any

A training is a sequence of phases (`methods.base.Phase`). At each step the loop
sets the learning rates from the progress within the phase, and runs the
compiled step (`step.py`) on the next batch (`data/pipeline.py`). Every so many
steps it logs, evaluates whole validation images, and saves, in this order: a
loss that is not finite stops the training before anything is kept.

Everything random is a function of the seed and the step. A resumed training
takes the steps that it would have taken without the interruption.

Where several processes share a training (`cluster.py`), all go through this
loop, step by step; only the chief evaluates and writes.
"""

import contextlib
import dataclasses
import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import halves, manifest, pipeline, shards
from nircolor_tf.data.examples import Source
from nircolor_tf.data.pipeline import open_source
from nircolor_tf.errors import InterruptionError, NonFiniteLossError
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.training import (
    checking,
    cluster,
    command_log,
    config_files,
    epochs,
    loggers,
    recorded_images,
    records,
    sinks,
    warm_start,
    workdir_lock,
)
from nircolor_tf.training.build import Training, make_training
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluations import Evaluations
from nircolor_tf.training.evaluator import Evaluator
from nircolor_tf.training.interruption import Interruption
from nircolor_tf.training.step import compile_step
from nircolor_tf.training.warm_start import Start
from nircolor_tf.training.writer import SilentWriter, Writer


def train(
    config: ConfigDict,
    workdir: str | os.PathLike,
    strategy: tf.distribute.Strategy,
    stop_at: int | None = None,
    start: Start | None = None,
    command: str | None = None,
    logger_names: Sequence[str] | None = None,
) -> Method:
    """Trains a method through all its phases, or resumes it.

    Args:
        config: A whole experiment.
        workdir: Gets config.json, images.csv, training_data.csv,
            commands.json, checkpoints/, train/ and eval/. Training goes on
            from the newest checkpoint there, on the same images.
        strategy: One per process.
        stop_at: Saves and returns after that step, as if interrupted; at
            once if the training is there already. None: to the end.
        start: The weights that a new training takes for its first. None: new
            weights.
        command: The command line that trains, for commands.json; None where
            there is none.
        logger_names: Of loggers besides TensorBoard. None: those that the
            training had.

    Returns:
        The method with the weights of the last step (not the average).

    Raises:
        InputError: Bad config, manifest, images or `start`; or the workdir is
            of another config, or has a checkpoint already and `start` is
            given.
        DiskFullError: The last checkpoint has no room. Of another, and of logs,
            a warning is shown.
        NonFiniteLossError: A loss is NaN or infinite.
        InterruptionError: A signal came; everything is saved.
    """
    if config.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    with contextlib.ExitStack() as stack:
        run = _Run.open(
            config, Path(workdir), strategy, start, stack, logger_names
        )
        stack.enter_context(run.interruption.watched())
        if command is not None and run.is_chief:
            sources = [] if start is None else [start.source]
            command_log.append(workdir, command, run.current_step, sources)
        if start is not None:
            run.save_start()
        run.train(stop_at)
        # The chief may still be writing.
        unfinished = any(run.agreement.gather(int(run.is_unfinished)))
    if run.interruption and unfinished:
        raise InterruptionError(
            f"stopped by {run.interruption.signal.name} after step "
            f"{run.current_step} of {run.end}; all is saved\n"
            f"  go on:    bin/train.py --workdir={workdir}",
            run.interruption.signal,
        )
    return run.training.method


@dataclasses.dataclass
class _Run:
    """What the loop needs at every step."""

    config: ConfigDict
    training: Training
    step: tf.Variable
    checkpoints: Checkpoints
    evaluations: Evaluations
    writer: Writer
    end: int
    data: dict[str, Source]
    compiled: dict[tuple, Callable]
    interruption: Interruption
    agreement: cluster.Agreement
    is_chief: bool
    clock: float

    @classmethod
    def open(
        cls, config, workdir, strategy, start, stack, logger_names
    ) -> "_Run":
        """Reads the data, builds everything, restores what there is.

        What has to be closed in the end goes onto the stack.
        """
        checking.check_config(config, strategy.num_replicas_in_sync)
        config = config_files.with_absolute_paths(config)
        if start is None:
            warm_start.check_resumed(workdir)
        else:
            warm_start.check_new(workdir)
        logger_names = loggers.select(workdir, logger_names)
        examples = halves.read(config.data.manifest, config.data.half)
        config = epochs.with_epochs(config, examples)
        validation = manifest.select(examples, config.evaluate.split)
        training = make_training(config, strategy)
        with strategy.scope():
            step = tf.Variable(0, dtype=tf.int64, trainable=False)
        # What a bad config can break comes before the config is written.
        phases = training.method.phases()
        checking.check_phases(phases)
        end = sum(phase.steps for phase in phases)
        names = sorted({name for phase in phases for name in phase.data})
        data = {
            name: open_source(name, examples, config.data) for name in names
        }
        images = records.images(examples, config, data)
        recorded_images.check(workdir, config, images)
        evaluator = Evaluator(training.method, validation, config.evaluate)
        checkpoints = Checkpoints(workdir, training, step)
        _initialise(training, checkpoints, start)
        config_files.check_same(workdir, config)
        is_chief = cluster.is_chief(strategy)
        if is_chief:
            stack.enter_context(workdir_lock.locked(workdir))
            records.write(workdir, config, examples, data, start)
        checkpoints.restore_latest()
        first = int(step.numpy())
        agreement = cluster.Agreement(strategy)
        agreement.check_same_step(first, workdir)
        writer = SilentWriter()
        if is_chief:
            opened = loggers.open_all(logger_names, workdir, config)
            writer = Writer(workdir, first, end, opened)
        stack.push(lambda error, *_: writer.close(error is not None))
        writer.say(f"begins after step {first} of {end}")
        writer.say(pipeline.describe_storage(names, examples, config.data))
        return cls(
            config=config,
            training=training,
            step=step,
            checkpoints=checkpoints,
            evaluations=Evaluations(
                config=config,
                evaluator=evaluator,
                averages=training.averages,
                checkpoints=checkpoints,
                writer=writer,
                end=end,
                newest=sinks.newest_step(workdir, "eval") if is_chief else 0,
                is_chief=is_chief,
            ),
            writer=writer,
            end=end,
            data=data,
            compiled={},
            interruption=Interruption(),
            agreement=agreement,
            is_chief=is_chief,
            clock=time.monotonic(),
        )

    @property
    def current_step(self) -> int:
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
        for phase, first_step in self.phases_after(step):
            if stop_at is not None and self.current_step >= stop_at:
                return
            if self.train_phase(phase, first_step, stop_at):
                return

    def train_phase(
        self, phase: Phase, start: int, stop_at: int | None
    ) -> bool:
        """Runs a phase from the current step to its end, or to `stop_at`.

        Evaluates and saves every so many steps and after the last of all, not
        after every phase: a phase may be a single epoch.

        Returns:
            Whether it was interrupted, and is saved.
        """
        train, end = self.config.train, start + phase.steps
        train_step = self._compiled(phase)
        batches = shards.named(self._batches(phase), self.config.data.manifest)
        pending = []
        for step in range(self.current_step + 1, end + 1):
            progress = (step - 1 - start) / phase.steps
            for name, rate in phase.rates.items():
                optimizer = self.training.optimizers[name]
                optimizer.learning_rate.assign(rate(progress))
            pending.append(train_step(next(batches)))
            self.step.assign(step)
            self.writer.advance()
            interrupted = self.interruption.is_agreed(self.agreement)
            last = interrupted or step in (self.end, stop_at)
            save = last or step % train.checkpoint_every == 0
            evaluate = self.evaluations.are_due(step)
            # Nothing is evaluated or saved whose losses were not checked.
            # A phase's scalars differ from the next one's.
            if save or evaluate or step == end or step % train.log_every == 0:
                self._log(phase, pending)
                pending = []
            if evaluate:
                self._count_time()
                interrupted = self.evaluate(phase)
                last |= interrupted
                save |= last
            if save:
                self._count_time()
            if last:
                self.checkpoints.save_latest()
            elif save:  # a full disk may have room again at the next one
                self.writer.attempt(self.checkpoints.save_latest)
            if interrupted or step == stop_at:
                return interrupted
        return False

    def evaluate(self, phase: Phase) -> bool:
        """Evaluates, if the weights were not evaluated yet.

        Returns:
            Whether it was interrupted, in this process or another one.
        """
        if self.evaluations.are_missing(self.current_step):
            self.evaluations.run(
                self.current_step, phase.name, lambda: bool(self.interruption)
            )
        return self.interruption.is_agreed(self.agreement)

    def _count_time(self) -> None:
        """Counts what passed since the last time, through all phases."""
        now = time.monotonic()
        self.checkpoints.count_time(now - self.clock)
        self.clock = now

    def _compiled(self, phase: Phase):
        # Phases that alternate share their losses, and so one compiled step.
        key = phase.losses, phase.optimizers
        if key not in self.compiled:
            self.compiled[key] = compile_step(
                self.training, phase, self.config.train.jit_compile
            )
        return self.compiled[key]

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
        for index in range(len(pending)):
            for name, values in columns.items():
                if not math.isfinite(values[index]):
                    raise NonFiniteLossError(
                        f"step {step - len(pending) + 1 + index}, phase "
                        f"{phase.name!r}: {name} is {values[index]}. The last "
                        "checkpoint is intact; a lower config.rate.peak or "
                        "config.train.precision=float32 may help"
                    )
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


def _initialise(
    training: Training,
    checkpoints: Checkpoints,
    start: Start | None,
) -> None:
    """Gives a new training the weights from elsewhere that it begins with."""
    if checkpoints.latest is not None:
        return
    begun = () if start is None else start.weights
    training.method.load_pretrained(others=begun)
    if start is not None:
        start.apply(training.method)
    training.averages.restart()
