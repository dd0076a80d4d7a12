"""The report of one evaluation: numbers per image, means, images to look at.

`write_report` measures a stream of images and leaves in a folder:

* `per_image.csv`: one line per image, one column per <protocol>/<metric>;
* `summary.json`: what was measured, the number of images, the means, and of
  color mean and standard deviation of the angular error over all pixels;
* `worst_median_best.png`: source | ours | truth of the three images with the
  lowest, the middle and the highest PSNR (`std`).
"""

import csv
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nircolor_tf.data.images import read_image, write_image
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import protocols

_METRIC_TEXTS = {
    "psnr": "PSNR {:.2f} dB",
    "ssim": "SSIM {:.3f}",
    "ae": "AE {:.2f} deg",
    "mae": "MAE {:.3f}",
}
_THUMBNAIL_SIDE = 256
_GAP = 4
_TEXT_HEIGHT = 20


def write_report(
    folder: str | os.PathLike,
    results: Iterable[tuple[str, np.ndarray, np.ndarray, np.ndarray]],
    about: Mapping[str, str],
    columns: tuple[str, str, str],
) -> dict:
    """Measures images under every protocol and writes the report.

    Only numbers stay in memory, so the number of images is not limited. The
    files of an earlier report in the folder are replaced once all images are
    measured, not before.

    Args:
        folder: Where to write; made when missing.
        results: (name, source (H, W, 1), prediction (H, W, C), truth
            (H, W, C)), each uint8, uint16, or floating point in [0, 1]; C is
            3, or 1 for gray and NIR.
        about: What was measured, such as model, split and manifest; goes into
            summary.json as it is.
        columns: How the sheet calls source, prediction and truth.

    Returns:
        What summary.json holds: {"about": .., "count": number of images,
        "mean": {protocol: {metric: value}}}, the values as
        `protocols.summarize` returns them. An infinite PSNR is the string
        "inf" there, as JSON has no number for it.

    Raises:
        InputError: The folder cannot be made, there are no images, or one
            cannot be measured; the message names it.
    """
    folder = _make_folder(folder)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".report-") as scratch:
        thumbnails = Path(scratch, "thumbnails")
        thumbnails.mkdir()
        names, pixels, measured = _measure_all(results, columns, thumbnails)
        if not names:
            raise InputError(f"{folder}: no images to report on")
        summary = {
            "about": dict(about),
            "count": len(names),
            "mean": _means(measured, pixels),
        }
        _write_csv(Path(scratch, "per_image.csv"), names, measured)
        Path(scratch, "summary.json").write_text(
            json.dumps(summary, indent=2) + "\n"
        )
        write_image(
            Path(scratch, "worst_median_best.png"),
            _sheet(names, measured["std"], columns, thumbnails),
        )
        for file in ("per_image.csv", "summary.json", "worst_median_best.png"):
            os.replace(Path(scratch, file), folder / file)
    return summary


def _make_folder(folder: str | os.PathLike) -> Path:
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made a folder: {error.strerror}"
        ) from error
    return folder


def format_table(summary: Mapping) -> str:
    """Formats the means of a report as plain text, one line per protocol.

    Args:
        summary: What `write_report` returns.

    Returns:
        Lines without a final newline.
    """
    metrics = list(next(iter(summary["mean"].values())))
    widths = {name: max(10, len(name) + 2) for name in metrics}
    lines = [
        "protocol  " + "".join(f"{name:>{widths[name]}}" for name in metrics)
    ]
    for protocol, means in summary["mean"].items():
        values = (
            f"{float(means[name]):>{widths[name]}.4f}" for name in metrics
        )
        lines.append(f"{protocol:<10}" + "".join(values))
    lines.append(f"mean over {summary['count']} images")
    return "\n".join(lines)


def image_grid(
    rows: Sequence[Sequence[np.ndarray]],
    labels: Sequence[str],
    headings: Sequence[str],
) -> np.ndarray:
    """Lays images out in a grid with a text above each row and column.

    Args:
        rows: Images (H, W, 1) or (H, W, 3), equally many per row; uint8,
            uint16, or floating point in [0, 1]. Sizes may differ.
        labels: One text per row.
        headings: One text per column.

    Returns:
        (H, W, 3) uint8, black text on white.

    Raises:
        InputError: Floating-point values lie outside [0, 1].
    """
    font = ImageFont.load_default(size=13)
    pitch = max(tile.shape[1] for row in rows for tile in row) + _GAP
    heights = [_TEXT_HEIGHT + max(t.shape[0] for t in row) for row in rows]
    text_width = math.ceil(max(map(font.getlength, labels)))
    width = max(len(headings) * pitch, text_width + _GAP)
    grid = Image.new(
        "RGB", (_GAP + width, _TEXT_HEIGHT + sum(heights) + _GAP), "white"
    )
    draw = ImageDraw.Draw(grid)
    for j, heading in enumerate(headings):
        draw.text((_GAP + j * pitch, 3), heading, "black", font)
    top = _TEXT_HEIGHT
    for row, label, height in zip(rows, labels, heights, strict=True):
        draw.text((_GAP, top + 3), label, "black", font)
        for j, tile in enumerate(row):
            levels = protocols.to_8bit(tile, label)
            rgb = np.broadcast_to(levels, (*tile.shape[:2], 3))
            grid.paste(
                Image.fromarray(np.ascontiguousarray(rgb)),
                (_GAP + j * pitch, top + _TEXT_HEIGHT),
            )
        top += height
    return np.array(grid)


def _measure_all(results, columns, thumbnails):
    """Returns names, pixels, {protocol: [measurement]}; leaves thumbnails."""
    names, pixels = [], []
    measured = {protocol: [] for protocol in protocols.PROTOCOLS}
    for name, source, prediction, truth in results:
        try:
            for protocol, measurements in measured.items():
                measurements.append(
                    protocols.measure(prediction, truth, protocol)
                )
            images = [
                protocols.to_8bit(image, column)
                for column, image in zip(
                    columns, (source, prediction, truth), strict=True
                )
            ]
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
        for column, image in zip(columns, images, strict=True):
            # Numbered, because a name may hold a slash.
            path = thumbnails / f"{len(names)}_{column}.png"
            write_image(path, _shrunk(image))
        names.append(name)
        pixels.append(truth.shape[0] * truth.shape[1])
    return names, pixels, measured


def _means(measured, pixels):
    return {
        protocol: {
            metric: value if math.isfinite(value) else str(value)
            for metric, value in protocols.summarize(
                measurements, pixels
            ).items()
        }
        for protocol, measurements in measured.items()
    }


def _shrunk(image):
    height, width = image.shape[:2]
    scale = _THUMBNAIL_SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _write_csv(path, names, measured):
    rows = [{"name": name} for name in names]
    for protocol, measurements in measured.items():
        for row, measurement in zip(rows, measurements, strict=True):
            for metric, value in measurement.items():
                row[f"{protocol}/{metric}"] = f"{value:.6f}"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _sheet(names, measurements, columns, thumbnails):
    order = sorted(range(len(names)), key=lambda i: measurements[i]["psnr"])
    rows, labels = [], []
    for rank, role in _chosen_ranks(len(names)):
        i = order[rank]
        tiles = [
            read_image(thumbnails / f"{i}_{column}.png") for column in columns
        ]
        rows.append(
            [tile[..., None] if tile.ndim == 2 else tile for tile in tiles]
        )
        labels.append(
            f"{role} ({rank + 1} of {len(names)}): {names[i]}   "
            + "   ".join(
                text.format(measurements[i][metric])
                for metric, text in _METRIC_TEXTS.items()
                if metric in measurements[i]
            )
        )
    return image_grid(rows, labels, columns)


def _chosen_ranks(count):
    """(rank, role) of the images to show; few images are all shown."""
    if count <= 9:
        return [(rank, "PSNR rank") for rank in range(count)]
    starts = {"worst": 0, "median": count // 2 - 1, "best": count - 3}
    return [
        (start + i, role) for role, start in starts.items() for i in range(3)
    ]
