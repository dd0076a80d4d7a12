"""Files: nothing half-written, and what is in them told apart."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import resource
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from absl import logging

from nircolor_tf.errors import DiskFullError, InputError

_TEMPORARY, _PARTIAL = ".tmp", ".partial"
# Of a name, in the temporary one: four bytes each at most, of 255.
_LETTERS = 40

# A full disk, a quota that is used up, a limit of the size of files.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def replacing(
    path: str | os.PathLike, needed: int | None = None
) -> Iterator[Path]:
    """Gives a temporary name to write to, which becomes `path` at the end.

    Args:
        path: Target; its folder exists. A file there is replaced.
        needed: Bytes that will be written, for the error, if they are known.

    Yields:
        A path in the same folder.

    Raises:
        DiskFullError: There is no room; nothing is left behind.
        InputError: The system refuses to write; likewise.
    """
    path = Path(path)
    temporary = temporary_name(path, _TEMPORARY)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, path)
    except OSError as error:
        _remove(temporary)
        raise refusal(path, error, needed) from error
    finally:
        _remove(temporary)


def _sync(path: Path) -> None:
    """Waits until a file is on the disk; a name of it may be there before."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: str | os.PathLike) -> None:
    """Waits until all files of a folder are on the disk.

    Call it before a folder that was filled under another name gets its own.
    """
    for path in Path(folder).rglob("*"):
        if path.is_file():
            _sync(path)


@contextlib.contextmanager
def new_folder(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary folder to fill, which becomes `path` at the end.

    Args:
        path: Of the folder; it does not exist then, or is empty.

    Yields:
        A folder as deep as `path`, so that relative paths hold after the move.
        Nothing is left of it after an exception.
    """
    path = Path(path)
    for other in path.parent.glob(f".{glob.escape(path.name[:_LETTERS])}.*"):
        if other.suffix == _PARTIAL:
            logging.warning(
                "%s: left by a program that was killed, or that is running; "
                "if none is, delete it",
                other,
            )
    folder = temporary_name(path, _PARTIAL)
    folder.mkdir(parents=True)
    try:
        yield folder
        sync_folder(folder)
        os.rename(folder, path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def temporary_name(path: Path, suffix: str) -> Path:
    """Returns a hidden name beside a path, which nobody else has.

    Args:
        path: Its name begins the other, so that one is known by the other.
        suffix: Of the other.
    """
    # The number of the process is 1 in every container.
    token = secrets.token_hex(4)
    return path.with_name(f".{path.name[:_LETTERS]}.{token}{suffix}")


@contextlib.contextmanager
def refusals_named(path: str | os.PathLike) -> Iterator[None]:
    """Names a file or folder where the system refuses to write to it.

    Args:
        path: For the error.

    Raises:
        DiskFullError: There is no room.
        InputError: The system refuses for another reason.
    """
    try:
        yield
    except OSError as error:
        raise refusal(path, error) from error


@contextlib.contextmanager
def appending(path: str | os.PathLike) -> Iterator[TextIO]:
    """Opens a text file at its end: all that is written is added, or nothing.

    Args:
        path: Of the file; it is made where it does not exist.

    Yields:
        The file, for the module csv.

    Raises:
        DiskFullError: There is no room; the file is as it was.
        InputError: The system refuses to write; likewise.
    """
    path = Path(path)
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", newline="", encoding="utf-8") as file:
            yield file
    except OSError as error:
        with contextlib.suppress(OSError):
            os.truncate(path, before)
        raise refusal(path, error) from error


def check_no_pattern(flag: str, folder: str | os.PathLike) -> None:
    """Refuses a folder in which TensorFlow would not find its files again.

    It reads the path of a checkpoint or a SavedModel as a pattern.

    Args:
        flag: That gave the folder.
        folder: To be written to.

    Raises:
        InputError: Its whole path has `[...]` or a backslash in it.
    """
    path = str(Path(folder).resolve())
    if "\\" in path or "]" in path.partition("[")[2]:
        raise InputError(
            f"--{flag}={folder}: {path} is a pattern to TensorFlow, which "
            "would not find its files again; expected a path without brackets "
            "and backslashes"
        )


def remove_temporaries(folder: str | os.PathLike) -> None:
    """Removes what processes left of `replacing` that were killed.

    Args:
        folder: In which no other process writes; it may not exist.
    """
    for path in Path(folder).glob(f".*{_TEMPORARY}"):
        _remove(path)


def refusal(
    path: str | os.PathLike, error: Exception, needed: int | None = None
) -> InputError:
    """Returns the error for a file that cannot be written.

    Args:
        path: Of the file, or the beginning of its name.
        error: Of the system or of a library; those of a full disk are told by
            the words of the system in them.
        needed: Bytes that should have been written, if they are known. What
            was written of them is removed before.
    """
    reason = getattr(error, "strerror", None) or " ".join(str(error).split())
    number = next((n for n in _FULL if os.strerror(n) in reason), None)
    if number is None:
        return InputError(f"{path}: cannot be written: {reason}")
    words = f"{path}: cannot be written: {os.strerror(number)}"
    if needed is not None:
        words += f": it needs {_size(needed)}"
    if number == errno.EFBIG:
        limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
        words += f"; `ulimit -f` allows files of {_size(limit)}"
    elif number == errno.ENOSPC:
        folder = Path(path).parent
        free = shutil.disk_usage(folder).free
        words += f"; {folder} has {_size(free)} left"
        if needed is not None and needed > free:
            words += f", {_size(needed - free)} are missing"
    return DiskFullError(words)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 1e5 else f"{count:,} bytes"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def read_json(path: str | os.PathLike) -> Any:
    """Reads a JSON file.

    Args:
        path: The file, in UTF-8.

    Raises:
        FileNotFoundError: There is none.
        InputError: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error


def write_json(
    path: str | os.PathLike, content: Any, allow_nan: bool = True
) -> None:
    """Writes a JSON file of many lines; a file there is replaced.

    Args:
        path: The file; its folder exists.
        content: Dicts, lists, texts, numbers.
        allow_nan: Whether numbers may be no numbers, which strict readers of
            JSON refuse.

    Raises:
        ValueError: A number is none, and may not be.
        DiskFullError: There is no room; nothing is left behind.
        InputError: The system refuses to write; likewise.
    """
    text = json.dumps(content, indent=2, allow_nan=allow_nan) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
