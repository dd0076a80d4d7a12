"""Functions of a method as the signatures of a SavedModel.

keras.export.ExportArchive does the same with `tf.function`s, which TensorFlow
traces once more as it saves them: twice the time, and a graph of twice the
size, which whoever loads it reads.
"""

import os
from collections.abc import Callable, Mapping

import tensorflow as tf
from tensorflow.types.experimental import ConcreteFunction

# What a server takes where a request names no signature.
DEFAULT = "serving_default"


def trace(
    call: Callable[[tf.Tensor], Mapping[str, tf.Tensor]], spec: tf.TensorSpec
) -> ConcreteFunction:
    """Traces a function of one tensor.

    Args:
        call: Returns its results by name.
        spec: Of the tensor; its name is that of the argument.
    """
    return tf.function(call, autograph=False).get_concrete_function(spec)


def write(
    functions: Mapping[str, ConcreteFunction], folder: str | os.PathLike
) -> None:
    """Writes a SavedModel.

    It holds the variables that the functions use, each once, and no others.

    Args:
        functions: By the names of their signatures.
        folder: To write.
    """
    module = tf.Module()
    module.weights = list(
        {
            id(variable): variable
            for function in functions.values()
            for variable in function.graph.variables
        }.values()
    )
    tf.saved_model.save(module, os.fspath(folder), signatures=dict(functions))
