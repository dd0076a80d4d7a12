"""Recomputation: networks keep their input only, not their activations.

Source: Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016. The
segment is one call of a network: its backward pass first repeats its forward
pass. keras.remat does the same, but not one network at a time, and it takes the
variables in an order that differs from run to run, and with it the rounding.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method


class _Last(threading.local):
    """Gradients of the network recomputed last; replicas are threads."""

    gradients: tuple = ()


_last = _Last()


def recompute_activations(method: Method) -> None:
    """Makes networks keep, of a call with `training=True`, only its input.

    Inference stays as it is, and so do networks with BatchNorm, spectral norm
    or dropout: their state would change twice a step.

    Args:
        method: Built; its networks' `call` is replaced.

    Raises:
        InputError: Every network has such a state, or XLA, which would merge
            both computations into one, is to compile the step.
    """
    config = method.config
    stateless = [
        network
        for network in method.networks.values()
        if not network.non_trainable_variables
    ]
    if not stateless:
        raise InputError(
            "config.train.recompute is True; expected False, as every network "
            f"of method {config.method!r} has BatchNorm, spectral norm or "
            "dropout, and cannot be computed twice"
        )
    if config.train.jit_compile:
        raise InputError(
            "config.train.recompute and config.train.jit_compile are True; "
            "expected one of them, as XLA would not compute anything twice"
        )
    for network in stateless:
        network.call = _recomputed(network.call, network.trainable_variables)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Within a step's graph, no recomputation starts before the last is over.

    The backward passes from a sum of losses are ready together: TensorFlow
    would start them together, and keep the activations of all.
    """
    _last.gradients = ()
    try:
        yield
    finally:
        _last.gradients = ()


def _recomputed(call: Callable, variables: list[keras.Variable]) -> Callable:
    # Read or handed to the scope within the network's call they would be
    # rounded to its compute dtype, those of layers in float32 too.
    values = [variable.value for variable in variables]

    def run(image, weights):
        scope = keras.StatelessScope()
        for pair in zip(variables, weights, strict=True):
            scope.add_update(pair)
        with scope:
            return call(image, training=True)

    @tf.custom_gradient
    def run_twice(image, *weights):
        def gradient(*upstream):
            with tf.control_dependencies([*upstream, *_last.gradients]):
                again = tf.identity(image)
            with tf.GradientTape() as tape:
                tape.watch([again, *weights])
                outputs = tf.nest.flatten(run(again, weights))
            gradients = tape.gradient(outputs, [again, *weights], upstream)
            if not tf.executing_eagerly():
                _last.gradients = gradients
            return gradients

        return run(image, weights), gradient

    def forward(image, training=False):
        if not training:
            return call(image)
        return run_twice(image, *map(tf.convert_to_tensor, values))

    return forward
