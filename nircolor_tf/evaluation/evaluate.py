"""Measures runs on one split of a manifest.

    runs -> predictions (one model at a time) -> metrics (in parallel)

A bad image costs itself, a bad model costs itself: they are named, counted
and reported, and the rest is measured. The result comes with the predictions
as pictures, which live as long as the context of `evaluate`.
"""

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import baselines, run_names, runs
from nircolor_tf.evaluation.measuring import Measurement
from nircolor_tf.evaluation.options import Options
from nircolor_tf.evaluation.predictions import MetricThreads
from nircolor_tf.evaluation.results import Evaluation


@contextlib.contextmanager
def evaluate(
    names: Sequence[str], options: Options, folder: str | os.PathLike
) -> Iterator[Evaluation]:
    """Measures runs on the same images.

    Args:
        names: Of runs, [LABEL=]FOLDER[:PATH], see `run_names`.
        options: What to measure, and how.
        folder: For the report, made before hours go into its numbers. The
            pictures are in a temporary folder there.

    Yields:
        The numbers, and until the context ends the pictures. `problems` names
        all failures. A folder that is then empty is removed.

    Raises:
        InputError: The manifest, the split or an option is bad, the folder
            cannot be made, or not a single run could be measured.
    """
    parsed_names = run_names.parse_names(names)
    measurement = Measurement.start(options)
    folder = _make_folder(folder)
    try:
        with tempfile.TemporaryDirectory(
            dir=folder, prefix=".pictures-"
        ) as pictures:
            _measure_runs(measurement, parsed_names, Path(pictures))
            yield measurement.evaluation
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()  # it stays if it holds anything


def _measure_runs(
    measurement: Measurement,
    names: Sequence[run_names.RunName],
    pictures: Path,
) -> None:
    options, evaluation = measurement.options, measurement.evaluation
    with MetricThreads(options.workers, measurement.lpips) as threads:
        for name in names:
            with evaluation.failure_of(name.label):
                # No two models are in memory at a time.
                measurement.add(
                    *runs.open_run(name, options.checkpoint), pictures, threads
                )
        if evaluation.results and options.baselines:
            with evaluation.failure_of("baselines"):
                for run, predict in baselines.open_baselines(
                    measurement.manifest_examples, evaluation.results[0].run
                ):
                    measurement.add(run, predict, pictures, threads)
    if not evaluation.results:
        raise InputError(
            "\n  ".join(["no run measured:", *evaluation.problems])
        )


def _make_folder(folder: str | os.PathLike) -> Path:
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be made a folder: {error.strerror}"
        ) from error
    return folder
