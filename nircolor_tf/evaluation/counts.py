"""Counts of what a network costs: parameters and multiply-accumulates."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from nircolor_tf.methods.base import InferencePath, Method

# Operations of learned weights, or of attention, as TensorFlow calls them; a
# transposed convolution is the gradient of one by its input.
_COUNTED = (
    "Conv2D",
    "Conv2DBackpropInput",
    "DepthwiseConv2dNative",
    "MatMul",
    "BatchMatMulV2",
)


def count_parameters(method: Method, path: InferencePath) -> int:
    """Counts the weights of the networks on a path, trained or not."""
    return sum(
        method.networks[network].count_params() for network in path.networks
    )


def count_macs(run: Callable[[tf.Tensor], Any], height: int, width: int) -> int:
    """Counts the multiply-accumulates of networks for one image.

    TensorFlow's own count, two operations for each; padding counts as data,
    norms, activations and fixed interpolations as nothing.

    Args:
        run: (1, H, W, 1) -> (1, H, W, C), in operations of TensorFlow.
        height: Of the image, one that `run` takes.
        width: Likewise.

    Raises:
        NotImplementedError: The shapes of an operation are not static, so
            that TensorFlow would leave it out.
    """
    graph = frozen_graph(run, height, width)
    for operation in graph.get_operations():
        if operation.type in _COUNTED and not all(
            tensor.shape.is_fully_defined()
            for tensor in (*operation.inputs, *operation.outputs)
        ):
            raise NotImplementedError(f"{operation.name}: expected a shape")
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder.float_operation()
    options |= {"output": "none", "show_name_regexes": list(_COUNTED)}
    profile = profiler.profile(graph, cmd="op", options=options)
    return profile.total_float_ops // 2


def frozen_graph(
    run: Callable[[tf.Tensor], Any], height: int, width: int
) -> tf.Graph:
    """Returns the graph of networks for one image, flat, its weights in it.

    Args:
        run: As of `count_macs`.
        height: Of the image.
        width: Likewise.
    """
    function = tf.function(run).get_concrete_function(
        tf.TensorSpec((1, height, width, 1))
    )
    # A SavedModel is calls of functions, which the profiler does not enter.
    # TensorFlow has no public name for what puts them into one graph.
    return convert_variables_to_constants_v2(function).graph
