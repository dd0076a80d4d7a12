"""A resumed training reads the images that it began with, wherever they lie.

A workdir records the lines of the manifest that its training reads. On resuming
they are compared with the manifest of today, which may be another file, of data
that has moved: name, split, hashes, channel and levels must be the same.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ml_collections import ConfigDict

from nircolor_tf.data import manifest
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.training import config_files

FILE = "images.csv"


def check(
    workdir: str | os.PathLike, config: ConfigDict, examples: Sequence[Example]
) -> None:
    """Compares what a training is about to read with what it began with.

    Args:
        workdir: New or not.
        config: The whole experiment, as `config_files.with_absolute_paths`
            returns it.
        examples: All that it reads of config.data.manifest.

    Raises:
        InputError: They differ; the message counts the images and names the
            first. Or the manifest is another file, and the workdir is an
            older one without a record; or a new workdir is its folder.
    """
    path = config.data.manifest
    if not Path(workdir, config_files.CONFIG_FILE).exists():
        _check_place(Path(workdir), Path(path))
        return
    if not Path(workdir, FILE).exists():
        before = config_files.with_absolute_paths(
            config_files.read_config(workdir)
        ).data.manifest
        if os.path.realpath(before) != os.path.realpath(path):
            raise InputError(
                f"{path}: {workdir} was trained on {before}, and as an older "
                "version wrote it, it has no record to compare them by; "
                "resume it with that manifest, from the folder where it began"
            )
        return
    recorded = manifest.read_manifest(Path(workdir, FILE))
    difference = _describe_difference(recorded, examples)
    if difference:
        raise InputError(
            f"{path}: not the images that {workdir} was trained on: "
            f"{difference}; resume it with the same, or choose a new --workdir"
        )


def write(workdir: str | os.PathLike, examples: Sequence[Example]) -> None:
    """Records all that a training reads.

    Raises:
        InputError: The file cannot be written.
    """
    manifest.write_manifest(Path(workdir, FILE), examples)


def read(workdir: str | os.PathLike) -> list[Example]:
    """Returns what a training recorded.

    Empty for a workdir without a record, of an older version or a mean.

    Raises:
        InputError: The record is malformed.
    """
    path = Path(workdir, FILE)
    return manifest.read_manifest(path) if path.is_file() else []


def _check_place(workdir: Path, path: Path) -> None:
    """Keeps a record from the place where `data/distill.py` has its own."""
    if path.parent.resolve() == workdir.resolve():
        raise InputError(
            f"{workdir}: config.data.manifest lies there, and the training "
            "would write beside it; expected another --workdir"
        )


def _describe_difference(
    before: Sequence[Example], now: Sequence[Example]
) -> str:
    """Says how two lists differ in content; '' where they do not."""
    old, new = (
        {one.name: one for one in examples} for examples in (before, now)
    )
    names = [
        name
        for name in {**old, **new}
        if name not in old
        or name not in new
        or old[name].content != new[name].content
    ]
    if names:
        first = names[0]
        if first not in new:
            reason = "is missing"
        elif first not in old:
            reason = "is new"
        else:
            reason = _describe_change(old[first], new[first])
        return (
            f"{len(names)} of {len(old)} differ; the first, {first!r}, {reason}"
        )
    if [*old] != [*new]:
        return "they are the same ones in another order"
    return ""


def _describe_change(before: Example, now: Example) -> str:
    changes = [
        f"{column} {old} then, {new} now"
        for column, old, new in zip(
            manifest.CONTENT, before.content, now.content, strict=True
        )
        if old != new
    ]
    return f"has another {changes[0]}"
