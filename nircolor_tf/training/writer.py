"""Writes the progress of a training: into its sinks, and a progress bar."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
from tqdm import tqdm

from nircolor_tf.errors import DiskFullError
from nircolor_tf.training import sinks
from nircolor_tf.training.remaining_time import RemainingTime


class Writer:
    """Writes scalars and image grids of one training.

    Args:
        workdir: Gets train/ and eval/, with TensorBoard events, scalars.csv
            and image grids (`sinks.py`).
        start_step: What is there of a later step, left by a run that was
            killed after its last checkpoint, is dropped. -1 where there is no
            checkpoint yet.
        end_step: Of the whole training, for the remaining time.
        loggers: Sinks besides those in the workdir.
    """

    # A writer that shows nothing has none.
    _remaining: RemainingTime | None = None

    def __init__(
        self,
        workdir: Path,
        start_step: int,
        end_step: int,
        loggers: Sequence[sinks.Sink] = (),
    ):
        for kind in sinks.KINDS:
            (workdir / kind).mkdir(parents=True, exist_ok=True)
        self._sinks: list[sinks.Sink] = [
            sinks.EventFiles(workdir),
            sinks.ScalarFiles(workdir, start_step),
            sinks.GridFiles(workdir, start_step),
            *loggers,
        ]
        self._bar = tqdm(
            total=end_step,
            initial=max(start_step, 0),
            unit="step",
            dynamic_ncols=True,
        )
        self._remaining = RemainingTime(end_step - max(start_step, 0))

    def advance(self, scalars: Mapping[str, SupportsFloat]) -> None:
        """Counts one step, and says once how long all of them take.

        Args:
            scalars: That the step returned.
        """
        self._bar.update()
        if self._remaining and (estimate := self._remaining.advance(scalars)):
            self.say(estimate)

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
        """Writes numbers, see `sinks.Sink`."""
        for sink in self._sinks:
            self.attempt(sink.scalars, kind, step, phase, values)

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """Writes an image grid of an evaluation, (H, W, 3) uint8."""
        for sink in self._sinks:
            self.attempt(sink.image, step, name, grid)

    def attempt(self, write: Callable[..., None], *arguments: Any) -> None:
        """Writes what a training can do without where the disk is full.

        Args:
            write: Raises a DiskFullError then, which is shown.
            *arguments: What it takes.
        """
        try:
            write(*arguments)
        except DiskFullError as error:
            self.say(
                f"warning: {error}; the training goes on, and tries again later"
            )

    def close(self, failed: bool = False) -> None:
        """Flushes everything.

        Args:
            failed: An error ended the training.
        """
        for sink in self._sinks:
            self.attempt(sink.close, failed)
        self._bar.close()


class SilentWriter(Writer):
    """Writes nothing: that of a process that is not the chief."""

    def __init__(self):
        self._sinks = []
        self._bar = tqdm(disable=True)

    def say(self, text: str) -> None:
        """Leaves it to the chief."""
