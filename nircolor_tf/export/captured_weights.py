"""Weights of exports that were written before they were stored by name.

Such an export has no folder `weights`. Its SavedModel holds the weights
without names that tell them apart, in the order in which its graph uses them.
That is the order of the method's graph, so that the two are matched one by
one. Whether both then compute the same is checked.
"""

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import graph, saved_model
from nircolor_tf.inference import runtimes
from nircolor_tf.inference.steps import Steps
from nircolor_tf.methods.base import InferencePath, Method

# Largest difference between the outputs of the SavedModel and of the method
# with its weights, in [0, 1].
_TOLERANCE = 1e-3


def read(method: Method, path: InferencePath, folder: Path, name: str) -> None:
    """Gives a method the weights of a SavedModel.

    Args:
        method: To change; built from the config that was exported.
        path: Through its networks.
        folder: The SavedModel.
        name: Of the path's signature, of the kind `saved_model.NETWORK`.

    Raises:
        InputError: It is no SavedModel, has no such signature, or is of
            other networks. A transposed convolution is exported as another
            operation with weights of another shape, so that a network with
            one counts as another.
    """
    signatures = runtimes.load_signatures(folder)
    if name not in signatures:
        raise InputError(f"{folder}: has no signature {name!r}")
    signature = signatures[name]
    side = 2 * method.size_multiple
    image = np.random.default_rng(0).random((1, side, side, 1), np.float32)
    network = _trace(method, path, image.shape)
    variables = _variables_in_use(method, path, network)
    weights = _weights_in_use(signature)
    same = len(variables) == len(weights) and all(
        variable is not None and variable.shape == weight.shape
        for variable, weight in zip(variables, weights, strict=True)
    )
    if same:
        for variable, weight in zip(variables, weights, strict=True):
            variable.assign(weight)
        expected = signature(**{path.source: tf.constant(image)})[path.target]
        same = np.allclose(network(image), expected, atol=_TOLERANCE)
    if not same:
        raise InputError(
            f"{folder}: its weights cannot be matched with those of the "
            f"method {method.config.method!r}; start from its workdir"
        )


def _trace(
    method: Method, path: InferencePath, shape: tuple[int, ...]
) -> tf.types.experimental.ConcreteFunction:
    # In an export as old as this the network mirrors by itself.
    steps = Steps(mirror=method.inference_steps().mirror)
    network = functools.partial(saved_model.run_network, method, path)
    return tf.function(
        functools.partial(graph.colorize, network, steps)
    ).get_concrete_function(tf.TensorSpec(shape, tf.float32))


def _variables_in_use(
    method: Method,
    path: InferencePath,
    function: tf.types.experimental.ConcreteFunction,
) -> list:
    """Returns the variables in the order of their use; None for unknown."""
    variables = {
        id(variable.value.handle): variable
        for network in path.networks
        for variable in method.networks[network].variables
    }
    return [variables.get(id(handle)) for handle in function.captured_inputs]


def _weights_in_use(signature: Callable) -> list[np.ndarray]:
    """Returns the weights of a signature in the order of their use."""
    return [
        tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32).numpy()
        for handle in signature.captured_inputs
        if handle.dtype == tf.resource
    ]
