"""Writes an inference path of a method as a TFLite file."""

import functools
import tempfile
from pathlib import Path

import tensorflow as tf

from nircolor_tf import saved_model
from nircolor_tf.methods.base import InferencePath, Method


def write(method: Method, path: InferencePath, file: Path) -> None:
    """Writes the float32 TFLite file, with height and width free.

    A fixed-size file resized at run time is not safe (the bilinear resize
    keeps the old size), and free sizes cost no measurable time.
    """
    with tempfile.TemporaryDirectory() as folder:
        serve = functools.partial(saved_model.run, method)
        saved_model.write_archive(serve, {"serving_default": path}, 1, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        file.write_bytes(converter.convert())
