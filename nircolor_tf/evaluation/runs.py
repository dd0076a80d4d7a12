"""Runs: models and images that can be measured.

A run is an export (its folder has a card.json), a workdir of bin/train.py
(config.json), or a folder of images that other software made, with the names
of the data's images. `run_names` says how the command line names a run,
`baselines` adds runs without a model.
"""

import dataclasses
import functools
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nircolor_tf.data import layouts, training_data
from nircolor_tf.errors import InputError, NirColorError
from nircolor_tf.evaluation import origins
from nircolor_tf.evaluation.run_names import RunName
from nircolor_tf.images import image_files
from nircolor_tf.inference import cards, models

# Kinds of runs that are models; the others are 'images' and 'baseline'.
MODELS = ("export", "workdir")
# Domains of images, for people.
LABELS = {"nir": "NIR", "gray": "gray", "rgb": "color"}

# (image name, (H, W, 1) float32 in [0, 1]) -> (H, W, C).
Predict = Callable[[str, np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Run:
    """One row of the table.

    Attributes:
        name: Unique among the runs.
        kind: 'export', 'workdir', 'images' or 'baseline'.
        source: The domain of its input, 'nir' or 'gray'.
        target: The domain of its output, 'rgb', 'gray' or 'nir'.
        about: Its kind and its origin, for people.
        card: Facts of the model, as card.json has them; empty for images.
        training: Its training images; None where there is no record.
    """

    name: str
    kind: str
    source: str
    target: str
    about: Mapping[str, str]
    card: Mapping[str, Any]
    training: training_data.TrainingData | None

    @property
    def is_model(self) -> bool:
        """Whether it can colorize other images than the data's."""
        return self.kind in MODELS


def open_run(name: RunName, checkpoint: str) -> tuple[Run, Predict]:
    """Loads a run.

    Args:
        name: As `run_names.parse_names` returns it.
        checkpoint: 'best' or 'latest', of a workdir.

    Returns:
        The run, and the function that predicts its images. The function owns
        the model: without it the memory is free again.

    Raises:
        InputError: It is no run, or its model cannot be loaded for any
            reason; the message names the folder.
    """
    folder = name.folder
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    try:
        if (folder / cards.CARD_FILE).exists():
            return _open_export(name)
        if (folder / cards.WORKDIR_FILE).exists():
            return _open_workdir(name, checkpoint)
        return _open_images(name)
    except NirColorError:
        raise
    except Exception as error:
        # Runtimes raise errors of many types for a broken or an old file.
        raise InputError(
            f"{folder}: cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def _open_export(name: RunName) -> tuple[Run, Predict]:
    folder = name.folder
    card = cards.read_card(folder)
    path, domains = cards.find_path(folder, card, name.path)
    colorizer = models.load_export(folder, path=path)
    run = Run(
        name=name.label,
        kind="export",
        source=domains["source"],
        target=domains["target"],
        about=origins.of_export(folder, card, path),
        card=card,
        training=training_data.read_if_there(folder),
    )
    return run, lambda _, image: colorizer(image)


def _open_workdir(name: RunName, checkpoint: str) -> tuple[Run, Predict]:
    # TensorFlow takes seconds to import: only where it is needed.
    from nircolor_tf.training import build, config_files, restore  # noqa: PLC0415

    method, record = restore.load_method(name.folder, checkpoint)
    path = name.path or next(iter(method.inference_paths()))
    inference_path = method.inference_path(path)
    colorizer = build.make_colorizer(method, path)
    run = Run(
        name=name.label,
        kind="workdir",
        source=inference_path.source,
        target=inference_path.target,
        about={
            "kind": "workdir",
            "folder": str(name.folder),
            "path": path,
            "checkpoint": f"{checkpoint}, step {record['step']}",
        },
        card={
            "method": method.config.method,
            "training": {key: record[key] for key in ("step", "minutes")},
            "config": config_files.describe_config(method.config),
        },
        training=training_data.read_if_there(name.folder),
    )
    return run, lambda _, image: colorizer(image)


def _open_images(name: RunName) -> tuple[Run, Predict]:
    folder = name.folder
    files = {}
    for path in image_files.list_images(folder):
        name_of_image = layouts.image_name(path)
        if files.setdefault(name_of_image, path) != path:
            raise InputError(
                f"{path}: the same name as {files[name_of_image]}; expected "
                "one image of each name"
            )
    if not files:
        raise InputError(
            f"{folder}: neither an export ({cards.CARD_FILE}), nor a workdir "
            f"({cards.WORKDIR_FILE}), nor a folder of images"
        )
    if name.path:
        raise InputError(
            f"path {name.path!r}: {folder} is a folder of images, which has "
            "no inference paths"
        )
    run = Run(
        name=name.label,
        kind="images",
        source="nir",
        target="rgb",
        about={"kind": "images", "folder": str(folder)},
        card={},
        training=None,
    )
    return run, functools.partial(_read_prediction, folder, files)


def _read_prediction(
    folder: Path, files: Mapping[str, Path], name: str, _: np.ndarray
) -> np.ndarray:
    file = files.get(unicodedata.normalize("NFC", name))
    if file is None:
        raise InputError(f"{folder}: no image {name}.png, .tif or .jpg in it")
    return image_files.read_rgb(file)
