"""A run of Weights & Biases as a sink. Needs the extra [wandb].

Its environment variables say who and where: WANDB_API_KEY, WANDB_ENTITY,
WANDB_PROJECT, WANDB_MODE=offline. Its files are in wandb/ of the workdir.

Reference: https://docs.wandb.ai/ref/python
"""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import wandb

from nircolor_tf.training import sinks

PROJECT = "nircolor"


class Run:
    """A new run, or one that goes on.

    Args:
        workdir: Of the training.
        settings: The config, for a table of runs.
        run: Its id. None: a new run.

    Raises:
        wandb.Error: There is no account, or no network.
    """

    def __init__(self, workdir: Path, settings: dict, run: str | None):
        self.run = run or uuid.uuid4().hex[:8]
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=workdir.absolute().name,
            id=self.run,
            resume="allow",
            dir=str(workdir),
            config=settings,
            # The progress bar is no log, and nobody asked to publish code.
            settings=wandb.Settings(
                console="off", disable_git=True, save_code=False
            ),
        )
        # W&B drops what comes with a smaller count of its own than before. A
        # training that was killed takes the steps after its checkpoint again.
        self._run.define_metric("step", hidden=True)
        self._run.define_metric("*", step_metric="step")

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """See `sinks.Sink`."""
        numbers = {f"{kind}/{name}": float(v) for name, v in values.items()}
        self._run.log({**numbers, "step": step})

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """See `sinks.Sink`."""
        key = f"eval/{sinks.file_name(name)}"
        self._run.log({key: wandb.Image(grid, caption=name), "step": step})

    def close(self, failed: bool) -> None:
        """See `sinks.Sink`."""
        self._run.finish(exit_code=int(failed))
