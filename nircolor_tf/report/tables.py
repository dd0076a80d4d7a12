"""The tables of an evaluation: for a terminal, as CSV and as Markdown."""

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from nircolor_tf.evaluation import comparisons
from nircolor_tf.evaluation.results import Evaluation, RunResult
from nircolor_tf.evaluation.summaries import COMPARED
from nircolor_tf.metrics import display

_IN_WORDS = COMPARED[:3]
_OF_GROUPS = ("std/psnr", "std/psnr_gain", "std/ssim", "std/ae")
_PAPERS = ("std/psnr", "std/ssim", "std/ae", "hkbu/ssim", "hkbu/ae")
_COLUMNS = 4
_MARKS = {"clean": "", "contaminated": " (CONTAMINATED)", "unknown": " (?)"}


def format_report(evaluation: Evaluation) -> str:
    """Formats an evaluation for a terminal.

    Returns:
        Tables of the means with their 95% intervals, at most four metrics
        wide; a short one for each group of the images; the paired
        differences; warnings. No final newline.
    """
    results = evaluation.results
    scenes = len(set(evaluation.scenes.values()))
    lines = [
        f"{evaluation.protocol}, split {evaluation.split}: "
        f"{len(evaluation.examples)} images of {scenes} scenes; mean [95% "
        "interval]",
        *([evaluation.warning] if evaluation.warning else []),
    ]
    for keys in _chunks(evaluation.metrics):
        lines += ["", *_table(results, keys)]
    for group, names in evaluation.groups.items():
        parts = evaluation.results_of(group)
        scenes = len({evaluation.scenes[name] for name in names})
        lines += ["", f"{group}, {len(names)} images of {scenes} scenes"]
        lines += _table(parts, _OF_GROUPS)
        lines += _compared(parts)
    sentences = _compared(results)
    lines += ["", *sentences] if sentences else []
    lines += ["", *map(_statement, results)]
    return "\n".join(lines)


def _compared(results: Sequence[RunResult]) -> list[str]:
    """Returns the best run and the others, image by image, in sentences."""
    if len(results) < 2:
        return []
    best = max(results, key=lambda result: result.means["std/psnr"]).name
    return [
        f"{best} and the others, image by image (std):",
        *(
            comparison.text
            for pair in itertools.combinations(results, 2)
            if best in (pair[0].name, pair[1].name)
            for comparison in comparisons.compare(pair, _IN_WORDS)
        ),
    ]


def write_table(path: Path, evaluation: Evaluation) -> None:
    """Writes a CSV line for each run: every mean and its interval."""
    rows = []
    for result in evaluation.results:
        row = {
            "run": result.name,
            "data": evaluation.protocol,
            "split": evaluation.split,
            "images": len(result.images),
            "failed": len(result.failures),
            "training_data": result.training_data,
        }
        for key in evaluation.metrics:
            low, high = result.intervals.get(key, ("", ""))
            row |= {
                key: result.means.get(key, ""),
                f"{key} low": low,
                f"{key} high": high,
            }
        rows.append(row)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_markdown(path: Path, evaluation: Evaluation) -> None:
    """Writes the table of the papers: PSNR, SSIM and angular error."""
    keys = [key for key in _PAPERS if key in evaluation.metrics]
    lines = [
        f"{evaluation.protocol}, split {evaluation.split}, "
        f"{len(evaluation.examples)} images; mean [95% interval]",
        *([evaluation.warning] if evaluation.warning else []),
        "",
        "| run | " + " | ".join(map(_heading, keys)) + " |",
        "|---" * (len(keys) + 1) + "|",
    ]
    for result in evaluation.results:
        cells = [format_mean(result, key) for key in keys]
        name = result.name.replace("|", "/") + _MARKS[result.state]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def format_numbers(metrics: Mapping[str, float], keys: Sequence[str]) -> str:
    """Formats some metrics of one image, those that it has."""
    texts = []
    for key in keys:
        if key in metrics:
            metric = display.METRICS[key.split("/")[-1]]
            number = f"{metric.label} {metrics[key]:.{metric.digits}f}"
            texts.append(f"{number} {metric.unit}".rstrip())
    return "   ".join(texts)


def _statement(result: RunResult) -> str:
    """Returns in one line how many images count, and whether they are clean."""
    parts = [f"{len(result.images)} images measured"]
    if result.failures:
        parts.append(f"{len(result.failures)} FAILED")
    parts.append(result.training_data_text)
    return f"{result.name}: " + "; ".join(parts)


def _table(results: Sequence[RunResult], keys: Sequence[str]) -> Iterator[str]:
    rows = [["", *map(_heading, keys)]]
    for result in results:
        cells = [format_mean(result, key) for key in keys]
        rows.append([result.name + _MARKS[result.state], *cells])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _heading(key: str) -> str:
    protocol, _, name = key.rpartition("/")
    metric = display.METRICS[name]
    unit = f" {metric.unit}" if metric.unit else ""
    return f"{metric.label}{unit}" + (f" ({protocol})" if protocol else "")


def format_mean(result: RunResult, key: str) -> str:
    """Formats a mean with its 95% interval; '-' for a run without it."""
    if key not in result.means:
        return "-"
    digits = display.METRICS[key.rsplit("/", maxsplit=1)[-1]].digits
    text = f"{result.means[key]:.{digits}f}"
    images = len(result.column(key))
    if 0 < images < len(result.images):
        text += f" (of {images})"
    if key not in result.intervals:
        return text
    low, high = (f"{end:.{digits}f}" for end in result.intervals[key])
    return f"{text} [{low}, {high}]"


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yields at most four metrics of one protocol at a time."""
    for protocol in dict.fromkeys(key.rpartition("/")[0] for key in keys):
        keys_of_protocol = [
            key for key in keys if key.rpartition("/")[0] == protocol
        ]
        for start in range(0, len(keys_of_protocol), _COLUMNS):
            yield keys_of_protocol[start : start + _COLUMNS]
