"""costs.json: the costs of runs, as bin/costs.py writes them.

Keys:
    command      that wrote it; null or absent where there is no record
    size, repeats, machine, reference    how the times were measured
    runs         of each: kind and folder, the commands and the config of its
                 training, counts, steps and minutes, its time

Older files lack the commands.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import origins
from nircolor_tf.evaluation.summaries import read_json

# Only times that agree in these can be compared.
_CONDITIONS = ("size", "repeats", "machine", "reference")


def write(path: Path, costs: Mapping[str, Any]) -> None:
    """Writes what `costs.measure` returns; a file there is replaced.

    Raises:
        InputError: The file cannot be written.
    """
    files.write_json(path, costs)


def read(paths: Sequence[str]) -> dict[str, Any]:
    """Reads costs that were measured once or in parts, as one.

    Args:
        paths: Files that bin/costs.py wrote, at least one.

    Returns:
        The contents of the files, with the runs of all; and, in place of
        "command", "commands": {file: its command, or None}.

    Raises:
        InputError: A file is missing, no JSON, or lacks a part; or two are
            not comparable.
    """
    parts = {
        path: read_json(Path(path), "bin/costs.py", (*_CONDITIONS, "runs"))
        for path in paths
    }
    first, runs = parts[paths[0]], {}
    for path, costs in parts.items():
        for key in _CONDITIONS:
            if costs[key] != first[key]:
                raise InputError(
                    f"{path}: {key} {costs[key]!r}, and {first[key]!r} in "
                    f"{paths[0]}: not to be compared"
                )
        for name, run in costs["runs"].items():
            first_run = runs.setdefault(name, run)
            if not origins.agree(run["about"], first_run["about"]):
                raise InputError(f"{path}: the run {name!r} is another there")
    return {
        **{key: first[key] for key in _CONDITIONS},
        "runs": runs,
        "commands": {path: part.get("command") for path, part in parts.items()},
    }
