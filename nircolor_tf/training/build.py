"""What a config names, built: a method, what trains it, and a Colorizer."""

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import pipeline
from nircolor_tf.errors import InputError
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import CHANNELS, InferencePath, Method
from nircolor_tf.training import checking, recompute
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.image_pool import make_pools


def make_method(config: ConfigDict, mixed_bfloat16: bool) -> Method:
    """Builds the method that `config.method` names, with seeded weights.

    Args:
        config: A whole experiment.
        mixed_bfloat16: Whether to compute in bfloat16; weights and outputs
            are float32 either way.

    Raises:
        InputError: The name is unknown.
    """
    if config.method not in METHODS:
        raise InputError(
            f"config.method is {config.method!r}; expected one of "
            f"{', '.join(sorted(METHODS))}"
        )
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(
        "mixed_bfloat16" if mixed_bfloat16 else "float32"
    )
    try:
        method = METHODS[config.method](config)
    finally:
        keras.config.set_dtype_policy("float32")
    if config.train.recompute:
        recompute.recompute_activations(method)
    return method


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
        method = make_method(config, config.train.mixed_bfloat16)
        checking.check_crop(config, method.size_multiple)
        averages = MovingAverages(method, config.train.average_decay, strategy)
        method.pools = make_pools(method, strategy)
    return method, averages


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
    result = path.run(pipeline.to_range(image, value_range))
    return pipeline.from_range(result, value_range)


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
