"""Writes an inference path of a method as TFLite files.

`model.tflite` takes any height and width, and holds its weights in float32 or,
in half the bytes, in float16. Beside it there may be files of one size each;
`fixed_sizes.py` says of which kinds. All of them hold the networks alone,
without the other steps of inference.
"""

import platform
import statistics
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf.export import (
    eight_bit,
    saved_model,
    signatures,
    subpixel,
)
from nircolor_tf.export.fixed_sizes import FixedSizes
from nircolor_tf.export.samples import Samples, cover
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.methods.base import InferencePath, Method

# Of the file that takes any size; the kinds of these names of one size.
WEIGHTS = ("float32", "float16")

# Mean squared differences below float32's own rounding count as this, 150 dB.
_LEAST_ERROR = 1e-15


def write(
    method: Method, path: InferencePath, file: Path, weights: str = "float32"
) -> None:
    """Writes the TFLite file with height and width free.

    A fixed-size file resized at run time is not safe (the bilinear resize
    keeps the old size), and free sizes cost no measurable time.

    Args:
        method: Whose networks.
        path: Through them.
        file: To write. It computes in float32.
        weights: In which it holds them, one of `WEIGHTS`.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write_saved_model(method, path, (None, None), folder)
        file.write_bytes(_convert(folder, weights, ()))


def write_fixed(
    method: Method,
    path: InferencePath,
    fixed: FixedSizes,
    samples: Samples,
    stem: Path,
) -> list[dict]:
    """Writes the files of one size, loads each in LiteRT and measures it.

    Args:
        method: Whose networks.
        path: Through them.
        fixed: Which kinds and sizes.
        samples: Of the path's source.
        stem: The files are called STEM_HEIGHTxWIDTH_KIND.tflite.

    Returns:
        For each file its name, kind, size and bytes; 'db', the PSNR between
        the outputs of the file and of the method for `samples.checks`, at
        most 150; the median milliseconds of an image, and the machine.
    """
    entries = []
    for height, width in fixed.sizes:
        representative, checks = (
            [cover(image, height, width)[None] for image in images]
            for images in (samples.representative, samples.checks)
        )
        with tempfile.TemporaryDirectory() as folder:
            with eight_bit.substituted(method):
                _write_saved_model(method, path, (height, width), folder)
            for kind in fixed.kinds:
                file = Path(f"{stem}_{height}x{width}_{kind}.tflite")
                inputs = [{path.source: image} for image in representative]
                file.write_bytes(_convert(folder, kind, inputs))
                entries.append(
                    {
                        "file": file.name,
                        "kind": kind,
                        "height": height,
                        "width": width,
                        "bytes": file.stat().st_size,
                        **_measure(method, path, file, checks, fixed.threads),
                        "checked_on": samples.origin,
                    }
                )
    return entries


def _convert(
    folder: str, kind: str, representative: Sequence[Mapping[str, np.ndarray]]
) -> bytes:
    """Converts a SavedModel to a TFLite file of one of `fixed_sizes.KINDS`."""
    converter = tf.lite.TFLiteConverter.from_saved_model(folder)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: representative
        converter.target_spec.supported_ops = [
            tf.lite.OpsSet.TFLITE_BUILTINS_INT8
        ]
        converter.inference_input_type = tf.int8
        converter.inference_output_type = tf.int8
    with warnings.catch_warnings():
        # The calibration runs tf.lite.Interpreter, and warns of itself.
        warnings.filterwarnings("ignore", r"\s*Warning: tf.lite.Interpreter")
        return converter.convert()


def _measure(
    method: Method,
    path: InferencePath,
    file: Path,
    checks: Sequence[np.ndarray],
    threads: int,
) -> dict[str, float | int | str]:
    """Compares a file with the method on images of its size, and times it."""
    predict = LitertModel(file, threads).predict
    errors, seconds = [], []
    for image in checks:
        expected = saved_model.run_network(
            method, path, tf.constant(image)
        ).numpy()
        errors.append(np.mean((predict(image) - expected) ** 2))
        # The second call: the first one of all also plans the memory.
        start = time.perf_counter()
        predict(image)
        seconds.append(time.perf_counter() - start)
    return {
        "db": -10 * float(np.log10(max(np.mean(errors), _LEAST_ERROR))),
        "milliseconds": 1000 * statistics.median(seconds),
        "threads": threads,
        "machine": platform.machine(),
    }


def _write_saved_model(
    method: Method,
    path: InferencePath,
    size: tuple[int | None, int | None],
    folder: str,
) -> None:
    """Writes the SavedModel that the converter reads.

    From a function alone, without a SavedModel, it writes a file without
    weights, and says nothing.
    """

    def serve(image):
        return {path.target: saved_model.run_network(method, path, image)}

    spec = tf.TensorSpec((1, *size, 1), tf.float32, path.source)
    with subpixel.substituted(method):
        function = signatures.trace(serve, spec)
        signatures.write({signatures.DEFAULT: function}, folder)
