"""Writes the files of an export that run: a SavedModel and TFLite files."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nircolor_tf.errors import ExportError
from nircolor_tf.export import (
    error_files,
    model_card,
    onnx_file,
    samples,
    saved_model,
    subpixel,
    tflite,
    weights,
)
from nircolor_tf.export.fixed_sizes import FixedSizes
from nircolor_tf.images.channels import Channel
from nircolor_tf.inference import cards
from nircolor_tf.methods.base import InferencePath, Method


def write(
    method: Method,
    paths: Mapping[str, InferencePath],
    folder: Path,
    error_factor: float = 1.0,
    dtype: str = "float32",
) -> None:
    """Writes the SavedModel, the weights, and a TFLite file of each path.

    Args:
        method: The exported one.
        paths: The exported ones.
        folder: The export.
        error_factor: On the error that the method expects, if it does.
        dtype: As for `write_tflite`.

    Raises:
        ExportError: A file of weights does not hold them.
    """
    write_saved_model(method, paths, folder, error_factor)
    weights.write(method, model_card.networks_of(paths, method), folder)
    error_files.write(method, folder)
    write_tflite(method, paths, folder, dtype)


def write_saved_model(
    method: Method,
    paths: Mapping[str, InferencePath],
    folder: Path,
    error_factor: float = 1.0,
) -> None:
    """Writes the SavedModel.

    Args:
        method: The exported one.
        paths: The exported ones.
        folder: The export.
        error_factor: On the error that the method expects, if it does.
    """
    target = folder / model_card.SAVED_MODEL
    with subpixel.substituted(method):
        saved_model.write(method, paths, target, error_factor)


def write_tflite(
    method: Method,
    paths: Mapping[str, InferencePath],
    folder: Path,
    dtype: str,
) -> None:
    """Writes a TFLite file of each path, which takes any size.

    Args:
        method: The exported one.
        paths: The exported ones.
        folder: The export.
        dtype: Of the weights, one of `tflite.WEIGHTS`.
    """
    for name, file in model_card.tflite_files(paths).items():
        tflite.write(method, paths[name], folder / file, dtype)


def write_onnx(
    method: Method,
    paths: Mapping[str, InferencePath],
    card: dict,
    folder: Path,
) -> None:
    """Writes an ONNX file of each path, from a TFLite file in float32.

    Args:
        method: The exported one.
        paths: The exported ones.
        card: Gets the names of the files, their opset and time.
        folder: The export.
    """
    for name, tflite_file in model_card.tflite_files(paths).items():
        path, file = paths[name], Path(tflite_file).with_suffix(".onnx")
        with tempfile.TemporaryDirectory() as temporary:
            source = folder / tflite_file
            # tf2onnx makes files of float16 ones that do not run.
            if cards.tflite_weights(card["paths"][name]) != "float32":
                source = Path(temporary) / tflite_file
                tflite.write(method, path, source)
            onnx_file.write(source, path.source, path.target, folder / file)
        side = card["working_size"] or card["size_multiple"]
        card["paths"][name]["files"]["onnx"] = file.name
        card["paths"][name]["onnx"] = onnx_file.measure(folder / file, side)


def write_fixed(
    method: Method,
    paths: Mapping[str, InferencePath],
    fixed: FixedSizes,
    representative: str | os.PathLike,
    channel: Channel,
    folder: Path,
) -> dict[str, list[dict]]:
    """Writes the TFLite files of one size, if any, and measures each.

    Args:
        method: The exported one.
        paths: The exported ones.
        fixed: Which kinds and sizes.
        representative: Folder of images that the kind 'int8' takes its scales
            from; '' for the training images.
        channel: Which channel of that folder's images is NIR.
        folder: The export.

    Returns:
        For each path the card's entries of its files.

    Raises:
        InputError: Too few representative images, or no manifest.
        ExportError: A file is too far from the method.
    """
    if not fixed.sizes:
        return {}
    count = fixed.representative if "int8" in fixed.kinds else 0
    entries = {}
    for name, free in model_card.tflite_files(paths).items():
        path = paths[name]
        images = samples.read(
            method.config, path.source, representative, count, channel
        )
        stem = folder / Path(free).stem
        entries[name] = tflite.write_fixed(method, path, fixed, images, stem)
        for entry in entries[name]:
            least = fixed.least_db[entry["kind"]]
            if not entry["db"] >= least:
                raise ExportError(
                    f"{entry['file']} is at {entry['db']:.1f} dB from the "
                    f"method; config.export.least_db.{entry['kind']} asks for "
                    f"{least:g}. Nothing was written"
                )
    return entries
