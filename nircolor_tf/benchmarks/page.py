"""The report of a benchmark as Markdown, JSON and pictures."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.benchmarks import plots
from nircolor_tf.benchmarks.rows import Curve, Quartiles, Row
from nircolor_tf.benchmarks.suite import Report
from nircolor_tf.report import markdown

_TITLES = {
    "forward": "Networks alone, one image",
    "training_steps": "Training steps",
    "surroundings": "Around the networks",
    "memory": "Memory",
    "exporting": "Export",
}
_ROOFLINE, _GROWTH = "roofline.png", "growth.png"
_HEADING = (
    "work",
    "program",
    "time",
    "half of all",
    "ratio",
    "half of all",
    "limit",
    "to reach",
)


def write(report: Report, folder: Path) -> str:
    """Writes performance.json, performance.md and the pictures.

    Args:
        report: Of `suite.run`.
        folder: It exists; files of these names are replaced.

    Returns:
        The Markdown.

    Raises:
        InputError: A file cannot be written.
    """
    text = format_page(report, "")
    content = json.dumps(dataclasses.asdict(report), indent=2) + "\n"
    for name, written in (
        ("performance.json", content),
        ("performance.md", text),
    ):
        with files.replacing(folder / name) as temporary:
            temporary.write_text(written, encoding="utf-8")
    if _has_limits(report):
        plots.write_roofline(report, folder / _ROOFLINE)
    if report.curves:
        plots.write_growth(report.curves, folder / _GROWTH)
    return text


def format_page(report: Report, pictures: str) -> str:
    """Formats the tables, and under what they hold.

    Args:
        report: Of `suite.run`.
        pictures: From the page to their folder, '' or 'FOLDER/'.
    """
    parts = [_introduction(report)]
    for section, rows in report.rows.items():
        if rows:
            parts += [f"### {_TITLES[section]}", _table(rows)]
    if _has_limits(report):
        parts += ["### Roofline", f"![Roofline]({pictures}{_ROOFLINE})"]
    if report.curves:
        parts += ["### Growth", _growth(report.curves)]
        parts.append(f"![Growth]({pictures}{_GROWTH})")
    if report.left_out:
        lines = [f"{name}: {why}" for name, why in report.left_out.items()]
        parts += ["### Left out", "\n".join(map(markdown.item, lines))]
    return "\n\n".join(parts) + "\n"


def _has_limits(report: Report) -> bool:
    return any(row.limit for rows in report.rows.values() for row in rows)


def _introduction(report: Report) -> str:
    versions = ", ".join(
        f"{name} {version}" for name, version in report.versions.items()
    )
    limits = report.limits
    peaks = [f"matrix product {limits.float32 / 1e9:,.0f} GFLOP/s in float32"]
    if limits.bfloat16:
        peaks.append(f"{limits.bfloat16 / 1e9:,.0f} in bfloat16")
    if limits.int8:
        peaks.append(f"8-bit convolution {limits.int8 / 1e9:,.0f} GOP/s")
    peaks.append(f"memory {limits.bandwidth / 1e9:.1f} GB/s")
    return "\n\n".join(
        [
            markdown.code([report.command]),
            markdown.paragraph(
                f"{report.machine}. {versions}. Measured in the same run: "
                f"{', '.join(peaks)}. It took {report.minutes:.1f} minutes."
            ),
        ]
    )


def _table(rows: Iterable[Row]) -> str:
    lines, last = [], None
    for row in rows:
        lines.append(
            [
                row.work if row.work != last else "",
                row.program,
                *_measured(row),
                *_ratio(row),
                _limit(row),
                row.goal,
            ]
        )
        last = row.work
    return markdown.table(_HEADING, lines)


def _measured(row: Row) -> tuple[str, str]:
    if row.memory is not None:
        return f"{row.memory / 1e9:.2f} GB", ""
    lower, median, upper = dataclasses.astuple(row.seconds)
    if row.unit == "ms":
        return f"{_number(1e3 * median)} ms", _span(1e3 * lower, 1e3 * upper)
    if row.unit == "s":
        return f"{_number(median)} s", _span(lower, upper)
    return (
        f"{_number(row.items / median)} {row.unit}",
        _span(row.items / upper, row.items / lower),
    )


def _ratio(row: Row) -> tuple[str, str]:
    if row.ratio is None:
        return "", ""
    if row.reference:
        return "1", ""
    ratio: Quartiles = row.ratio
    if row.memory is not None:
        return f"{ratio.median:.2f}", ""
    return (
        f"**{ratio.median:.2f}**",
        f"{ratio.lower:.2f} to {ratio.upper:.2f}",
    )


def _limit(row: Row) -> str:
    return "" if row.limit is None else f"{_number(1e3 * row.limit)} ms"


def _span(lower: float, upper: float) -> str:
    return f"{_number(lower)} to {_number(upper)}"


def _number(value: float) -> str:
    """Three digits, or all before the point."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _growth(curves: Iterable[Curve]) -> str:
    heading = ("work", "grows with", "from", "to", "seconds", "power")
    return markdown.table(
        heading,
        [
            (
                curve.work,
                curve.of,
                f"{curve.sizes[0]:,}",
                f"{curve.sizes[-1]:,}",
                f"{curve.seconds[0]:.3f} to {curve.seconds[-1]:.3f}",
                f"{curve.power:.2f}",
            )
            for curve in curves
        ],
    )
