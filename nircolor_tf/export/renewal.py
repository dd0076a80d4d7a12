"""Writes more files of an export, and its SavedModel with today's graph.

A SavedModel keeps the graph of the version that wrote it: what a later version
does better around the network, in `image_bytes` above all, it does not do. A
board wants TFLite files of its own sizes. The weights are in the export, so
that neither the workdir nor a training is needed.

The SavedModel is written, and what is asked for. The other files, the record of
the training images, and what the card says of the training and of its
measurements stay as they are.
"""

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

import nircolor_tf
from nircolor_tf.errors import InputError
from nircolor_tf.export import (
    comparison,
    exported_method,
    fixed_sizes,
    model_card,
    model_files,
    onnx_file,
    output_folder,
)
from nircolor_tf.export.export import Options
from nircolor_tf.export.fixed_sizes import FixedSizes
from nircolor_tf.inference import cards, digests, error_estimate
from nircolor_tf.methods.base import InferencePath, Method


def renew(
    source: str | os.PathLike, output: str | os.PathLike, options: Options
) -> dict:
    """Writes an export again, and returns the card.

    Args:
        source: The export.
        output: The export folder to write, which may be `source`; its last
            part is the name.
        options: What to write beside the SavedModel: ONNX files, TFLite files
            of one size. It has weights, paths and a note already.

    Raises:
        InputError: The source is no export, or its weights cannot be read; a
            kind or size is unknown, or has no images for its scales; or
            `output` exists, and may not or is no export, or is a folder in
            the source or around it.
        ExportError: A file does not agree with the method; nothing is left,
            and nothing is replaced.
    """
    source, output = Path(source), Path(output)
    _check_places(source, output, options)
    if options.onnx:
        onnx_file.require()
    method, card = exported_method.load(source)
    _check_digests(source, card)
    paths = {name: method.inference_path(name) for name in card["paths"]}
    fixed = _fixed_sizes(method, options)
    files = [entry["files"] for entry in card["paths"].values()]
    older = {each["saved_model"] for each in files if "saved_model" in each}
    card |= {"name": output.name, "nircolor_tf": nircolor_tf.__version__}
    # Of the files as they were; `_complete` has those of the new ones.
    card.pop(digests.KEY, None)
    if options.command is not None:
        card["commands"] = [*card.get("commands", []), options.command]
    with output_folder.replacing(output) as folder:
        _copy(source, folder, older)
        factor = card.get(error_estimate.KEY, {}).get("factor", 1.0)
        model_files.write_saved_model(method, paths, folder, factor)
        if options.weights:
            model_files.write_tflite(method, paths, folder, options.weights)
            model_card.note_weights(card, options.weights)
        if options.onnx:
            model_files.write_onnx(method, paths, card, folder)
        if fixed is not None:
            _write_fixed(card, method, paths, fixed, options, folder)
        _complete(card, method, paths, folder)
    return card


def _check_places(source: Path, output: Path, options: Options) -> None:
    own, new = source.resolve(), output.resolve()
    inputs = [options.representative, None if own == new else source]
    output_folder.check(output, options.overwrite, inputs)
    if own in new.parents:
        raise InputError(
            f"{output}: a folder in {source}, of which it is to be a copy; "
            "choose another --output"
        )


def _fixed_sizes(method: Method, options: Options) -> FixedSizes | None:
    """Which TFLite files of one size are asked for; None for none."""
    fixed_sizes.check_images(
        options.kinds, options.representative, options.channel
    )
    if not options.kinds and not options.sizes:
        return None
    if "int8" in options.kinds and not options.representative:
        raise InputError(
            "--tflite=int8: expected --representative=FOLDER, NIR images of "
            "your camera: an export has no images for its scales"
        )
    return fixed_sizes.parse_flags(
        method.config.export,
        options.kinds,
        options.sizes,
        method.inference_steps(),
    )


def _check_digests(source: Path, card: dict) -> None:
    """Checks what is copied, as it gets a new digest; not what is missing."""
    for file in card.get(digests.KEY, {}):
        if (source / file).exists():
            digests.check_part(source, card, file)


def _copy(source: Path, folder: Path, without: Collection[str]) -> None:
    """Copies an export but for some of its files and folders."""
    shutil.copytree(
        source,
        folder,
        ignore=lambda parent, names: without if Path(parent) == source else (),
        dirs_exist_ok=True,
    )


def _write_fixed(
    card: dict,
    method: Method,
    paths: Mapping[str, InferencePath],
    fixed: FixedSizes,
    options: Options,
    folder: Path,
) -> None:
    """Writes TFLite files of one size beside those that are there."""
    entries = model_files.write_fixed(
        method, paths, fixed, options.representative, options.channel, folder
    )
    for path, written in entries.items():
        names = {entry["file"] for entry in written}
        there = cards.fixed_files(card, path)
        card["paths"][path]["files"]["tflite_fixed"] = [
            *(entry for entry in there if entry["file"] not in names),
            *written,
        ]


def _complete(
    card: dict, method: Method, paths: Mapping[str, InferencePath], folder: Path
) -> None:
    """Writes the card, with what a SavedModel of today has and its size."""
    card |= cards.describe_steps(method.inference_steps())
    for name, about in model_card.describe_paths(paths).items():
        card["paths"][name]["signature"] = about["signature"]
        card["paths"][name]["files"]["saved_model"] = model_card.SAVED_MODEL
    model_card.write(folder, card)  # the comparison reads it
    card["largest_difference"] = comparison.compare(method, folder)
    card["bytes"] = model_card.count_bytes(folder, paths, method)
    card[digests.KEY] = digests.of(folder)
    model_card.write(folder, card)
