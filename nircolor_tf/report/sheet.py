"""The figure of the papers: source, predictions and truth side by side.

A row for each of nine images: the three with the lowest, the middle and the
highest PSNR of the first run.
"""

from collections.abc import Sequence

import numpy as np

from nircolor_tf.data.manifest import Example
from nircolor_tf.evaluation import runs
from nircolor_tf.evaluation.results import Evaluation, RunResult
from nircolor_tf.images import grid
from nircolor_tf.inference import resizing
from nircolor_tf.report import pictures, tables

_TILE = 256
_METRICS = ("std/psnr", "std/ssim", "std/ae")


def draw_sheet(evaluation: Evaluation) -> np.ndarray:
    """Draws the figure, (H, W, 3) uint8."""
    first = evaluation.results[0]
    psnr = first.column("std/psnr")
    order = sorted(psnr, key=psnr.__getitem__)
    examples = {example.name: example for example in evaluation.examples}
    rows, labels = [], []
    for rank, role in ranks(len(order)):
        name = order[rank]
        rows.append(_row(examples[name], evaluation.results))
        numbers = tables.format_numbers(first.images[name].metrics, _METRICS)
        labels.append(
            f"{role} ({rank + 1} of {len(order)}): {name}   {numbers}"
        )
    headings = [
        runs.LABELS[first.run.source],
        *(result.name for result in evaluation.results),
        f"true {runs.LABELS[first.run.target]}",
    ]
    return grid.image_grid(rows, labels, headings)


def ranks(count: int) -> list[tuple[int, str]]:
    """Returns (rank, role) of the images to show; up to nine are all shown.

    Args:
        count: Of the images that are ranked, the worst first.
    """
    if count <= 9:
        return [(rank, "PSNR rank") for rank in range(count)]
    starts = {"worst": 0, "median": count // 2 - 1, "best": count - 3}
    return [
        (start + offset, role)
        for role, start in starts.items()
        for offset in range(3)
    ]


def _row(example: Example, results: Sequence[RunResult]) -> list[np.ndarray]:
    """Returns the tiles of a row; an empty one where a run failed."""
    source, truth = pictures.source_and_truth(example, results[0].run)
    tiles = [source]
    for result in results:
        image = result.images.get(example.name)
        tiles.append(
            pictures.read_picture(image.picture)
            if image
            else np.full_like(truth, 255)
        )
    return [
        resizing.shrink_longer_side(tile, _TILE) for tile in [*tiles, truth]
    ]
