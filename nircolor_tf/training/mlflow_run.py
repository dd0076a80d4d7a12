"""A run of MLflow as a sink. Needs the extra [mlflow].

Its environment variables say where: MLFLOW_TRACKING_URI, a server or a file,
and MLFLOW_EXPERIMENT_NAME.

Reference: https://mlflow.org/docs/latest/api_reference/python_api
"""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

# MLflow reports its use to its makers, unless this is said before the import.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# By itself it asks a server that is away for minutes, and the training waits.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")

from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from nircolor_tf.training import sinks

EXPERIMENT = "nircolor"
# What a server takes of a request.
_PARAMS_AT_ONCE = 100


class Run:
    """A new run, or one that goes on.

    Args:
        workdir: Of the training.
        settings: The config, for a table of runs.
        run: Its id. None: a new run.

    Raises:
        mlflow.exceptions.MlflowException: The server does not answer, or does
            not know the run.
    """

    def __init__(self, workdir: Path, settings: dict, run: str | None):
        self._client = MlflowClient()
        if run is None:
            self.run = self._create(workdir.absolute().name, settings)
        else:
            self.run = run
            self._client.update_run(run, status="RUNNING")

    def _create(self, name: str, settings: dict) -> str:
        title = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        experiment = self._client.get_experiment_by_name(title)
        run = self._client.create_run(
            self._client.create_experiment(title)
            if experiment is None
            else experiment.experiment_id,
            run_name=name,
        ).info.run_id
        params = [Param(key, str(value)) for key, value in _flatten(settings)]
        for index in range(0, len(params), _PARAMS_AT_ONCE):
            self._client.log_batch(
                run, params=params[index : index + _PARAMS_AT_ONCE]
            )
        return run

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """See `sinks.Sink`."""
        milliseconds = int(1000 * time.time())
        self._client.log_batch(
            self.run,
            [
                Metric(f"{kind}/{name}", float(value), milliseconds, step)
                for name, value in values.items()
            ],
        )

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """See `sinks.Sink`."""
        self._client.log_image(
            self.run,
            grid,
            key=f"eval/{sinks.file_name(name)}",
            step=step,
            synchronous=True,
        )

    def close(self, failed: bool) -> None:
        """See `sinks.Sink`."""
        self._client.set_terminated(
            self.run, "FAILED" if failed else "FINISHED"
        )


def _flatten(settings: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yields 'section.key' and value."""
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
