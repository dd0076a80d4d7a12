"""summary.json: the numbers of an evaluation, for programs.

bin/costs.py, bin/card.py and bin/results.py read it.

    command      that wrote it; null or absent where there is no record
    data         manifest, protocol, split, counts of images and scenes
    runs         of each: its origin (`origins.py`), means, intervals,
                 failures, and whether the images are clean of its training
                 data
    unmeasured   {run: why it has no numbers}
    differences  of every two runs, image by image
    groups       {group: its images, runs and differences}, of a data protocol
                 whose images are of several kinds; older ones have none
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import comparisons
from nircolor_tf.evaluation.results import Evaluation, RunResult

FILE = "summary.json"

# Metrics of the paired differences.
COMPARED = ("std/psnr", "std/ssim", "std/ae", "hkbu/psnr", "hkbu/ssim")


def summarize(
    evaluation: Evaluation, command: str | None = None
) -> dict[str, Any]:
    """Returns the contents of summary.json.

    Args:
        evaluation: At least one run.
        command: The command line that evaluates; None where there is none.
    """
    return {
        "command": command,
        "data": {
            "manifest": os.path.basename(evaluation.manifest),
            "protocol": evaluation.protocol,
            "split": evaluation.split,
            "images": len(evaluation.examples),
            "scenes": len(set(evaluation.scenes.values())),
            "warning": evaluation.warning,
        },
        "runs": [
            _summarize_run(result, evaluation.metrics)
            for result in evaluation.results
        ],
        "unmeasured": dict(evaluation.unmeasured),
        "differences": _differences(evaluation.results),
        "groups": {
            group: _summarize_group(evaluation, group, names)
            for group, names in evaluation.groups.items()
        },
    }


def write(folder: Path, summary: Mapping[str, Any]) -> None:
    """Writes what `summarize` returns into a folder."""
    files.write_json(folder / FILE, summary)


def read(folder: str | os.PathLike) -> dict[str, Any]:
    """Reads the summary.json of an evaluation.

    Older ones have no "command".

    Raises:
        InputError: It is missing, no JSON, or lacks a part.
    """
    return read_json(Path(folder, FILE), "bin/evaluate.py", ("data", "runs"))


def read_json(path: Path, binary: str, keys: Sequence[str]) -> dict[str, Any]:
    """Reads a JSON file that a command wrote.

    Args:
        path: The file.
        binary: Which writes it, for the error.
        keys: That it must have.

    Raises:
        InputError: It is missing, no JSON, or lacks a key.
    """
    try:
        contents = files.read_json(path)
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such file; expected one that {binary} wrote"
        ) from error
    for key in keys:
        if key not in contents:
            raise InputError(f"{path}: has no {key!r}; run {binary} again")
    return contents


def _differences(results: Sequence[RunResult]) -> list[dict[str, Any]]:
    return [
        dataclasses.asdict(comparison) | {"text": comparison.text}
        for comparison in comparisons.compare(results, COMPARED)
    ]


def _summarize_group(
    evaluation: Evaluation, group: str, names: Sequence[str]
) -> dict[str, Any]:
    results = evaluation.results_of(group)
    return {
        "images": len(names),
        "scenes": len({evaluation.scenes[name] for name in names}),
        "runs": [
            {
                "name": result.name,
                "images": len(result.images),
                **_numbers(result, evaluation.metrics),
            }
            for result in results
        ],
        "differences": _differences(results),
    }


def _summarize_run(result: RunResult, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "name": result.name,
        "about": dict(result.run.about),
        "images": len(result.images),
        "failures": dict(result.failures),
        "training_data": result.training_data,
        "training_data_text": result.training_data_text,
        **_numbers(result, metrics),
    }


def _numbers(result: RunResult, metrics: Sequence[str]) -> dict[str, Any]:
    return {
        "mean": {
            key: result.means[key] for key in metrics if key in result.means
        },
        "interval": {
            key: result.intervals[key]
            for key in metrics
            if key in result.intervals
        },
    }
