"""robustness.csv: the robustness curves of an evaluation, for programs."""

import csv
import dataclasses
import math
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.evaluation.robustness import METRICS, Point

FILE = "robustness.csv"


def write(path: str | os.PathLike, points: Sequence[Point]) -> None:
    """Writes points as CSV, one line each; no angular error is an empty cell.

    Args:
        path: Target; its folder exists. A file there is replaced.
        points: Of any number of runs.

    Raises:
        InputError: The file cannot be written.
    """
    columns = [field.name for field in dataclasses.fields(Point)]
    with (
        files.replacing(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for point in points:
            row = dataclasses.asdict(point)
            for metric in METRICS:
                if row[metric] is not None:
                    row[metric] = f"{row[metric]:.6f}"
            writer.writerow(row)


def read_curves(
    folder: str | os.PathLike, run: str
) -> dict[str, list[dict[str, float | str]]]:
    """Reads the curves of a run from the robustness.csv of an evaluation.

    Args:
        folder: That bin/evaluate.py wrote.
        run: Name of the run.

    Returns:
        {degradation: points} with the columns of the file, without the angular
        error where there is none. JSON has no infinity: 'inf' is a string. {}
        where nothing was measured.
    """
    path = Path(folder, FILE)
    curves = defaultdict(list)
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            for line in csv.DictReader(file):
                if line["run"] == run:
                    point = {
                        key: _json_number(line[key])
                        for key in (*METRICS, "strength")
                        if line[key]
                    }
                    point["images"] = int(line["images"])
                    curves[line["degradation"]].append(point)
    return dict(curves)


def _json_number(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text
