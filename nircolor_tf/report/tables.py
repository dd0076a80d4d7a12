"""An evaluation as text, CSV and JSON."""

import csv
import dataclasses
import itertools
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf.evaluation import comparisons
from nircolor_tf.evaluation.results import Evaluation, RunResult
from nircolor_tf.metrics import protocols

# What runs are compared by: on the page, and in words on the terminal.
COMPARED = ("std/psnr", "std/ssim", "std/ae", "hkbu/psnr", "hkbu/ssim")
_IN_WORDS = COMPARED[:3]
_PAPERS = ("std/psnr", "std/ssim", "std/ae", "hkbu/ssim", "hkbu/ae")
_COLUMNS = 4
_MARKS = {"clean": "", "contaminated": " (CONTAMINATED)", "unknown": " (?)"}


def format_report(found: Evaluation) -> str:
    """Formats an evaluation for a terminal.

    Returns:
        Tables of the means with their 95% intervals, at most four metrics
        wide; the paired differences; warnings. No final newline.
    """
    scenes = len(set(found.scenes.values()))
    lines = [
        f"{found.protocol}, split {found.split}: {len(found.examples)} images "
        f"of {scenes} scenes; mean [95% interval]",
        *([found.warning] if found.warning else []),
    ]
    for keys in _chunks(found.metrics):
        lines += ["", *_table(found, keys)]
    best = max(found.results, key=lambda result: result.means["std/psnr"]).name
    sentences = [
        one.text
        for pair in itertools.combinations(found.results, 2)
        if best in (pair[0].name, pair[1].name)
        for one in comparisons.compare(pair, _IN_WORDS)
    ]
    if sentences:
        lines += ["", f"{best} and the others, image by image (std):"]
        lines += sentences
    lines += ["", *(statement(result) for result in found.results)]
    return "\n".join(lines)


def statement(result: RunResult) -> str:
    """Says in one line what a run's numbers are worth."""
    parts = [f"{len(result.images)} images measured"]
    if result.failures:
        parts.append(f"{len(result.failures)} FAILED")
    return f"{result.name}: " + "; ".join([*parts, past(result)])


def past(result: RunResult) -> str:
    """Says what a run has seen of the images, or of those left out."""
    text = result.contamination.describe()
    if not result.dropped:
        return text
    return f"{result.dropped} images left out, clean on the rest; {text}"


def write_table(path: Path, found: Evaluation) -> None:
    """Writes a CSV line for each run: every mean and its interval."""
    rows = []
    for result in found.results:
        row = {
            "run": result.name,
            "data": found.protocol,
            "split": found.split,
            "images": len(result.images),
            "failed": len(result.failures),
            "training_data": _state(result),
        }
        for key in found.metrics:
            low, high = result.intervals.get(key, ("", ""))
            row |= {
                key: result.means.get(key, ""),
                f"{key} low": low,
                f"{key} high": high,
            }
        rows.append(row)
    _write_csv(path, rows)


def write_markdown(path: Path, found: Evaluation) -> None:
    """Writes the table of the papers: PSNR, SSIM and angular error."""
    keys = [key for key in _PAPERS if key in found.metrics]
    lines = [
        f"{found.protocol}, split {found.split}, {len(found.examples)} images; "
        "mean [95% interval]",
        *([found.warning] if found.warning else []),
        "",
        "| run | " + " | ".join(map(_heading, keys)) + " |",
        "|---" * (len(keys) + 1) + "|",
    ]
    for result in found.results:
        cells = [_cell(result, key) for key in keys]
        name = result.name.replace("|", "/") + _MARKS[result.state]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_images(path: Path, found: Evaluation) -> None:
    """Writes a CSV line for each image of each run."""
    keys = {
        key
        for result in found.results
        for image in result.images.values()
        for key in image.metrics
    }
    scenes = {example.name: example.scene for example in found.examples}
    _write_csv(
        path,
        [
            {"run": result.name, "name": name, "scene": scenes[name]}
            | {key: image.metrics.get(key, "") for key in sorted(keys)}
            for result in found.results
            for name, image in result.images.items()
        ],
    )


def write_summary(path: Path, summary: Mapping[str, Any]) -> None:
    """Writes what `summarize` returns, as JSON."""
    path.write_text(json.dumps(summary, indent=2) + "\n")


def summarize(found: Evaluation) -> dict[str, Any]:
    """Returns everything but the numbers per image.

    Numbers that JSON has no word for, such as the infinite PSNR of identical
    images, are strings there: "inf".
    """
    return {
        "data": {
            "manifest": os.path.basename(found.manifest),
            "protocol": found.protocol,
            "split": found.split,
            "images": len(found.examples),
            "scenes": len(set(found.scenes.values())),
            "warning": found.warning,
        },
        "runs": [
            {
                "name": result.name,
                "about": dict(result.run.about),
                "images": len(result.images),
                "failures": dict(result.failures),
                "training_data": _state(result),
                "training_data_text": past(result),
                "mean": {
                    key: in_json(result.means[key])
                    for key in found.metrics
                    if key in result.means
                },
                "interval": {
                    key: result.intervals[key]
                    for key in found.metrics
                    if key in result.intervals
                },
            }
            for result in found.results
        ],
        "unmeasured": dict(found.unmeasured),
        "differences": [
            dataclasses.asdict(comparison) | {"text": comparison.text}
            for comparison in comparisons.compare(found.results, COMPARED)
        ],
    }


def format_numbers(metrics: Mapping[str, float], keys: Sequence[str]) -> str:
    """Formats some metrics of one image, those that it has."""
    texts = []
    for key in keys:
        if key in metrics:
            metric = protocols.METRICS[key.split("/")[-1]]
            number = f"{metric.label} {metrics[key]:.{metric.digits}f}"
            texts.append(f"{number} {metric.unit}".rstrip())
    return "   ".join(texts)


def in_json(value: float) -> float | str:
    """A number as JSON knows it."""
    return value if math.isfinite(value) else str(value)


def _state(result: RunResult) -> str:
    if result.dropped:
        return f"clean, {result.dropped} images left out"
    return result.contamination.state


def _table(found: Evaluation, keys: Sequence[str]) -> Iterator[str]:
    rows = [["", *map(_heading, keys)]]
    for result in found.results:
        cells = [_cell(result, key) for key in keys]
        rows.append([result.name + _MARKS[result.state], *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{c:<{w}}" for c, w in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _heading(key: str) -> str:
    protocol, _, name = key.rpartition("/")
    metric = protocols.METRICS[name]
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{metric.label}{unit}" + (f" ({protocol})" if protocol else "")


def _cell(result: RunResult, key: str) -> str:
    if key not in result.means:
        return "-"
    digits = protocols.METRICS[key.rsplit("/", maxsplit=1)[-1]].digits
    text = f"{result.means[key]:.{digits}f}"
    images = len(result.column(key))
    if 0 < images < len(result.images):
        text += f" (of {images})"
    if key not in result.intervals:
        return text
    low, high = (f"{end:.{digits}f}" for end in result.intervals[key])
    return f"{text} [{low}, {high}]"


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """At most four metrics of one protocol at a time."""
    for protocol in dict.fromkeys(key.rpartition("/")[0] for key in keys):
        of_one = [key for key in keys if key.rpartition("/")[0] == protocol]
        for start in range(0, len(of_one), _COLUMNS):
            yield of_one[start : start + _COLUMNS]


def _write_csv(path: Path, rows: Sequence[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
