"""What the preparation of a data set says beside its table."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from nircolor_tf.data import storage
from nircolor_tf.data.layouts import Candidate
from nircolor_tf.data.manifest import Example
from nircolor_tf.images.image_files import IMAGE_SUFFIXES
from nircolor_tf.inference.jobs import SIDECARS

# So many lines of mismatches, and names in a note.
_MISMATCHES, _NAMES = 20, 3


def mismatches(lines: Sequence[str]) -> list[str]:
    """Returns a heading and the first of the lines, one for each mismatch."""
    if not lines:
        return []
    more = len(lines) - _MISMATCHES
    return [
        f"pairs that do not seem to match, look at them: {len(lines)}",
        *lines[:_MISMATCHES],
        *[f"  and {more} more"] * (more > 0),
    ]


def unread(
    places: Iterable[str | os.PathLike | None],
    candidates: Iterable[Candidate],
    output: Path,
) -> list[str]:
    """Names files of a data set that are no part of it.

    Hidden files, tables and texts are passed over without a word.

    Args:
        places: The folders of the data set; None for none.
        candidates: What the layout found in them.
        output: What lies there is no part of it either.

    Returns:
        One line, or none.
    """
    places = [Path(place).resolve() for place in places if place]
    sides = (side for one in candidates for side in (one.nir, one.rgb))
    known = {side.resolve() for side in sides if side}
    written = [storage.folder_of(output / "manifest.csv").resolve()]
    if not any(place.is_relative_to(output.resolve()) for place in places):
        written.append(output.resolve())
    others = dict.fromkeys(
        path
        for place in places
        for path in sorted(place.rglob("*"))
        if _is_expected(path, place)
        and path.resolve() not in known
        and not any(path.is_relative_to(folder) for folder in written)
    )
    if not others:
        return []
    images = [one for one in others if one.suffix.lower() in IMAGE_SUFFIXES]
    types = sorted({one.suffix.lower() or "no suffix" for one in others})
    text = f"not read: {len(others)} files ({', '.join(types[:_NAMES])})"
    if images:
        names = ", ".join(map(str, images[:_NAMES]))
        text += (
            f", of which {len(images)} are images at places where this layout "
            f"has none: {names}" + " ..." * (len(images) > _NAMES)
        )
    return [text]


def _is_expected(path: Path, place: Path) -> bool:
    """Returns whether a path is no hidden file, table or text."""
    parts = path.relative_to(place).parts
    hidden = any(part.startswith(".") for part in parts)
    return not hidden and path.suffix.lower() not in SIDECARS and path.is_file()


def splits(pairs: Iterable[Example]) -> list[str]:
    """Says what a training will miss; one line, or none."""
    names = {pair.split for pair in pairs}
    if {"train", "val"} <= names:
        return []
    missing = " and ".join(sorted({"train", "val"} - names))
    count = len({pair.scene for pair in pairs})
    return [
        f"no pairs in {missing}, so that nothing can be trained: the pairs are "
        f"of {count} scene{'' if count == 1 else 's'}, and a scene is in one "
        "split (of some layouts --scenes=FILE.csv says which pairs are of one)"
    ]
