"""Loggers besides TensorBoard: Weights & Biases and MLflow.

loggers.json of a workdir says which run of each the training is, so that a
resumed training goes on in the same run:

    {"wandb": {"run": "5f0c9a1b"}, "mlflow": {"run": "1d3e...", "ended": true}}

`--logger` ends those that it does not name; named again they go on.

A logger is a convenience. One that fails, at the start or later, is said once
and gets nothing more, and the training goes on: all that it would have got is
in the workdir.
"""

import contextlib
import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from ml_collections import ConfigDict
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.training.sinks import Sink

FILE = "loggers.json"
TENSORBOARD = "tensorboard"
# Name, package and extra are one word.
OTHERS = ("wandb", "mlflow")


def select(workdir: Path, names: Sequence[str] | None) -> tuple[str, ...]:
    """Returns the loggers of a training besides TensorBoard.

    Args:
        workdir: Of the training, new or to be resumed.
        names: As `--logger` lists them. None: those that the training had, and
            that no `--logger` has ended.

    Raises:
        InputError: There is no such logger, or its package is not installed.
    """
    if names is None:
        runs = _read(workdir)
        names = tuple(name for name in runs if not runs[name].get("ended"))
    for name in names:
        if name not in (TENSORBOARD, *OTHERS):
            raise InputError(
                f"--logger={name}: no such logger; expected a list of "
                + ", ".join((TENSORBOARD, *OTHERS))
            )
    names = tuple(name for name in OTHERS if name in names)
    for name in names:
        specification = importlib.util.find_spec(name)
        # A folder of that name, as W&B makes it, looks like a package too.
        if specification is None or specification.origin is None:
            raise InputError(
                f"--logger={name} needs {name}, which is not installed: "
                f"pip install 'nircolor-tf[{name}]'"
            )
    return names


def open_all(
    names: Sequence[str], workdir: Path, config: ConfigDict
) -> list[Sink]:
    """Opens loggers that `select` returned.

    Args:
        names: Of the loggers.
        workdir: Its name is that of a new run; gets loggers.json.
        config: Of the training. Runs may be published: of the path of the
            manifest, which names folders of a machine, they get the last part.
    """
    _end_others(names, workdir)
    settings = config.to_dict()
    manifest = Path(config.data.manifest).name
    settings["data"] = {**settings["data"], "manifest": manifest}
    return [_Guarded(name, _opening(name, workdir, settings)) for name in names]


def _end_others(names: Sequence[str], workdir: Path) -> None:
    """Records that runs of loggers that are not named have ended."""
    runs = _read(workdir)
    ended = {
        name: {**run, "ended": True}
        for name, run in runs.items()
        if name not in names and not run.get("ended")
    }
    if ended:
        files.write_json(workdir / FILE, {**runs, **ended})


def _opening(name: str, workdir: Path, settings: dict) -> Callable[[], Sink]:
    # Imported late: a module here imports the package of its extra.
    def open_sink() -> Sink:
        module = importlib.import_module(f"nircolor_tf.training.{name}_run")
        runs = _read(workdir)
        sink = module.Run(workdir, settings, runs.get(name, {}).get("run"))
        files.write_json(workdir / FILE, {**runs, name: {"run": sink.run}})
        return sink

    return open_sink


def _read(workdir: Path) -> dict[str, dict]:
    path = workdir / FILE
    try:
        runs = files.read_json(path)
    except FileNotFoundError:
        return {}
    if not isinstance(runs, dict) or not all(
        isinstance(run, dict) for run in runs.values()
    ):
        raise InputError(f"{path}: expected an object of objects with 'run'")
    return runs


class _Guarded:
    """A sink whose first failure is said, and is its end."""

    def __init__(self, name: str, open_sink: Callable[[], Sink]):
        self._name = name
        self._sink: Sink | None = None
        with self._guard():
            self._sink = open_sink()

    def scalars(
        self, kind: str, step: int, phase: str, values: Mapping[str, float]
    ) -> None:
        """See `Sink`."""
        with self._guard():
            if self._sink is not None:
                self._sink.scalars(kind, step, phase, values)

    def image(self, step: int, name: str, grid: np.ndarray) -> None:
        """See `Sink`."""
        with self._guard():
            if self._sink is not None:
                self._sink.image(step, name, grid)

    def close(self, failed: bool) -> None:
        """See `Sink`."""
        with self._guard():
            if self._sink is not None:
                self._sink.close(failed)

    @contextlib.contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # of the network, the disk, the package
            self._sink = None
            reason = " ".join(str(error).split()).rstrip(".")
            tqdm.write(
                f"warning: {self._name} gets nothing more: "
                f"{type(error).__name__}: {reason}. The training goes on; its "
                "numbers and images are in train/ and eval/"
            )
