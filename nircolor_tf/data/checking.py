"""Checks every file of a data set and reports all that is wrong at once."""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from nircolor_tf.data.sources import Candidate
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files


@dataclasses.dataclass(frozen=True)
class Checked:
    """A candidate whose files are known to be good.

    Attributes:
        name: As the candidate's.
        nir: NIR file; None for an unpaired photo.
        rgb: Color file.
        height: Pixels.
        width: Pixels.
        bits: 8 or 16, the larger of the two files.
    """

    name: str
    nir: Path | None
    rgb: Path
    height: int
    width: int
    bits: int


def check(candidates: Sequence[Candidate]) -> list[Checked]:
    """Opens every file.

    Args:
        candidates: What a layout found.

    Returns:
        One entry per candidate, in the same order.

    Raises:
        InputError: Something is wrong: no candidate at all, a file without
            partner, two files of one name, sizes that differ, a file that is
            empty or unreadable, RGB where NIR is expected or the reverse. The
            message has a line with file and reason for every problem.
    """
    if not any(not candidate.unpaired for candidate in candidates):
        raise InputError("no NIR/RGB pair was found in the source folder")
    problems = _duplicates(candidates)
    checked = []
    for candidate in tqdm(candidates, desc="checking", unit="pair"):
        entry, problems_of_entry = _check_one(candidate)
        problems += problems_of_entry
        checked.append(entry)
    if problems:
        problems = list(dict.fromkeys(problems))
        raise InputError(
            f"{len(problems)} problems in the source folder, nothing was "
            "written:\n  " + "\n  ".join(problems)
        )
    return checked


def _duplicates(candidates):
    """Names that two files have, and photos that are there twice."""
    files = defaultdict(dict)
    uses = Counter(
        candidate.rgb for candidate in candidates if candidate.unpaired
    )
    for candidate in candidates:
        for side in ("nir", "rgb"):
            path = getattr(candidate, side)
            if path is not None:
                files[candidate.name, side][path] = None
    twice = [
        f"{path}: found twice; the layout knows this folder already"
        for path, count in uses.items()
        if count > 1
    ]
    return twice + [
        f"{second}: the same name as {first}: {name}"
        for (name, _), (first, *others) in files.items()
        for second in others
    ]


def _check_one(candidate):
    """Returns (Checked or None, problems of this candidate)."""
    problems = []
    arrays = {}
    for side, read in (
        ("nir", image_files.read_nir),
        ("rgb", image_files.read_rgb),
    ):
        path = getattr(candidate, side)
        if path is None:
            if side == "rgb" or not candidate.unpaired:
                other = candidate.rgb if side == "nir" else candidate.nir
                problems.append(f"{other}: no {side.upper()} partner")
            continue
        try:
            str(path).encode()
        except UnicodeEncodeError:
            problems.append(f"{path!a}: the name is not UTF-8")
            continue
        try:
            arrays[side] = read(path)
        except InputError as error:
            problems.append(str(error))
    if len(arrays) == 2 and arrays["nir"].shape[:2] != arrays["rgb"].shape[:2]:
        sizes = [
            "{1}x{0}".format(*arrays[side].shape) for side in ("nir", "rgb")
        ]
        problems.append(
            f"{candidate.nir}: {sizes[0]} px, but {candidate.rgb} has "
            f"{sizes[1]} px (width x height)"
        )
    if problems:
        return None, problems
    rgb = arrays["rgb"]
    bits = 8 * max(array.dtype.itemsize for array in arrays.values())
    checked = Checked(
        candidate.name, candidate.nir, candidate.rgb, *rgb.shape[:2], bits
    )
    return checked, []
