"""A list of scenes that the user of a data set knows.

    name,scene[,split]

Of thousands of images nobody wants to wait for `scenes.group_scenes`, and in
the frames of a flight it finds one scene: each overlaps the next.
"""

import csv
import dataclasses
import os
import unicodedata
from collections.abc import Collection, Mapping
from pathlib import Path

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError

_COLUMNS = ("name", "scene")
_SPLIT = "split"
_SPLITS = ("train", "val", "test", "unused")
_NAMED_PAIRS = 5


@dataclasses.dataclass(frozen=True)
class SceneList:
    """What a list says.

    Attributes:
        scenes: Name of a pair -> its scene.
        splits: Name of a pair -> train, val, test or unused; empty where the
            list has no such column, and whole scenes are drawn.
    """

    scenes: Mapping[str, str]
    splits: Mapping[str, str]


def read(path: str | os.PathLike, names: Collection[str]) -> SceneList:
    """Reads a list.

    Args:
        path: A CSV file in UTF-8 with a header.
        names: Of the pairs, all of which it has to hold; others may be in it.

    Raises:
        InputError: It cannot be read, is malformed, leaves out a pair, or has
            a scene in two splits.
    """
    rows = _rows(Path(path))
    missing = sorted(set(names) - rows.keys())
    if missing:
        more = len(missing) - _NAMED_PAIRS
        raise InputError(
            f"--scenes={path}: {len(missing)} of the {len(names)} pairs are "
            f"not in it: {', '.join(missing[:_NAMED_PAIRS])}"
            + (f" and {more} more" if more > 0 else "")
        )
    scenes = {name: row["scene"] for name, row in rows.items()}
    splits = {name: row[_SPLIT] for name, row in rows.items() if _SPLIT in row}
    _check_splits(path, scenes, splits)
    return SceneList(scenes, splits)


def _rows(path: Path) -> dict[str, dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            if columns not in (_COLUMNS, (*_COLUMNS, _SPLIT)):
                raise InputError(
                    f"--scenes={path}, line 1: {','.join(columns)}; expected "
                    "name,scene or name,scene,split"
                )
            rows = {}
            for row in reader:
                where = f"--scenes={path}, line {reader.line_num}"
                name = _checked_name(where, row)
                if name in rows:
                    raise InputError(f"{where}: {name!r} appears twice")
                rows[name] = row
            return rows
    except OSError as error:
        raise InputError(
            f"--scenes={path}: cannot be read: {error.strerror}"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"--scenes={path}: not a CSV file in UTF-8: {error}"
        ) from error


def _checked_name(where: str, row: Mapping[str, str]) -> str:
    """Returns the name of the pair in a line whose values are valid."""
    if None in row or not all(row.values()):
        raise InputError(f"{where}: expected a value in each column")
    split = row.get(_SPLIT, "train")
    if split not in _SPLITS:
        raise InputError(
            f"{where}, column split: {split!r}; expected one of "
            f"{', '.join(_SPLITS)}"
        )
    for column in _COLUMNS:
        if manifest.has_control_character(row[column]):
            raise InputError(
                f"{where}, column {column}: {row[column]!r}; expected no line "
                "break or other control character"
            )
    return unicodedata.normalize("NFC", row["name"])


def _check_splits(
    path: str | os.PathLike,
    scenes: Mapping[str, str],
    splits: Mapping[str, str],
) -> None:
    """Refuses scenes that a split tears: the test would measure memory."""
    homes = {}
    for name, split in splits.items():
        if split == "unused":
            continue
        home = homes.setdefault(scenes[name], split)
        if home != split:
            raise InputError(
                f"--scenes={path}: the scene {scenes[name]!r} is in {home} "
                f"and in {split}; expected whole scenes in a split"
            )
