"""A training that starts from the weights of a trained model.

With a few pairs of one's own camera, the shipped model is a better start than
random weights:

    bin/train.py --config=configs/default.py:pairs --workdir=runs/mine \
        --start_from=saved_models/default --config.data.manifest=MANIFEST

The images that the model was trained on count as seen by the new training:
it takes over their record. `export/start.py` reads the start from an export.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import logging
from ml_collections import ConfigDict

from nircolor_tf import files
from nircolor_tf.data import training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import (
    checking,
    checkpoints,
    compatibility,
    config_files,
    restore,
)

FILE = "started_from.json"


@dataclasses.dataclass(frozen=True)
class Start:
    """The inference networks of a trained model.

    Attributes:
        source: The workdir or the export of the model.
        method: Name of its method.
        weights: Of each network, as `keras.Model.get_weights`.
        training: The images that it was trained on.
        record: Its name, config, step and minutes, and the record of its own
            start, for the card of the new model.
    """

    source: Path
    method: str
    weights: Mapping[str, Sequence[np.ndarray]]
    training: TrainingData
    record: dict

    @classmethod
    def of_method(
        cls,
        source: Path,
        method: Method,
        name: str,
        record: Mapping[str, Any],
        earlier: dict | None,
    ) -> "Start":
        """Takes the weights of a trained method.

        Args:
            source: The workdir or the export of the method.
            method: With its trained weights.
            name: Of the model.
            record: Step and minutes of the weights.
            earlier: Record of the start of its own training, if any.

        Raises:
            InputError: The source has no training record.
        """
        return cls(
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

    def apply(self, method: Method) -> None:
        """Gives the weights to a method, whose other networks stay as new.

        Raises:
            InputError: It is another method, or its networks are others.
        """
        if self.method not in (method.config.method, *method.starts_from):
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
        compatibility.check_network(
            str(self.source),
            self.record["config"],
            method.config,
            "the config of the new model has it",
        )

    def write(self, workdir: Path) -> None:
        """Records in a workdir the start and the images that it has seen."""
        training_data.write(workdir, self.training)
        files.write_json(workdir / FILE, self.record)


def read_workdir(workdir: str | os.PathLike, checkpoint: str) -> Start:
    """Reads the weights of a workdir.

    Call it before the method is made that gets them: it seeds Keras.

    Args:
        workdir: Of bin/train.py.
        checkpoint: As `restore.load_method` takes it.

    Raises:
        InputError: It is no workdir, or has no checkpoint or no training
            record.
    """
    workdir = Path(workdir)
    method, record = restore.load_method(workdir, checkpoint)
    name, earlier = workdir.resolve().name, read_record(workdir)
    return Start.of_method(workdir, method, name, record, earlier)


def check_new(workdir: str | os.PathLike) -> None:
    """Refuses a workdir that has a start already.

    Raises:
        InputError: A training has begun there.
    """
    if checkpoints.newest_step(workdir) is not None:
        raise InputError(
            f"{workdir}: has begun already; resume it without --start_from, "
            "or choose a new --workdir"
        )


def _check_needed(config: ConfigDict, start: Start | None) -> None:
    """Refuses a training that learns nothing without a trained model."""
    if not checking.method_class(config).needs_start:
        return
    if start is None:
        raise InputError(
            f"config.method {config.method!r} learns the error of a trained "
            "model; expected --start_from=WORKDIR of one"
        )
    half = start.record["config"]["data"].get("half", "")
    if {half, config.data.half} != {"first", "second"}:
        logging.warning(
            "%s was trained on config.data.half=%r, and this training has %r: "
            "an error is learned from images that the model has not seen; "
            "expected 'first' and 'second'",
            *(start.source, half, config.data.half),
        )


def check(
    workdir: str | os.PathLike, config: ConfigDict, start: Start | None
) -> None:
    """Checks that a training may begin, or go on, in a workdir.

    Args:
        workdir: Of the training.
        config: A whole experiment.
        start: As of `trainer.train`.

    Raises:
        InputError: It has a checkpoint already, and there is a start; or none,
            and the start that is recorded there was never saved, or the method
            needs one and there is none; or TensorFlow would not find its files
            again.
    """
    files.check_no_pattern("workdir", workdir)
    if start is not None:
        check_new(workdir)
    elif checkpoints.newest_step(workdir) is not None:
        return
    elif Path(workdir, FILE).exists():
        raise InputError(
            f"{workdir}: a training with --start_from ended here before its "
            "first checkpoint; repeat that command, with --start_from, or "
            "choose a new --workdir"
        )
    _check_needed(config, start)


def read_record(workdir: str | os.PathLike) -> dict | None:
    """Reads the record of `Start.write`; None for one from new weights.

    Raises:
        InputError: It is damaged.
    """
    path = Path(workdir, FILE)
    try:
        record = files.read_json(path)
    except FileNotFoundError:
        return None
    if not isinstance(record, dict):
        raise InputError(
            f"{path}: expected an object, the record of a trained model"
        )
    return record
