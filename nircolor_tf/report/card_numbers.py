"""Measurements of an export, written into its card.

bin/card.py takes them from a folder of bin/evaluate.py. card.json gains
"measured", a list with an entry for every data set, split and inference path:

    {"path": "n2c",
     "data": {"name": "", "protocol": "vcip-strict", "split": "val",
              "images": 36, "scenes": 18},
     "training_data": "clean: 0 of the 36 images show a scene of ...",
     "mean": {"std/psnr": 16.77, ...}, "interval": {"std/psnr": [15.36, 18.11]},
     "robustness": {"noise": [{"strength": 10, "images": 36, "psnr": 14.8,
                               "ssim": ..., "ae": ...}, ...]},
     "command": "bin/evaluate.py ..."}

Intervals are those of `metrics.intervals`, 95%; robustness is that of
`evaluation.robustness`, {} where it was not measured. Infinite values, such as
the quality of an image without JPEG, are the string "inf". "command" is null
where the evaluation has no record of it, and older entries lack it.
"""

import os
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import origins, robustness_files, summaries
from nircolor_tf.inference import cards

_DATA_KEYS = ("protocol", "split", "images", "scenes")


def add_measurements(
    export: str | os.PathLike, evaluation: str | os.PathLike, name: str
) -> list[dict[str, Any]]:
    """Writes the measurements of an export into its card.

    Numbers of the same data, split and path are replaced.

    Args:
        export: The export folder.
        evaluation: Folder that bin/evaluate.py wrote.
        name: Of the data, for people; '' where its protocol says enough.

    Returns:
        The new entries, one for each path that was measured.

    Raises:
        InputError: The evaluation has no run of this export, or one that is
            not clean, lacks images or is of a former model; the card stays.
    """
    card, summary = cards.read_card(export), summaries.read(evaluation)
    runs = [run for run in summary["runs"] if _is_of(run, export)]
    if not runs:
        raise InputError(f"{evaluation}: has no run of the export {export}")
    data = {"name": name} | {key: summary["data"][key] for key in _DATA_KEYS}
    for run in runs:
        _check(run, summary["data"]["images"], evaluation)
        _check_origin(run, Path(export), card)
    entries = [
        {
            "path": run["about"]["path"],
            "data": data,
            "training_data": run["training_data_text"],
            "mean": run["mean"],
            "interval": run["interval"],
            "robustness": robustness_files.read_curves(evaluation, run["name"]),
            "command": summary.get("command"),
        }
        for run in runs
    ]
    replaced = [_place(entry) for entry in entries]
    others = [
        entry
        for entry in card.get("measured", [])
        if _place(entry) not in replaced
    ]
    card["measured"] = [*others, *entries]
    files.write_json(Path(export, cards.CARD_FILE), card, allow_nan=False)
    return entries


def _is_of(run: dict[str, Any], export: str | os.PathLike) -> bool:
    about = run["about"]
    return about["kind"] == "export" and (
        Path(about["folder"]).resolve() == Path(export).resolve()
    )


def _check(run: dict[str, Any], images: int, evaluation) -> None:
    if run["training_data"] != "clean":
        raise InputError(
            f"{evaluation}, run {run['name']!r}: its numbers are not clean, "
            f"{run['training_data_text']}"
        )
    if run["images"] != images:
        raise InputError(
            f"{evaluation}, run {run['name']!r}: {run['images']} of {images} "
            "images were measured"
        )


def _check_origin(
    run: dict[str, Any], export: Path, card: dict[str, Any]
) -> None:
    then = run["about"] | {"folder": str(export)}
    now = origins.of_export(export, card, then["path"])
    origins.check_unchanged(run["name"], now, then)


def _place(entry: dict[str, Any]) -> tuple[str, ...]:
    data = entry["data"]
    return entry["path"], data["name"], data["protocol"], data["split"]
