"""The card.json of an export: its paths, its files and its steps.

    "paths": {"n2c": {"source": "nir", "target": "rgb",
                      "signature": "network",
                      "files": {"saved_model": "saved_model",
                                "tflite": "model.tflite"}}, ...}

An inference path is one way through the model's networks. The first is the
default, and the SavedModel's signature 'serving_default'. Each of the others
is a signature of its own name. The input of the SavedModel is called as the
path's source, its output as the target. These signatures do all that a server
has to do. "signature", beside "source", names the one that is the network
alone, for `Colorizer`. Older exports have none; their signatures are that.

The steps around the network are the keys of `steps.Steps`: "size_multiple",
"working_size", "mirror", "fusion", "guided", "half_share", "least_mean",
"stretch" and "whiten".
Older cards have no "mirror", which means false, no "guided", which means null:
the change of a shrunk image is enlarged as a cubic spline, and none of the last
four, which means 0 or false.

"error" describes the estimator of the error (`error_estimate.py`), of models
that have one.

"sha256" has the digest of each file (`digests.py`). Older cards have none.

"tflite_weights": "float16" in a path's entry says that its TFLite file of any
size holds its weights in 16 bit. Others hold them in float32.

A path's files may also hold "onnx", an ONNX file of the network alone, with
its opset and its time beside it in the path's "onnx", and "tflite_fixed",
TFLite files of one size each, and their measurements:

    {"file": "model_256x256_int8.tflite", "kind": "int8", "height": 256,
     "width": 256, "bytes": ..., "db": ..., "milliseconds": ...,
     "threads": 2, "machine": "x86_64", "checked_on": "val"}

'db' is the PSNR between the outputs of the file and of the method, for images
of the split, or synthetic ones.
"""

import dataclasses
import os
import shlex
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import card_checks, digests
from nircolor_tf.inference.fusion import BfwlsParameters
from nircolor_tf.inference.steps import GuidedParameters, Steps

CARD_FILE = "card.json"
TFLITE_WEIGHTS = "tflite_weights"
# What a training has in its place (`training/config_files.py`).
WORKDIR_FILE = "config.json"


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Reads and checks the card.json of an export.

    Args:
        folder: The export folder.

    Raises:
        InputError: The folder or the card is missing, the card is not JSON,
            or lacks a key, or a key has a value of the wrong type.
    """
    file = Path(folder) / CARD_FILE
    _check_place(file.parent)
    try:
        card = files.read_json(file)
    except FileNotFoundError as error:
        raise InputError(
            f"{file}: no such file; an export folder has one, bin/export.py "
            "writes it"
        ) from error
    if not isinstance(card, dict):
        raise InputError(f"{file}: not a card; expected a JSON object")
    card_checks.check(file, card)
    return card


def _check_place(folder: Path) -> None:
    """Says of what is no export what it is, and what to do."""
    if folder.is_file():
        inside = (folder.parent / CARD_FILE).is_file()
        hint = f"; {folder.parent} is one" if inside else ""
        raise InputError(
            f"{folder}: a file; a model is the folder that bin/export.py "
            f"writes{hint}"
        )
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such export folder; a model is default, a folder "
            "that bin/export.py wrote, or hf://OWNER/NAME"
        )
    if not (folder / CARD_FILE).exists() and (folder / WORKDIR_FILE).exists():
        raise InputError(
            f"{folder}: a training, not an export; bin/export.py "
            f"--workdir={shlex.quote(str(folder))} --output=DIR makes one of it"
        )


def find_path(
    folder: str | os.PathLike, card: dict[str, Any], name: str | None
) -> tuple[str, dict[str, Any]]:
    """Finds an inference path of an export.

    Args:
        folder: The export folder, for the error.
        card: Of that folder.
        name: Of the path; None for the default, the first.

    Returns:
        The path's name, and its entry in the card.

    Raises:
        InputError: The export has no such path.
    """
    paths = card["paths"]
    name = next(iter(paths)) if name is None else name
    if name not in paths:
        raise InputError(
            f"path {name!r}: {folder} has none of that name; expected one of "
            f"{', '.join(paths)}"
        )
    return name, paths[name]


def describe_steps(steps: Steps) -> dict[str, Any]:
    """Returns the keys of a card that describe the steps of inference."""
    return dataclasses.asdict(steps)


def steps(folder: str | os.PathLike, card: dict[str, Any], path: str) -> Steps:
    """Reads the steps of an inference path from a card.

    Args:
        folder: The export folder, for the error.
        card: Of that folder.
        path: Name of a path in the card.

    Raises:
        InputError: The parameters of a step are wrong.
    """
    file = Path(folder) / CARD_FILE
    return Steps(
        size_multiple=card["size_multiple"],
        working_size=card["working_size"],
        mirror=card.get("mirror", False),
        fusion=_parameters(file, card, "fusion", BfwlsParameters),
        guided=_parameters(file, card, "guided", GuidedParameters),
        half_share=card.get("half_share", 0.0),
        least_mean=card.get("least_mean", 0.0),
        stretch=card.get("stretch", False),
        whiten=card.get("whiten", False),
    ).for_target(card["paths"][path]["target"])


def _parameters(file: Path, card: dict[str, Any], key: str, kind: type) -> Any:
    """Returns the parameters of a step; None for a card without it."""
    if card.get(key) is None:
        return None
    try:
        return kind(**card[key])
    # A number may be infinite, or none at all.
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{file}: key {key!r}: {error}") from error


def signature(card: dict[str, Any], path: str) -> str:
    """Returns the name of the SavedModel's signature of a network alone."""
    whole = whole_signature(card, path)
    return card["paths"][path].get("signature", whole)


def whole_signature(card: dict[str, Any], path: str) -> str:
    """Returns the name of the signature that runs all steps of a path."""
    return "serving_default" if path == next(iter(card["paths"])) else path


def model_file(
    folder: str | os.PathLike, card: dict[str, Any], path: str, kind: str
) -> Path:
    """Finds the file, or the folder, that runs an inference path.

    Args:
        folder: The export folder.
        card: Of that folder.
        path: Name of a path in the card.
        kind: 'tflite', 'saved_model' or 'onnx'.

    Raises:
        InputError: The card names none of that kind, or it is missing, or
            not the one whose digest the card has.
    """
    files = card["paths"][path]["files"]
    if kind not in files:
        raise InputError(
            f"{Path(folder) / CARD_FILE}: key 'paths.{path}.files' names no "
            f"{kind!r}; it has: {', '.join(files) or 'nothing'}"
        )
    file = Path(folder) / str(files[kind])
    if not file.exists():
        raise InputError(f"{file}: missing, though card.json names it")
    digests.check_part(folder, card, str(files[kind]))
    return file


def tflite_weights(entry: dict[str, Any]) -> str:
    """Returns the type of the weights in a path's TFLite file of any size.

    Args:
        entry: Of the path in the card.
    """
    return entry.get(TFLITE_WEIGHTS, "float32")


def fixed_files(card: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Returns the entries of the TFLite files of one size of a path."""
    return card["paths"][path]["files"].get("tflite_fixed", [])


def find_fixed(
    folder: str | os.PathLike, card: dict[str, Any], name: str
) -> str:
    """Finds the inference path of a TFLite file of one size.

    Args:
        folder: The export folder, for the error.
        card: Of that folder.
        name: Of the file.

    Returns:
        The name of the path.

    Raises:
        InputError: The card names no such file.
    """
    paths = {
        entry["file"]: path
        for path in card["paths"]
        for entry in fixed_files(card, path)
    }
    if name not in paths:
        raise InputError(
            f"file {name!r}: {folder} has no TFLite file of one size of that "
            f"name; it has: {', '.join(paths) or 'none'}"
        )
    return paths[name]
