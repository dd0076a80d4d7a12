"""per_image.csv: the metrics of each image of each run, for programs.

Columns: run, name and scene of the image, then every '<protocol>/<metric>'.
Cells of metrics that an image has not are empty.
"""

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation.results import Evaluation

FILE = "per_image.csv"


def write(folder: Path, evaluation: Evaluation) -> None:
    """Writes the per_image.csv of an evaluation into a folder."""
    keys = {
        key
        for result in evaluation.results
        for image in result.images.values()
        for key in image.metrics
    }
    columns = ["run", "name", "scene", *sorted(keys)]
    scenes = {example.name: example.scene for example in evaluation.examples}
    with (folder / FILE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        for result in evaluation.results:
            for name, image in result.images.items():
                origin = {"run": result.name, "name": name}
                writer.writerow(
                    origin | {"scene": scenes[name]} | image.metrics
                )


def read(
    folder: str | os.PathLike, keys: Sequence[str]
) -> tuple[dict[str, dict[str, dict[str, float]]], dict[str, str]]:
    """Reads the per_image.csv of an evaluation.

    Args:
        folder: That bin/evaluate.py wrote.
        keys: Metrics, '<protocol>/<metric>'.

    Returns:
        {run: {metric: {image: value}}}, and {image: scene}; an image whose
        scene is unknown is its own.

    Raises:
        InputError: The file is missing, or has no such column.
    """
    path = Path(folder, FILE)
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected one that bin/evaluate.py wrote"
        ) from error
    values, scenes = {}, {}
    for line in lines:
        values_of_run = values.setdefault(
            line["run"], {key: {} for key in keys}
        )
        for key in keys:
            if key not in line:
                raise InputError(f"{path}: no column {key}")
            # A run that makes gray has no angle.
            if line[key]:
                values_of_run[key][line["name"]] = float(line[key])
        scenes[line["name"]] = line["scene"] or f"image {line['name']}"
    return values, scenes
