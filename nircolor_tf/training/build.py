"""Builds what a config names.

make_method       the method, with seeded weights
make_training     the method and what trains it: optimizers, moving
                  averages, image pools
make_colorizer    an inference path of a method as a Colorizer, which takes
                  images of any size
"""

import dataclasses
from collections.abc import Mapping

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data.value_range import from_range, to_range
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods.base import CHANNELS, InferencePath, Method
from nircolor_tf.training import checking, optimizers, recompute
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.image_pool import ImagePool, make_pools
from nircolor_tf.training.loss_scale import LossScale


def make_method(config: ConfigDict, precision: str = "float32") -> Method:
    """Builds the method that `config.method` names, with seeded weights.

    Args:
        config: A whole experiment.
        precision: In which its networks compute, one of
            `checking.PRECISIONS`; weights and outputs are float32 always.

    Raises:
        InputError: The name is unknown, or the config does not fit it.
    """
    method_class = checking.method_class(config)
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(checking.PRECISIONS[precision])
    try:
        method = method_class(config)
    finally:
        keras.config.set_dtype_policy("float32")
    if config.train.recompute:
        recompute.recompute_activations(method)
    return method


@dataclasses.dataclass(frozen=True)
class Training:
    """A method and all that its training changes.

    Attributes:
        method: Its variables, and the others', are on the strategy's devices.
        optimizers: By name, as the method declares them.
        averages: Of the method's weights.
        pools: The histories of generated images, by name; empty without.
        strategy: Under whose scope everything is made.
        loss_scale: Of a float16 training; else None.
    """

    method: Method
    optimizers: Mapping[str, keras.optimizers.Optimizer]
    averages: MovingAverages
    pools: Mapping[str, ImagePool]
    strategy: tf.distribute.Strategy
    loss_scale: LossScale | None = None


def make_training(
    config: ConfigDict, strategy: tf.distribute.Strategy
) -> Training:
    """Makes a method ready for its first step.

    Args:
        config: A whole experiment.
        strategy: Its variables are on this strategy's devices.

    Raises:
        InputError: Method, network or crop do not fit one another, or the
            batch the devices and `train.accumulate`.
    """
    checking.check_step(config, strategy.num_replicas_in_sync)
    with strategy.scope():
        method = make_method(config, config.train.precision)
        checking.check_crop(method)
        return prepare_training(method, strategy)


def prepare_training(
    method: Method, strategy: tf.distribute.Strategy
) -> Training:
    """Makes what else a training needs for a method.

    Args:
        method: Made under the scope that this is called in.
        strategy: The scope's.
    """
    train = method.config.train
    return Training(
        method=method,
        optimizers=optimizers.make_optimizers(method),
        averages=MovingAverages(method, train.average_decay, strategy),
        pools=make_pools(method, strategy),
        strategy=strategy,
        loss_scale=LossScale() if train.precision == "float16" else None,
    )


def run_path(
    method: Method, path: InferencePath, image: tf.Tensor
) -> tf.Tensor:
    """Runs the networks of an inference path, [0, 1] in and out.

    Args:
        method: Whose networks.
        path: Through them.
        image: (B, H, W, 1) in [0, 1], H and W multiples of the method's
            `size_multiple`.

    Returns:
        (B, H, W, C), not clipped: a network without a last activation may
        leave [0, 1].
    """
    value_range = method.config.data.value_range
    result = path.run(to_range(image, value_range))
    return from_range(result, value_range)


def make_colorizer(method: Method, name: str | None = None) -> Colorizer:
    """Wraps an inference path, [0, 1] in and out, any image size.

    Args:
        method: Trained or not.
        name: One of its `inference_paths`; the first by default.

    Raises:
        InputError: It has no such path.
    """
    path = method.inference_path(name)

    @tf.function(
        input_signature=[tf.TensorSpec((1, None, None, 1), tf.float32)]
    )
    def colorize(image):
        return run_path(method, path, image)

    return Colorizer(
        predict=lambda image: colorize(image).numpy(),
        steps=method.inference_steps().for_target(path.target),
        channels=CHANNELS[path.target],
    )
