"""Combines trained models into one.

`combine` averages what the members make. It writes a workdir of the method
`ensemble` from members that were trained apart, each with a seed, losses and
augmentation of its own. The result costs as much as all of them together.

`average` averages the weights of members that went on from the same weights,
each in a way of its own (Wortsman et al., Model soups, ICML 2022,
https://arxiv.org/abs/2203.05482). The result costs as much as one of them.
"""

import math
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import manifest, training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method
from nircolor_tf.training import (
    build,
    command_log,
    config_files,
    restore,
    warm_start,
)
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluator import Evaluator

# Sections of the first member's config that the ensemble takes over.
_SECTIONS = (
    "loss",
    "optimizer",
    "rate",
    "data",
    "train",
    "evaluate",
    "inference",
    "export",
)
# What each member's config is remembered by.
_REMEMBERED = (
    "seed",
    "loss",
    "optimizer",
    "rate",
    "data",
    "train",
    "inference",
)


def combine(
    members: Sequence[str | os.PathLike],
    workdir: str | os.PathLike,
    command: str | None = None,
) -> dict[str, float]:
    """Writes a workdir of the method 'ensemble' with these members' weights.

    Args:
        members: Workdirs of the method 'supervised', finished or not; of each
            the best checkpoint is taken.
        workdir: To write; measured on the validation pairs of the first
            member's manifest. Its config names, under `combined`, how each
            member was trained.
        command: The command line, for commands.json; None where there is none.

    Returns:
        Its validation metrics, '<protocol>/<metric>'.

    Raises:
        InputError: Fewer than two members, another method, members that do
            not fit each other or have no training record, or `workdir`
            exists.
    """
    _check_flags(members, workdir)
    loaded = [restore.load_method(member, "best") for member in members]
    _check_alike([method for method, _ in loaded], members)
    config = _config(loaded)
    validation = manifest.select(
        manifest.read_manifest(config.data.manifest), config.evaluate.split
    )
    ensemble = build.make_method(config, mixed_bfloat16=False)
    for name, (method, _) in zip(ensemble.networks, loaded, strict=True):
        ensemble.networks[name].set_weights(method.colorizer.get_weights())
    metrics, _ = Evaluator(ensemble, validation, config.evaluate).evaluate()
    seen = [training_data.read(member) for member in members]
    minutes = sum(record["minutes"] for _, record in loaded)
    _write(ensemble, workdir, metrics, minutes, seen, members, command)
    return metrics


def average(
    members: Sequence[str | os.PathLike],
    shares: Sequence[float],
    checkpoint: str,
    workdir: str | os.PathLike,
    command: str | None = None,
) -> dict[str, float]:
    """Writes a workdir like the first member's, with the mean of all weights.

    Args:
        members: Workdirs or exports; the first is a workdir. All of one
            method of a single phase, with the same networks, and trained
            from the same weights on: of others the mean is noise.
        shares: Of each member, above 0; divided by their sum.
        checkpoint: Of the workdirs, 'best' or 'latest'. What went on from a
            good model often has its best in what it started from.
        workdir: To write; measured on the validation pairs of the first
            member's manifest. Its config names, under `averaged`, what each
            member was.
        command: As for `combine`.

    Returns:
        Its validation metrics, '<protocol>/<metric>'.

    Raises:
        InputError: Fewer than two members, not as many shares, members that
            do not fit each other or have no training record, or `workdir`
            exists.
    """
    _check_flags(members, workdir)
    if len(shares) != len(members) or not all(
        0 < share < math.inf for share in shares
    ):
        raise InputError(
            f"--shares={','.join(map(str, shares))}: expected one above 0 for "
            f"each of {len(members)} members"
        )
    shares = [share / sum(shares) for share in shares]
    starts = [warm_start.read(member, checkpoint) for member in members]
    config = _averaged_config(members[0], starts, shares)
    method = build.make_method(config, mixed_bfloat16=False)
    for start in starts:
        start.apply(method)  # refuses what does not fit
    for name in method.inference_networks:
        columns = zip(*(start.weights[name] for start in starts), strict=True)
        method.networks[name].set_weights(
            [np.average(column, axis=0, weights=shares) for column in columns]
        )
    validation = manifest.select(
        manifest.read_manifest(config.data.manifest), config.evaluate.split
    )
    metrics, _ = Evaluator(method, validation, config.evaluate).evaluate()
    minutes = sum(start.record["minutes"] for start in starts)
    seen = [start.training for start in starts]
    _write(method, workdir, metrics, minutes, seen, members, command)
    return metrics


def _averaged_config(
    first: str | os.PathLike,
    starts: Sequence[warm_start.Start],
    shares: Sequence[float],
) -> ConfigDict:
    """That of the first member, trained for all the steps of all."""
    config = ConfigDict(config_files.read_config(first).to_dict())
    if "schedule" in METHODS[config.method].config_keys:
        raise InputError(
            f"{first}: the phases of {config.method!r} have no one length; "
            "expected a method with config.train.steps"
        )
    config.train.steps = sum(start.record["step"] for start in starts)
    config.averaged = {
        f"member_{number}": {"share": share, **start.record}
        for number, (share, start) in enumerate(
            zip(shares, starts, strict=True), start=1
        )
    }
    return config.lock()


def _check_flags(
    members: Sequence[str | os.PathLike], workdir: str | os.PathLike
) -> None:
    if len(members) < 2:
        raise InputError(
            f"--members={','.join(map(str, members))}: expected two or more"
        )
    if Path(workdir).exists():
        raise InputError(f"{workdir}: exists already; choose another --workdir")


def _config(loaded: Sequence[tuple[Method, dict]]) -> ConfigDict:
    """That of an ensemble, trained for all the steps of its members."""
    configs = {
        f"member_{number}": method.config
        for number, (method, _) in enumerate(loaded, start=1)
    }
    first = configs["member_1"]
    config = ConfigDict({name: first[name].to_dict() for name in _SECTIONS})
    config.method, config.seed = "ensemble", first.seed
    config.members = {n: c.network.to_dict() for n, c in configs.items()}
    config.combined = {
        name: {
            "best_step": record["step"],
            **{part: described[part] for part in _REMEMBERED},
        }
        for name, described, (_, record) in zip(
            configs,
            map(config_files.describe_config, configs.values()),
            loaded,
            strict=True,
        )
    }
    config.train.steps = sum(record["step"] for _, record in loaded)
    return config.lock()


def _check_alike(
    methods: Sequence[Method], members: Sequence[str | os.PathLike]
) -> None:
    first = methods[0].config
    for method, member in zip(methods, members, strict=True):
        config = method.config
        if config.method != "supervised":
            raise InputError(
                f"{member}: trained with the method {config.method!r}; "
                "expected 'supervised', one network"
            )
        for key, value, expected in (
            ("inference.mirror", config.inference.mirror, False),
            (
                "inference.working_size",
                config.inference.working_size,
                first.inference.working_size,
            ),
            (
                "data.value_range",
                tuple(config.data.value_range),
                tuple(first.data.value_range),
            ),
        ):
            if value != expected:
                raise InputError(
                    f"{member}: config.{key} is {value}; expected {expected}"
                )


def _write(
    method: Method,
    workdir: str | os.PathLike,
    metrics: dict[str, float],
    minutes: float,
    seen: Sequence[TrainingData],
    members: Sequence[str | os.PathLike],
    command: str | None,
) -> None:
    """As best and, at the last step, as newest: bin/train.py is done there."""
    config = method.config
    step = tf.Variable(config.train.steps, dtype=tf.int64, trainable=False)
    training = build.prepare_training(method, tf.distribute.get_strategy())
    parent = Path(workdir).parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".combine-") as scratch:
        folder = Path(scratch, "workdir")
        config_files.write_config(folder, config)
        for images in seen:
            # With a gap it would call images clean that a member has seen.
            training_data.write(folder, images)
        checkpoints = Checkpoints(folder, training, step)
        checkpoints.count_time(60 * minutes)
        checkpoints.save_best(metrics)
        checkpoints.save_latest()
        if command is not None:
            command_log.append(folder, command, config.train.steps, members)
        folder.rename(workdir)
