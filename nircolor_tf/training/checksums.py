"""Checksums of checkpoints: a file that was cut off or changed is noticed.

ckpt-STEP.index, ckpt-STEP.data-*    what TensorFlow writes
ckpt-STEP.sha256                     their SHA-256, as `sha256sum -c` reads
"""

import os
from pathlib import Path

from nircolor_tf import files

SUFFIX = ".sha256"


def write(prefix: str | os.PathLike) -> None:
    """Writes the checksums of a checkpoint, whose files are on the disk then.

    Args:
        prefix: Of its files, without a suffix.

    Raises:
        OSError: A file cannot be read.
        InputError: The checksums cannot be written.
    """
    prefix = Path(prefix)
    lines = []
    for path in sorted(_files(prefix)):
        with open(path, "rb") as file:
            os.fsync(file.fileno())
        lines.append(f"{files.sha256(path)}  {path.name}\n")
    with files.replacing(_path(prefix)) as temporary:
        temporary.write_text("".join(lines))


def problem(prefix: str | os.PathLike) -> str | None:
    """Returns what is wrong with a checkpoint, or None.

    One without checksums, of an older version, is only looked for.

    Args:
        prefix: As for `write`.
    """
    prefix = Path(prefix)
    try:
        lines = _path(prefix).read_text().splitlines()
    except FileNotFoundError:
        lines = []
    except (OSError, UnicodeDecodeError) as error:
        return f"{_path(prefix).name} cannot be read: {error}"
    for line in lines:
        expected, _, name = line.partition("  ")
        path = prefix.with_name(name)
        if not path.is_file():
            return f"{name} is missing"
        if files.sha256(path) != expected:
            return f"{name} is damaged or cut off"
    if not prefix.with_name(f"{prefix.name}.index").is_file():
        return f"{prefix.name}.index is missing"
    return None


def _path(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + SUFFIX)


def _files(prefix: Path) -> list[Path]:
    return [
        path
        for path in prefix.parent.glob(f"{prefix.name}.*")
        if path.suffix != SUFFIX
    ]
