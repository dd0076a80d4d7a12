"""The config of an experiment, in a config file and in a workdir."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict, config_flags

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS

CONFIG_FILE = "config.json"

# Keys that configs did not always have, and the methods that read them.
_LATER_KEYS = (
    ("train", "recompute", METHODS),
    ("evaluate", "paths", METHODS),
    ("export", "tflite", METHODS),
    ("data", "noise", METHODS),
    ("loss", "shift", ("supervised", "colornet")),
)


def read(name: str) -> ConfigDict:
    """Reads a config as bin/train.py does.

    Args:
        name: FILE.py or FILE.py:VARIANT.

    Raises:
        InputError: There is no such file or variant.
    """
    values = flags.FlagValues()
    config_flags.DEFINE_config_file("config", flag_values=values)
    try:
        values(["read", f"--config={name}"])
        return values.config.lock()
    except (flags.Error, OSError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"config {name!r}: {reason}") from error


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
