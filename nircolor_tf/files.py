"""Files: nothing half-written, and what is in them told apart."""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from nircolor_tf.errors import InputError


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Gives a temporary name to write to, which becomes `path` at the end.

    Args:
        path: Target; its folder exists. A file there is replaced.

    Yields:
        A path in the same folder.

    Raises:
        InputError: The system refuses to write; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written: {error.strerror}"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of a file's bytes, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
