"""What docs/results.md is made of: files that were measured, and a list.

    rows.csv        which runs, in which order: label, config, reported, note
    summary.json    of bin/evaluate.py: the numbers
    per_image.csv   of the same: those of each image, to compare runs by
    costs.json      of bin/costs.py: parameters, time, training

Read here, and checked to belong together; `results_page` formats it. Runs need
not have been measured at once: these files are all that is kept of each.
"""

import csv
import dataclasses
import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError

# Kinds of runs that are models; the others are 'images' and 'baseline'.
MODELS = ("export", "workdir")

COLUMNS = ("label", "config", "reported", "note")
# What numbers must exist of every row.
METRICS = (
    "std/psnr",
    "std/ssim",
    "std/ae",
    "hkbu/psnr",
    "hkbu/ssim",
    "hkbu/ae",
)


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the tables.

    Attributes:
        label: Name of the run in the evaluations.
        config: FILE.py[:VARIANT] that it was trained with; of a run of
            bin/combine.py those of its members, in order, with spaces.
        reported: Its method in reported.csv; '' for none.
        note: For people, under its command; '' for none.
    """

    label: str
    config: str
    reported: str
    note: str

    @property
    def configs(self) -> list[str]:
        """FILE.py[:VARIANT] of each training."""
        return self.config.split()


@dataclasses.dataclass(frozen=True)
class Results:
    """All that the pages show.

    Attributes:
        rows: In order.
        measured: As `read_evaluations` returns it.
        other: The same of other data; None for none.
        other_name: What that data is called.
        costs: As `read_costs` returns it.
    """

    rows: Sequence[Row]
    measured: Mapping[str, Any]
    other: Mapping[str, Any] | None
    other_name: str
    costs: Mapping[str, Any]


def read_results(
    rows: str | os.PathLike,
    evaluations: Sequence[str],
    other: str,
    costs: Sequence[str],
) -> Results:
    """Reads everything, and checks that it belongs together.

    Args:
        rows: CSV file, see `Row`.
        evaluations: Folders of bin/evaluate.py, on the same images.
        other: NAME=FOLDER, or with commas some, of evaluations on other
            data; '' for none.
        costs: JSON files of bin/costs.py.

    Raises:
        InputError: A file is malformed, a run is missing, contaminated, or
            not the same in two files; or evaluations do not go together.
    """
    found = Results(
        rows=read_rows(rows),
        measured=read_evaluations(evaluations),
        other=None,
        other_name="",
        costs=read_costs(costs),
    )
    labels = [row.label for row in found.rows]
    _check_runs(found.measured, labels, ", ".join(evaluations))
    if other:
        name, equals, folder = other.partition("=")
        if not equals:
            raise InputError(f"--other={other}: expected NAME=FOLDER")
        elsewhere = read_evaluations(folder.split(","))
        if elsewhere["data"] == found.measured["data"]:
            raise InputError(
                f"--other={other}: the same data as {', '.join(evaluations)}, "
                f"{describe(elsewhere['data'])}"
            )
        there = [label for label in labels if label in elsewhere["runs"]]
        _check_runs(elsewhere, there, folder)
        for label in there:
            _check_same(found.measured, label, elsewhere["runs"][label], folder)
        found = dataclasses.replace(found, other=elsewhere, other_name=name)
    where = ", ".join(costs)
    for label in labels:
        if label not in found.costs["runs"]:
            raise InputError(f"{where}: no run {label!r}; run bin/costs.py")
        _check_same(found.measured, label, found.costs["runs"][label], where)
    return found


def read_rows(path: str | os.PathLike) -> list[Row]:
    """Reads the list of rows.

    Raises:
        InputError: It is malformed, empty, or names a row twice.
    """
    with open(path, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise InputError(
                f"{path}, line 1: {','.join(reader.fieldnames or ())}; "
                f"expected {','.join(COLUMNS)}"
            )
        rows = []
        for line in reader:
            if None in line or None in line.values():
                raise InputError(
                    f"{path}, line {reader.line_num}: expected {len(COLUMNS)} "
                    "columns"
                )
            rows.append(Row(**line))
    if not rows:
        raise InputError(f"{path}: no rows")
    for row in rows:
        if [other.label for other in rows].count(row.label) > 1:
            raise InputError(f"{path}: the row {row.label!r} is there twice")
    return rows


def read_summary(folder: str | os.PathLike) -> dict[str, Any]:
    """Reads the summary.json of an evaluation.

    Raises:
        InputError: It is missing, no JSON, or lacks a part.
    """
    return _read_json(
        Path(folder, "summary.json"), "bin/evaluate.py", ("data", "runs")
    )


def read_images(
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
    path = Path(folder, "per_image.csv")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected one that bin/evaluate.py wrote"
        ) from error
    values, scenes = {}, {}
    for line in lines:
        of_run = values.setdefault(line["run"], {key: {} for key in keys})
        for key in keys:
            if key not in line:
                raise InputError(f"{path}: no column {key}")
            # Of a run that makes gray there is no angle.
            if line[key]:
                of_run[key][line["name"]] = float(line[key])
        scenes[line["name"]] = line["scene"] or f"image {line['name']}"
    return values, scenes


def read_costs(paths: Sequence[str]) -> dict[str, Any]:
    """Reads what bin/costs.py wrote, once or in parts, as one.

    Raises:
        InputError: A file is missing, no JSON, or lacks a part; or two are
            not comparable.
    """
    keys = ("size", "repeats", "machine", "reference")
    first, *more = [
        _read_json(Path(path), "bin/costs.py", (*keys, "runs"))
        for path in paths
    ]
    runs = dict(first["runs"])
    for path, costs in zip(paths[1:], more, strict=True):
        for key in keys:
            if costs[key] != first[key]:
                raise InputError(
                    f"{path}: {key} {costs[key]!r}, and {first[key]!r} in "
                    f"{paths[0]}: not to be compared"
                )
        for name, run in costs["runs"].items():
            if name in runs and run["about"] != runs[name]["about"]:
                raise InputError(f"{path}: the run {name!r} is another there")
            runs.setdefault(name, run)
    return {**first, "runs": runs}


def read_evaluations(folders: Sequence[str]) -> dict[str, Any]:
    """Reads evaluations on the same images as one.

    Returns:
        'data' as summary.json has it; 'runs', by name; 'images' and 'scenes'
        as `read_images` has them, of `METRICS`.

    Raises:
        InputError: They are not on the same images, or two have different
            runs of one name.
    """
    found = {"data": None, "runs": {}, "images": {}, "scenes": {}}
    for folder in folders:
        summary = read_summary(folder)
        data = found["data"] = found["data"] or summary["data"]
        if summary["data"] != data:
            raise InputError(
                f"{folder} measured {describe(summary['data'])}, and "
                f"{folders[0]} {describe(data)}: not to be put into one table"
            )
        for run in summary["runs"]:
            first = found["runs"].setdefault(run["name"], run)
            if not _agree(first, run):
                raise InputError(
                    f"{folder}: the run {run['name']!r} is in another "
                    "evaluation, too, with other numbers"
                )
        values, scenes = read_images(folder, METRICS)
        found["images"] = values | found["images"]
        found["scenes"] |= scenes
    return found


def describe(data: Mapping[str, Any]) -> str:
    """Says what an evaluation measured, from its summary's 'data'."""
    return (
        f"{data['protocol']}, split {data['split']}: {data['images']} images "
        f"of {data['scenes']} scenes"
    )


def member_configs(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The configs that a run was trained with: of bin/combine.py, several."""
    if "averaged" in config:
        return [
            {**part["config"], "best_step": part["step"]}
            for part in config["averaged"].values()
        ]
    if "combined" not in config:
        return [config]
    shared = {
        key: value
        for key, value in config.items()
        if key not in ("members", "combined")
    }
    return [
        {
            **shared,
            **part,
            "method": "supervised",
            "network": config["members"][name],
        }
        for name, part in config["combined"].items()
    ]


def is_baseline(run: Mapping[str, Any]) -> bool:
    """Whether a run of a summary is no model but what one has to beat."""
    return run["about"]["kind"] == "baseline"


def _agree(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether two runs of a name are one, measured twice."""
    return first["about"] == second["about"] and all(
        math.isclose(float(mean), float(second["mean"][key]), abs_tol=1e-3)
        for key, mean in first["mean"].items()
        if key in METRICS and key in second["mean"]
    )


def _check_runs(
    measured: Mapping[str, Any], labels: Sequence[str], where: str
) -> None:
    """Refuses runs without a clean number of every image."""
    data, runs = measured["data"], measured["runs"]
    if data["warning"]:
        raise InputError(f"{where}: no clean numbers: {data['warning']}")
    for label in labels:
        if label not in runs:
            raise InputError(
                f"{where}: no run {label!r}; there are {', '.join(runs)}"
            )
        run = runs[label]
        if run["about"]["kind"] not in MODELS:
            raise InputError(
                f"{where}: the run {label!r} is of kind "
                f"{run['about']['kind']!r}; expected a workdir or an export"
            )
        if run["about"].get("checkpoint", "best").startswith("latest"):
            raise InputError(
                f"{where}: the run {label!r} is its latest checkpoint; "
                "expected the best"
            )
        if run["training_data"] != "clean":
            raise InputError(
                f"{where}: the run {label!r} is {run['training_data']}: "
                f"{run['training_data_text']}"
            )
        if run["images"] != data["images"]:
            raise InputError(
                f"{where}: the run {label!r} has {run['images']} of "
                f"{data['images']} images"
            )
        for key in METRICS:
            if key not in run["mean"]:
                raise InputError(f"{where}: the run {label!r} has no {key}")


def _check_same(
    measured: Mapping[str, Any],
    label: str,
    other: Mapping[str, Any],
    where: str | os.PathLike,
) -> None:
    about = measured["runs"][label]["about"]
    if other["about"] != about:
        raise InputError(
            f"{where}: the run {label!r} is another one there: "
            f"{other['about']}, and {about} in the evaluation"
        )


def _read_json(path: Path, binary: str, keys: Sequence[str]) -> dict[str, Any]:
    try:
        contents = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected one that {binary} wrote"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    for key in keys:
        if key not in contents:
            raise InputError(f"{path}: has no {key!r}; run {binary} again")
    return contents
