"""Writes inference paths of a method as a SavedModel."""

import functools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import tensorflow as tf

from nircolor_tf.data import pipeline
from nircolor_tf.methods.base import InferencePath, Method


def write(
    method: Method, paths: Mapping[str, InferencePath], folder: Path
) -> None:
    """Writes the SavedModel; it pads and crops inside, so any size goes in."""

    def serve(path, image):
        height, width = tf.shape(image)[1], tf.shape(image)[2]
        for axis, size in ((1, height), (2, width)):
            index = _reflected(size, method.size_multiple)
            image = tf.gather(image, index, axis=axis)
        return run(method, path, image)[:, :height, :width]

    write_archive(serve, paths, None, folder)


def run(method: Method, path: InferencePath, image: tf.Tensor) -> tf.Tensor:
    """[0, 1] -> [0, 1] around the method's own value range."""
    value_range = method.config.data.value_range
    result = path.run(pipeline.to_range(image, value_range))
    return tf.clip_by_value(pipeline.from_range(result, value_range), 0.0, 1.0)


def write_archive(
    serve: Callable,
    paths: Mapping[str, InferencePath],
    batch: int | None,
    folder: str | os.PathLike,
) -> None:
    """Writes `serve(path, image)` for each path as a signature of its name."""

    def endpoint(path, image):
        return {path.target: serve(path, image)}

    # The endpoints' variables are tracked by themselves, each once;
    # archive.track() would save each of them a second time. The first
    # endpoint gets the name 'serving_default' as well.
    archive = keras.export.ExportArchive()
    for name, path in paths.items():
        spec = tf.TensorSpec((batch, None, None, 1), tf.float32, path.source)
        archive.add_endpoint(
            name, functools.partial(endpoint, path), input_signature=[spec]
        )
    archive.write_out(str(folder), verbose=False)


def _reflected(size, multiple: int):
    """Indices 0..size - 1, then back, up to a multiple: numpy's 'reflect'."""
    target = -(-size // multiple) * multiple
    period = tf.maximum(2 * (size - 1), 1)
    index = tf.range(target) % period
    return tf.minimum(index, period - index)
