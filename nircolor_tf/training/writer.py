"""Writes the progress of a training: TensorBoard, CSV, a progress bar."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from nircolor_tf import files

CSV_COLUMNS = ("step", "phase", "scalar", "value")


class Writer:
    """Writes scalars and image grids of one workdir.

    Args:
        workdir: Gets train/ and eval/, each with TensorBoard events and
            scalars.csv (step, phase, scalar, value).
        start_step: Rows of a later step, left by a run that was killed after
            its last checkpoint, are dropped.
        end_step: Of the whole training, for the remaining time.
    """

    def __init__(self, workdir: Path, start_step: int, end_step: int):
        self._folders = {name: workdir / name for name in ("train", "eval")}
        self._events = {}
        for name, folder in self._folders.items():
            folder.mkdir(parents=True, exist_ok=True)
            self._events[name] = tf.summary.create_file_writer(str(folder))
            _keep_until(folder / "scalars.csv", start_step)
        self._bar = tqdm(
            total=end_step, initial=start_step, unit="step", dynamic_ncols=True
        )

    def advance(self) -> None:
        """Counts one step on the progress bar."""
        self._bar.update()

    def show(self, phase: str, losses: Mapping[str, float]) -> None:
        """Shows the phase and some losses beside the progress bar."""
        self._bar.set_description(phase)
        self._bar.set_postfix(
            {name: f"{loss:.4f}" for name, loss in losses.items()}
        )

    def say(self, text: str) -> None:
        """Prints a line above the progress bar."""
        self._bar.write(text)

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """Writes numbers.

        Args:
            kind: 'train' or 'eval'.
            step: Of the last train step they include.
            phase: Its name.
            values: '<network>/<term>' or '<protocol>/<metric>' -> number.
        """
        with self._events[kind].as_default(step=step):
            for name, value in values.items():
                tf.summary.scalar(name, value)
        with open(self._folders[kind] / "scalars.csv", "a", newline="") as file:
            csv.writer(file).writerows(
                (step, phase, name, f"{value:.6g}")
                for name, value in values.items()
            )

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """Writes an image grid, (H, W, 3) uint8, to TensorBoard's eval."""
        with self._events["eval"].as_default(step=step):
            tf.summary.image(name, grid[None])

    def close(self) -> None:
        """Flushes everything."""
        for events in self._events.values():
            events.close()
        self._bar.close()


def _keep_until(path: Path, step: int) -> None:
    rows = []
    if path.exists():
        with open(path, newline="") as file:
            # A killed run may have left its last row unfinished.
            rows = [
                row
                for row in list(csv.reader(file))[1:]
                if len(row) == len(CSV_COLUMNS) and int(row[0]) <= step
            ]
    with (
        files.replacing(path) as temporary,
        open(temporary, "w", newline="") as file,
    ):
        csv.writer(file).writerows([CSV_COLUMNS, *rows])
