"""Writes inference paths of a method as a SavedModel, whole, for a server.

It has three signatures for each path, of one set of weights:

    n2c             float images (B, H, W, 1) in [0, 1] of any size -> color
                    in [0, 1], under the path's own name. It runs all steps of
                    inference, as bin/colorize.py does; the first path's is
                    also called 'serving_default'
    image_bytes     PNG or JPEG files (B,) of any sizes, 8 or 16 bit, gray or
                    of three equal channels -> 'png_bytes', PNG files (B,) of
                    the same depth; of further paths image_bytes_<path>
    network         as the first, but only the network, for images of the
                    sizes that it takes. `inference.Colorizer` runs this one
                    and does the other steps itself; of further paths
                    network_<path>

Where the method estimates its error, one more: 'error', as the first, but with
the error that is expected of each pixel beside the color (`error_files.py`).
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from nircolor_tf.export import error_files, graph, image_codec, signatures
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.training import build

BYTES = "image_bytes"
NETWORK = "network"

# TensorFlow Serving's REST interface writes an output whose name ends like
# this in base64.
BYTES_OUTPUT = "png_bytes"


def write(
    method: Method,
    paths: Mapping[str, InferencePath],
    folder: Path,
    error_factor: float = 1.0,
) -> None:
    """Writes the SavedModel.

    Args:
        method: Whose networks.
        paths: Through them; the first one is the default.
        folder: To write.
        error_factor: On the error that the method expects, if it does.

    Raises:
        InputError: The method's fusion cannot be a part of it.
    """
    functions = {}
    serves = []
    for name, path in paths.items():
        images = tf.TensorSpec((None, None, None, 1), tf.float32, path.source)
        files = tf.TensorSpec((None,), tf.string, BYTES)
        steps = method.inference_steps().for_target(path.target)
        # Each is traced once, though the next one uses it.
        network = tf.function(
            functools.partial(run_network, method, path),
            input_signature=[images],
        )
        serve = tf.function(
            functools.partial(graph.colorize, network, steps),
            input_signature=[images],
        )
        serves.append(serve)
        serve_files = functools.partial(_colorize_files, serve)
        for kind, call, spec, output in (
            (name, serve, images, path.target),
            (signature(BYTES, name, paths), serve_files, files, BYTES_OUTPUT),
            (signature(NETWORK, name, paths), network, images, path.target),
        ):
            functions[kind] = signatures.trace(_name_output(call, output), spec)
    functions[signatures.DEFAULT] = functions[next(iter(paths))]
    if method.error_path() is not None:
        estimate = error_files.signature(method, serves[0], error_factor)
        images = tf.TensorSpec((None, None, None, 1), tf.float32, "nir")
        functions[error_files.SIGNATURE] = signatures.trace(estimate, images)
    signatures.write(functions, folder)


def signature(kind: str, path: str, paths: Mapping[str, InferencePath]) -> str:
    """Returns the name of a path's signature, of the kind BYTES or NETWORK."""
    return kind if path == next(iter(paths)) else f"{kind}_{path}"


def run_network(
    method: Method, path: InferencePath, image: tf.Tensor
) -> tf.Tensor:
    """Runs the networks of a path: (B, H, W, 1) -> (B, H, W, C), in [0, 1].

    Args:
        method: Whose networks.
        path: Through them.
        image: Of a size that the method takes.
    """
    return tf.clip_by_value(build.run_path(method, path, image), 0.0, 1.0)


def _colorize_files(serve: Callable, files: tf.Tensor) -> tf.Tensor:
    """Colorizes files, (B,) -> (B,), one by one: their sizes differ."""

    def colorize(file):
        image, deep = image_codec.decode(file)
        return image_codec.encode_png(serve(image)[0], deep)

    return tf.map_fn(colorize, files, fn_output_signature=tf.string)


def _name_output(call: Callable, output: str) -> Callable:
    return lambda batch: {output: call(batch)}
