"""commands.json of a workdir: the command lines that made it.

    [{"step": null, "command": "bin/train.py --config=... --workdir=runs/one"},
     {"step": 0, "command": "bin/train.py --start_from=runs/one ..."},
     {"step": 600, "command": "bin/train.py --workdir=runs/two"}]

An entry for every start and resume, with the step at which it began. Before
them are, without a step, the commands of the models that it is made of: of
`--start_from`, or of the members of bin/combine.py. An export has the same
command lines in its card.json, and its own after them, under "commands".

A training that was started from Python, or by an older version, has no record.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards

FILE = "commands.json"


def read(folder: str | os.PathLike) -> list[str]:
    """Reads the command lines that made a workdir or an export.

    Args:
        folder: With or without a record.

    Returns:
        Each command line once, in the order in which they ran; empty where
        there is no record.

    Raises:
        InputError: The record is malformed.
    """
    if Path(folder, cards.CARD_FILE).is_file():
        commands = cards.read_card(folder).get("commands", [])
    else:
        commands = [entry["command"] for entry in _read_entries(folder)]
    return list(dict.fromkeys(commands))


def append(
    workdir: str | os.PathLike,
    command: str,
    step: int,
    sources: Sequence[str | os.PathLike] = (),
) -> None:
    """Adds a command line to the record of a workdir.

    Args:
        workdir: Exists.
        command: As the user typed it.
        step: Of the training, at which the command begins.
        sources: Workdirs and exports that the training is made of; their
            commands come first.

    Raises:
        InputError: A record is malformed, or cannot be written.
    """
    entries = _read_entries(workdir)
    earlier = dict.fromkeys(line for source in sources for line in read(source))
    entries += [{"step": None, "command": line} for line in earlier]
    entries.append({"step": step, "command": command})
    files.write_json(Path(workdir, FILE), entries)


def _read_entries(workdir: str | os.PathLike) -> list[dict]:
    path = Path(workdir, FILE)
    try:
        entries = files.read_json(path)
    except FileNotFoundError:
        return []
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("command"), str)
        for entry in entries
    ):
        raise InputError(
            f"{path}: expected a list of objects with 'step' and 'command'"
        )
    return entries
