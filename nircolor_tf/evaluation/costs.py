"""What the runs of an evaluation cost: to train, to store, to use.

Counted and timed here, written as JSON, and shown by `results_page`.
"""

import dataclasses
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import (
    convert_variables_to_constants_v2,
)

from nircolor_tf.data import training_data
from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, models
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.report import result_rows
from nircolor_tf.training import build, config_files, restore

# Operations of learned weights, or of attention, as TensorFlow calls them; a
# transposed convolution is the gradient of one by its input.
_COUNTED = (
    "Conv2D",
    "Conv2DBackpropInput",
    "DepthwiseConv2dNative",
    "MatMul",
    "BatchMatMulV2",
)


@dataclasses.dataclass(frozen=True)
class _Model:
    """A run, loaded.

    Attributes:
        colorizer: As it was measured, but in TensorFlow.
        run: Its networks alone: (1, H, W, 1) -> (1, H, W, C).
        parameters: Of these networks.
        about: As summary.json has it.
        config: The whole experiment.
        best: Step and minutes of the weights.
        trained: Step, minutes and planned steps of the whole training; None
            for an export, whose card does not know.
    """

    colorizer: models.Colorizer
    run: Callable[[tf.Tensor], Any]
    parameters: int
    about: Mapping[str, str]
    config: Mapping[str, Any]
    best: Mapping[str, float]
    trained: Mapping[str, float] | None


def measure(
    evaluations: Sequence[str], reference: str, size: int, repeats: int
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

    Returns:
        What costs.json holds.

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
    models = {name: _open(name, about) for name, about in measured.items()}
    colorizers = {name: model.colorizer for name, model in models.items()}
    times = compare_times(time_in_turns(colorizers, size, repeats), reference)
    return {
        "size": size,
        "repeats": repeats,
        "machine": _machine(),
        "reference": reference,
        "runs": {
            name: _count(model, size) | times[name]
            for name, model in models.items()
        },
    }


def write(path: Path, costs: Mapping[str, Any]) -> None:
    """Writes what `measure` returned."""
    path.write_text(json.dumps(costs, indent=2) + "\n", encoding="utf-8")


def time_in_turns(
    colorizers: Mapping[str, Callable[[np.ndarray], np.ndarray]],
    size: int,
    repeats: int,
) -> dict[str, list[float]]:
    """Times colorizers on one square noise image.

    They take turns, so that a slow moment of the machine falls on all, and
    round by round their ratio is hardly touched.

    Args:
        colorizers: nir (H, W, 1) -> rgb (H, W, 3), by name.
        size: Height and width, pixels.
        repeats: Rounds.

    Returns:
        Seconds of each round.
    """
    nir = np.random.default_rng(0).random((size, size, 1), np.float32)
    seconds = {name: [] for name in colorizers}
    for _ in range(repeats):
        for name, colorize in colorizers.items():
            colorize(nir)  # not timed: the last one's data fills the caches
            start = time.perf_counter()
            colorize(nir)
            seconds[name].append(time.perf_counter() - start)
    return seconds


def compare_times(
    seconds: Mapping[str, Sequence[float]], reference: str
) -> dict[str, dict[str, float]]:
    """Returns 'seconds', the median, and 'time_ratio' of each.

    The ratio is the median of those in the same round.

    Args:
        seconds: As `time_in_turns` returns it.
        reference: Name of the one whose ratio is 1.
    """
    return {
        name: {
            "seconds": statistics.median(values),
            "time_ratio": statistics.median(
                own / other
                for own, other in zip(values, seconds[reference], strict=True)
            ),
        }
        for name, values in seconds.items()
    }


def count_parameters(method: Method, path: InferencePath) -> int:
    """Counts the weights of the networks on a path, trained or not."""
    return sum(
        getattr(method, network).count_params() for network in path.networks
    )


def count_macs(run: Callable[[tf.Tensor], Any], height: int, width: int) -> int:
    """Counts the multiply-accumulates of networks for one image.

    TensorFlow's own count, two operations for each; padding counts as data,
    norms, activations and fixed interpolations as nothing.

    Args:
        run: (1, H, W, 1) -> (1, H, W, C), in operations of TensorFlow.
        height: Of the image, one that `run` takes.
        width: Likewise.

    Raises:
        NotImplementedError: The shapes of an operation are not static, so
            that TensorFlow would leave it out.
    """
    function = tf.function(run).get_concrete_function(
        tf.TensorSpec((1, height, width, 1))
    )
    # A SavedModel is calls of functions, which the profiler does not enter.
    # TensorFlow has no public name for what puts them into one graph.
    graph = convert_variables_to_constants_v2(function).graph
    for operation in graph.get_operations():
        if operation.type in _COUNTED and not all(
            tensor.shape.is_fully_defined()
            for tensor in (*operation.inputs, *operation.outputs)
        ):
            raise NotImplementedError(f"{operation.name}: expected a shape")
    profiler = tf.compat.v1.profiler
    options = profiler.ProfileOptionBuilder.float_operation()
    options |= {"output": "none", "show_name_regexes": list(_COUNTED)}
    profile = profiler.profile(graph, cmd="op", options=options)
    return profile.total_float_ops // 2


def _read_models(evaluations: Sequence[str]) -> dict[str, Mapping[str, str]]:
    """What evaluations say of each model that they measured, by its name."""
    measured = {}
    for folder in evaluations:
        for run in result_rows.read_summary(folder)["runs"]:
            name, about = run["name"], run["about"]
            if about["kind"] not in result_rows.MODELS:
                continue
            if measured.setdefault(name, about) != about:
                raise InputError(
                    f"{folder}: the run {name!r} is {about['folder']}, and "
                    f"{measured[name]['folder']} in another evaluation"
                )
    return measured


def _open(name: str, about: Mapping[str, str]) -> _Model:
    folder = Path(about["folder"])
    if not folder.is_dir():
        raise InputError(f"run {name!r}: {folder}: no such folder")
    model = (_open_export if about["kind"] == "export" else _open_workdir)(
        folder, about
    )
    if model.about != about:
        raise InputError(
            f"run {name!r}: {folder} is no longer what was measured: "
            f"{model.about} now, {about} then; evaluate it again"
        )
    return model


def _open_export(folder: Path, about: Mapping[str, str]) -> _Model:
    card, path = cards.read_card(folder), about["path"]
    file = cards.model_file(folder, card, path, "saved_model")
    saved = tf.saved_model.load(str(file))
    signature = saved.signatures[cards.signature(card, path)]
    source = card["paths"][path]["source"]
    return _Model(
        colorizer=models.load_export(folder, "saved_model", path=path),
        # Without `saved` its variables would be gone.
        run=lambda image, _=saved: signature(**{source: image}),
        parameters=sum(
            variable.shape.num_elements() for variable in signature.variables
        ),
        about=about,
        config=card["config"],
        best=card["training"],
        trained=None,
    )


def _open_workdir(folder: Path, about: Mapping[str, str]) -> _Model:
    checkpoint = about["checkpoint"].split(",")[0]
    method, record = restore.load_method(folder, checkpoint)
    reader = tf.train.load_checkpoint(str(folder / "checkpoints"))

    def read(key):
        return reader.get_tensor(f"{key}/.ATTRIBUTES/VARIABLE_VALUE").item()

    path = method.inference_path(about["path"])
    return _Model(
        colorizer=build.make_colorizer(method, about["path"]),
        run=path.run,
        parameters=count_parameters(method, path),
        about={**about, "checkpoint": f"{checkpoint}, step {record['step']}"},
        config=config_files.describe_config(method.config),
        best=record,
        trained={
            "step": read("step"),
            "minutes": read("seconds") / 60,
            "planned": sum(phase.steps for phase in method.phases()),
        },
    )


def _count(model: _Model, size: int) -> dict[str, Any]:
    colorizer = model.colorizer
    side, _ = colorizer.steps.network_size(size, size)
    record = training_data.read(model.about["folder"])
    return {
        "about": dict(model.about),
        "config": model.config,
        "parameters": model.parameters,
        "seen": side,
        "macs": count_macs(model.run, side, side),
        "fusion": colorizer.steps.fusion is not None,
        "pairs": record.count("pair"),
        "photos": record.count("photo"),
        "best": {key: model.best[key] for key in ("step", "minutes")},
        "trained": model.trained,
    }


def _machine() -> str:
    gpus = len(tf.config.list_physical_devices("GPU"))
    return (
        f"{len(os.sched_getaffinity(0))} CPU cores ({platform.machine()}), "
        f"{gpus or 'no'} GPU, TensorFlow {tf.__version__}"
    )
