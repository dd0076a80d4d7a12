"""What bin/evaluate.py measured of an export, written into its card.

card.json gains "measured", a list with an entry for every data set, split and
inference path:

    {"path": "n2c",
     "data": {"name": "", "protocol": "vcip-strict", "split": "val",
              "images": 36, "scenes": 18},
     "training_data": "clean: 0 of the 36 images show a scene of ...",
     "mean": {"std/psnr": 16.77, ...}, "interval": {"std/psnr": [15.36, 18.11]},
     "robustness": {"noise": [{"strength": 10, "images": 36, "psnr": 14.8,
                               "ssim": ..., "ae": ...}, ...]}}

Intervals are those of evaluation.intervals, 95%; robustness is that of
evaluation.robustness, {} where it was not measured. What is infinite, such as
the quality of a JPEG that is none, is the string "inf".
"""

import csv
import json
import math
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards
from nircolor_tf.report.result_rows import read_summary

_DATA_KEYS = ("protocol", "split", "images", "scenes")
_METRICS = ("psnr", "ssim", "ae")


def add_measurements(
    export: str | os.PathLike, evaluation: str | os.PathLike, name: str
) -> list[dict[str, Any]]:
    """Writes what an evaluation found of an export into its card.

    Numbers of the same data, split and path are replaced.

    Args:
        export: The export folder, as bin/evaluate.py was given it.
        evaluation: Folder that bin/evaluate.py wrote.
        name: Of the data, for people; '' where its protocol says enough.

    Returns:
        The new entries, one for each path that was measured.

    Raises:
        InputError: The evaluation has no run of this export, or one that is
            not clean or lacks images; the card is as it was.
    """
    card, summary = cards.read_card(export), read_summary(evaluation)
    runs = [run for run in summary["runs"] if _is_of(run, export)]
    if not runs:
        raise InputError(f"{evaluation}: has no run of the export {export}")
    data = {key: summary["data"][key] for key in _DATA_KEYS}
    entries = []
    for run in runs:
        _check(run, summary["data"]["images"], evaluation)
        entries.append(
            {
                "path": run["about"]["path"],
                "data": {"name": name, **data},
                "training_data": run["training_data_text"],
                "mean": run["mean"],
                "interval": run["interval"],
                "robustness": _robustness(evaluation, run["name"]),
            }
        )
    replaced = [_place(entry) for entry in entries]
    others = [
        entry
        for entry in card.get("measured", [])
        if _place(entry) not in replaced
    ]
    card["measured"] = [*others, *entries]
    with files.replacing(Path(export, cards.CARD_FILE)) as temporary:
        text = json.dumps(card, indent=2, allow_nan=False)
        temporary.write_text(f"{text}\n")
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


def _place(entry: dict[str, Any]) -> tuple[str, ...]:
    data = entry["data"]
    return entry["path"], data["name"], data["protocol"], data["split"]


def _robustness(evaluation: str | os.PathLike, run: str) -> dict[str, list]:
    path = Path(evaluation, "robustness.csv")
    curves = defaultdict(list)
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                if line["run"] == run:
                    point = {
                        key: _number(line[key])
                        for key in (*_METRICS, "strength")
                        if line[key]
                    }
                    point["images"] = int(line["images"])
                    curves[line["degradation"]].append(point)
    return dict(curves)


def _number(text: str) -> float | str:
    """JSON has no infinity: 'inf' stays a string, as in summary.json."""
    number = float(text)
    return number if math.isfinite(number) else text
