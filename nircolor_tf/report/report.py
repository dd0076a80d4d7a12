"""The folder that an evaluation leaves: pages, tables and pictures.

* `report.html`: everything to look at in one file that needs no network;
* `table.csv`: a line for each run, every mean and its 95% interval;
* `table.md`: the table of the papers, to paste;
* `per_image.csv`: a line for each image of each run;
* `summary.json`: the same means, the paired differences, the failures;
* `worst_median_best.png`: source, each run and truth of the three images with
  the lowest, the middle and the highest PSNR of the first run;
* `robustness.csv`, `.svg` and `.png`, if there are curves.
"""

import contextlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import per_image, robustness_files, summaries
from nircolor_tf.evaluation.evaluate import evaluate
from nircolor_tf.evaluation.options import Options
from nircolor_tf.evaluation.results import Evaluation
from nircolor_tf.images import image_files
from nircolor_tf.report import html, page, robustness_plot, sheet, tables

FILES = (
    "report.html",
    "table.csv",
    "table.md",
    per_image.FILE,
    summaries.FILE,
    "worst_median_best.png",
    robustness_files.FILE,
    "robustness.svg",
    "robustness.png",
)


def check_new(folder: str | os.PathLike) -> None:
    """Refuses a folder that holds a file of a report.

    Raises:
        InputError: It holds one.
    """
    for name in FILES:
        if Path(folder, name).exists():
            raise InputError(
                f"{Path(folder, name)}: exists already; choose another "
                "--output or say --overwrite"
            )


def evaluate_and_report(
    names: Sequence[str],
    options: Options,
    folder: str | os.PathLike,
    gallery: int,
    command: str | None = None,
) -> Evaluation:
    """Measures runs on the same images and writes the report.

    Args:
        names: Of runs, [LABEL=]FOLDER[:PATH], see `run_names`.
        options: What to measure, and how.
        folder: Of the report; made when missing.
        gallery: How many images report.html shows, the worst ones.
        command: The command line that evaluates, for summary.json; None where
            there is none.

    Returns:
        The numbers; the pictures are gone. `problems` names all failures.

    Raises:
        InputError: As `evaluate` raises it, or a file cannot be written.
    """
    with evaluate(names, options, folder) as evaluation:
        write_report(Path(folder), evaluation, gallery, command)
    return evaluation


def write_report(
    folder: Path,
    evaluation: Evaluation,
    gallery: int,
    command: str | None = None,
) -> None:
    """Writes all files; those of an earlier report in the folder go.

    Args:
        folder: Exists.
        evaluation: At least one run with at least one image.
        gallery: How many images report.html shows.
        command: As for `evaluate_and_report`.
    """
    with (
        files.refusals_named(folder),
        tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as scratch,
    ):
        _write_files(Path(scratch), evaluation, gallery, command)
        for name in FILES:
            if Path(scratch, name).exists():
                os.replace(Path(scratch, name), folder / name)
            else:
                with contextlib.suppress(FileNotFoundError):
                    (folder / name).unlink()


def _write_files(
    folder: Path, evaluation: Evaluation, gallery: int, command: str | None
) -> None:
    tables.write_table(folder / "table.csv", evaluation)
    tables.write_markdown(folder / "table.md", evaluation)
    per_image.write(folder, evaluation)
    summary = summaries.summarize(evaluation, command)
    summaries.write(folder, summary)
    image_files.write_image(
        folder / "worst_median_best.png", sheet.draw_sheet(evaluation)
    )
    curves = [point for result in evaluation.results for point in result.curves]
    plot = folder / "robustness.svg" if curves else None
    if plot:
        robustness_files.write(folder / robustness_files.FILE, curves)
        robustness_plot.write_plot(plot, curves)
        robustness_plot.write_plot(plot.with_suffix(".png"), curves)
    contents = page.contents(evaluation, summary, gallery, plot)
    html.write(folder / "report.html", contents)
