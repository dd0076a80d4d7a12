"""Models of an evaluation, loaded again in TensorFlow to be counted."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import origins
from nircolor_tf.evaluation.counts import count_parameters
from nircolor_tf.inference import cards, models
from nircolor_tf.training import (
    build,
    checkpoint_files,
    checkpoints,
    config_files,
    restore,
)


@dataclasses.dataclass(frozen=True)
class LoadedModel:
    """A model in memory, and the facts of its training.

    Attributes:
        colorizer: As it was measured, but in TensorFlow.
        run: Its networks alone: (1, H, W, 1) -> (1, H, W, C).
        parameters: Count of the weights of these networks.
        about: Its origin, as `origins` has it.
        config: The whole experiment.
        best: Step and minutes of the weights.
        trained: Step, minutes and planned steps of the whole training; None
            for an export, whose card does not hold them.
    """

    colorizer: models.Colorizer
    run: Callable[[tf.Tensor], Any]
    parameters: int
    about: Mapping[str, str]
    config: Mapping[str, Any]
    best: Mapping[str, float]
    trained: Mapping[str, float] | None


def load_model(name: str, about: Mapping[str, str]) -> LoadedModel:
    """Loads the model of a run.

    Args:
        name: Of the run, for errors.
        about: As summary.json has it.

    Raises:
        InputError: The folder is missing, or is no longer what was measured.
    """
    folder = Path(about["folder"])
    if not folder.is_dir():
        raise InputError(f"run {name!r}: {folder}: no such folder")
    model = (_open_export if about["kind"] == "export" else _open_workdir)(
        folder, about
    )
    origins.check_unchanged(name, model.about, about)
    return model


def _open_export(folder: Path, about: Mapping[str, str]) -> LoadedModel:
    card, path = cards.read_card(folder), about["path"]
    origin = origins.of_export(folder, card, path)
    file = cards.model_file(folder, card, path, "saved_model")
    saved = tf.saved_model.load(str(file))
    signature = saved.signatures[cards.signature(card, path)]
    source = card["paths"][path]["source"]
    return LoadedModel(
        colorizer=models.load_export(folder, "saved_model", path=path),
        # Without `saved` its variables would be gone.
        run=lambda image, _=saved: signature(**{source: image}),
        parameters=sum(
            variable.shape.num_elements() for variable in signature.variables
        ),
        about=origin,
        config=card["config"],
        best=card["training"],
        trained=None,
    )


def _open_workdir(folder: Path, about: Mapping[str, str]) -> LoadedModel:
    checkpoint = about["checkpoint"].split(",")[0]
    method, record = restore.load_method(folder, checkpoint)
    step, seconds = _read_times(folder)
    path = method.inference_path(about["path"])
    return LoadedModel(
        colorizer=build.make_colorizer(method, about["path"]),
        run=path.run,
        parameters=count_parameters(method, path),
        about={**about, "checkpoint": f"{checkpoint}, step {record['step']}"},
        config=config_files.describe_config(method.config),
        best=record,
        trained={
            "step": step,
            "minutes": seconds / 60,
            "planned": method.count_steps(),
        },
    )


def _read_times(workdir: Path) -> list[float]:
    """Returns step and seconds of the newest checkpoint."""
    newest = checkpoints.newest_whole(workdir)
    if newest is None:
        raise InputError(f"{workdir}: no checkpoint yet; train it first")
    with checkpoint_files.damage_named(newest):
        reader = tf.train.load_checkpoint(newest)
        return [
            reader.get_tensor(f"{key}/.ATTRIBUTES/VARIABLE_VALUE").item()
            for key in ("step", "seconds")
        ]
