"""A checkpoint's files: whole, or not there.

They are written in a folder beside their place, with their checksums
(`checksums.py`), and moved when they are on the disk: the data, the index, the
checksums. A process that dies in between leaves files of which `numbers` knows
that they are no checkpoint.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.training import checksums

# Where files are written. It is not what TensorFlow calls a temporary folder.
_UNFINISHED = ".unfinished"
_ORDER = (".data-", ".index", checksums.SUFFIX)


def write(checkpoint: tf.train.Checkpoint, prefix: str | os.PathLike) -> None:
    """Writes a checkpoint; one of that name is replaced.

    Args:
        checkpoint: What is saved.
        prefix: Of its files, without a suffix.

    Raises:
        DiskFullError: There is no room; what was there stays.
        InputError: It cannot be written for another reason; likewise.
    """
    prefix = Path(prefix)
    folder = prefix.parent / _UNFINISHED
    try:
        remove_unfinished(prefix.parent)
        folder.mkdir(parents=True)
        checkpoint.write(str(folder / prefix.name))
        checksums.write(folder / prefix.name)
        for part in _ORDER:
            for path in folder.glob(f"{prefix.name}{part}*"):
                os.replace(path, prefix.parent / path.name)
    except (tf.errors.OpError, OSError) as error:
        remove_unfinished(prefix.parent)
        raise files.refusal(prefix, error, _size(checkpoint)) from error
    finally:
        remove_unfinished(prefix.parent)


@contextlib.contextmanager
def damage_named(path: str | os.PathLike, hint: str = "") -> Iterator[None]:
    """Names a checkpoint that TensorFlow cannot read, or that does not fit.

    One of an older version has no checksums that would tell it before.

    Args:
        path: For the error.
        hint: What else it may be, behind "not a checkpoint of this config".

    Raises:
        InputError: It is damaged, or that of another config.
    """
    try:
        yield
    # An IndexError comes of a file that was cut off.
    except (
        *(ValueError, AssertionError, IndexError),
        tf.errors.OpError,
    ) as error:
        raise InputError(
            f"{path}: damaged, or not a checkpoint of this config{hint}: "
            f"{error}"
        ) from error


def numbers(folder: str | os.PathLike, name: str) -> list[int]:
    """Returns the numbers N of the checkpoints NAME-N, the newest first.

    Those that were not finished are none.
    """
    found = {
        int(match[1])
        for path in Path(folder).glob(f"{name}-*")
        if path.suffix in (".index", checksums.SUFFIX)
        and (match := re.match(rf"{name}-(\d+)\.", path.name))
    }
    return sorted(found, reverse=True)


def keep(folder: str | os.PathLike, name: str, kept: list[int]) -> None:
    """Removes the files of all checkpoints NAME-N but those of these numbers.

    Raises:
        OSError: One cannot be removed.
    """
    for path in Path(folder).glob(f"{name}-*"):
        match = re.match(rf"{name}-(\d+)\.", path.name)
        if match and int(match[1]) not in kept:
            path.unlink()


def remove_unfinished(folder: str | os.PathLike) -> None:
    """Removes what a process left that died while it wrote a checkpoint."""
    shutil.rmtree(Path(folder, _UNFINISHED), ignore_errors=True)


def record_newest(prefix: str | os.PathLike) -> None:
    """Says which checkpoint is the newest, for TensorFlow's own tools.

    Raises:
        DiskFullError: There is no room.
        InputError: It cannot be written for another reason.
    """
    prefix = Path(prefix)
    state = prefix.parent / "checkpoint"
    # TensorFlow's function for it warns that it is not to be used.
    lines = [
        f'model_checkpoint_path: "{prefix.name}"',
        f'all_model_checkpoint_paths: "{prefix.name}"',
    ]
    with files.replacing(state) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _size(checkpoint: tf.train.Checkpoint) -> int:
    """Returns the bytes of its variables."""
    # What it was made of are its attributes; those with _ are TensorFlow's.
    contents = [
        value
        for name, value in vars(checkpoint).items()
        if not name.startswith("_")
    ]
    return sum(
        variable.shape.num_elements() * variable.dtype.size
        for variable in tf.nest.flatten(contents)
    )
