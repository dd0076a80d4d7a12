"""The SHA-256 of every file of an export, in its card.

    "sha256": {"model.tflite": "5f0c...", "saved_model/saved_model.pb": ...}

bin/export.py writes it. A model that is fetched from elsewhere is checked
against it, and so is every file before it is loaded: one that was cut off or
damaged, or is of another version, is found. It does not say who made a model;
card and files come from one hand. Older cards have no "sha256".
"""

import fnmatch
import hashlib
import os
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError

KEY = "sha256"
# The files of an export besides its card, as the hub matches them: a star is
# any text. Nothing of an export is a pickle.
PATTERNS = (
    "training_data.csv",
    "*.tflite",
    "*.onnx",
    "saved_model/*",
    "weights/*.weights.h5",
)


def of(folder: str | os.PathLike, part: str = "") -> dict[str, str]:
    """Returns the digest of each file of an export but its card.

    Args:
        folder: The export; what else lies there is passed over.
        part: Only this file, or what is in this folder of it.

    Returns:
        Path relative to the folder, with slashes -> hexadecimal digits.
    """
    place = Path(folder, part)
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in (place, *place.rglob("*"))
        if path.is_file()
    )
    return {
        name: files.sha256(Path(folder, name))
        for name in names
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in PATTERNS)
    }


def short(folder: str | os.PathLike, part: str) -> str:
    """Returns 16 digits that tell the content of a part of an export.

    Args:
        folder: The export.
        part: Name of a file: they are the first ones of its digest; or of a
            folder of the export: of the digest of its files' digests.
    """
    listed = [*of(folder, part).values()]
    if len(listed) != 1:
        listed = [hashlib.sha256("".join(listed).encode()).hexdigest()]
    return listed[0][:16]


def check(folder: str | os.PathLike, card: dict[str, Any]) -> None:
    """Compares the files of an export with the digests in its card.

    Args:
        folder: The export.
        card: Of that folder, with the key `KEY`.

    Raises:
        InputError: A file is missing, changed, or not in the card.
    """
    _compare(folder, card[KEY], of(folder))


def check_part(
    folder: str | os.PathLike, card: dict[str, Any], part: str
) -> None:
    """Compares one file of an export with its digest, before it is loaded.

    What reads a model is code of C++ that takes its file on trust.

    Args:
        folder: The export.
        card: Of that folder; of an older one, without digests, nothing is
            checked.
        part: Name of the file, or of a folder of the export: then all of it.

    Raises:
        InputError: A file is missing, changed, or not in the card.
    """
    if KEY not in card:
        return
    expected = _inside(part, card[KEY])
    if not expected:
        raise InputError(
            f"{Path(folder, part)}: not among the files that card.json lists"
        )
    _compare(folder, expected, _inside(part, of(folder, part)))


def _inside(part: str, listed: dict[str, str]) -> dict[str, str]:
    part = Path(part).as_posix()
    return {
        name: digest
        for name, digest in listed.items()
        if name == part or name.startswith(f"{part}/")
    }


def _compare(
    folder: str | os.PathLike, expected: dict[str, str], actual: dict[str, str]
) -> None:
    for name in sorted(expected.keys() | actual.keys()):
        path = Path(folder, name)
        if name not in actual:
            raise InputError(f"{path}: missing, though card.json lists it")
        if name not in expected:
            raise InputError(
                f"{path}: not among the files that card.json lists"
            )
        if actual[name] != expected[name]:
            raise InputError(
                f"{path}: damaged, or of another version: its SHA-256 is "
                f"{actual[name]}; card.json has {expected[name]}"
            )
