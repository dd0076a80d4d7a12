"""docs/results.md and the README's table, as Markdown.

No number is typed: see `result_rows` for where they come from.
"""

import os
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import comparisons
from nircolor_tf.metrics import protocols
from nircolor_tf.report import result_commands
from nircolor_tf.report.reported import read_reported
from nircolor_tf.report.result_rows import (
    METRICS,
    Results,
    Row,
    describe,
    is_baseline,
    member_configs,
)

BEGIN, END = "<!-- results -->", "<!-- /results -->"

# In the README.
_SHORT = METRICS[:3]


def format_page(found: Results) -> str:
    """Formats docs/results.md.

    Raises:
        InputError: A row's config or method of a paper does not exist.
    """
    measured, costs = found.measured, found.costs
    sections = [
        "# Results",
        _text(
            "Written by the last command of this page from what the others "
            "measured. Means over images with 95% intervals, bootstrapped "
            "over scenes; `std` and `hkbu` are protocols "
            "([metrics.md](metrics.md))."
        ),
        f"## {describe(measured['data'])}",
        _numbers(found, measured, METRICS, reported=True),
        _text(
            "Reported: by the papers, on other images and with other budgets, "
            "not comparable. Training data and these images:"
        ),
        _training_statements(found, measured),
        *_differences(found),
        "## Cost",
        _costs(found),
        _text(
            f"Of one image of {costs['size']}x{costs['size']}, colorized as "
            "it was measured; sees: the size at which the networks run. GMAC: "
            "10^9 multiply-accumulates of the networks. Time: from image to "
            f"image in TensorFlow, median of {costs['repeats']} ratios to "
            f"{costs['reference']}, in turns, on {costs['machine']}."
        ),
        "## Training",
        _trainings(found),
        _text(
            "Minutes: wall time with evaluations, on the machine that "
            "trained, which is not recorded. Steps of more: stopped before "
            "the end. Best: of the weights that were measured; of a mean, the "
            "minutes of all together. ?: an export and a mean know only "
            "those. A student's minutes are without its teacher's."
        ),
    ]
    if found.other is not None:
        sections += [
            f"## {found.other_name}",
            f"{describe(found.other['data'])}.",
            _numbers(found, found.other, METRICS, reported=False),
            _training_statements(found, found.other),
        ]
    sections += ["## Commands", *result_commands.format_commands(found)]
    return "\n\n".join(sections) + "\n"


def format_summary(found: Results) -> str:
    """Formats the README's table.

    Raises:
        InputError: A row's method of a paper does not exist.
    """
    data = describe(found.measured["data"])
    return "\n\n".join(
        [
            _text(f"{data}; protocol `std`, mean [95% interval]."),
            _numbers(found, found.measured, _SHORT, reported=True),
            _text(
                "Reported: by the papers, on other images and with other "
                "budgets, not comparable. Training data and these images:"
            ),
            _training_statements(found, found.measured),
            _text(
                "Cost, training, other data, and a command for each row: "
                "[docs/results.md](docs/results.md)."
            ),
        ]
    )


def replace_between(path: str | os.PathLike, text: str) -> str:
    """Returns a file's text with `text` between the two markers.

    Raises:
        InputError: The markers are not there, once each and in this order.
    """
    before, begin, rest = (
        Path(path).read_text(encoding="utf-8").partition(BEGIN)
    )
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise InputError(f"{path}: expected {BEGIN} and {END} once each")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def _numbers(
    found: Results,
    measured: Mapping[str, Any],
    keys: Sequence[str],
    *,
    reported: bool,
) -> str:
    runs = measured["runs"]
    heading = ["run", *map(_heading, keys)]
    if reported:
        heading += ["parameters", "reported: PSNR / SSIM / AE"]
    lines = []
    for row in found.rows:
        if row.label not in runs:
            continue
        cells = [row.label, *(_cell(runs[row.label], key) for key in keys)]
        if reported:
            cost = found.costs["runs"][row.label]
            cells += [_millions(cost["parameters"]), _reported(row)]
        lines.append(cells)
    for name, run in runs.items():
        if run["about"]["kind"] == "baseline":
            cells = [name, *(_cell(run, key) for key in keys)]
            lines.append(cells + [""] * (len(heading) - len(cells)))
    return _table(heading, lines)


def _costs(found: Results) -> str:
    heading = ["run", "method", "path", "network", "fusion", "parameters"]
    heading += ["sees", "GMAC", "time"]
    lines = []
    for row in found.rows:
        cost = found.costs["runs"][row.label]
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
    return _table(heading, lines)


def _networks(config: Mapping[str, Any]) -> str:
    """Names what colorizes; an ensemble has several."""
    members = config.get("members") or {"": config["network"]}
    return ", ".join(member["name"] for member in members.values())


def _trainings(found: Results) -> str:
    heading = ["run", "config", "pairs", "photos", "batch", "peak rate"]
    heading += ["steps", "minutes", "best step", "at minute"]
    lines = []
    for row in found.rows:
        cost = found.costs["runs"][row.label]
        members = member_configs(cost["config"])
        steps = minutes = "?"
        if len(members) == 1 and (trained := cost["trained"]):
            steps = f"{trained['step']:,}"
            if trained["step"] < trained["planned"]:
                steps += f" of {trained['planned']:,}"
            minutes = f"{trained['minutes']:.0f}"
        lines.append(
            [
                row.label,
                ", ".join(f"`{config}`" for config in row.configs),
                f"{cost['pairs']:,}",
                f"{cost['photos']:,}",
                ", ".join(str(one["data"]["batch_size"]) for one in members),
                ", ".join(f"{one['rate']['peak']:g}" for one in members),
                steps,
                minutes,
                " + ".join(
                    f"{one.get('best_step', cost['best']['step']):,}"
                    for one in members
                ),
                f"{cost['best']['minutes']:.0f}",
            ]
        )
    return _table(heading, lines)


def _training_statements(found: Results, measured: Mapping[str, Any]) -> str:
    """One line for all rows of which the same is to be said."""
    labels = {}
    for row in found.rows:
        if row.label in measured["runs"]:
            text = measured["runs"][row.label]["training_data_text"]
            labels.setdefault(text, []).append(row.label)
    return "\n".join(
        _item(
            f"{'every row' if len(labels) == 1 else ', '.join(names)}: {text}."
        )
        for text, names in labels.items()
    )


def _differences(found: Results) -> Iterator[str]:
    """The first row less each other, image by image."""
    measured, (first, *rows) = found.measured, found.rows
    runs, images = measured["runs"], measured["images"]
    others = [row.label for row in rows]
    others += [name for name, run in runs.items() if is_baseline(run)]
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
                for key in _SHORT
            ),
        ]
        for other in others
    ]
    if lines:
        yield _text(
            f"{first.label} less each other run, image by image; bold where "
            "the interval leaves out 0:"
        )
        yield _table(["less", *map(_heading, _SHORT)], lines)


def _difference(found: comparisons.Comparison | None) -> str:
    if found is None:
        return ""
    digits = protocols.METRICS[found.metric.partition("/")[2]].digits
    text = f"{found.difference:+.{digits}f}"
    if found.interval is None:
        return text
    low, high = found.interval
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
    metric = protocols.METRICS[name]
    return f"{metric.label} {metric.unit}".rstrip() + f" (`{protocol}`)"


def _cell(run: Mapping[str, Any], key: str) -> str:
    digits = protocols.METRICS[key.partition("/")[2]].digits
    # JSON has no infinity: it is a string there.
    text = f"{float(run['mean'][key]):.{digits}f}"
    if key not in run["interval"]:
        return text
    low, high = (f"{end:.{digits}f}" for end in run["interval"][key])
    return f"{text} [{low}, {high}]"


def _millions(count: int) -> str:
    return f"{count / 1e6:.2f} M"


def _table(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [heading, ["---"] * len(heading), *lines]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "/") for cell in row) + " |"
        for row in rows
    )


def _text(text: str) -> str:
    return textwrap.fill(text, 80, break_long_words=False)


def _item(text: str) -> str:
    return textwrap.fill(
        f"- {text}", 80, subsequent_indent="  ", break_long_words=False
    )
