"""The folder an evaluation leaves: pages, tables and pictures.

* `report.html`: everything to look at in one file that needs no network;
* `table.csv`: a line for each run, every mean and its 95% interval;
* `table.md`: the table of the papers, to paste;
* `per_image.csv`: a line for each image of each run;
* `summary.json`: the same means, the paired differences, what failed;
* `worst_median_best.png`: source, each run and truth of the three images with
  the lowest, the middle and the highest PSNR of the first run;
* `robustness.csv`, `.svg` and `.png`, if there are curves.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import robustness, runs
from nircolor_tf.evaluation.results import Evaluation, RunResult
from nircolor_tf.images import grid, image_files
from nircolor_tf.report import html, page, tables

FILES = (
    "report.html",
    "table.csv",
    "table.md",
    "per_image.csv",
    "summary.json",
    "worst_median_best.png",
    "robustness.csv",
    "robustness.svg",
    "robustness.png",
)
_TILE = 256
_SHEET_METRICS = ("std/psnr", "std/ssim", "std/ae")


def make_folder(folder: str | os.PathLike) -> Path:
    """Makes the folder of a report before hours go into its numbers.

    Raises:
        InputError: It cannot be made.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made a folder: {error.strerror}"
        ) from error
    return folder


def write_report(
    folder: Path, found: Evaluation, gallery: int, scratch: Path
) -> None:
    """Writes all files; those of an earlier report in the folder go.

    Args:
        folder: Exists.
        found: At least one run with at least one image.
        gallery: How many images report.html shows.
        scratch: A folder on the same disk, where the files are made.
    """
    tables.write_table(scratch / "table.csv", found)
    tables.write_markdown(scratch / "table.md", found)
    tables.write_images(scratch / "per_image.csv", found)
    summary = tables.summarize(found)
    tables.write_summary(scratch / "summary.json", summary)
    image_files.write_image(scratch / "worst_median_best.png", _sheet(found))
    points = [point for result in found.results for point in result.curves]
    if points:
        robustness.write_csv(scratch / "robustness.csv", points)
        robustness.write_plot(scratch / "robustness.svg", points)
        robustness.write_plot(scratch / "robustness.png", points)
    plot = scratch / "robustness.svg" if points else None
    contents = page.contents(found, summary, gallery, plot)
    html.write(scratch / "report.html", contents)
    for name in FILES:
        if (scratch / name).exists():
            os.replace(scratch / name, folder / name)
        else:
            with contextlib.suppress(FileNotFoundError):
                (folder / name).unlink()


def _sheet(found: Evaluation) -> np.ndarray:
    """Draws the figure of the papers: what went in, the runs, the truth."""
    first = found.results[0]
    psnr = first.column("std/psnr")
    order = sorted(psnr, key=psnr.__getitem__)
    examples = {example.name: example for example in found.examples}
    rows, labels = [], []
    for rank, role in _chosen_ranks(len(order)):
        name = order[rank]
        rows.append(_row(examples[name], found.results))
        numbers = tables.format_numbers(
            first.images[name].metrics, _SHEET_METRICS
        )
        labels.append(
            f"{role} ({rank + 1} of {len(order)}): {name}   {numbers}"
        )
    headings = [
        runs.LABELS[first.run.source],
        *(result.name for result in found.results),
        f"true {runs.LABELS[first.run.target]}",
    ]
    return grid.image_grid(rows, labels, headings)


def _row(example: Example, results: Sequence[RunResult]) -> list[np.ndarray]:
    """Source, predictions and truth; an empty tile where a run failed."""
    source, truth = page.source_and_truth(example, results[0].run)
    tiles = [source]
    for result in results:
        image = result.images.get(example.name)
        tiles.append(
            page.read_picture(image.picture)
            if image
            else np.full_like(truth, 255)
        )
    return [page.shrunk(tile, _TILE) for tile in [*tiles, truth]]


def _chosen_ranks(count):
    """(rank, role) of the images to show; few images are all shown."""
    if count <= 9:
        return [(rank, "PSNR rank") for rank in range(count)]
    starts = {"worst": 0, "median": count // 2 - 1, "best": count - 3}
    return [
        (start + i, role) for role, start in starts.items() for i in range(3)
    ]
