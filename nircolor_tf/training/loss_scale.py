"""The factor on the losses of a float16 training.

float16 has no numbers below 6e-8: small gradients would vanish. The losses are
multiplied by a large factor before the backward pass, and the gradients divided
by it after. Where one of them overflows, on any device, the step is skipped on
all devices, and the factor halves; after so many steps without, it doubles.

Source: Micikevicius et al., Mixed Precision Training, ICLR 2018; the numbers
are those of keras.optimizers.LossScaleOptimizer, which looks at the gradients
of the first device only.
"""

import tensorflow as tf

INITIAL = 2.0**15
# Where it stays, a gradient that is not finite is no overflow.
SMALLEST = 1.0
# Steps in a row without an overflow, after which it doubles.
PATIENCE = 2000


class LossScale:
    """The factor, and how it changes. It is made under a strategy's scope.

    Attributes:
        value: The factor, a power of 2, at least `SMALLEST`.
        variables: What a checkpoint has to hold.
    """

    def __init__(self):
        self.value = tf.Variable(INITIAL, trainable=False)
        self._finite_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self.variables = [self.value, self._finite_steps]

    def update(self, finite) -> None:
        """Changes the factor after a step; outside of the replicas.

        Args:
            finite: Whether the gradients of all devices were finite, bool.
        """
        none = tf.constant(0, tf.int64)
        steps = tf.where(finite, self._finite_steps + 1, none)
        grows = steps >= PATIENCE
        factor = tf.where(finite, tf.where(grows, 2.0, 1.0), 0.5)
        self.value.assign(tf.maximum(self.value * factor, SMALLEST))
        self._finite_steps.assign(tf.where(grows, none, steps))
