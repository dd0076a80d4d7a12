"""Splits of published data sets, names only.

Two are of the VCIP 2020 NIR colorization challenge.

`vcip-official` is the challenge's own: 372 train, 18 val, 28 test. Its test
pairs are not independent: most show a scene of a training or validation pair,
some are the same file. `vcip-strict` keeps the test pairs and leaves out
whatever shares a scene with them: 290 train, 36 val, 28 test; no scene is in
two splits, the rest is `unused`.

`vcip_scenes.csv` says which names of either list are crops of one photo, and
which test pair is pixel by pixel a training pair of `vcip-official`.

`scenes-strict` holds whole photos beside the training pairs of `vcip-strict`:
landscapes, towns and rooms of the RGB-NIR Scene set and a few of others. A crop
and its photo are one scene. Its images are of three groups, vcip, landscape
and town, that are reported apart. Of the towns, numbers that end in 4 or 9 are
for validation; of the landscapes, those whose crops are. Four crops of two
more of these photos, training pairs of `vcip-strict`, are unused.
"""

import csv
from importlib import resources

from nircolor_tf.errors import InputError

SPLIT_FILES = {
    "vcip-strict": "vcip_strict.csv",
    "vcip-official": "vcip_official.csv",
    "scenes-strict": "scenes_strict.csv",
}
_SCENES_FILE = "vcip_scenes.csv"
# In the name of a variation of a pair, before its number (bin/distill.py).
VARIATION = "_varied_"


def load_split(name: str) -> dict[str, str]:
    """Loads a shipped split.

    Args:
        name: A key of `SPLIT_FILES`.

    Returns:
        Pair name -> train, val, test or unused.

    Raises:
        InputError: There is no such split.
    """
    if name not in SPLIT_FILES:
        raise InputError(
            f"split {name!r} is unknown; expected one of "
            + ", ".join(SPLIT_FILES)
        )
    return {row["name"]: row["split"] for row in _read(SPLIT_FILES[name])}


def load_groups(name: str) -> dict[str, str]:
    """Loads the groups whose numbers are reported apart.

    Args:
        name: A data protocol, of `SPLIT_FILES` or not.

    Returns:
        Pair name -> vcip, landscape or town; empty for a protocol without
        groups.
    """
    rows = _read(SPLIT_FILES[name]) if name in SPLIT_FILES else []
    return {row["name"]: row["group"] for row in rows if "group" in row}


def load_photo_scenes() -> dict[str, str]:
    """Loads the scene of every pair of `scenes-strict`: name -> label.

    That of a VCIP pair, and of the photo that it is cut from, is vcip_ and
    what `load_scenes` calls it.
    """
    rows = _read(SPLIT_FILES["scenes-strict"])
    return {row["name"]: row["scene"] for row in rows}


def load_scenes() -> dict[str, str]:
    """Loads the scene of every VCIP pair: pair name -> label."""
    return {row["name"]: row["scene"] for row in _read(_SCENES_FILE)}


def load_copies() -> dict[str, str]:
    """Loads which VCIP pairs are identical: test pair -> training pair."""
    return {
        row["name"]: row["identical_to"]
        for row in _read(_SCENES_FILE)
        if row["identical_to"]
    }


def _read(file: str) -> list[dict[str, str]]:
    text = resources.files(__package__).joinpath(file).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))
