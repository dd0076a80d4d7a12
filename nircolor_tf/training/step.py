"""The training step: the only place that takes gradients and scales them.

Input: a batch, as the phase reads it. Output: scalars to log, means over the
replicas. On the way every replica computes the losses of its phase, one per
optimizer, takes the gradient of each for the variables that the optimizer
owns, and applies it; then the moving averages follow.
"""

from collections.abc import Callable

import tensorflow as tf

from nircolor_tf.methods.base import Batch, Method, Phase, Scalars
from nircolor_tf.training import recompute
from nircolor_tf.training.build import Training


def compile_step(
    training: Training, phase: Phase, jit_compile: bool
) -> Callable[[Batch], Scalars]:
    """Compiles one update of a phase.

    Args:
        training: Whose weights, and their averages, each step updates.
        phase: Gives the losses and names the optimizers.
        jit_compile: Whether XLA compiles the replica's step.

    Returns:
        A tf.function `batch -> scalars` that runs one step on every replica;
        the scalars are means over replicas, and each optimizer's total loss
        and the norm of its gradient are among them as '<optimizer>/loss' and
        '<optimizer>/gradient_norm'.
    """
    strategy = training.strategy
    replicas = strategy.num_replicas_in_sync

    @recompute.one_at_a_time()
    def replica_step(batch):
        with tf.GradientTape(persistent=True) as tape:
            losses, scalars = phase.losses(batch)
        totals = {}
        for name, variables, gradients in _gradients(
            tape, losses, training.method, phase
        ):
            totals[f"{name}/loss"] = losses[name]
            # A finite loss may have a gradient that is not: log both.
            totals[f"{name}/gradient_norm"] = tf.linalg.global_norm(gradients)
            # Keras sums gradients over replicas; a loss is a replica's mean.
            shares = [gradient / replicas for gradient in gradients]
            training.optimizers[name].apply(shares, variables)
        return {**scalars, **totals}

    if jit_compile:
        replica_step = tf.function(replica_step, jit_compile=True)

    @tf.function
    def train_step(batch):
        scalars = strategy.run(replica_step, args=(batch,))
        training.averages.update()
        return {
            name: strategy.reduce("MEAN", value, axis=None)
            for name, value in scalars.items()
        }

    return train_step


def _gradients(tape, losses, method: Method, phase: Phase):
    """Yields each optimizer's name, its variables and their gradients.

    Optimizers that share one loss share one backward pass.
    """
    sharing = {}
    for name in phase.optimizers:
        sharing.setdefault(id(losses[name]), []).append(name)
    for names in sharing.values():
        variables = [method.variables_of(name) for name in names]
        gradients = tape.gradient(losses[names[0]], variables)
        yield from zip(names, variables, gradients, strict=True)
