"""The training step: the only place that takes gradients and scales them.

Input: a batch, as the phase reads it. Output: scalars to log, means over the
replicas. On the way every replica computes the losses of its phase, one per
optimizer, takes the gradient of each for the variables that the optimizer
owns, and applies it; then the moving averages follow.

In float16 a step whose gradients overflow on any replica is skipped on all
(`loss_scale.py`).
"""

from collections.abc import Callable

import tensorflow as tf

from nircolor_tf.methods.base import Batch, Phase, Scalars
from nircolor_tf.training import recompute
from nircolor_tf.training.accumulation import mean_over_parts
from nircolor_tf.training.build import Training
from nircolor_tf.training.loss_scale import SMALLEST, LossScale


def compile_step(
    training: Training, phase: Phase, jit_compile: bool
) -> Callable[[Batch], Scalars]:
    """Compiles one update of a phase.

    Args:
        training: Whose weights, and their averages, each step updates.
        phase: Gives the losses and names the optimizers.
        jit_compile: Whether XLA compiles what a replica computes up to its
            gradients.

    Returns:
        A tf.function `batch -> scalars` that runs one step on every replica;
        the scalars are means over replicas, and each optimizer's total loss
        and the norm of its gradient are among them as '<optimizer>/loss' and
        '<optimizer>/gradient_norm'. The norm is a replica's own: more replicas
        of a batch have larger ones, as their shares of it are smaller.
    """
    strategy, scale = training.strategy, training.loss_scale

    def replica_gradients(batch):
        return _mean_gradients(training, phase, batch)

    def replica_update(gradients):
        _apply(training, gradients)

    if jit_compile:
        replica_gradients = tf.function(replica_gradients, jit_compile=True)

    @tf.function
    def train_step(batch):
        gradients, scalars = strategy.run(replica_gradients, args=(batch,))
        scalars = {
            name: strategy.reduce("MEAN", value, axis=None)
            for name, value in scalars.items()
        }
        if scale is None:
            strategy.run(replica_update, args=(gradients,))
        else:
            finite = _is_finite(strategy, gradients)
            # Outside of the replicas: within one, no branch may reach others.
            if finite:
                strategy.run(replica_update, args=(gradients,))
            scalars = _scaled_scalars(scale, scalars, finite)
            scale.update(finite)
        training.averages.update()
        return scalars

    return train_step


@recompute.one_at_a_time()
def _mean_gradients(training: Training, phase: Phase, batch: Batch):
    """Computes what one replica makes of its share of a batch.

    Returns:
        Optimizer -> gradients of its variables; scalars.
    """
    gradients, scalars = mean_over_parts(
        lambda part: _gradients(training, phase, part),
        batch,
        training.method.config.train.accumulate,
    )
    for name, values in gradients.items():
        # A finite loss may have a gradient that is not: log both.
        scalars[f"{name}/gradient_norm"] = tf.linalg.global_norm(values)
    return gradients, scalars


def _apply(training: Training, gradients) -> None:
    """Updates the variables of each optimizer, in a replica."""
    replicas = training.strategy.num_replicas_in_sync
    for name, values in gradients.items():
        # Keras sums gradients over replicas; a loss is a replica's mean.
        shares = [value / replicas for value in values]
        training.optimizers[name].apply(
            shares, training.method.variables_of(name)
        )


def _gradients(training: Training, phase: Phase, batch: Batch):
    """Computes what one replica makes of a batch, or of a part of one.

    Returns:
        Optimizer -> gradients of its variables; the scalars of the phase, and
        each optimizer's loss.
    """
    scale, gradients = training.loss_scale, {}
    with tf.GradientTape(persistent=True) as tape:
        losses, scalars = phase.losses(batch)
    sharing = {}
    for name in phase.optimizers:
        sharing.setdefault(id(losses[name]), []).append(name)
    # Optimizers that share one loss share one backward pass.
    for names in sharing.values():
        values = tape.gradient(
            losses[names[0]],
            [training.method.variables_of(name) for name in names],
            None if scale is None else scale.value.read_value(),
        )
        gradients |= zip(names, values, strict=True)
    if scale is not None:
        gradients = tf.nest.map_structure(
            lambda value: value / scale.value, gradients
        )
    totals = {f"{name}/loss": losses[name] for name in gradients}
    return gradients, {**scalars, **totals}


def _is_finite(strategy: tf.distribute.Strategy, gradients) -> tf.Tensor:
    """Returns whether all gradients of all replicas are finite."""

    def count(values):
        return tf.add_n(
            [
                tf.math.count_nonzero(~tf.math.is_finite(value))
                for value in tf.nest.flatten(values)
            ]
        )

    counts = strategy.run(count, args=(gradients,))
    return tf.equal(strategy.reduce("SUM", counts, axis=None), 0)


def _scaled_scalars(
    scale: LossScale, scalars: Scalars, finite: tf.Tensor
) -> Scalars:
    """Adds the factor, and what becomes of a step that is skipped.

    Its gradients' norms are logged as 0, or else as they are: at the smallest
    factor they are no overflow, and end the training.
    """
    is_overflow = ~finite & (scale.value > SMALLEST)
    norms = {
        name: tf.where(is_overflow, 0.0, value)
        for name, value in scalars.items()
        if name.endswith("/gradient_norm")
    }
    return {
        **scalars,
        **norms,
        "loss_scale/factor": tf.identity(scale.value),
        "loss_scale/skipped": tf.cast(is_overflow, tf.float32),
    }
