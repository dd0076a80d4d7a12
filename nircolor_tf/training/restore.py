"""A method from a config or a workdir, and a Colorizer from a method."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf import files
from nircolor_tf.data import pipeline
from nircolor_tf.errors import InputError
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import CHANNELS, InferencePath, Method
from nircolor_tf.training import recompute
from nircolor_tf.training.averages import MovingAverages
from nircolor_tf.training.checkpoints import Checkpoints

CONFIG_FILE = "config.json"

# Keys that configs did not always have, and the methods that read them.
_LATER_KEYS = (
    ("train", "recompute", METHODS),
    ("evaluate", "paths", METHODS),
    ("export", "tflite", METHODS),
    ("data", "noise", METHODS),
    ("loss", "shift", ("supervised", "colornet")),
)


def make_method(config: ConfigDict, mixed_bfloat16: bool) -> Method:
    """Builds the method that `config.method` names, with seeded weights.

    Args:
        config: A whole experiment.
        mixed_bfloat16: Whether to compute in bfloat16; weights and outputs
            are float32 either way.

    Raises:
        InputError: The name is unknown.
    """
    if config.method not in METHODS:
        raise InputError(
            f"config.method is {config.method!r}; expected one of "
            f"{', '.join(sorted(METHODS))}"
        )
    keras.utils.set_random_seed(config.seed)
    keras.config.set_dtype_policy(
        "mixed_bfloat16" if mixed_bfloat16 else "float32"
    )
    try:
        method = METHODS[config.method](config)
    finally:
        keras.config.set_dtype_policy("float32")
    if config.train.recompute:
        recompute.recompute_activations(method)
    return method


def write_config(workdir: Path, config: ConfigDict) -> None:
    """Writes the config into a workdir, or checks that it is the same.

    Raises:
        InputError: The workdir was trained with another config.
    """
    path = workdir / CONFIG_FILE
    text = json.dumps(json.loads(config.to_json()), indent=2, sort_keys=True)
    if path.exists():
        old, new = _flat(json.loads(path.read_text())), _flat(json.loads(text))
        changed = [
            f"{key}: {old.get(key)!r} there, {new.get(key)!r} now"
            for key in sorted(old.keys() | new.keys())
            if old.get(key) != new.get(key)
        ]
        if changed:
            raise InputError(
                f"{path}: the workdir was trained with another config; resume "
                "it without --config, or choose a new --workdir. "
                + "; ".join(changed)
            )
        return
    workdir.mkdir(parents=True, exist_ok=True)
    with files.replacing(path) as temporary:
        temporary.write_text(text)


def read_config(workdir: str | os.PathLike) -> ConfigDict:
    """Reads the config that a workdir was trained with, locked.

    Raises:
        InputError: There is none, or an older version wrote it.
    """
    path = Path(workdir) / CONFIG_FILE
    if not path.exists():
        raise InputError(
            f"{path}: no such file; expected a workdir that bin/train.py wrote "
            "(a new training needs --config)"
        )
    try:
        tree = json.loads(path.read_text())
    except ValueError as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    return parse_config(tree, str(path))


def parse_config(tree: Mapping, where: str) -> ConfigDict:
    """Makes a config of what JSON kept of it, locked.

    Args:
        tree: As `json.loads` gives it.
        where: It was, for the error.

    Raises:
        InputError: An older version wrote it.
    """
    config = ConfigDict(_tuples(tree))
    missing = [
        f"{section}.{key}"
        for section, key, methods in _LATER_KEYS
        if config.get("method") in methods
        and key not in config.get(section, {})
    ]
    if missing:
        raise InputError(
            f"{where}: has no {' and no '.join(missing)}: an older version "
            "wrote it; add what configs/ has there, or train again"
        )
    return config.lock()


def describe_config(config: ConfigDict) -> dict:
    """A whole experiment as plain JSON, for those who read about it.

    Of the manifest's path only the name: the rest is of the machine that
    trained, and tells nobody else anything.
    """
    described = json.loads(config.to_json())
    described["data"]["manifest"] = Path(config.data.manifest).name
    return described


def load_method(
    workdir: str | os.PathLike, checkpoint: str
) -> tuple[Method, dict]:
    """Rebuilds a trained method in float32, without a strategy.

    Args:
        workdir: That bin/train.py wrote.
        checkpoint: 'best' on validation, or 'latest', with the moving average
            applied in both.

    Returns:
        The method and the record of its weights: step, minutes trained, and
        for 'best' its validation metrics.
    """
    config = read_config(workdir)
    method = make_method(config, mixed_bfloat16=False)
    averages = MovingAverages(
        method, config.train.average_decay, tf.distribute.get_strategy()
    )
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    checkpoints = Checkpoints(workdir, method, averages, step)
    if checkpoint == "best":
        return method, checkpoints.restore_best()
    if not checkpoints.restore_latest_weights():
        raise InputError(f"{workdir}: no checkpoint yet; train it first")
    averages.apply()
    record = {"step": int(step.numpy()), "minutes": checkpoints.minutes}
    return method, record


def make_colorizer(method: Method, path: str | None = None) -> Colorizer:
    """Wraps an inference path, [0, 1] in and out, any image size.

    Args:
        method: Trained or not.
        path: One of its `inference_paths`; the first by default.

    Raises:
        InputError: It has no such path.
    """
    taken = find_path(method, path)
    value_range = method.config.data.value_range

    @tf.function(
        input_signature=[tf.TensorSpec((1, None, None, 1), tf.float32)]
    )
    def colorize(image):
        result = taken.run(pipeline.to_range(image, value_range))
        return pipeline.from_range(result, value_range)

    return Colorizer(
        predict=lambda image: colorize(image).numpy(),
        size_multiple=method.size_multiple,
        minimum_size=method.size_multiple,
        working_size=method.config.inference.working_size or None,
        fusion=method.fusion_parameters() if taken.target == "rgb" else None,
        channels=CHANNELS[taken.target],
    )


def find_path(method: Method, name: str | None) -> InferencePath:
    """Returns the inference path of that name, or the first.

    Raises:
        InputError: The method has no such path.
    """
    paths = method.inference_paths()
    if name is None:
        return next(iter(paths.values()))
    if name not in paths:
        raise InputError(
            f"path {name!r}: {method.config.method} has none of that name; "
            f"expected one of {', '.join(paths)}"
        )
    return paths[name]


def _flat(tree: dict, prefix: str = "") -> dict:
    result = {}
    for key, value in tree.items():
        if isinstance(value, dict):
            result |= _flat(value, f"{prefix}{key}.")
        else:
            result[f"{prefix}{key}"] = value
    return result


def _tuples(tree):
    """JSON has lists where the config had tuples."""
    if isinstance(tree, dict):
        return {key: _tuples(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return tuple(_tuples(value) for value in tree)
    return tree
