"""The card.json of an export: what it is and how it wants its input.

    "paths": {"n2c": {"source": "nir", "target": "rgb",
                      "files": {"saved_model": "saved_model",
                                "tflite": "model.tflite"}}, ...}

An inference path is one way through the model's networks. The first is the
default, and the SavedModel's signature 'serving_default'; each of the others
is a signature of its own name. The SavedModel's input is called as the path's
source, its output as the target. These signatures do all that a server has to
do. "signature", beside "source", names the one that is the network alone, as
inference.py wants it; older exports have none, and their signatures are that.

A path's files may also hold "tflite_fixed", TFLite files of one size each,
and what was measured of them:

    {"file": "model_256x256_int8.tflite", "kind": "int8", "height": 256,
     "width": 256, "bytes": ..., "db": ..., "milliseconds": ...,
     "threads": 2, "machine": "x86_64", "checked_on": "val"}

'db' is the PSNR between what the file and the method make of images of the
split, or of synthetic ones.
"""

import json
import os
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError

CARD_FILE = "card.json"

# What `read_card` insists on: key -> (type, the type in words).
_KEYS = {
    "format": (int, "1"),
    "name": (str, "a name"),
    "method": (str, "a name"),
    "size_multiple": (int, "a whole number"),
    "minimum_size": (int, "a whole number"),
    "working_size": (int | None, "null or a whole number"),
    "fusion": (dict | None, "null or the parameters of the fusion"),
    "paths": (dict, "inference paths by name"),
}
_PATH_KEYS = {
    "source": (str, "nir or gray"),
    "target": (str, "rgb, gray or nir"),
    "files": (dict, 'for example {"tflite": "model.tflite"}'),
}
_FIXED_KEYS = {
    "file": (str, "a name"),
    "kind": (str, "for example int8"),
    "height": (int, "a whole number of pixels"),
    "width": (int, "a whole number of pixels"),
}
# Older exports have none.
_OPTIONAL_PATH_KEYS = {"signature": (str, "a name")}
_DOMAINS = {"source": ("nir", "gray"), "target": ("rgb", "gray", "nir")}


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Reads and checks the card.json of an export.

    Args:
        folder: The export folder.

    Raises:
        InputError: The folder or the card is missing, the card is not JSON,
            or lacks a key, or a key has a value of the wrong type.
    """
    file = Path(folder) / CARD_FILE
    if not file.parent.is_dir():
        raise InputError(f"{file.parent}: no such export folder")
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read: {error.strerror}; an export folder has "
            "one, bin/export.py writes it"
        ) from error
    except ValueError as error:
        raise InputError(f"{file}: not a JSON file: {error}") from error
    if not isinstance(card, dict):
        raise InputError(f"{file}: not a card; expected a JSON object")
    _check_types(file, card, _KEYS)
    if card["format"] != 1:
        raise InputError(
            f"{file}: key 'format': {card['format']}; this version reads 1"
        )
    for key in ("size_multiple", "minimum_size", "working_size"):
        if card[key] is not None and card[key] < 1:
            raise InputError(
                f"{file}: key {key!r}: {card[key]}; expected at least 1"
            )
    _check_paths(file, card["paths"])
    return card


def find_path(
    folder: str | os.PathLike, card: dict[str, Any], name: str | None
) -> tuple[str, dict[str, Any]]:
    """Finds an inference path of an export.

    Args:
        folder: The export folder, for the error.
        card: Of that folder.
        name: Of the path; None for the default, the first.

    Returns:
        The path's name, and what the card says of it.

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


def signature(card: dict[str, Any], path: str) -> str:
    """Returns the SavedModel's signature of the path's network alone."""
    whole = whole_signature(card, path)
    return card["paths"][path].get("signature", whole)


def whole_signature(card: dict[str, Any], path: str) -> str:
    """Returns the one that does all that a server has to do for the path."""
    return "serving_default" if path == next(iter(card["paths"])) else path


def model_file(
    folder: str | os.PathLike, card: dict[str, Any], path: str, kind: str
) -> Path:
    """Finds the file, or the folder, that runs an inference path.

    Args:
        folder: The export folder.
        card: Of that folder.
        path: Name of a path in the card.
        kind: 'tflite' or 'saved_model'.

    Raises:
        InputError: The card names none of that kind, or it is missing.
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
    return file


def fixed_files(card: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Returns what a card says of the TFLite files of one size of a path."""
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
    fixed = {
        entry["file"]: path
        for path in card["paths"]
        for entry in fixed_files(card, path)
    }
    if name not in fixed:
        raise InputError(
            f"file {name!r}: {folder} has no TFLite file of one size of that "
            f"name; it has: {', '.join(fixed) or 'none'}"
        )
    return fixed[name]


def _check_paths(file: Path, paths: dict[str, Any]) -> None:
    if not paths:
        raise InputError(f"{file}: key 'paths': {{}}; expected at least one")
    for name, path in paths.items():
        where = f"paths.{name}"
        if not isinstance(path, dict):
            raise InputError(
                f"{file}: key {where!r}: {path!r}; expected an object of "
                f"{', '.join(_PATH_KEYS)}"
            )
        _check_types(file, path, _PATH_KEYS, f"{where}.")
        optional = {
            key: kind
            for key, kind in _OPTIONAL_PATH_KEYS.items()
            if key in path
        }
        _check_types(file, path, optional, f"{where}.")
        for key, domains in _DOMAINS.items():
            if path[key] not in domains:
                raise InputError(
                    f"{file}: key '{where}.{key}': {path[key]!r}; expected "
                    f"{_PATH_KEYS[key][1]}"
                )
        _check_fixed(file, path["files"], f"{where}.files.tflite_fixed")


def _check_fixed(file: Path, files: dict[str, Any], where: str) -> None:
    entries = files.get("tflite_fixed", [])
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) for entry in entries
    ):
        raise InputError(
            f"{file}: key {where!r}: {entries!r}; expected a list of objects"
        )
    for index, entry in enumerate(entries):
        _check_types(file, entry, _FIXED_KEYS, f"{where}.{index}.")


def _check_types(
    file: Path, values: dict[str, Any], keys: dict, prefix: str = ""
) -> None:
    for key, (kind, expected) in keys.items():
        if key not in values:
            raise InputError(f"{file}: key '{prefix}{key}' is missing")
        if not isinstance(values[key], kind):
            raise InputError(
                f"{file}: key '{prefix}{key}': {values[key]!r}; expected "
                f"{expected}"
            )
