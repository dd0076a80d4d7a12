"""What the runs of an evaluation cost: to train, to store, to use.

Counted and timed here, written as costs.json by `cost_files`, and shown by
bin/results.py.
"""

import platform
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from nircolor_tf.data import training_data
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import origins, runs, summaries, time_ratios
from nircolor_tf.evaluation.counts import count_macs
from nircolor_tf.evaluation.loaded_models import LoadedModel, load_model
from nircolor_tf.inference import timing
from nircolor_tf.training import command_log


def measure(
    evaluations: Sequence[str],
    reference: str,
    size: int,
    repeats: int,
    command: str | None = None,
) -> dict[str, Any]:
    """Counts and times every model of some evaluations.

    All of them run in TensorFlow, exports too, as they were measured:
    with their working size and their fusion. All are in memory at once.

    Args:
        evaluations: Folders that bin/evaluate.py wrote; the folders of their
            runs are where they were.
        reference: Name of the run that times are relative to.
        size: Height and width of the image, pixels.
        repeats: Timed calls of each.
        command: The command line that measures; None where there is none.

    Returns:
        The contents of costs.json.

    Raises:
        InputError: A run is missing, is no longer what was measured, or two
            of one name differ.
    """
    measured = _read_models(evaluations)
    if reference not in measured:
        raise InputError(
            f"reference {reference!r}: no such model; expected one of "
            f"{', '.join(measured)}"
        )
    models = {name: load_model(name, run) for name, run in measured.items()}
    colorizers = {name: model.colorizer for name, model in models.items()}
    seconds = time_ratios.time_in_turns(colorizers, size, repeats)
    times = time_ratios.compare_times(seconds, reference)
    return {
        "command": command,
        "size": size,
        "repeats": repeats,
        "machine": _machine(),
        "reference": reference,
        "runs": {
            name: _count(model, size) | times[name]
            for name, model in models.items()
        },
    }


def _read_models(evaluations: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """Returns 'about' of each model in the evaluations, by its name."""
    measured = {}
    for folder in evaluations:
        for run in summaries.read(folder)["runs"]:
            name, about = run["name"], run["about"]
            if about["kind"] not in runs.MODELS:
                continue
            earlier = measured.get(name, about)
            if not origins.agree(earlier, about):
                raise InputError(
                    f"{folder}: the run {name!r} is {about['folder']}, and "
                    f"{earlier['folder']} in another evaluation, or another "
                    f"model: {about}, and {earlier} there"
                )
            measured[name] = {**earlier, **about}
    return measured


def _count(model: LoadedModel, size: int) -> dict[str, Any]:
    colorizer, folder = model.colorizer, model.about["folder"]
    record = training_data.read(folder)
    sides = colorizer.steps.network_sides(size)
    passes = 2 if colorizer.steps.mirror else 1
    return {
        "about": dict(model.about),
        "commands": command_log.read(folder),
        "config": model.config,
        "parameters": model.parameters,
        "seen": sides[0],
        "macs": passes * sum(count_macs(model.run, n, n) for n in sides),
        "fusion": colorizer.steps.fusion is not None,
        "pairs": record.count("pair"),
        "photos": record.count("photo"),
        "best": {key: model.best[key] for key in ("step", "minutes")},
        "trained": model.trained,
    }


def _machine() -> str:
    gpus = len(tf.config.list_physical_devices("GPU"))
    return (
        f"{timing.cores()} CPU cores ({platform.machine()}), "
        f"{gpus or 'no'} GPU, TensorFlow {tf.__version__}"
    )
