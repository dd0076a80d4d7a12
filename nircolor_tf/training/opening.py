"""What comes before the first step: data, networks, checkpoints, records."""

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import halves, manifest, pipeline
from nircolor_tf.data.examples import Source
from nircolor_tf.training import (
    checking,
    checkpoints,
    cluster,
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
from nircolor_tf.training.loop import Loop
from nircolor_tf.training.warm_start import Start
from nircolor_tf.training.writer import SilentWriter, Writer


def open_loop(
    config: ConfigDict,
    workdir: Path,
    strategy: tf.distribute.Strategy,
    start: Start | None,
    logger_names: Sequence[str] | None,
    stack: contextlib.ExitStack,
) -> Loop:
    """Reads the data, builds everything, restores what there is.

    Arguments and errors are those of `trainer.train`; the stack gets what has
    to be closed. What a bad config can break comes before it is written.
    """
    checking.check_config(config, strategy.num_replicas_in_sync)
    config = config_files.with_absolute_paths(config)
    warm_start.check(workdir, config, start)
    logger_names = loggers.select(workdir, logger_names)
    examples = halves.read(config.data.manifest, config.data.half)
    config = epochs.with_epochs(config, examples)
    training = make_training(config, strategy)
    data = _open_data(training, examples)
    images = records.images(examples, config, data)
    recorded_images.check(workdir, config, images)
    validation = manifest.select(
        examples, config.evaluate.split, config.data.manifest
    )
    evaluator = Evaluator(training.method, validation, config.evaluate)
    with strategy.scope():
        step = tf.Variable(0, dtype=tf.int64, trainable=False)
    saved = Checkpoints(workdir, training, step)
    _initialise(training, workdir, start)
    config_files.check_same(workdir, config)
    if cluster.is_chief(strategy):
        stack.enter_context(workdir_lock.locked(workdir))
        records.write(workdir, config, examples, data, start)
    saved.restore_latest()
    agreement = cluster.Agreement(strategy)
    agreement.check_same_step(int(step.numpy()), workdir)
    writer = _open_writer(training, step, workdir, logger_names, stack)
    writer.say(pipeline.describe_storage(data, examples, config.data))
    return Loop(
        training=training,
        step=step,
        data=data,
        checkpoints=saved,
        evaluations=_evaluations(training, evaluator, saved, writer, workdir),
        writer=writer,
        agreement=agreement,
        clock=time.monotonic(),
    )


def _open_data(
    training: Training, examples: Sequence[manifest.Example]
) -> dict[str, Source]:
    """Opens what the phases read, by name."""
    phases = training.method.phases()
    checking.check_phases(phases)
    names = {name for phase in phases for name in phase.data}
    config = training.method.config.data
    return {
        name: pipeline.open_source(name, examples, config)
        for name in sorted(names)
    }


def _initialise(training: Training, workdir: Path, start: Start | None) -> None:
    """Gives a new training the weights from elsewhere that it begins with."""
    if checkpoints.newest_step(workdir) is not None:
        return
    begun = () if start is None else start.weights
    training.method.load_pretrained(others=begun)
    if start is not None:
        start.apply(training.method)
    training.averages.restart()


def _open_writer(
    training: Training,
    step: tf.Variable,
    workdir: Path,
    logger_names: Sequence[str],
    stack: contextlib.ExitStack,
) -> Writer:
    """Opens the logs; of one that is not the chief, those that show nothing."""
    first, end = int(step.numpy()), training.method.count_steps()
    writer = SilentWriter()
    if cluster.is_chief(training.strategy):
        opened = loggers.open_all(logger_names, workdir, training.method.config)
        saved = checkpoints.newest_step(workdir)
        writer = Writer(workdir, -1 if saved is None else first, end, opened)
    stack.push(lambda error, *_: writer.close(error is not None))
    writer.say(f"begins after step {first} of {end}")
    return writer


def _evaluations(
    training: Training,
    evaluator: Evaluator,
    saved: Checkpoints,
    writer: Writer,
    workdir: Path,
) -> Evaluations:
    is_chief = cluster.is_chief(training.strategy)
    return Evaluations(
        config=training.method.config,
        evaluator=evaluator,
        averages=training.averages,
        checkpoints=saved,
        writer=writer,
        end=training.method.count_steps(),
        newest=sinks.newest_step(workdir, "eval") if is_chief else 0,
        is_chief=is_chief,
    )
