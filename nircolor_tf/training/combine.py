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

from nircolor_tf import files
from nircolor_tf.data import lineage, manifest, training_data
from nircolor_tf.data.training_data import TrainingData
from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method
from nircolor_tf.training import (
    build,
    command_log,
    compatibility,
    config_files,
    model_lineage,
    restore,
)
from nircolor_tf.training.checkpoints import Checkpoints
from nircolor_tf.training.evaluator import Evaluator
from nircolor_tf.training.warm_start import Start

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
# Sections of each member's config that the new config keeps.
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
    ensemble = build.make_method(config)
    for name, (method, _) in zip(ensemble.networks, loaded, strict=True):
        ensemble.networks[name].set_weights(method.colorizer.get_weights())
    metrics, _ = Evaluator(ensemble, validation, config.evaluate).evaluate()
    seen = [training_data.read(member) for member in members]
    minutes = sum(record["minutes"] for _, record in loaded)
    _write(ensemble, workdir, metrics, minutes, seen, members, command)
    return metrics


def average(
    members: Sequence[Start],
    shares: Sequence[float],
    workdir: str | os.PathLike,
    command: str | None = None,
) -> dict[str, float]:
    """Writes a workdir like the first member's, with the mean of all weights.

    Args:
        members: Of workdirs or exports; the first of a workdir. All are of
            one method of a single phase, with the same networks, and were
            trained from the same weights on: of others the mean is noise. The
            best checkpoint of a training that went on from a good model is
            often that model; the latest one is the better member.
        shares: Of each member, above 0; divided by their sum.
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
    _check_flags([member.source for member in members], workdir)
    if len(shares) != len(members) or not all(
        0 < share < math.inf for share in shares
    ):
        raise InputError(
            f"--shares={','.join(map(str, shares))}: expected one above 0 for "
            f"each of {len(members)} members"
        )
    shares = [share / sum(shares) for share in shares]
    config = _averaged_config(members, shares)
    method = build.make_method(config)
    _set_mean(method, members, shares)
    validation = manifest.select(
        manifest.read_manifest(config.data.manifest), config.evaluate.split
    )
    metrics, _ = Evaluator(method, validation, config.evaluate).evaluate()
    minutes = sum(member.record["minutes"] for member in members)
    seen = [member.training for member in members]
    sources = [member.source for member in members]
    _write(method, workdir, metrics, minutes, seen, sources, command)
    return metrics


def _set_mean(
    method: Method, members: Sequence[Start], shares: Sequence[float]
) -> None:
    """Gives a method the mean of the members' weights."""
    for member in members:
        member.apply(method)  # refuses a member that does not fit
    for name in method.inference_networks:
        columns = zip(*(each.weights[name] for each in members), strict=True)
        method.networks[name].set_weights(
            [np.average(column, axis=0, weights=shares) for column in columns]
        )


def _averaged_config(
    members: Sequence[Start], shares: Sequence[float]
) -> ConfigDict:
    """That of the first member, trained for all the steps of all."""
    first = members[0]
    for member in members:
        if member.method != first.method:
            raise InputError(
                f"{member.source}: its method is {member.method!r}; expected "
                f"{first.method!r}, that of {first.source}"
            )
        compatibility.check(
            str(member.source),
            member.record["config"],
            first.record["config"],
            f"{first.source} has it",
        )
    config = ConfigDict(config_files.read_config(first.source).to_dict())
    if "schedule" in METHODS[config.method].config_keys:
        raise InputError(
            f"{first.source}: the phases of {config.method!r} have no one "
            "length; expected a method with config.train.steps"
        )
    config.train.steps = sum(member.record["step"] for member in members)
    config.averaged = {
        f"member_{number}": {"share": share, **member.record}
        for number, (share, member) in enumerate(
            zip(shares, members, strict=True), start=1
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
    files.check_no_pattern("workdir", workdir)


def _config(loaded: Sequence[tuple[Method, dict]]) -> ConfigDict:
    """That of an ensemble, trained for all the steps of its members."""
    configs = {
        f"member_{number}": method.config
        for number, (method, _) in enumerate(loaded, start=1)
    }
    first = configs["member_1"]
    config = ConfigDict({name: first[name].to_dict() for name in _SECTIONS})
    config.method, config.seed = "ensemble", first.seed
    config.members = {
        name: member.network.to_dict() for name, member in configs.items()
    }
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
        if config.inference.mirror:
            raise InputError(
                f"{member}: config.inference.mirror is True; expected False"
            )
        compatibility.check(str(member), config, first, f"{members[0]} has it")


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
        for member in members:
            lineage.add(folder, model_lineage.of(member))
        checkpoints = Checkpoints(folder, training, step)
        checkpoints.count_time(60 * minutes)
        checkpoints.save_best(metrics)
        checkpoints.save_latest()
        if command is not None:
            command_log.append(folder, command, config.train.steps, members)
        files.sync_folder(folder)
        folder.rename(workdir)
