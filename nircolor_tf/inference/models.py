"""From NIR images to color images with an exported model.

    colorizer = load_export(default_model())
    rgb = colorizer(nir)  # one array of any size

An export is a folder. Its card.json says how the model wants its input. The
model itself is there as TFLite files, which LiteRT runs without TensorFlow,
and as a SavedModel, for which TensorFlow is imported. An export may hold
several inference paths: `load_export(folder, path="g2c")` loads the one that
colorizes gray photos.
"""

import os
from pathlib import Path

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards, runtimes
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.litert import LitertModel

DEFAULT_MODEL = "default"
RUNTIMES = ("auto", "litert", "saved_model")


def default_model() -> Path:
    """Returns the folder of the shipped default model.

    Raises:
        InputError: It is not there: the package runs without its repository.
    """
    folder = Path(__file__).parents[2] / "saved_models" / DEFAULT_MODEL
    if not folder.is_dir():
        raise InputError(
            f"{folder}: the shipped model is not there; it comes with the "
            "repository, not with the installed package: name an export "
            "folder, --model=EXPORT"
        )
    return folder


def load_export(
    folder: str | os.PathLike,
    runtime: str = "auto",
    threads: int | None = None,
    path: str | None = None,
    tile: int | None = None,
    overlap: int = 0,
    file: str | None = None,
) -> Colorizer:
    """Loads an inference path of an export folder, which is all it needs.

    Args:
        folder: Holds card.json and the files it names.
        runtime: `litert` runs the TFLite file, `saved_model` the SavedModel
            in TensorFlow; `auto` is `litert` where the export has that file.
        threads: CPU threads of LiteRT; all cores by default.
        path: Its name in the card; the first by default.
        tile: As for `Colorizer`.
        overlap: Likewise.
        file: Name of a TFLite file of one image size in the export, which
            has a path of its own; None for the file of any size.

    Raises:
        InputError: A file is missing or unreadable, the export has no such
            path or file, `file` is of another path or runtime, TensorFlow is
            missing, or `tile` or `overlap` is wrong.
    """
    folder = Path(folder)
    card = cards.read_card(folder)
    if file is None:
        path, _ = cards.find_path(folder, card, path)
        steps = cards.steps(folder, card, path)
        predict = runtimes.load_path(folder, card, path, runtime, threads)
    else:
        path = _path_of(folder, card, file, path, runtime)
        steps = cards.steps(folder, card, path)
        predict = LitertModel(folder / file, threads).predict
    return Colorizer(
        predict,
        steps,
        channels=3 if card["paths"][path]["target"] == "rgb" else 1,
        tile=tile,
        overlap=overlap,
    )


def _path_of(
    folder: Path, card: dict, file: str, path: str | None, runtime: str
) -> str:
    """Returns the inference path of a file, if nothing else is asked for."""
    own = cards.find_fixed(folder, card, file)
    if runtime == "saved_model":
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
