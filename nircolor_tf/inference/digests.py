"""The SHA-256 of every file of an export, in its card.

    "sha256": {"model.tflite": "5f0c...", "saved_model/saved_model.pb": ...}

bin/export.py writes it, and a model that is fetched from elsewhere is checked
against it: a download that was cut off, or files of two versions, are found. It
does not say who made a model; card and files come from one hand. Older cards
have no "sha256".
"""

import fnmatch
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


def of(folder: str | os.PathLike) -> dict[str, str]:
    """Returns the digest of each file of an export but its card.

    Args:
        folder: The export; what else lies there is passed over.

    Returns:
        Path relative to the folder, with slashes -> hexadecimal digits.
    """
    names = sorted(
        path.relative_to(folder).as_posix()
        for path in Path(folder).rglob("*")
        if path.is_file()
    )
    return {
        name: files.sha256(Path(folder, name))
        for name in names
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in PATTERNS)
    }


def check(folder: str | os.PathLike, card: dict[str, Any]) -> None:
    """Compares the files of an export with the digests in its card.

    Args:
        folder: The export.
        card: Of that folder, with the key `KEY`.

    Raises:
        InputError: A file is missing, changed, or not in the card.
    """
    expected, actual = card[KEY], of(folder)
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
