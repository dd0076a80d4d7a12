"""One model of several: trainings of their own, whose mean is the result.

What `methods/ensemble.py` trains side by side, made of members that were
trained apart, each with a seed, losses and augmentation of its own.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import manifest, training_data
from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import restore
from nircolor_tf.training.averages import MovingAverages
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
    members: Sequence[str | os.PathLike], workdir: str | os.PathLike
) -> dict[str, float]:
    """Writes a workdir of the method 'ensemble' with these members' weights.

    Args:
        members: Workdirs of the method 'supervised', finished or not; of each
            the best checkpoint is taken.
        workdir: To write; measured on the validation pairs of the first
            member's manifest. Its config names, under `combined`, how each
            member was trained.

    Returns:
        Its validation metrics, '<protocol>/<metric>'.

    Raises:
        InputError: Fewer than two members, another method, members that do
            not fit each other or have no training record, or `workdir`
            exists.
    """
    if len(members) < 2:
        raise InputError(
            f"--members={','.join(map(str, members))}: expected two or more"
        )
    if Path(workdir).exists():
        raise InputError(f"{workdir}: exists already; choose another --workdir")
    loaded = [restore.load_method(member, "best") for member in members]
    _check_alike([method for method, _ in loaded], members)
    config = _config(loaded)
    validation = manifest.select(
        manifest.read_manifest(config.data.manifest), config.evaluate.split
    )
    ensemble = restore.make_method(config, mixed_bfloat16=False)
    for name, (method, _) in zip(ensemble.network_names, loaded, strict=True):
        getattr(ensemble, name).set_weights(method.colorizer.get_weights())
    metrics, _ = Evaluator(ensemble, validation, config.evaluate).evaluate()
    parent = Path(workdir).parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, prefix=".combine-") as scratch:
        folder = Path(scratch, "workdir")
        restore.write_config(folder, config)
        for member in members:
            # With a gap it would call images clean that a member has seen.
            training_data.write(folder, training_data.read(member))
        _save(ensemble, folder, metrics, sum(r["minutes"] for _, r in loaded))
        folder.rename(workdir)
    return metrics


def _config(loaded: Sequence[tuple[Method, dict]]) -> ConfigDict:
    """That of an ensemble, trained for all the steps of its members."""
    configs = {
        f"member_{number}": method.config
        for number, (method, _) in enumerate(loaded, start=1)
    }
    first = configs["member_1"]
    config = ConfigDict({name: first[name].to_dict() for name in _SECTIONS})
    config.method, config.seed = "ensemble", first.seed
    config.inference = {"working_size": first.inference.working_size}
    config.members = {n: c.network.to_dict() for n, c in configs.items()}
    config.combined = {
        name: {
            "best_step": record["step"],
            **{part: described[part] for part in _REMEMBERED},
        }
        for name, described, (_, record) in zip(
            configs,
            map(restore.describe_config, configs.values()),
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


def _save(
    ensemble: Method,
    workdir: Path,
    metrics: dict[str, float],
    minutes: float,
) -> None:
    """As best and, at the last step, as newest: bin/train.py is done there."""
    config = ensemble.config
    step = tf.Variable(config.train.steps, dtype=tf.int64, trainable=False)
    averages = MovingAverages(
        ensemble, config.train.average_decay, tf.distribute.get_strategy()
    )
    checkpoints = Checkpoints(workdir, ensemble, averages, step)
    checkpoints.count_time(60 * minutes)
    checkpoints.save_best(metrics)
    checkpoints.save_latest()
