"""The config of an experiment, in a config file and in a workdir."""

import contextlib
import importlib.resources
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from absl import flags
from ml_collections import ConfigDict, config_flags

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import models
from nircolor_tf.training import older_configs

CONFIG_FILE = "config.json"
_MANIFEST = "data.manifest"

# The flag --config is of the command that defines it.
flags.disclaim_key_flags()


@contextlib.contextmanager
def importable_common(file: str | os.PathLike) -> Iterator[None]:
    """Lets a config file `import common`, the common.py in its own folder.

    Config files are read by path, from any working directory, and their folder
    is no package. Only in here the name `common` stands for that file.

    Args:
        file: The config file.
    """
    folder = str(Path(file).absolute().parent)
    other = sys.modules.pop("common", None)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
        sys.modules.pop("common", None)
        if other is not None:
            sys.modules["common"] = other


class _ConfigFile(flags.ArgumentParser):
    """Reads FILE.py[:VARIANT] into a locked config.

    Beyond what ml_collections does, a config file may import the common.py
    beside it, and may be older than a key.

    Args:
        parser: That of ml_collections.
    """

    def __init__(self, parser: flags.ArgumentParser):
        super().__init__()
        self._parser = parser

    def parse(self, name: str) -> ConfigDict:
        """Returns the config.

        Where the file cannot be read, ml_collections gives in its place what
        raises an OSError when it is used.

        Raises:
            ValueError: The file has no such variant, or imports what is not
                there.
        """
        file, colon, variant = name.partition(":")
        file = _locate(file)
        name = f"{file}{colon}{variant}"
        try:
            with importable_common(file):
                config = self._parser.parse(name)
        except ImportError as error:
            raise ValueError(f"{file}: {error}") from error
        except (LookupError, AttributeError, NameError, TypeError) as error:
            # A mistake in the file, not in a flag.
            raise ValueError(
                f"{file}: {type(error).__name__}: {error}"
            ) from error
        if isinstance(config, ConfigDict):
            older_configs.complete(config, file)
        return config

    def flag_type(self) -> str:
        """What --help calls the value."""
        return self._parser.flag_type()


def _locate(file: str) -> str:
    """Finds a config where it is said to be, or among the shipped ones."""
    package = Path(str(importlib.resources.files("nircolor_tf")))
    # In the wheel, or beside the package in a checkout.
    places = Path(file), package / file, package.parent / file
    return next((str(place) for place in places if place.is_file()), file)


def define_flag(
    help_string: str, flag_values: flags.FlagValues = flags.FLAGS
) -> flags.FlagHolder[ConfigDict]:
    """Defines --config=FILE.py[:VARIANT], and with it --config.KEY=VALUE."""
    holder = config_flags.DEFINE_config_file(
        "config", None, help_string, flag_values
    )
    flag = flag_values["config"]
    flag.parser = _ConfigFile(flag.parser)
    return holder


def read(name: str) -> ConfigDict:
    """Reads a config as bin/train.py does, locked.

    Args:
        name: FILE.py or FILE.py:VARIANT.

    Raises:
        InputError: There is no such file or variant.
    """
    values = flags.FlagValues()
    define_flag("", values)
    try:
        return values["config"].parser.parse(name).lock()
    except (OSError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        raise InputError(f"config {name!r}: {reason}") from error


def cpu_variant(name: str) -> str | None:
    """Finds the variant of a config that is made for a processor.

    Args:
        name: FILE.py or FILE.py:VARIANT.

    Returns:
        FILE.py:cpu or FILE.py:VARIANT,cpu; None where the file has neither, or
        the variant is a small one already.
    """
    file, _, variant = name.partition(":")
    kinds = variant.split(",")
    if "cpu" in kinds or "smoke" in kinds:
        return None
    candidate = f"{file}:{variant},cpu" if variant else f"{file}:cpu"
    try:
        read(candidate)
    except InputError:
        return None
    return candidate


def format_config(config: ConfigDict) -> str:
    """Lists every key, one a line, sorted, with its value as a flag takes it.

    A section is a line of its own, and its keys are indented.
    """
    return "\n".join(_lines(config, ""))


def _lines(section: ConfigDict, indent: str) -> Iterator[str]:
    for key in sorted(section):
        value = section[key]
        if isinstance(value, ConfigDict):
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {value!r}"


def check_same(workdir: Path, config: ConfigDict) -> None:
    """Checks that a workdir, if it has a config, has this one.

    The manifest may be another file: whoever resumes a training compares what
    it holds (`recorded_images.py`).

    Raises:
        InputError: The workdir was trained with another config.
    """
    path = workdir / CONFIG_FILE
    if path.exists():
        before = _flat(json.loads(read_config(workdir).to_json()))
        before[_MANIFEST] = config.data.manifest
        _check_same(before, json.loads(config.to_json()), path)


def write_config(workdir: Path, config: ConfigDict) -> None:
    """Writes the config into a workdir, or the path of its data alone.

    Raises:
        InputError: As `check_same`.
    """
    check_same(workdir, config)
    path = workdir / CONFIG_FILE
    tree = json.loads(config.to_json(sort_keys=True))
    if path.exists():
        if read_config(workdir).data.manifest == config.data.manifest:
            return
        # All else stays as the training began: a record of its version.
        tree = files.read_json(path)
        tree["data"]["manifest"] = config.data.manifest
    workdir.mkdir(parents=True, exist_ok=True)
    files.write_json(path, tree)


def _check_same(old: dict, tree: dict, path: Path) -> None:
    new = _flat(tree)
    changed = [
        f"{key}: {old.get(key)!r} there, {new.get(key)!r} now"
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    ]
    if changed:
        raise InputError(
            f"{path}: the workdir was trained with another config; resume "
            "it without --config, or choose a new --workdir, which may go on "
            f"from its weights: --start_from={models.quoted(path.parent)}. "
            + "; ".join(changed)
        )


def with_absolute_paths(config: ConfigDict) -> ConfigDict:
    """Returns a config that names the same files from any folder, locked.

    Args:
        config: A whole experiment. A relative path in it, such as an older
            workdir may have, is of the working directory.
    """
    config = config.copy_and_resolve_references()
    if config.data.manifest:
        config.data.manifest = os.path.join(os.getcwd(), config.data.manifest)
    return config.lock()


def read_config(workdir: str | os.PathLike) -> ConfigDict:
    """Reads the config that a workdir was trained with, locked.

    Raises:
        InputError: There is none, or it has what no longer exists.
    """
    path = Path(workdir) / CONFIG_FILE
    if not path.exists() and Path(workdir, "card.json").exists():
        raise InputError(
            f"{workdir}: an export, not a training; expected the workdir that "
            "bin/train.py wrote"
        )
    if not path.exists():
        raise InputError(
            f"{path}: no such file; expected a workdir that bin/train.py wrote "
            "(a new training needs --config)"
        )
    return parse_config(files.read_json(path), str(path))


def parse_config(tree: Mapping, where: str) -> ConfigDict:
    """Makes a config of its JSON, locked.

    Args:
        tree: As `json.loads` gives it, of any version.
        where: It was, for the error.

    Raises:
        InputError: It is no config, or has what no longer exists.
    """
    if not isinstance(tree, Mapping) or "method" not in tree:
        raise InputError(f"{where}: has no 'method'; expected a whole config")
    with malformed_named(where):
        config = ConfigDict(_tuples(tree))
        older_configs.complete(config, where)
    return config.lock()


@contextlib.contextmanager
def malformed_named(where: str) -> Iterator[None]:
    """Names a config, or a section, that lacks a key or has a wrong type.

    Args:
        where: It is, for the error.

    Raises:
        InputError: Something in it cannot be what it should.
    """
    try:
        yield
    except InputError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0].strip("'\"")
        raise InputError(
            f"{where}: a key is missing, or a value is of the wrong type: "
            f"{reason}"
        ) from error


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
