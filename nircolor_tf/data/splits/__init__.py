"""Published splits of the VCIP 2020 NIR colorization challenge, names only.

`vcip-official` is the challenge's own: 372 train, 18 val, 28 test. Its test
pairs are not independent: most show a scene of a training or validation pair,
some are the same file. `vcip-strict` keeps the test pairs and leaves out
whatever shares a scene with them: 290 train, 36 val, 28 test; no scene is in
two splits, the rest is `unused`.
"""

import csv
from importlib import resources

from nircolor_tf.errors import InputError

SPLIT_FILES = {
    "vcip-strict": "vcip_strict.csv",
    "vcip-official": "vcip_official.csv",
}


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
    text = resources.files(__package__).joinpath(SPLIT_FILES[name]).read_text()
    return {
        row["name"]: row["split"] for row in csv.DictReader(text.splitlines())
    }
