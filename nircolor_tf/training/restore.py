"""A trained method, from its workdir."""

import os

import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, config_files
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.checkpoints import Checkpoints


def load_method(
    workdir: str | os.PathLike, checkpoint: str
) -> tuple[Method, dict]:
    """Rebuilds a trained method in float32, without a strategy.

    Args:
        workdir: That bin/train.py wrote.
        checkpoint: 'best' on validation, or 'latest', with the moving average
            applied in both.

    Returns:
        The method and the record of its weights: step, minutes trained, and
        for 'best' its validation metrics.
    """
    config = config_files.read_config(workdir)
    method = build.make_method(config)
    strategy = tf.distribute.get_strategy()
    averages = MovingAverages(method, config.train.average_decay, strategy)
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    # Of what only training needs nothing is made.
    training = build.Training(method, {}, averages, {}, strategy)
    checkpoints = Checkpoints(workdir, training, step)
    if checkpoint == "best":
        return method, checkpoints.restore_best()
    if not checkpoints.restore_latest_weights():
        raise InputError(f"{workdir}: no checkpoint yet; train it first")
    averages.apply()
    record = {"step": int(step.numpy()), "minutes": checkpoints.minutes}
    return method, record
