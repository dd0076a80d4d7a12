"""Reads the weights that a new training starts from: `--start_from`.

A workdir or an export holds them. An export holds them by name; one that was
written earlier only in its SavedModel (`export/captured_weights.py`).
"""

import os
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.export import captured_weights, weights
from nircolor_tf.inference import cards
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, config_files, warm_start
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
        return _read_export(source)
    raise InputError(
        f"{source}: neither a workdir nor an export; expected a folder with "
        f"{config_files.CONFIG_FILE} or {cards.CARD_FILE}"
    )


def _read_export(folder: Path) -> Start:
    card = cards.read_card(folder)
    where = f"{folder / cards.CARD_FILE}, key 'config'"
    config = config_files.parse_config(card.get("config", {}), where)
    method = build.make_method(config, mixed_bfloat16=False)
    _check_paths(folder, card, method)
    if (folder / weights.FOLDER).is_dir():
        weights.read(method, method.inference_networks, folder)
    else:
        for name in card["paths"]:
            captured_weights.read(
                method,
                method.inference_path(name),
                cards.model_file(folder, card, name, "saved_model"),
                cards.signature(card, name),
            )
    record = card["training"]
    return Start.of_method(
        folder, method, card["name"], record, record.get("started_from")
    )


def _check_paths(folder: Path, card: dict, method: Method) -> None:
    """Refuses an export whose paths leave out a network of the method."""
    paths = [method.inference_path(name) for name in card["paths"]]
    missing = set(method.inference_networks).difference(
        *(path.networks for path in paths)
    )
    if missing:
        raise InputError(
            f"{folder}: the export has no {', '.join(sorted(missing))}; "
            "export it with --paths=all, or start from its workdir"
        )
