"""What can be measured: a model, its images, or no model at all.

A run is named on the command line as [LABEL=]FOLDER[:PATH]. The folder is an
export (it has a card.json), a workdir of bin/train.py (config.json), or holds
images that some other software made, named like the data's. PATH is an
inference path of a model; LABEL is what the tables call it.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nircolor_tf.data import training_data
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError, NirColorError
from nircolor_tf.images import conversions, image_files
from nircolor_tf.inference import cards, models

WORKDIR_FILE = "config.json"
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
        about: Where it comes from, for people.
        card: All that is known of the model; empty for images.
        training: What it was trained on; None if nobody wrote it down.
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
        """Whether it can be given other images than the data's."""
        return self.kind in ("export", "workdir")


@dataclasses.dataclass(frozen=True)
class RunName:
    """[LABEL=]FOLDER[:PATH], taken apart.

    Attributes:
        label: What the tables call it.
        folder: Where it is.
        path: Inference path; None for the first.
    """

    label: str
    folder: Path
    path: str | None


def parse_names(texts: Sequence[str]) -> list[RunName]:
    """Takes the names of runs apart.

    Without a label a run is called after the last part of its folder, with
    its path; where that would name two runs alike, by all that was typed.

    Raises:
        InputError: Two runs are the same, or labelled alike.
    """
    names = [_parse_name(text) for text in texts]
    labels = [name.label for name in names]
    names = [
        name
        if labels.count(name.label) == 1 or _split_label(text)[0]
        else dataclasses.replace(name, label=text)
        for name, text in zip(names, texts, strict=True)
    ]
    for name in names:
        if [other.label for other in names].count(name.label) > 1:
            raise InputError(f"the run {name.label!r} is named twice")
    return names


def open_run(name: RunName, checkpoint: str) -> tuple[Run, Predict]:
    """Loads a run.

    Args:
        name: As `parse_names` gives it.
        checkpoint: 'best' or 'latest', of a workdir.

    Returns:
        What it is, and what makes its images: the model lives as long as
        that.

    Raises:
        InputError: It is no run, or its model cannot be loaded, whatever the
            reason; the message names the folder.
    """
    folder = name.folder
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    try:
        if (folder / cards.CARD_FILE).exists():
            return _open_export(name)
        if (folder / WORKDIR_FILE).exists():
            return _open_workdir(name, checkpoint)
        return _open_images(name)
    except NirColorError:
        raise
    except Exception as error:
        # Whatever a runtime raises for a broken or an old file.
        raise InputError(
            f"{folder}: cannot be loaded: {type(error).__name__}: {error}"
        ) from error


def baselines(
    examples: Sequence[Example], run: Run
) -> list[tuple[Run, Predict]]:
    """What a run has to beat: its own input, and one mean color.

    Args:
        examples: Of the manifest; without a training split there is no mean
            color.
        run: Whose source and target they have.
    """
    channels = 3 if run.target == "rgb" else 1

    def repeat(_, image):
        return np.repeat(image, channels, axis=-1)

    unchanged = Run(
        name=f"{LABELS[run.source]} as it is",
        kind="baseline",
        source=run.source,
        target=run.target,
        about={"kind": "baseline", "rule": "the input is the output"},
        card={},
        training=training_data.NOTHING,
    )
    train = [example.rgb for example in examples if example.split == "train"]
    if run.target != "rgb" or not train:
        return [(unchanged, repeat)]
    color = np.mean(
        [
            conversions.to_float(image_files.read_rgb(path)).mean((0, 1))
            for path in train
        ],
        axis=0,
    ).astype(np.float32)
    mean = dataclasses.replace(
        unchanged,
        name="mean color",
        about={
            "kind": "baseline",
            "rule": f"mean color of {len(train)} training images",
        },
        training=training_data.collect(examples, photos=False, validation=""),
    )
    return [
        (unchanged, repeat),
        (mean, lambda _, image: np.broadcast_to(color, (*image.shape[:2], 3))),
    ]


def _parse_name(text: str) -> RunName:
    label, place = _split_label(text)
    folder, colon, path = place.rpartition(":")
    # Of runs/a:b, b is a path unless there is a folder of that name.
    if not colon or Path(place).is_dir():
        folder, path = place, None
    if not label:
        label = Path(folder).resolve().name + (f":{path}" if path else "")
    return RunName(label, Path(folder), path)


def _split_label(text: str) -> tuple[str, str]:
    """Returns the label, empty for none, and what it labels."""
    # runs/rate=1 is no run 1 called runs/rate if there is such a folder.
    for place in (text, text.rpartition(":")[0]):
        if place and Path(place).is_dir():
            return "", text
    label, equals, place = text.partition("=")
    return (label, place) if equals else ("", text)


def _open_export(name: RunName) -> tuple[Run, Predict]:
    folder = name.folder
    card = cards.read_card(folder)
    path, chosen = cards.find_path(folder, card, name.path)
    colorizer = models.load_export(folder, path=path)
    run = Run(
        name=name.label,
        kind="export",
        source=chosen["source"],
        target=chosen["target"],
        about={"kind": "export", "folder": str(folder), "path": path},
        card=card,
        training=training_data.read_if_there(folder),
    )
    return run, lambda _, image: colorizer(image)


def _open_workdir(name: RunName, checkpoint: str) -> tuple[Run, Predict]:
    # TensorFlow takes seconds to import: only where it is needed.
    from nircolor_tf.training import build, config_files, restore  # noqa: PLC0415

    method, record = restore.load_method(name.folder, checkpoint)
    path = name.path or next(iter(method.inference_paths()))
    chosen = method.inference_path(path)
    colorizer = build.make_colorizer(method, path)
    run = Run(
        name=name.label,
        kind="workdir",
        source=chosen.source,
        target=chosen.target,
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
        if files.setdefault(path.stem, path) != path:
            raise InputError(
                f"{path}: the same name as {files[path.stem]}; expected one "
                "image of each name"
            )
    if not files:
        raise InputError(
            f"{folder}: neither an export ({cards.CARD_FILE}), nor a workdir "
            f"({WORKDIR_FILE}), nor a folder of PNG, TIFF or JPEG images"
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
    if name not in files:
        raise InputError(f"{folder}: no image {name}.png, .tif or .jpg in it")
    return image_files.read_rgb(files[name])
