"""docs/results.md and the README's table, as Markdown.

Every number and every command is read from a file, see `result_files`.
"""

import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.report import markdown, result_tables, trainings
from nircolor_tf.report.merging import METRICS, describe
from nircolor_tf.report.result_files import Results

BEGIN, END = "<!-- results -->", "<!-- /results -->"

# In the README, and of the differences.
_SHORT = METRICS[:3]


def format_page(results: Results, command: str | None = None) -> str:
    """Formats docs/results.md.

    Args:
        results: All files.
        command: The command line that writes the page, for its end; None
            where there is none.

    Raises:
        InputError: A row's method of a paper does not exist.
    """
    measured = results.measured
    sections = [
        "# Results",
        markdown.paragraph(
            "Written by the last command of this page from what the others "
            "measured. Means over images with 95% intervals, bootstrapped "
            "over scenes; `std` and `hkbu` are protocols "
            "([metrics.md](metrics.md))."
        ),
        f"## {describe(measured['data'])}",
        result_tables.format_numbers(results, measured, METRICS, reported=True),
        markdown.paragraph(
            "Reported: by the papers, on other images and with other budgets, "
            "not comparable. Training data and these images:"
        ),
        _training_statements(results, measured),
        *_differences(results),
        "## Cost",
        *_costs(results),
        "## Training",
        *_trainings(results),
    ]
    if results.other is not None:
        sections += [
            f"## {results.other_name}",
            f"{describe(results.other['data'])}.",
            result_tables.format_numbers(
                results, results.other, METRICS, reported=False
            ),
            _training_statements(results, results.other),
        ]
    sections += ["## Commands", *_commands(results, command)]
    return "\n\n".join(sections) + "\n"


def format_summary(results: Results) -> str:
    """Formats the README's table, of the rows that it shows."""
    rows = [row for row in results.rows if row.readme]
    results = dataclasses.replace(results, rows=rows)
    measured = results.measured
    return "\n\n".join(
        [
            markdown.paragraph(
                f"{describe(measured['data'])}; protocol `std`, mean [95% "
                "interval]."
            ),
            result_tables.format_numbers(
                results, measured, _SHORT, reported=False
            ),
            _training_statements(results, measured),
            markdown.paragraph(
                "[docs/results.md](docs/results.md) has all rows, the numbers "
                "that the papers report, costs, other data and a command for "
                "each row."
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


def _training_statements(results: Results, measured: Mapping[str, Any]) -> str:
    """Returns one line for all rows with the same statement."""
    labels = {}
    for row in results.rows:
        if row.label in measured["runs"]:
            text = measured["runs"][row.label]["training_data_text"]
            labels.setdefault(text, []).append(row.label)
    return "\n".join(
        markdown.item(
            f"{'every row' if len(labels) == 1 else ', '.join(names)}: {text}."
        )
        for text, names in labels.items()
    )


def _differences(results: Results) -> Iterator[str]:
    table = result_tables.format_differences(results, _SHORT)
    if table:
        yield markdown.paragraph(
            f"{results.rows[0].label} less each other run, image by image; "
            "bold where the interval leaves out 0:"
        )
        yield table


def _costs(results: Results) -> Iterator[str]:
    costs = results.costs
    yield result_tables.format_costs(results)
    yield markdown.paragraph(
        f"Of one image of {costs['size']}x{costs['size']}, colorized as "
        "it was measured; sees: the size at which the networks run. GMAC: "
        "10^9 multiply-accumulates of the networks. Time: from image to "
        f"image in TensorFlow, median of {costs['repeats']} ratios to "
        f"{costs['reference']}, in turns, on {costs['machine']}."
    )


def _trainings(results: Results) -> Iterator[str]:
    yield trainings.format_trainings(results.rows, results.costs["runs"])
    yield markdown.paragraph(
        "Minutes: wall time with evaluations, on the machine that "
        "trained, which is not recorded. Steps 'N of M': stopped before "
        "the end. Best: of the weights that were measured; of a mean, the "
        "minutes of all together. ?: not recorded; of an export and a mean "
        "only the best are. A student's minutes are without its teacher's."
    )


def _commands(results: Results, command: str | None) -> Iterator[str]:
    """Yields the recorded commands: of each row, then of all rows."""
    for row in results.rows:
        recorded = results.costs["runs"][row.label].get("commands", [])
        yield " ".join(filter(None, [f"{row.label}:", row.note]))
        yield markdown.code(recorded) if recorded else "No command is recorded."
    files = dict(results.measured["commands"])
    if results.other is not None:
        files |= results.other["commands"]
    files |= results.costs["commands"]
    yield markdown.paragraph(
        "All rows, measured, counted and written. "
        "[measured/README.md](measured/README.md) describes the files, the "
        "data and the reference:"
    )
    recorded = dict.fromkeys(filter(None, [*files.values(), command]))
    yield markdown.code(recorded)
    missing = list(files.values()).count(None)
    if missing:
        yield f"No command is recorded in {missing} of {len(files)} files."
