"""Writes the SavedModel of an older export again, with today's graph.

A SavedModel keeps the graph of the version that wrote it: what a later version
does better around the network, in `image_bytes` above all, it does not do. The
weights are in the export, so that neither the workdir nor a training is needed.

Only the SavedModel is written. The TFLite files, the record of the training
images, and what the card says of the training and of its measurements stay as
they are.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import nircolor_tf
from nircolor_tf.export import (
    comparison,
    export,
    exported_method,
    model_card,
    model_files,
    onnx_file,
)
from nircolor_tf.inference import cards, digests, error_estimate
from nircolor_tf.methods.base import InferencePath, Method


def renew(
    source: str | os.PathLike,
    output: str | os.PathLike,
    overwrite: bool,
    onnx: bool = False,
    command: str | None = None,
) -> dict:
    """Writes an export again, and returns the card.

    Args:
        source: The export.
        output: The export folder to write, which may be `source`; its last
            part is the name.
        overwrite: Replace an export that exists.
        onnx: Whether to write ONNX files, too.
        command: The command line, for the card; None for none.

    Raises:
        InputError: The source is no export, or its weights cannot be read; or
            `output` exists.
        ExportError: A file does not agree with the method; nothing is left,
            and nothing is replaced.
    """
    source, output = Path(source), export.check_output(output, overwrite)
    if onnx:
        onnx_file.require()
    method, card = exported_method.load(source)
    paths = {name: method.inference_path(name) for name in card["paths"]}
    older = {entry["files"]["saved_model"] for entry in card["paths"].values()}
    card |= {"name": output.name, "nircolor_tf": nircolor_tf.__version__}
    # Of the files as they were; `_complete` has those of the new ones.
    card.pop(digests.KEY, None)
    if command is not None:
        card["commands"] = [*card.get("commands", []), command]
    with export.replacing_folder(output) as folder:
        shutil.copytree(
            source,
            folder,
            ignore=lambda parent, names: (
                older if Path(parent) == source else ()
            ),
            dirs_exist_ok=True,
        )
        factor = card.get(error_estimate.KEY, {}).get("factor", 1.0)
        model_files.write_saved_model(method, paths, folder, factor)
        if onnx:
            model_files.write_onnx(paths, card, folder)
        _complete(card, method, paths, folder)
    return card


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
