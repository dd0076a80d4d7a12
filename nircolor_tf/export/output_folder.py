"""The folder of an export: it appears whole, and replaces an export alone."""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import card_checks, cards


def check(
    output: str | os.PathLike,
    overwrite: bool,
    inputs: Sequence[str | os.PathLike | None],
) -> Path:
    """Returns the folder of a new export.

    Args:
        output: The folder.
        overwrite: Whether it may exist: as an export, or empty.
        inputs: Folders that the export is made of; '' or None for none.

    Raises:
        InputError: Its name is none for an export, or its path a pattern; it
            exists and may not, or is something else; or one of `inputs` lies
            in it.
    """
    output = Path(output)
    files.check_no_pattern("output", output)
    card_checks.check_name(
        f"{output}: the folder gives the export its name", output.name
    )
    if os.path.lexists(output):
        if not overwrite:
            raise InputError(
                f"{output}: exists already; choose another --output or say "
                "--overwrite"
            )
        _check_replaceable(output)
    for folder in filter(None, inputs):
        if Path(folder).resolve().is_relative_to(output.resolve()):
            raise InputError(
                f"{output}: {folder} is in it, which is read for the export; "
                "choose another --output"
            )
    return output


def _check_replaceable(output: Path) -> None:
    """Refuses to delete what bin/export.py cannot have written."""
    with files.refusals_named(output):
        if output.is_symlink():
            raise InputError(
                f"{output}: a link; --overwrite replaces a folder, name the "
                "one that it leads to"
            )
        if not output.is_dir() or (
            any(output.iterdir()) and not (output / cards.CARD_FILE).is_file()
        ):
            raise InputError(
                f"{output}: no export; --overwrite replaces an export, a "
                f"folder with {cards.CARD_FILE}, and nothing else"
            )


@contextlib.contextmanager
def replacing(output: Path) -> Iterator[Path]:
    """Yields a temporary folder that becomes `output` when all went well.

    Args:
        output: The folder of an export; what is there then is replaced.

    Raises:
        DiskFullError: There is no room; what was there stays.
        InputError: The system refuses to write, or what is there is no
            export; likewise.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # Without an error where the folder has its new name.
        with tempfile.TemporaryDirectory(
            prefix=".export-", dir=output.parent, ignore_cleanup_errors=True
        ) as temporary:
            # Others may read it; the temporary one is its owner's alone.
            folder = Path(temporary, "export")
            folder.mkdir()
            yield folder
            files.sync_folder(folder)
            _rename(folder, output)
    except (OSError, tf.errors.OpError) as error:
        raise files.refusal(output, error) from error


def _rename(folder: Path, output: Path) -> None:
    """Gives a folder its name; one that has it moves to its old place."""
    replaced = folder.with_name("replaced")
    try:
        if os.path.lexists(output):
            # It may have come while the export was written.
            _check_replaceable(output)
            output.replace(replaced)
        folder.replace(output)
    finally:
        if replaced.exists() and not output.exists():
            replaced.replace(output)
