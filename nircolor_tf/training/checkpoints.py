"""The checkpoints of a workdir: the newest, to resume from, and the best.

    checkpoints/
        ckpt-STEP.*    networks, optimizers, averages, image pools, the
                       loss scale of float16, the step
        best-STEP.*    the inference networks of the best evaluation, and of
                       the best one before
        best.json      its step, its metrics and the minutes trained, and those
                       of the one before

What is saved is listed explicitly, by the names of networks and optimizers.
Each has checksums beside it. One that is damaged is named, and the one before
is taken.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from absl import logging

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.training import checkpoint_files, checksums, cluster
from nircolor_tf.training.build import Training
from nircolor_tf.training.image_pool import PoolCopy

_BEST = "best.json"
_LATEST = "ckpt"
# As many of those, the newest.
_KEPT = 3


def _variables(owners: Mapping[str, Any]) -> dict[str, list[tf.Variable]]:
    """Every variable of networks or optimizers, by the name of their owner.

    tf.train.Checkpoint(method) silently skips layers kept in a Python list or
    dict of a Keras 3 layer, so nothing here depends on attribute tracking.
    """
    return {
        name: [variable.value for variable in owner.variables]
        for name, owner in owners.items()
    }


def _loss_scale(training: Training) -> dict[str, list[tf.Variable]]:
    scale = training.loss_scale
    return {} if scale is None else {"loss_scale": scale.variables}


def _check_record(record: Any) -> None:
    """Raises a ValueError unless it is what best.json holds."""
    numbers = (int, float)
    if not (
        isinstance(record, dict)
        and type(record.get("step")) is int
        and isinstance(record.get("minutes"), numbers)
        and isinstance(record.get("metrics"), dict)
        and all(isinstance(m, numbers) for m in record["metrics"].values())
    ):
        raise ValueError("expected its step, its minutes and its metrics")
    if record.get("previous") is not None:
        _check_record(record["previous"])


def newest_step(workdir: str | os.PathLike) -> int | None:
    """Returns the step of a workdir's newest checkpoint; None for none."""
    return max(
        checkpoint_files.numbers(Path(workdir, "checkpoints"), _LATEST),
        default=None,
    )


def newest_whole(workdir: str | os.PathLike) -> str | None:
    """Returns the path of the newest checkpoint that is whole; None for none.

    Each newer one is named in a warning.

    Raises:
        InputError: There are checkpoints, and none is whole.
    """
    folder, damaged = Path(workdir, "checkpoints"), []
    for number in checkpoint_files.numbers(folder, _LATEST):
        prefix = folder / f"{_LATEST}-{number}"
        problem = checksums.problem(prefix)
        if problem is None:
            for text in damaged:
                logging.warning("%s; taking %s", text, prefix)
            return str(prefix)
        damaged.append(f"{prefix}: {problem}")
    if damaged:
        raise InputError(
            f"{'; '.join(damaged)}; there is no older checkpoint. "
            "Restore one from a copy, or train in a new --workdir"
        )
    return None


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
        self._is_chief = cluster.is_chief(training.strategy)
        self._pools = {
            name: PoolCopy(pool, training.strategy)
            for name, pool in training.pools.items()
        }
        self._checkpoint = tf.train.Checkpoint(
            step=step,
            seconds=self._seconds,
            averages=[*self._averages.variables, self._averages.step],
            pools={name: pool.variables for name, pool in self._pools.items()},
            **_variables(training.method.networks),
            **_variables(training.optimizers),
            **_loss_scale(training),
        )
        # Made by asking for it: checkpoints of older versions have it.
        self._checkpoint.save_counter  # noqa: B018
        self._step = step

    @property
    def minutes(self) -> float:
        """Wall time trained so far, evaluation included, over all resumes."""
        return float(self._seconds.numpy()) / 60

    def count_time(self, seconds: float) -> None:
        """Adds to the wall time trained."""
        self._seconds.assign_add(seconds)

    def save_latest(self) -> None:
        """Saves everything at the current step.

        Every process calls it, and the chief writes.

        Raises:
            DiskFullError: There is no room; what was there stays.
            InputError: It cannot be written for another reason; likewise.
        """
        for pool in self._pools.values():
            pool.update()
        if not self._is_chief:
            return
        step = int(self._step.numpy())
        path = self._folder / f"{_LATEST}-{step}"
        checkpoint_files.write(self._checkpoint, path)
        # One of a later step is damaged, or it would have been restored.
        earlier = [
            number
            for number in checkpoint_files.numbers(self._folder, _LATEST)
            if number <= step
        ]
        checkpoint_files.keep(self._folder, _LATEST, earlier[:_KEPT])
        checkpoint_files.record_newest(path)

    def restore_latest(self) -> bool:
        """Restores the newest checkpoint; False when there is none.

        Raises:
            InputError: It is damaged, or that of another config.
        """
        path = newest_whole(self._folder.parent)
        if path is None:
            return False
        hint = " (or, with image pools, of this number of devices)"
        with checkpoint_files.damage_named(path, hint):
            status = self._checkpoint.restore(path)
            # The error says it; this spares a page of warnings.
            status.expect_partial()
            status.assert_consumed()
        return True

    def restore_latest_weights(self) -> bool:
        """Restores step, networks and averages of the newest checkpoint.

        What only training needs stays out: image pools are kept per device.

        Raises:
            InputError: It is damaged, or that of another config.
        """
        path = newest_whole(self._folder.parent)
        if path is None:
            return False
        checkpoint = tf.train.Checkpoint(
            step=self._step,
            seconds=self._seconds,
            averages=[*self._averages.variables, self._averages.step],
            **_variables(self._method.networks),
        )
        with checkpoint_files.damage_named(path):
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
        checkpoint_files.write(self._best(), self._folder / f"best-{step}")
        record = {"step": step, "minutes": self.minutes, "metrics": metrics}
        before = self.best_record()
        if before is not None:
            if before["step"] == step:
                before = before.get("previous")
            else:
                before.pop("previous", None)
            record["previous"] = before
        files.write_json(self._folder / _BEST, record)
        kept = [step, before["step"]] if before else [step]
        checkpoint_files.keep(self._folder, "best", kept)

    def best_record(self) -> dict | None:
        """Step and metrics of the best evaluation; None before the first.

        Raises:
            InputError: best.json is damaged.
        """
        path = self._folder / _BEST
        try:
            record = files.read_json(path)
            _check_record(record)
        except FileNotFoundError:
            return None
        except (InputError, ValueError, RecursionError) as error:
            raise InputError(
                f"{path}: damaged: {error}; without it the next evaluation "
                "begins a new one"
            ) from error
        return record

    def restore_best(self) -> dict:
        """Restores the best inference networks; returns their record.

        Where they are damaged, a warning names them, and those that were the
        best before are taken.

        Raises:
            InputError: There are none that are whole, or they are those of
                another config.
        """
        record = self.best_record()
        if record is None:
            raise InputError(
                f"{self._folder}: no best checkpoint; training has not been "
                "evaluated yet (config.train.evaluate_every); "
                "--checkpoint=latest takes the newest one"
            )
        damaged = []
        while record:
            previous = record.pop("previous", None)
            prefix = self._folder / f"best-{record['step']}"
            problem = checksums.problem(prefix)
            if problem is None:
                for text in damaged:
                    logging.warning("%s; taking %s", text, prefix)
                with checkpoint_files.damage_named(prefix):
                    self._best().read(str(prefix)).assert_consumed()
                return record
            damaged.append(f"{prefix}: {problem}")
            record = previous
        raise InputError(
            f"{'; '.join(damaged)}; there is no best checkpoint before; "
            "--checkpoint=latest takes the newest one"
        )

    def _best(self) -> tf.train.Checkpoint:
        return tf.train.Checkpoint(
            **_variables(
                {
                    name: self._method.networks[name]
                    for name in self._method.inference_networks
                }
            )
        )
