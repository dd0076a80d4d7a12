"""Of which model the numbers of a run are: "about" in summary.json.

    {"kind": "export", "folder": "saved_models/default", "path": "n2c",
     "file": "model.tflite, SHA-256 5f0c7de2a1b3c4d5"}

A folder may hold another model tomorrow. What is counted, timed or written
into a card beside the numbers is compared with it before. The checkpoint of a
workdir tells it by its step, an export by the file that ran. Older summaries
have no "file".
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, digests


def of_export(
    folder: Path, card: Mapping[str, Any], path: str | None
) -> dict[str, str]:
    """Returns the origin of an inference path of an export.

    Args:
        folder: The export.
        card: Of that folder.
        path: Name of the path; None for the first.

    Raises:
        InputError: The export has no such path.
    """
    path, entry = cards.find_path(folder, card, path)
    # As `runtimes.load_path` takes one where nothing is asked for.
    kind = "tflite" if "tflite" in entry["files"] else "saved_model"
    name = str(entry["files"].get(kind, ""))
    return {
        "kind": "export",
        "folder": str(folder),
        "path": path,
        "file": f"{name}, SHA-256 {digests.short(folder, name)}",
    }


def agree(first: Mapping[str, str], second: Mapping[str, str]) -> bool:
    """Whether two origins are of one model, by all that both of them say."""
    return all(first[key] == second[key] for key in first.keys() & second)


def check_unchanged(
    run: str, now: Mapping[str, str], then: Mapping[str, str]
) -> None:
    """Refuses a model that is not the one that was measured.

    Args:
        run: Name of the run.
        now: Its origin, as its folder is.
        then: As summary.json has it.

    Raises:
        InputError: They differ.
    """
    if not agree(now, then):
        raise InputError(
            f"run {run!r}: {now['folder']} is no longer what was measured: "
            f"{dict(now)} now, {dict(then)} then; evaluate it again"
        )
