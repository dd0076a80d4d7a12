"""What a training holds besides its data: method, averages, image pools."""

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.methods.base import Method
from nircolor_tf.training import checking, restore
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.image_pool import make_pools


def assemble(
    config: ConfigDict, strategy: tf.distribute.Strategy
) -> tuple[Method, MovingAverages]:
    """Makes a method ready for its first step, with its moving averages.

    Args:
        config: A whole experiment.
        strategy: Its variables are on this strategy's devices.

    Raises:
        InputError: Method, network or crop do not fit one another.
    """
    with strategy.scope():
        method = restore.make_method(config, config.train.mixed_bfloat16)
        checking.check_crop(config, method.size_multiple)
        averages = MovingAverages(method, config.train.average_decay, strategy)
        method.pools = make_pools(method, strategy)
    return method, averages
