"""Checks the keys and values of a card.json, before anything uses them."""

import math
import re
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError

# Keys that a card must have -> their type, and the type in words.
_KEYS = {
    "format": (int, "1"),
    "name": (str, "a name"),
    "method": (str, "a name"),
    "size_multiple": (int, "a whole number"),
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
# Keys that older cards lack.
_OPTIONAL_KEYS = {
    "mirror": (bool, "true or false"),
    "guided": (dict | None, "null or the parameters of the enlargement"),
    "half_share": (int | float, "a number, 0 to 1"),
    "least_mean": (int | float, "a number, 0 to 1"),
    "stretch": (bool, "true or false"),
    "whiten": (bool, "true or false"),
    "sha256": (dict, "digests by file"),
    "error": (dict, "the estimator of the error"),
}
_ERROR_KEYS = {
    "file": (str, "a name"),
    "factor": (int | float, "a number above 0"),
}
_OPTIONAL_PATH_KEYS = {"signature": (str, "a name")}
_LARGEST_SIDE = 4096
_DOMAINS = {"source": ("nir", "gray"), "target": ("rgb", "gray", "nir")}


def check(file: Path, card: dict[str, Any]) -> None:
    """Checks the keys of a card and the types of their values.

    Args:
        file: The card.json, for the error.
        card: Its JSON object.

    Raises:
        InputError: A key is missing, or its value is of the wrong type or
            out of its range.
    """
    _check_types(file, card, _KEYS)
    _check_types(file, card, _present(_OPTIONAL_KEYS, card))
    if card["format"] != 1:
        raise InputError(
            f"{file}: key 'format': {card['format']}; this version reads 1"
        )
    check_name(f"{file}: key 'name'", card["name"])
    for key in ("size_multiple", "working_size"):
        if card[key] is not None and card[key] < 1:
            raise InputError(
                f"{file}: key {key!r}: {card[key]}; expected at least 1"
            )
    if card["size_multiple"] > _LARGEST_SIDE:
        raise InputError(
            f"{file}: key 'size_multiple': {card['size_multiple']}; expected "
            f"at most {_LARGEST_SIDE} pixels, to which every image is padded"
        )
    share, side = card.get("half_share", 0), card["working_size"] or 0
    if not 0 <= share <= 1 or (share and side < 2):
        raise InputError(
            f"{file}: key 'half_share': {share}; expected 0 to 1, and 0 where "
            f"'working_size', {card['working_size']}, cannot be halved"
        )
    mean = card.get("least_mean", 0)
    if not 0 <= mean <= 1:
        raise InputError(
            f"{file}: key 'least_mean': {mean}; expected a number, 0 to 1"
        )
    _check_paths(file, card["paths"])
    if "error" in card:
        _check_types(file, card["error"], _ERROR_KEYS, "error.")
        factor = card["error"]["factor"]
        if not 0 < factor < math.inf:
            raise InputError(
                f"{file}: key 'error.factor': {factor}; expected a number "
                "above 0"
            )
        _check_inside(file, card["error"]["file"], "error.file")


def check_name(where: str, name: str) -> None:
    """Checks the name of an export.

    A server has a folder of that name, and the name in its configuration and
    in its addresses: it must not lead elsewhere.

    Args:
        where: It is, for the error.
        name: Of the export, or of its folder.

    Raises:
        InputError: It holds other characters than names do.
    """
    if not re.fullmatch(r"\w[\w .+-]*", name):
        raise InputError(
            f"{where}: {name!r}; expected letters, digits, blank, . + - and "
            "_, and none of blank . + - at the beginning"
        )


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
        optional = _present(_OPTIONAL_PATH_KEYS, path)
        _check_types(file, path, optional, f"{where}.")
        for key, domains in _DOMAINS.items():
            if path[key] not in domains:
                raise InputError(
                    f"{file}: key '{where}.{key}': {path[key]!r}; expected "
                    f"{_PATH_KEYS[key][1]}"
                )
        for key, value in path["files"].items():
            if key != "tflite_fixed":
                _check_inside(file, str(value), f"{where}.files.{key}")
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
        _check_inside(file, entry["file"], f"{where}.{index}.file")


def _check_inside(file: Path, name: str, where: str) -> None:
    """Refuses what lies outside the export: its card may be a stranger's."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise InputError(
            f"{file}: key {where!r}: {name!r}; expected a file in the folder "
            "of the card"
        )


def _present(keys: dict, values: dict[str, Any]) -> dict:
    return {key: kind for key, kind in keys.items() if key in values}


def _check_types(
    file: Path, values: dict[str, Any], keys: dict, prefix: str = ""
) -> None:
    for key, (kind, expected) in keys.items():
        if key not in values:
            raise InputError(f"{file}: key '{prefix}{key}' is missing")
        value = values[key]
        # To Python true is a whole number, too.
        if not isinstance(value, kind) or (
            isinstance(value, bool) and kind is not bool
        ):
            raise InputError(
                f"{file}: key '{prefix}{key}': {value!r}; expected {expected}"
            )
