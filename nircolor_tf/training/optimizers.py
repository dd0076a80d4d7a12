"""Optimizers from a config."""

import keras
from ml_collections import ConfigDict


def make_adam(config: ConfigDict) -> keras.optimizers.Optimizer:
    """Builds Adam, or AdamW where `weight_decay` is not 0.

    The trainer sets the learning rate before every step, from the phase.

    Args:
        config: beta_1, beta_2, epsilon, weight_decay (decoupled, as in
            Loshchilov & Hutter 2019; biases and norms are decayed too).
    """
    arguments = {
        "learning_rate": 0.0,
        "beta_1": config.beta_1,
        "beta_2": config.beta_2,
        "epsilon": config.epsilon,
    }
    if config.weight_decay:
        return keras.optimizers.AdamW(
            weight_decay=config.weight_decay, **arguments
        )
    return keras.optimizers.Adam(**arguments)
