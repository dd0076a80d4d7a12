"""Writes inference paths of a method as a SavedModel, whole, for a server.

It has three signatures for each path, of one set of weights:

    n2c             float images (B, H, W, 1) in [0, 1] of any size -> color
                    in [0, 1], under the path's own name. It pads, shrinks to
                    the working size, adds the detail again and fuses, as
                    bin/colorize.py does; the first path's is also called
                    'serving_default'
    image_bytes     PNG or JPEG files (B,) of any sizes, 8 or 16 bit, gray or
                    of three equal channels -> 'png_bytes', PNG files (B,) of
                    the same depth; of further paths image_bytes_<path>
    network         as the first, but only the network: images of the sizes
                    it takes. What nircolor_tf.inference runs, which does the
                    rest itself; of further paths network_<path>
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from nircolor_tf.data import pipeline
from nircolor_tf.errors import InputError
from nircolor_tf.export import bfwls_graph, image_ops
from nircolor_tf.inference import runtimes
from nircolor_tf.methods.base import InferencePath, Method

BYTES = "image_bytes"
NETWORK = "network"

# Largest difference, in [0, 1], between a SavedModel and its weights read back.
_READ_TOLERANCE = 1e-3

# TensorFlow Serving's REST interface writes an output whose name ends like
# this in base64.
BYTES_OUTPUT = "png_bytes"


def write(
    method: Method, paths: Mapping[str, InferencePath], folder: Path
) -> None:
    """Writes the SavedModel.

    Args:
        method: Whose networks.
        paths: Through them; the first one is the default.
        folder: To write.

    Raises:
        InputError: The method's fusion cannot be a part of it.
    """
    # The endpoints' variables are tracked by themselves, each once;
    # archive.track() would save each of them a second time. The first
    # endpoint gets the name 'serving_default' as well.
    archive = keras.export.ExportArchive()
    for name, path in paths.items():
        images = tf.TensorSpec((None, None, None, 1), tf.float32, path.source)
        files = tf.TensorSpec((None,), tf.string, BYTES)
        # Each is traced once, though the next one uses it.
        network = tf.function(
            functools.partial(run, method, path), input_signature=[images]
        )
        serve = tf.function(
            functools.partial(_serve, method, path, network),
            input_signature=[images],
        )
        serve_files = functools.partial(_serve_files, serve)
        for endpoint, call, given, output in (
            (name, serve, images, path.target),
            (signature(BYTES, name, paths), serve_files, files, BYTES_OUTPUT),
            (signature(NETWORK, name, paths), network, images, path.target),
        ):
            archive.add_endpoint(
                endpoint, _named(call, output), input_signature=[given]
            )
    archive.write_out(str(folder), verbose=False)


def read_weights(
    method: Method, path: InferencePath, folder: Path, name: str
) -> None:
    """Gives a method the weights of a SavedModel that `write` made of its like.

    A SavedModel has no names that tell its weights apart. They come in the
    order in which its graph uses them, which is that of the method's graph;
    that both then compute the same is checked.

    Args:
        method: To change; its networks are those that were exported.
        path: Through them.
        folder: The SavedModel.
        name: Of the path's signature, of the kind NETWORK.

    Raises:
        InputError: It is no SavedModel, has no such signature, or is of
            other networks. Transposed convolutions were exported as others.
    """
    signatures = runtimes.load_signatures(folder)
    if name not in signatures:
        raise InputError(f"{folder}: has no signature {name!r}")
    theirs = signatures[name]
    side = 2 * method.size_multiple
    image = np.random.default_rng(0).random((1, side, side, 1), np.float32)
    ours = tf.function(functools.partial(run, method, path))
    ours = ours.get_concrete_function(tf.TensorSpec(image.shape, tf.float32))
    variables = {
        id(variable.value.handle): variable
        for network in path.networks
        for variable in method.networks[network].variables
    }
    taken = [variables.get(id(handle)) for handle in ours.captured_inputs]
    given = _captured(theirs)
    alike = len(taken) == len(given) and all(
        variable is not None and variable.shape == values.shape
        for variable, values in zip(taken, given, strict=True)
    )
    if alike:
        for variable, values in zip(taken, given, strict=True):
            variable.assign(values)
        expected = theirs(**{path.source: tf.constant(image)})[path.target]
        alike = np.allclose(ours(image), expected, atol=_READ_TOLERANCE)
    if not alike:
        raise InputError(
            f"{folder}: its weights cannot be matched with those of the "
            f"method {method.config.method!r}; start from its workdir"
        )


def _captured(signature: Callable) -> list[np.ndarray]:
    """Returns the weights of a signature in the order of their use."""
    return [
        tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32).numpy()
        for handle in signature.captured_inputs
        if handle.dtype == tf.resource
    ]


def signature(kind: str, path: str, paths: Mapping[str, InferencePath]) -> str:
    """Returns the name of a path's signature, the kind BYTES or NETWORK."""
    return kind if path == next(iter(paths)) else f"{kind}_{path}"


def run(method: Method, path: InferencePath, image: tf.Tensor) -> tf.Tensor:
    """[0, 1] -> [0, 1] around the method's own value range."""
    value_range = method.config.data.value_range
    result = path.run(pipeline.to_range(image, value_range))
    return tf.clip_by_value(pipeline.from_range(result, value_range), 0.0, 1.0)


def _serve(
    method: Method, path: InferencePath, network: Callable, images: tf.Tensor
) -> tf.Tensor:
    """Does what inference.Colorizer does with a whole image."""
    working_size = method.config.inference.working_size
    fusion = method.fusion_parameters()
    small = image_ops.shrunk(images, working_size) if working_size else images
    height, width = tf.shape(small)[1], tf.shape(small)[2]
    result = network(image_ops.grown(small, method.size_multiple))
    result = result[:, :height, :width]
    if working_size:
        height, width = tf.shape(images)[1], tf.shape(images)[2]
        change = image_ops.enlarged(result - small, height, width)
        result = tf.clip_by_value(images + change, 0.0, 1.0)
    if fusion is not None and path.target == "rgb":
        result = bfwls_graph.fuse(images, result, fusion)
    return result


def _serve_files(serve: Callable, files: tf.Tensor) -> tf.Tensor:
    """Does the same with files, (B,) -> (B,), one by one: sizes differ."""

    def colorize(encoded):
        image, deep = image_ops.decoded(encoded)
        return image_ops.encoded_png(serve(image)[0], deep)

    return tf.map_fn(colorize, files, fn_output_signature=tf.string)


def _named(call: Callable, output: str) -> Callable:
    return lambda given: {output: call(given)}
