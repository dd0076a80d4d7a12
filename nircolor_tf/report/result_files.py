"""The files behind docs/results.md, read and checked.

    rows.csv        the rows, in order
    summary.json    of bin/evaluate.py: the numbers
    per_image.csv   of the same: those of each image, to compare runs by
    costs.json      of bin/costs.py: parameters, time, training, commands

Runs can be measured at different times: these files are all that is kept of
each. `results_page` formats them.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import cost_files, origins
from nircolor_tf.evaluation.runs import MODELS
from nircolor_tf.report import trainings
from nircolor_tf.report.merging import METRICS, describe, read_evaluations
from nircolor_tf.report.result_rows import Row, read_rows


@dataclasses.dataclass(frozen=True)
class Results:
    """All that the page shows.

    Attributes:
        rows: In order.
        measured: As `read_evaluations` returns it.
        other: The same of other data; None for none.
        other_name: Name of that data.
        costs: As `cost_files.read` returns it.
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
    """Reads all files, and checks that they belong together.

    Args:
        rows: CSV file, see `Row`.
        evaluations: Folders of bin/evaluate.py, of the same images.
        other: NAME=FOLDER, or with commas some, of evaluations of other
            data; '' for none.
        costs: JSON files of bin/costs.py.

    Raises:
        InputError: A file is malformed, a run is missing, contaminated, or
            not the same in two files; or evaluations do not go together.
    """
    results = Results(
        rows=read_rows(rows),
        measured=read_evaluations(evaluations),
        other=None,
        other_name="",
        costs=cost_files.read(costs),
    )
    _check_runs(
        results.measured,
        [row.label for row in results.rows],
        ", ".join(evaluations),
    )
    if other:
        results = _with_other(results, other, ", ".join(evaluations))
    for row in results.rows:
        _check_costs(results, row, ", ".join(costs))
    return results


def _with_other(results: Results, other: str, where: str) -> Results:
    name, equals, folders = other.partition("=")
    if not equals:
        raise InputError(f"--other={other}: expected NAME=FOLDER")
    elsewhere = read_evaluations(folders.split(","))
    if elsewhere["data"] == results.measured["data"]:
        raise InputError(
            f"--other={other}: the same data as {where}, "
            f"{describe(elsewhere['data'])}"
        )
    labels = [
        row.label for row in results.rows if row.label in elsewhere["runs"]
    ]
    _check_runs(elsewhere, labels, folders)
    for label in labels:
        _check_same(results, label, elsewhere["runs"][label], folders)
    return dataclasses.replace(results, other=elsewhere, other_name=name)


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
        _check_run(runs[label], data["images"], f"{where}: the run {label!r}")


def _check_run(run: Mapping[str, Any], images: int, where: str) -> None:
    about = run["about"]
    if about["kind"] not in MODELS:
        raise InputError(
            f"{where} is of kind {about['kind']!r}; expected a workdir or an "
            "export"
        )
    if about.get("checkpoint", "best").startswith("latest"):
        raise InputError(f"{where} is its latest checkpoint; expected the best")
    if run["training_data"] != "clean":
        raise InputError(
            f"{where} is {run['training_data']}: {run['training_data_text']}"
        )
    if run["images"] != images:
        raise InputError(f"{where} has {run['images']} of {images} images")
    for key in METRICS:
        if key not in run["mean"]:
            raise InputError(f"{where} has no {key}")


def _check_costs(results: Results, row: Row, where: str) -> None:
    runs = results.costs["runs"]
    if row.label not in runs:
        raise InputError(f"{where}: no run {row.label!r}; run bin/costs.py")
    _check_same(results, row.label, runs[row.label], where)
    trainings.check_configs(row, runs[row.label])


def _check_same(
    results: Results, label: str, run: Mapping[str, Any], where: str
) -> None:
    about = results.measured["runs"][label]["about"]
    if not origins.agree(run["about"], about):
        raise InputError(
            f"{where}: the run {label!r} is another one there: "
            f"{run['about']}, and {about} in the evaluation"
        )
