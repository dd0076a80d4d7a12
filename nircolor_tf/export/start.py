"""Reads the weights that a new training starts from: `--start_from`.

A workdir or an export holds them (`export/exported_method.py`).
"""

import os
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.export import exported_method
from nircolor_tf.inference import cards
from nircolor_tf.training import config_files, warm_start
from nircolor_tf.training.warm_start import Start


def read(source: str | os.PathLike, checkpoint: str = "best") -> Start:
    """Reads the weights of a workdir or an export.

    Call it before the method is made that gets them: it seeds Keras.

    Args:
        source: The folder.
        checkpoint: Of a workdir, 'best' or 'latest'.

    Raises:
        InputError: It is neither, has no training record, or is an export
            whose weights cannot be read.
    """
    source = Path(source)
    if (source / config_files.CONFIG_FILE).is_file():
        return warm_start.read_workdir(source, checkpoint)
    if (source / cards.CARD_FILE).is_file():
        method, card = exported_method.load(source)
        record = card["training"]
        return Start.of_method(
            source, method, card["name"], record, record.get("started_from")
        )
    raise InputError(
        f"{source}: neither a workdir nor an export; expected a folder with "
        f"{config_files.CONFIG_FILE} or {cards.CARD_FILE}"
    )
