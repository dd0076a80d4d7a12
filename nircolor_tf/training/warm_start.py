"""A training that starts from the weights of a trained model.

With a few pairs of one's own camera, the shipped model is a better start than
random weights:

    bin/train.py --config=configs/default.py:pairs --workdir=runs/mine \
        --start_from=saved_models/default --config.data.manifest=MANIFEST

What the model has seen, this training has seen: its record is taken over.
"""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.data import training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError
from nircolor_tf.export import saved_model
from nircolor_tf.inference import cards
from nircolor_tf.methods.base import Method
from nircolor_tf.training import build, config_files, restore

FILE = "started_from.json"


@dataclasses.dataclass(frozen=True)
class Start:
    """The inference networks of a trained model.

    Attributes:
        source: The workdir or the export they are of.
        method: Name of its method.
        weights: Of each network, as `keras.Model.get_weights`.
        training: What it was trained on.
        record: Its name, config, step and minutes, and what it had started
            from itself, for the card of what is made of it.
    """

    source: Path
    method: str
    weights: Mapping[str, Sequence[np.ndarray]]
    training: TrainingData
    record: dict

    def apply(self, method: Method) -> None:
        """Gives the weights to a method, whose other networks stay as new.

        Raises:
            InputError: It is another method, or its networks are others.
        """
        if method.config.method != self.method:
            raise InputError(
                f"{self.source}: a model of the method {self.method!r}; "
                f"expected {method.config.method!r}, as config.method says"
            )
        for name, weights in self.weights.items():
            try:
                method.networks[name].set_weights(weights)
            except ValueError as error:
                raise InputError(
                    f"{self.source}: its {name} is another network than the "
                    f"config's: {error}"
                ) from error

    def write(self, workdir: Path) -> None:
        """Records in a workdir what it started from, and what that saw."""
        training_data.write(workdir, self.training)
        with files.replacing(workdir / FILE) as temporary:
            temporary.write_text(json.dumps(self.record, indent=2))


def read(source: str | os.PathLike, checkpoint: str = "best") -> Start:
    """Reads the weights of a workdir or an export.

    Call it before the method is made that gets them: it seeds Keras.

    Args:
        source: The folder.
        checkpoint: Of a workdir, as `restore.load_method` takes it.

    Raises:
        InputError: It is neither, has no training record, or is an export
            whose weights cannot be told apart.
    """
    source = Path(source)
    if (source / config_files.CONFIG_FILE).is_file():
        method, record = restore.load_method(source, checkpoint)
        name, earlier = source.resolve().name, read_record(source)
    elif (source / cards.CARD_FILE).is_file():
        method, card = _load_export(source)
        name, record = card["name"], card["training"]
        earlier = record.get("started_from")
    else:
        raise InputError(
            f"{source}: neither a workdir nor an export; expected a folder "
            f"with {config_files.CONFIG_FILE} or {cards.CARD_FILE}"
        )
    return Start(
        source=source,
        method=method.config.method,
        weights={
            network: method.networks[network].get_weights()
            for network in method.inference_networks
        },
        training=training_data.read(source),
        record={
            "name": name,
            "config": config_files.describe_config(method.config),
            "step": record["step"],
            "minutes": record["minutes"],
            **({"started_from": earlier} if earlier else {}),
        },
    )


def check_new(workdir: str | os.PathLike) -> None:
    """Refuses a workdir that has a start already.

    Raises:
        InputError: A training has begun there.
    """
    if tf.train.latest_checkpoint(str(Path(workdir, "checkpoints"))):
        raise InputError(
            f"{workdir}: has begun already; resume it without --start_from, "
            "or choose a new --workdir"
        )


def read_record(workdir: str | os.PathLike) -> dict | None:
    """What `Start.write` recorded; None for a training from new weights."""
    path = Path(workdir, FILE)
    return json.loads(path.read_text()) if path.exists() else None


def _load_export(folder: Path) -> tuple[Method, dict]:
    card = cards.read_card(folder)
    where = f"{folder / cards.CARD_FILE}, key 'config'"
    config = config_files.parse_config(card.get("config", {}), where)
    method = build.make_method(config, mixed_bfloat16=False)
    paths = {name: method.inference_path(name) for name in card["paths"]}
    missing = set(method.inference_networks).difference(
        *(path.networks for path in paths.values())
    )
    if missing:
        raise InputError(
            f"{folder}: the export has no {', '.join(sorted(missing))}; "
            "export it with --paths=all, or start from its workdir"
        )
    for name, path in paths.items():
        saved_model.read_weights(
            method,
            path,
            cards.model_file(folder, card, name, "saved_model"),
            cards.signature(card, name),
        )
    return method, card
