"""The tables of the results page: numbers, differences, and costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import comparisons
from nircolor_tf.metrics import display
from nircolor_tf.report import markdown
from nircolor_tf.report.reported import read_reported
from nircolor_tf.report.result_files import Results
from nircolor_tf.report.result_rows import Row


def format_numbers(
    results: Results,
    measured: Mapping[str, Any],
    keys: Sequence[str],
    *,
    reported: bool,
) -> str:
    """Formats the means of all rows and baselines, with their intervals.

    Args:
        results: Of all rows.
        measured: The evaluation to show, one of `results`.
        keys: Metrics, '<protocol>/<metric>'.
        reported: Whether to add parameters, and the numbers of the papers.

    Raises:
        InputError: A row's method of a paper does not exist.
    """
    runs = measured["runs"]
    heading = ["run", *map(_heading, keys)]
    if reported:
        heading += ["parameters", "reported: PSNR / SSIM / AE"]
    lines = []
    for row in results.rows:
        if row.label not in runs:
            continue
        cells = [row.label, *(_cell(runs[row.label], key) for key in keys)]
        if reported:
            cost = results.costs["runs"][row.label]
            cells += [_millions(cost["parameters"]), _reported(row)]
        lines.append(cells)
    for name in _baselines(measured):
        cells = [name, *(_cell(runs[name], key) for key in keys)]
        lines.append(cells + [""] * (len(heading) - len(cells)))
    return markdown.table(heading, lines)


def format_differences(results: Results, keys: Sequence[str]) -> str:
    """Formats the first row less each other, image by image.

    Args:
        results: Of two rows, or of a row and baselines.
        keys: Metrics, '<protocol>/<metric>'.

    Returns:
        A table; '' where there is nothing to compare with.
    """
    measured, (first, *rows) = results.measured, results.rows
    images = measured["images"]
    others = [row.label for row in rows] + _baselines(measured)
    lines = [
        [
            other,
            *(
                _difference(
                    comparisons.paired(
                        (first.label, other, key),
                        images[first.label][key],
                        images[other][key],
                        measured["scenes"],
                    )
                )
                for key in keys
            ),
        ]
        for other in others
    ]
    heading = ["less", *map(_heading, keys)]
    return markdown.table(heading, lines) if lines else ""


def format_costs(results: Results) -> str:
    """Formats the costs of using the networks of each row."""
    heading = ["run", "method", "path", "network", "fusion", "parameters"]
    heading += ["sees", "GMAC", "time"]
    lines = []
    for row in results.rows:
        cost = results.costs["runs"][row.label]
        lines.append(
            [
                row.label,
                cost["config"]["method"],
                cost["about"]["path"],
                _networks(cost["config"]),
                "BFWLS" if cost["fusion"] else "",
                _millions(cost["parameters"]),
                f"{cost['seen']} px",
                f"{cost['macs'] / 1e9:.2f}",
                f"{cost['time_ratio']:.2f}",
            ]
        )
    return markdown.table(heading, lines)


def _baselines(measured: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, run in measured["runs"].items()
        if run["about"]["kind"] == "baseline"
    ]


def _networks(config: Mapping[str, Any]) -> str:
    """Names the networks that colorize; an ensemble has several."""
    members = config.get("members") or {"": config["network"]}
    return ", ".join(member["name"] for member in members.values())


def _difference(comparison: comparisons.Comparison | None) -> str:
    if comparison is None:
        return ""
    digits = display.METRICS[comparison.metric.partition("/")[2]].digits
    text = f"{comparison.difference:+.{digits}f}"
    if comparison.interval is None:
        return text
    low, high = comparison.interval
    text += f" [{low:+.{digits}f}, {high:+.{digits}f}]"
    return f"**{text}**" if low > 0 or high < 0 else text


def _reported(row: Row) -> str:
    if not row.reported:
        return ""
    lines = [line for line in read_reported() if line["method"] == row.reported]
    if not lines:
        raise InputError(
            f"row {row.label!r}: reported.csv has no method {row.reported!r}"
        )
    return "; ".join(
        " / ".join(line[key] or "-" for key in ("psnr", "ssim", "ae"))
        + f" ({line['paper']}: {line['data']})"
        for line in lines
    )


def _heading(key: str) -> str:
    protocol, _, name = key.partition("/")
    metric = display.METRICS[name]
    return f"{metric.label} {metric.unit}".rstrip() + f" (`{protocol}`)"


def _cell(run: Mapping[str, Any], key: str) -> str:
    digits = display.METRICS[key.partition("/")[2]].digits
    text = f"{run['mean'][key]:.{digits}f}"
    if key not in run["interval"]:
        return text
    low, high = (f"{end:.{digits}f}" for end in run["interval"][key])
    return f"{text} [{low}, {high}]"


def _millions(count: int) -> str:
    return f"{count / 1e6:.2f} M"
