"""From NIR images to color images with an exported model.

    colorizer = load_export("default")
    rgb = colorizer(nir)  # one array of any size

An export is a folder. Its card.json says how the model wants its input. The
model itself is there as TFLite files, which LiteRT runs without TensorFlow,
and as a SavedModel, for which TensorFlow is imported. An export may hold
several inference paths: `load_export(folder, path="g2c")` loads the one that
colorizes gray photos.
"""

import importlib.resources
import os
import shlex
from pathlib import Path

from absl import logging

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, digests, hub, runtimes
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.litert import LitertModel

# The models that come with the package, by name.
SHIPPED = ("default",)
RUNTIMES = ("auto", "litert", "saved_model", "onnx")


def locate(model: str | os.PathLike = "default") -> Path:
    """Returns the export folder of a model.

    Args:
        model: One of `SHIPPED`; hf://OWNER/NAME[@REVISION], which is fetched
            (`hub.py`); or a folder; ./default is a folder of that name.

    Raises:
        InputError: It is a shipped model that is not there, or cannot be
            fetched.
    """
    if str(model).startswith(hub.PREFIX):
        return hub.fetch(str(model))
    if str(model) not in SHIPPED:
        return Path(model)
    for file, kind in (
        (cards.CARD_FILE, "export"),
        (cards.WORKDIR_FILE, "training"),
    ):
        if Path(model, file).is_file():
            logging.warning(
                "%s: the shipped model; the %s of that name here is ./%s",
                *(model, kind, model),
            )
    package = Path(str(importlib.resources.files("nircolor_tf")))
    # In the wheel, or beside the package in a checkout.
    places = [package / "saved_models", package.parent / "saved_models"]
    for place in places:
        if (place / model).is_dir():
            return place / model
    raise InputError(
        f"{model}: this shipped model is not there; expected it at "
        f"{places[0] / model} or {places[1] / model}. Name an export folder"
    )


def folder_name(folder: str | os.PathLike) -> str:
    """Returns what names a folder to `locate`, and is no shipped model."""
    return f"./{folder}" if str(folder) in SHIPPED else str(folder)


def quoted(folder: str | os.PathLike) -> str:
    """Returns the same as a word of a shell."""
    return shlex.quote(folder_name(folder))


def load_export(
    model: str | os.PathLike,
    runtime: str = "auto",
    threads: int | None = None,
    path: str | None = None,
    tile: int | None = None,
    overlap: int = 0,
    file: str | None = None,
) -> Colorizer:
    """Loads an inference path of an export folder, which is all it needs.

    Args:
        model: As for `locate`. The folder holds card.json and the files that
            it names.
        runtime: `litert` runs the TFLite file, `saved_model` the SavedModel
            in TensorFlow, `onnx` the ONNX file in ONNX Runtime; `auto` is
            `litert` where the export has that file.
        threads: CPU threads of LiteRT and ONNX Runtime; all cores by default.
            TensorFlow has all cores.
        path: Its name in the card; the first by default.
        tile: As for `Colorizer`.
        overlap: Likewise.
        file: Name of a TFLite file of one image size in the export, which
            has a path of its own; None for the file of any size.

    Raises:
        InputError: A file is missing or unreadable, `path` or `file` is not
            in the export, `file` is of another path or runtime, the runtime
            is unknown, missing or takes no `threads`, `threads` or a tile is
            wrong.
    """
    _check_runtime(runtime, threads)
    folder = locate(model)
    card = cards.read_card(folder)
    if file is None:
        path, _ = cards.find_path(folder, card, path)
        predict = runtimes.load_path(folder, card, path, runtime, threads)
        steps = cards.steps(folder, card, path)
    else:
        path = _path_of(folder, card, file, path, runtime)
        digests.check_part(folder, card, file)
        predict = LitertModel(folder / file, threads).predict
        steps = cards.steps(folder, card, path).at_one_size()
    return Colorizer(
        predict,
        steps,
        channels=3 if card["paths"][path]["target"] == "rgb" else 1,
        tile=tile,
        overlap=overlap,
    )


def _check_runtime(runtime: str, threads: int | None) -> None:
    if runtime not in RUNTIMES:
        raise InputError(
            f"runtime {runtime!r}: expected one of {', '.join(RUNTIMES)}"
        )
    if threads is not None and threads < 1:
        raise InputError(f"threads={threads}: expected 1 or more")


def _path_of(
    folder: Path, card: dict, file: str, path: str | None, runtime: str
) -> str:
    """Returns the inference path of a file, if nothing else is asked for."""
    own = cards.find_fixed(folder, card, file)
    if runtime in ("saved_model", "onnx"):
        raise InputError(
            f"runtime {runtime!r}: {folder / file} is a TFLite file; expected "
            "auto or litert, or no file"
        )
    if path not in (None, own):
        raise InputError(
            f"path {path!r}: {folder / file} is of the path {own}; expected "
            "that one, or none"
        )
    return own
