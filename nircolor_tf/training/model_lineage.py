"""A model that others are made of, as they record it (`data/lineage.py`)."""

import os
from pathlib import Path

from nircolor_tf.data import lineage
from nircolor_tf.data.lineage import Ancestor
from nircolor_tf.inference import cards
from nircolor_tf.training import config_files, warm_start


def of(folder: str | os.PathLike) -> list[Ancestor]:
    """Returns a model, and those that it was made of.

    Args:
        folder: A workdir or an export.

    Raises:
        InputError: It is neither, or what it records is malformed.
    """
    folder = Path(folder)
    if (folder / cards.CARD_FILE).is_file():
        return [lineage.of_export(folder)]
    data = config_files.read_config(folder).data
    own = Ancestor(folder.resolve().name, data.terms, data.description)
    return [own, *before(folder)]


def before(workdir: str | os.PathLike) -> list[Ancestor]:
    """Returns the models that the one of a workdir was made of.

    An older version recorded a start alone.

    Raises:
        InputError: What it records is malformed.
    """
    start = warm_start.read_record(workdir)
    return lineage.read(workdir) or lineage.of_start(start)
