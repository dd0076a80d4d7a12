"""The moving average of a method's weights. Evaluation and export use it."""

import contextlib
from collections.abc import Iterator

import tensorflow as tf

from nircolor_tf.methods.base import Method


class MovingAverages:
    """Exponential moving averages of the inference networks' variables.

    BatchNorm's statistics are averaged with the weights they belong to. The
    first steps use a shorter memory, min(decay, (1 + step) / (10 + step)), so
    that the average leaves the initial weights behind at once.

    Args:
        method: Built, under the strategy's scope.
        decay: In [0, 1); 0 turns averaging off.
        strategy: The scope's.
    """

    def __init__(
        self, method: Method, decay: float, strategy: tf.distribute.Strategy
    ):
        self._strategy = strategy
        self._decay = decay
        self._values = (
            [
                variable.value
                for name in method.inference_networks
                for variable in method.networks[name].variables
                if variable.value.dtype.is_floating
            ]
            if decay
            else []
        )
        self.variables = [
            tf.Variable(value, trainable=False) for value in self._values
        ]
        self.step = tf.Variable(0.0, trainable=False)

    def update(self) -> None:
        """Moves the averages towards the weights; call once per step."""
        if not self._values:
            return
        self.step.assign_add(1.0)
        decay = tf.minimum(self._decay, (1.0 + self.step) / (10.0 + self.step))
        for average, value in zip(self.variables, self._values, strict=True):
            self._strategy.extended.update(
                average, _move_towards, args=(value, 1.0 - decay)
            )

    def restart(self) -> None:
        """Takes the weights as they are now for the average."""
        for average, value in zip(self.variables, self._values, strict=True):
            average.assign(value.numpy())

    def apply(self) -> None:
        """Replaces the method's weights by the averages, for good."""
        for value, average in zip(self._values, self.variables, strict=True):
            value.assign(average.numpy())

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Within the context the method's weights are the averages."""
        weights = [value.numpy() for value in self._values]
        self.apply()
        try:
            yield
        finally:
            for value, weight in zip(self._values, weights, strict=True):
                value.assign(weight)


def _move_towards(average, value, fraction):
    average.assign_add(tf.cast(fraction, value.dtype) * (value - average))
