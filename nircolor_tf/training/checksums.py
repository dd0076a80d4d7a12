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
    listed = _path(prefix)
    try:
        lines = listed.read_text().splitlines()
    except FileNotFoundError:
        lines = None
    except (OSError, UnicodeDecodeError) as error:
        return f"{listed.name} cannot be read: {error}"
    if lines is not None:
        return _difference(prefix, lines)
    if not prefix.with_name(f"{prefix.name}.index").is_file():
        return f"{prefix.name}.index is missing"
    return None


def _difference(prefix: Path, lines: list[str]) -> str | None:
    """Returns what is not as the lines of its checksums say, or None."""
    expected = {}
    for line in lines:
        digest, _, name = line.partition("  ")
        if not name.startswith(f"{prefix.name}.") or "/" in name:
            return f"{_path(prefix).name} is damaged or cut off"
        expected[name] = digest
    actual = {path.name: path for path in _files(prefix)}
    for name, digest in expected.items():
        if name not in actual:
            return f"{name} is missing"
        if files.sha256(actual[name]) != digest:
            return f"{name} is damaged or cut off"
    if len(expected) < 2:  # an index and the data
        return f"{_path(prefix).name} is damaged or cut off"
    return None


def _path(prefix: Path) -> Path:
    return prefix.with_name(prefix.name + SUFFIX)


def _files(prefix: Path) -> list[Path]:
    return [
        path
        for path in prefix.parent.glob(f"{prefix.name}.*")
        if path.suffix != SUFFIX
    ]
