"""The checkpoints of a workdir: the newest, to resume from, and the best.

    checkpoints/
        ckpt-STEP.*    networks, optimizers, averages, image pools, the step
        best-STEP.*    the inference networks of the best evaluation
        best.json      its step, its metrics and the minutes trained

What is saved is listed explicitly, by the names of networks and optimizers.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.training.build import Training


def _variables(owners: Mapping[str, Any]) -> dict[str, list[tf.Variable]]:
    """Every variable of networks or optimizers, by the name of their owner.

    tf.train.Checkpoint(method) silently skips layers kept in a Python list or
    dict of a Keras 3 layer, so nothing here depends on attribute tracking.
    """
    return {
        name: [variable.value for variable in owner.variables]
        for name, owner in owners.items()
    }


class Checkpoints:
    """The checkpoints of a workdir: the latest, to resume, and the best.

    'latest' holds everything that training needs; the three newest are kept.
    'best' holds only the inference networks, as they were evaluated (moving
    average applied), with best.json beside it.
    """

    def __init__(
        self,
        workdir: str | os.PathLike,
        training: Training,
        step: tf.Variable,
    ):
        self._folder = Path(workdir) / "checkpoints"
        self._method = training.method
        self._averages = training.averages
        self._seconds = tf.Variable(0.0, dtype=tf.float64, trainable=False)
        self._checkpoint = tf.train.Checkpoint(
            step=step,
            seconds=self._seconds,
            averages=[*self._averages.variables, self._averages.step],
            pools={
                name: pool.variables for name, pool in training.pools.items()
            },
            **_variables(training.method.networks),
            **_variables(training.optimizers),
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, str(self._folder), max_to_keep=3
        )
        self._step = step

    @property
    def minutes(self) -> float:
        """Wall time trained so far, evaluation included, over all resumes."""
        return float(self._seconds.numpy()) / 60

    def count_time(self, seconds: float) -> None:
        """Adds to the wall time trained."""
        self._seconds.assign_add(seconds)

    def save_latest(self) -> None:
        """Saves everything at the current step."""
        self._manager.save(int(self._step.numpy()))

    @property
    def latest(self) -> str | None:
        """Path of the newest checkpoint; None when there is none."""
        return self._manager.latest_checkpoint

    def restore_latest(self) -> bool:
        """Restores the newest checkpoint; False when there is none."""
        path = self.latest
        if path is None:
            return False
        try:
            status = self._checkpoint.restore(path)
            # The error below says it; this spares a page of warnings.
            status.expect_partial()
            status.assert_consumed()
        except (ValueError, AssertionError) as error:
            raise InputError(
                f"{path}: not a checkpoint of this config"
                " (or, with image pools, of this number of devices): "
                f"{error}"
            ) from error
        return True

    def restore_latest_weights(self) -> bool:
        """Restores step, networks and averages of the newest checkpoint.

        What only training needs stays out: image pools are kept per device.
        """
        path = self._manager.latest_checkpoint
        if path is None:
            return False
        checkpoint = tf.train.Checkpoint(
            step=self._step,
            seconds=self._seconds,
            averages=[*self._averages.variables, self._averages.step],
            **_variables(self._method.networks),
        )
        status = checkpoint.restore(path).expect_partial()
        status.assert_existing_objects_matched()
        return True

    def save_best(self, metrics: dict[str, float]) -> None:
        """Saves the inference networks as the best so far.

        Call it with the moving average applied.

        Args:
            metrics: Of the evaluation that made it the best; recorded with
                the step and the minutes trained.
        """
        step = int(self._step.numpy())
        self._best().write(str(self._folder / f"best-{step}"))
        record = {"step": step, "minutes": self.minutes, "metrics": metrics}
        old = self.best_record()
        with files.replacing(self._folder / "best.json") as temporary:
            temporary.write_text(json.dumps(record, indent=2))
        if old is not None and old["step"] != step:
            for path in self._folder.glob(f"best-{old['step']}.*"):
                path.unlink()

    def best_record(self) -> dict | None:
        """Step and metrics of the best evaluation; None before the first."""
        path = self._folder / "best.json"
        return json.loads(path.read_text()) if path.exists() else None

    def restore_best(self) -> dict:
        """Restores the best inference networks; returns their record."""
        record = self.best_record()
        if record is None:
            raise InputError(
                f"{self._folder}: no best checkpoint; training has not been "
                "evaluated yet (config.train.evaluate_every)"
            )
        path = str(self._folder / f"best-{record['step']}")
        self._best().read(path).assert_consumed()
        return record

    def _best(self) -> tf.train.Checkpoint:
        return tf.train.Checkpoint(
            **_variables(
                {
                    name: self._method.networks[name]
                    for name in self._method.inference_networks
                }
            )
        )
