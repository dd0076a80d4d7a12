"""The method that an export was made from, rebuilt from its card and weights.

An export holds the weights by name (`export/weights.py`); one that was written
earlier only in its SavedModel (`export/captured_weights.py`).
"""

import os
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.export import captured_weights, model_card, weights
from nircolor_tf.inference import cards, digests
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, config_files


def load(folder: str | os.PathLike) -> tuple[Method, dict]:
    """Rebuilds the method of an export in float32.

    It seeds Keras, as every method does that is made.

    Args:
        folder: The export.

    Returns:
        The method, whose networks on the exported paths have the exported
        weights, and the card.

    Raises:
        InputError: It is no export, it leaves out a network of the method, or
            its weights cannot be read.
    """
    folder = Path(folder)
    card = cards.read_card(folder)
    where = f"{folder / cards.CARD_FILE}, key 'config'"
    config = config_files.parse_config(card.get("config", {}), where)
    method = build.make_method(config)
    _check_paths(folder, card, method)
    if (folder / weights.FOLDER).is_dir():
        digests.check_part(folder, card, weights.FOLDER)
        weights.read(method, method.inference_networks, folder)
    else:
        for name in card["paths"]:
            captured_weights.read(
                method,
                method.inference_path(name),
                cards.model_file(folder, card, name, "saved_model"),
                cards.signature(card, name),
            )
    return method, card


def _check_paths(folder: Path, card: dict, method: Method) -> None:
    """Refuses an export whose paths leave out a network of the method."""
    paths = {name: method.inference_path(name) for name in card["paths"]}
    missing = set(method.inference_networks).difference(
        model_card.networks_of(paths, method)
    )
    if missing:
        raise InputError(
            f"{folder}: the export has no {', '.join(sorted(missing))}; "
            "export it with --paths=all, or start from its workdir"
        )
