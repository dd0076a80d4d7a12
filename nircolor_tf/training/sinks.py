"""Where the numbers and the images of a training go.

A `Sink` takes scalars and image grids. The ones here are in the workdir:

    train/, eval/           TensorBoard events (`EventFiles`)
    train/scalars.csv, ...  step, phase, scalar, value (`ScalarFiles`)
    eval/STEP_NAME.png      the newest image grids (`GridFiles`)

Those of other programs are opened by `loggers.py`.
"""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf

from nircolor_tf import files
from nircolor_tf.images import image_files

KINDS = ("train", "eval")
CSV_COLUMNS = ("step", "phase", "scalar", "value")
# Of each name: enough to see where a training goes; TensorBoard has them all.
NEWEST_GRIDS = 10

_GRID = re.compile(r"(\d{7,})_(.+)\.png")


class Sink(Protocol):
    """Takes what a training measures."""

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """Takes numbers.

        Args:
            kind: 'train' or 'eval'.
            step: Of the last train step they include.
            phase: Its name.
            values: '<network>/<term>' or '<protocol>/<metric>' -> number.
        """

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """Takes an image grid of an evaluation, (H, W, 3) uint8."""

    def close(self, failed: bool) -> None:
        """Flushes everything.

        Args:
            failed: An error ended the training.
        """


class EventFiles:
    """TensorBoard events in train/ and eval/ of a workdir, which exist."""

    def __init__(self, workdir: Path):
        self._events = {
            kind: tf.summary.create_file_writer(str(workdir / kind))
            for kind in KINDS
        }

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """See `Sink`."""
        with self._events[kind].as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """See `Sink`."""
        with self._events["eval"].as_default(step=step):
            tf.summary.image(name, grid[None])

    def close(self, failed: bool) -> None:
        """See `Sink`."""
        for events in self._events.values():
            events.close()


class ScalarFiles:
    """scalars.csv in train/ and eval/ of a workdir, which exist.

    Args:
        workdir: Of the training.
        start_step: Rows of a later step, left by a run that was killed after
            its last checkpoint, are dropped.
    """

    def __init__(self, workdir: Path, start_step: int):
        self._paths = {kind: workdir / kind / "scalars.csv" for kind in KINDS}
        # What a full disk did not take yet.
        self._waiting = {kind: [] for kind in KINDS}
        for path in self._paths.values():
            _keep_until(path, start_step)

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """See `Sink`."""
        self._waiting[kind] += [
            (step, phase, name, f"{value:.6g}")
            for name, value in values.items()
        ]
        self._write(kind)

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """A table holds no images."""

    def close(self, failed: bool) -> None:
        """See `Sink`."""
        for kind in KINDS:
            self._write(kind)

    def _write(self, kind: str) -> None:
        if self._waiting[kind]:
            with files.appending(self._paths[kind]) as file:
                csv.writer(file).writerows(self._waiting[kind])
            self._waiting[kind] = []


class GridFiles:
    """eval/STEP_NAME.png of a workdir: the newest grids of each name.

    Args:
        workdir: Of the training; its eval/ exists.
        start_step: Grids of a later step are deleted, as in `ScalarFiles`.
    """

    def __init__(self, workdir: Path, start_step: int):
        self._folder = workdir / "eval"
        for step, _, path in self._grids():
            if step > start_step:
                path.unlink()

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """An image holds no numbers."""

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """See `Sink`."""
        name = file_name(name)
        image_files.write_image(self._folder / f"{step:07d}_{name}.png", grid)
        paths = [path for _, other, path in self._grids() if other == name]
        for path in paths[:-NEWEST_GRIDS]:
            path.unlink()

    def close(self, failed: bool) -> None:
        """Every grid is in its file already."""

    def _grids(self) -> list[tuple[int, str, Path]]:
        """Returns step, name and path of each, the oldest first."""
        matches = [
            _GRID.fullmatch(path.name) for path in self._folder.iterdir()
        ]
        return sorted(
            (int(match[1]), match[2], self._folder / match[0])
            for match in matches
            if match
        )


def file_name(name: str) -> str:
    """Returns 'nir_colorized_truth' for 'NIR, colorized, truth'."""
    return "_".join(re.findall(r"[a-z0-9]+", name.lower()))


def newest_step(workdir: Path, kind: str) -> int:
    """Returns the last step of train/ or eval/scalars.csv; 0 for none."""
    rows = _rows(workdir / kind / "scalars.csv")
    return int(rows[-1][0]) if rows else 0


def _rows(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with open(path, newline="") as file:
        # A killed run may have left its last row unfinished.
        return [
            row
            for row in list(csv.reader(file))[1:]
            if len(row) == len(CSV_COLUMNS)
        ]


def _keep_until(path: Path, step: int) -> None:
    rows = [row for row in _rows(path) if int(row[0]) <= step]
    with (
        files.replacing(path) as temporary,
        open(temporary, "w", newline="") as file,
    ):
        csv.writer(file).writerows([CSV_COLUMNS, *rows])
