"""The manifest: one CSV line per example, read by every other binary.

`bin/prepare_data.py` writes it. Paths in the file are relative to the folder
of the manifest; in memory they are absolute.
"""

import csv
import dataclasses
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError

SPLITS = ("train", "val", "test", "unused", "unpaired")

# Data protocols: which images of a published data set train and which test.
# Up to the dash it is the data set; 'folder' is anybody's own images and split.
PROTOCOLS = (
    "vcip-strict",
    "vcip-official",
    "scenes-strict",
    "epfl",
    "epfl-patches",
    "folder",
)


@dataclasses.dataclass(frozen=True)
class Example:
    """A registered NIR/RGB pair, or a color photo without NIR.

    Attributes:
        name: Unique, without folder or suffix.
        nir: Absolute path of the NIR file; empty for an unpaired photo.
        rgb: Absolute path of the color file.
        height: Pixels.
        width: Pixels.
        bits: 8 or 16, per channel; the larger of the two files.
        split: One of `SPLITS`.
        protocol: One of `PROTOCOLS`, the same in all of a manifest.
        scene: Crops of one photo share it; no scene is in two splits. Empty
            when it was not measured.
        shift_x: The content of the NIR lies this many pixels to the right of
            the RGB's.
        shift_y: Likewise, downwards.
        nir_sha256: Of the NIR file; empty for an unpaired photo.
        rgb_sha256: Of the color file.
        nir_channel: Which channel of the NIR file is NIR, as `channels.parse`
            takes it; empty for an unpaired photo.
        nir_low: Stored value of the NIR file that is black; None for an
            unpaired photo.
        nir_high: The one that is white; likewise.
        rgb_bands: Numbers of the red, the green and the blue band of a color
            file of many, with commas; empty for an RGB image.
        rgb_low: Stored value of the color file that is black.
        rgb_high: The one that is white.
    """

    name: str
    nir: str
    rgb: str
    height: int
    width: int
    bits: int
    split: str
    protocol: str
    scene: str
    shift_x: int
    shift_y: int
    nir_sha256: str
    rgb_sha256: str
    nir_channel: str
    nir_low: int | None
    nir_high: int | None
    rgb_bands: str
    rgb_low: int
    rgb_high: int

    @property
    def content(self) -> tuple:
        """What of it a training depends on; not where the files are."""
        return tuple(getattr(self, column) for column in CONTENT)


COLUMNS = tuple(field.name for field in dataclasses.fields(Example))
_LEVELS = ("nir_low", "nir_high", "rgb_low", "rgb_high")
# Columns that a training depends on.
CONTENT = (
    *("name", "split", "nir_sha256", "rgb_sha256"),
    *("nir_channel", "rgb_bands", *_LEVELS),
)
_INTEGERS = ("height", "width", "bits", "shift_x", "shift_y", *_LEVELS)

# What a manifest without the columns of stored values means: an 8-bit file
# was read so. Of a 16-bit one nobody wrote down what its values are.
_OLDER = {
    "nir_channel": "gray",
    "nir_low": "0",
    "nir_high": "255",
    "rgb_bands": "",
    "rgb_low": "0",
    "rgb_high": "255",
}

_PIXELS = (r"[1-9]\d*", "a whole number of pixels, at least 1")
_SHIFT = (r"-?\d+", "a whole number of pixels")
_SHA256 = (r"[0-9a-f]{64}", "64 hexadecimal digits")
_LEVEL = (r"\d{1,5}", "a stored value, 0 to 65535")

# What a column of a pair may hold: a regular expression, and it in words.
_VALID = {
    # Files are written under it: no folder can be in it.
    "name": (r"[^/\x00-\x1f\x7f]+", "a name without / or control character"),
    "nir": (".+", "a path"),
    "rgb": (".+", "a path"),
    "height": _PIXELS,
    "width": _PIXELS,
    "bits": ("8|16", "8 or 16"),
    "split": ("|".join(SPLITS), f"one of {', '.join(SPLITS)}"),
    "protocol": ("|".join(PROTOCOLS), f"one of {', '.join(PROTOCOLS)}"),
    "scene": (".*", "a label"),
    "shift_x": _SHIFT,
    "shift_y": _SHIFT,
    "nir_sha256": _SHA256,
    "rgb_sha256": _SHA256,
    "nir_channel": (
        r"gray|red|green|blue|luma|[1-9]\d*",
        "gray, red, green, blue, luma or the number of a band",
    ),
    "nir_low": _LEVEL,
    "nir_high": _LEVEL,
    "rgb_bands": (
        r"([1-9]\d*,[1-9]\d*,[1-9]\d*)?",
        "three numbers of bands, or nothing",
    ),
    "rgb_low": _LEVEL,
    "rgb_high": _LEVEL,
}


def read_manifest(path: str | os.PathLike) -> list[Example]:
    """Reads a manifest and checks every value in it.

    The image files themselves are not opened.

    An older one does not say which stored values are black and white. Files of
    8 bit are read with 0 and 255.

    Args:
        path: The CSV file.

    Returns:
        The examples in the order of the file, with absolute paths.

    Raises:
        InputError: The file is missing, has other columns, no example, a
            malformed value or two protocols, or is an older one of 16 bit.
    """
    path = Path(path)
    folder = Path(os.path.realpath(path.parent))
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            _check_header(path, reader.fieldnames or [])
            examples = [
                _parse(f"{path}, line {reader.line_num}", folder, row)
                for row in reader
            ]
    except OSError as error:
        hint = (
            "bin/prepare_data.py writes a manifest.csv; a training, also one "
            "that is resumed, takes --config.data.manifest=FILE"
        )
        if (path / "manifest.csv").is_file():
            hint = f"{path / 'manifest.csv'} is one"
        raise InputError(
            f"{path}: cannot be read: {error.strerror}; {hint}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: not a CSV file in UTF-8: {error}") from error
    _check_examples(path, examples)
    return examples


def has_control_character(text: str) -> bool:
    """Returns whether a line of a table cannot hold a text."""
    return any(letter < " " or letter == "\x7f" for letter in text)


def _check_examples(path: Path, examples: Sequence[Example]) -> None:
    if not examples:
        raise InputError(f"{path}: the manifest holds no example")
    for name, count in Counter(example.name for example in examples).items():
        if count > 1:
            raise InputError(f"{path}, column name: {name!r} appears twice")
    protocols = sorted({example.protocol for example in examples})
    if len(protocols) > 1:
        raise InputError(
            f"{path}, column protocol: {' and '.join(protocols)}; expected "
            "the same in every line"
        )


def write_manifest(
    path: str | os.PathLike, examples: Sequence[Example]
) -> None:
    """Writes a manifest, or nothing at all.

    Args:
        path: Target; its folder exists.
        examples: With absolute paths; the file stores them relative to its
            own folder, so that a folder of data can be moved as a whole.

    Raises:
        InputError: The file cannot be written.
    """
    path = Path(path)
    with (
        files.replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for example in examples:
            row = dataclasses.asdict(example)
            for column in ("nir", "rgb"):
                row[column] = _relative(row[column], path.parent)
            writer.writerow(row)


def select(
    examples: Sequence[Example], split: str, name: str = "the manifest"
) -> list[Example]:
    """Returns the examples of one split.

    Args:
        examples: What `read_manifest` returned.
        split: One of `SPLITS`.
        name: Of the manifest, for the error.

    Raises:
        InputError: No example is in the split; the message lists the splits
            there are.
    """
    selected = [example for example in examples if example.split == split]
    if not selected:
        present = ", ".join(sorted({example.split for example in examples}))
        raise InputError(
            f"split {split!r}: {name} has no such example; it has the splits "
            f"{present}"
        )
    return selected


def _relative(file: str, folder: Path) -> str:
    if not file:
        return ""
    # ".." from behind a linked folder leads elsewhere: use the real ones.
    real = os.path.join(
        os.path.realpath(os.path.dirname(file)), os.path.basename(file)
    )
    return os.path.relpath(real, os.path.realpath(folder))


def _check_header(path: Path, header: Sequence[str]) -> None:
    missing = [column for column in COLUMNS if column not in header]
    if missing == list(_OLDER):
        missing = []
    unknown = [column for column in header if column not in COLUMNS]
    if missing or unknown:
        raise InputError(
            f"{path}, line 1: not a manifest: missing columns "
            f"{missing or 'none'}, unknown columns {unknown or 'none'}; "
            f"expected {','.join(COLUMNS)}; run bin/prepare_data.py again"
        )


def _parse(where: str, folder: Path, row: dict) -> Example:
    """Turns one line into an Example; `where` names file and line."""
    if None in row or None in row.values():
        expected = len(COLUMNS) - (0 if "rgb_low" in row else len(_OLDER))
        raise InputError(f"{where}: expected {expected} columns")
    row = _with_levels(where, row)
    unpaired = row["split"] == "unpaired"
    for column, value in row.items():
        pattern, expected = _VALID[column]
        if unpaired and column.startswith("nir"):
            pattern, expected = "", "nothing, the photo is unpaired"
        if not re.fullmatch(pattern, value):
            raise InputError(
                f"{where}, column {column}: {value!r}; expected {expected}"
            )
    values = {
        **row,
        **{
            column: int(row[column]) if row[column] else None
            for column in _INTEGERS
        },
    }
    for side in ("rgb",) if unpaired else ("nir", "rgb"):
        values[side] = os.path.normpath(folder / row[side])
        low, high = values[f"{side}_low"], values[f"{side}_high"]
        if not low < high < 2**16:
            raise InputError(
                f"{where}, column {side}_high: {high}; expected more than "
                f"{side}_low, {low}, and at most 65535"
            )
    return Example(**values)


def _with_levels(where: str, row: dict) -> dict:
    """Completes a line of an older manifest."""
    if "rgb_low" in row:
        return row
    if row["bits"] != "8":
        raise InputError(
            f"{where}: an older manifest, which does not say which values of "
            "its 16-bit files are black and white; make it again with "
            "bin/prepare_data.py"
        )
    if row["split"] == "unpaired":
        return row | {
            column: "" if column.startswith("nir") else value
            for column, value in _OLDER.items()
        }
    return row | _OLDER
