"""A training from its first step to its last, or from where it stopped.

`train` takes an experiment to its last step, or goes on from where it stopped.

Inputs: a config (one experiment), a workdir, a distribution strategy.

Outputs, all in the workdir:
    config.json          the complete config
    images.csv           the lines of the manifest that the training reads
    training_data.csv    names and hashes of the images that the training reads
    lineage.json         the models that it began with or learns from, if any
    checkpoints/         the three newest, to resume from, and the best
    train/, eval/        scalars as TensorBoard events and CSV, image grids
    loggers.json         its runs in Weights & Biases and MLflow, if any

A training is a sequence of phases (`methods.base.Phase`). `opening.py` makes
what it needs, `loop.py` takes its steps.

Everything random is a function of the seed and the step. A resumed training
takes the steps that it would have taken without the interruption.

Where several processes share a training (`cluster.py`), all go through this
loop, step by step; only the chief evaluates and writes.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Method
from nircolor_tf.training import cluster, command_log
from nircolor_tf.training.opening import open_loop
from nircolor_tf.training.warm_start import Start


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
        workdir: Gets the files above. Training goes on from the newest
            checkpoint there, on the same images.
        strategy: One per process.
        stop_at: Saves and returns at that step or, if it is past, at once;
            None: trains to the end.
        start: The weights of a new training; None: new ones.
        command: The command line that trains, for commands.json; or None.
        logger_names: Of loggers besides TensorBoard; None: as before.

    Returns:
        The method with the weights of the last step (not the average).

    Raises:
        InputError: Bad config, manifest, images or `start`, or no memory; or
            the workdir is of another config, or has a checkpoint and `start`.
        DiskFullError: The last checkpoint has no room. Of another, and of logs,
            a warning is shown.
        NonFiniteLossError: A loss is NaN or infinite.
        InterruptionError: A signal came; everything is saved.
    """
    if config.train.deterministic:
        tf.config.experimental.enable_op_determinism()
    workdir = Path(workdir)
    with contextlib.ExitStack() as stack:
        loop = open_loop(config, workdir, strategy, start, logger_names, stack)
        stack.enter_context(loop.interruption.watched())
        if command is not None and cluster.is_chief(strategy):
            sources = [] if start is None else [start.source]
            command_log.append(workdir, command, loop.current_step, sources)
        if start is not None:
            loop.save_start()
        loop.train(stop_at)
        # The chief may still be writing.
        unfinished = any(loop.agreement.gather(int(loop.is_unfinished)))
    if loop.interruption and unfinished:
        raise loop.interruption.error(loop.current_step, loop.end, workdir)
    return loop.training.method
