"""The optimizers that a method declares."""

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Method


def make_optimizers(method: Method) -> dict[str, keras.optimizers.Optimizer]:
    """Builds every optimizer of a method for the variables that it owns.

    Args:
        method: Whose `optimizers` say of which networks, with what settings.
    """
    optimizers = {}
    for name, declared in method.optimizers.items():
        optimizers[name] = make_adam(declared.settings)
        optimizers[name].build(method.variables_of(name))
    return optimizers


def make_adam(config: ConfigDict) -> keras.optimizers.Optimizer:
    """Builds Adam, or AdamW where `weight_decay` is not 0.

    The trainer sets the learning rate before every step, from the phase.

    Args:
        config: beta_1, beta_2, epsilon, weight_decay (decoupled, as in
            Loshchilov & Hutter 2019; biases and norms are decayed too).
    """
    return FusedAdam(
        learning_rate=0.0,
        beta_1=config.beta_1,
        beta_2=config.beta_2,
        epsilon=config.epsilon,
        weight_decay=config.weight_decay or None,
    )


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam, each variable updated by one operation of TensorFlow.

    Keras' own update is a dozen operations, each of which reads and writes
    arrays as large as the variable: a third of a CycleGAN's step on a
    processor. The formula is the same, and so are the variables.
    """

    def update_step(self, gradient, variable, learning_rate) -> None:
        """Moves one variable, on the device where it lies.

        Args:
            gradient: Shaped as the variable.
            variable: A tf.Variable that the optimizer was built with.
            learning_rate: Scalar.
        """
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        rate, beta_1, beta_2, epsilon = (
            tf.cast(number, variable.dtype)
            for number in (
                learning_rate,
                self.beta_1,
                self.beta_2,
                self.epsilon,
            )
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )
