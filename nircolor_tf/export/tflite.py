"""Writes an inference path of a method as TFLite files.

`model.tflite` takes any height and width. Beside it there may be files of one
size each, in the kinds of `KINDS`:

    float32   as the method computes
    float16   weights of half the bytes; computes in float32
    dynamic   8-bit weights; 8-bit arithmetic where the runtime has it, with
              scales that it measures on each image; float32 in and out
    int8      8 bit throughout, input and output too, with scales taken from
              representative images when the file is written

Quantized files are of a fixed size because with free sizes LiteRT's fast
kernels do not take them.
"""

import dataclasses
import platform
import re
import statistics
import tempfile
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.export import samples as sampling
from nircolor_tf.export import saved_model, subpixel
from nircolor_tf.export.samples import Samples
from nircolor_tf.inference import runtimes
from nircolor_tf.methods.base import InferencePath, Method

KINDS = ("float32", "float16", "dynamic", "int8")

# Mean squared differences below float32's own rounding count as this, 150 dB.
_LEAST_ERROR = 1e-15


@dataclasses.dataclass(frozen=True)
class FixedSizes:
    """Which files of one size an export holds.

    Attributes:
        kinds: Some of `KINDS`, each written at every size.
        sizes: Heights and widths, pixels.
        least_db: Kind -> how close to the method a file must be, dB.
        representative: Images that 'int8' takes its scales from.
        threads: CPU threads of LiteRT when a file is timed.
    """

    kinds: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    least_db: Mapping[str, float]
    representative: int
    threads: int


def fixed_sizes(
    config: ConfigDict,
    kinds: Sequence[str],
    sizes: Sequence[str],
    size_multiple: int,
) -> FixedSizes:
    """Reads what is asked for.

    Args:
        config: A whole experiment.
        kinds: Instead of `config.export.tflite`, if any.
        sizes: Instead of `config.export.sizes`, if any, as 'HEIGHTxWIDTH'.
        size_multiple: Heights and widths are multiples of it.

    Raises:
        InputError: An unknown kind, a size that the method cannot take or
            at which it sees no image, or one of the two without the other.
    """
    working_size, config = config.inference.working_size, config.export
    kinds, sizes = tuple(kinds or config.tflite), sizes or config.sizes
    for kind in kinds:
        if kind not in KINDS:
            raise InputError(
                f"--tflite, config.export.tflite: {kind!r}; expected some of "
                f"{', '.join(KINDS)}"
            )
    if bool(kinds) != bool(sizes):
        raise InputError(
            f"--tflite, config.export.tflite: {','.join(kinds) or 'none'}; "
            "--sizes, config.export.sizes: "
            f"{','.join(sizes) or 'none'}; expected both or none: beside "
            "model.tflite, which takes any size, every file has one size"
        )
    parsed = tuple(_parse_size(size, size_multiple) for size in sizes)
    if working_size:
        _check_reached(parsed, size_multiple, working_size)
    return FixedSizes(
        kinds,
        parsed,
        config.least_db,
        config.representative,
        config.threads,
    )


def write(method: Method, path: InferencePath, file: Path) -> None:
    """Writes the float32 TFLite file, with height and width free.

    A fixed-size file resized at run time is not safe (the bilinear resize
    keeps the old size), and free sizes cost no measurable time.
    """
    with tempfile.TemporaryDirectory() as folder:
        _write_archive(method, path, (None, None), folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        file.write_bytes(converter.convert())


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
        For each file its name, kind and size; its bytes; 'db', the PSNR
        between what the file and the method make of `samples.checks`, at most
        150; the median milliseconds of an image, and on what.
    """
    entries = []
    for height, width in fixed.sizes:
        given, checks = (
            [sampling.fitted(image, height, width)[None] for image in images]
            for images in (samples.representative, samples.checks)
        )
        with tempfile.TemporaryDirectory() as folder:
            _write_archive(method, path, (height, width), folder)
            for kind in fixed.kinds:
                file = Path(f"{stem}_{height}x{width}_{kind}.tflite")
                inputs = [{path.source: image} for image in given]
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
    """Makes a TFLite file of a SavedModel whose size is fixed."""
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
    predict = runtimes.LitertModel(file, threads).predict
    errors, seconds = [], []
    for image in checks:
        expected = saved_model.run(method, path, tf.constant(image)).numpy()
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


def _parse_size(text: str, multiple: int) -> tuple[int, int]:
    found = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", text)
    size = tuple(int(side) for side in found.groups()) if found else ()
    if not size or any(side % multiple for side in size):
        raise InputError(
            f"--sizes, config.export.sizes: {text!r}; expected HEIGHTxWIDTH, "
            f"both in pixels and multiples of {multiple}"
        )
    return size


def _check_reached(
    sizes: Sequence[tuple[int, int]], multiple: int, working_size: int
) -> None:
    """Refuses sizes at which the network sees no image."""
    longest = -(-working_size // multiple) * multiple
    for height, width in sizes:
        if min(height, width) > longest:
            raise InputError(
                f"--sizes, config.export.sizes: '{height}x{width}': no image "
                "reaches the network at this size, as "
                f"config.inference.working_size is {working_size}; expected a "
                f"shorter side of at most {longest}, as in "
                f"--sizes={longest}x{longest},{longest}x{2 * longest}"
            )


def _write_archive(
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
        return {path.target: saved_model.run(method, path, image)}

    spec = tf.TensorSpec((1, *size, 1), tf.float32, path.source)
    archive = keras.export.ExportArchive()
    with subpixel.substituted(method):
        archive.add_endpoint("serving_default", serve, input_signature=[spec])
        archive.write_out(folder, verbose=False)
