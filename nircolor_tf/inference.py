"""From NIR images to color images with an exported model.

    colorizer = load_export(default_model())
    rgb = colorizer(nir)                      # one array of any size
    colorize_path(colorizer, "nir", "color")  # a file or a folder of files

An export is a folder: card.json, which says how the model wants its input,
and the model itself, as a TFLite file (LiteRT runs it; no TensorFlow needed)
or as a SavedModel (TensorFlow is imported only for that).
"""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nircolor_tf.data import images
from nircolor_tf.errors import InputError
from nircolor_tf.fusion import bfwls

DEFAULT_MODEL = "default"
RUNTIMES = ("auto", "litert", "saved_model")

# What `read_card` insists on: key -> (type, the type in words).
_CARD = {
    "format": (int, "1"),
    "name": (str, "a name"),
    "method": (str, "a name"),
    "size_multiple": (int, "a whole number"),
    "minimum_size": (int, "a whole number"),
    "working_size": (int | None, "null or a whole number"),
    "fusion": (dict | None, "null or the parameters of the fusion"),
    "files": (dict, 'for example {"tflite": "model.tflite"}'),
}


@dataclasses.dataclass(frozen=True)
class Colorizer:
    """Colorizes one NIR image of any size with any model.

    Attributes:
        predict: The model: (1, H, W, 1) float32 in [0, 1] -> (1, H, W, 3).
        size_multiple: `predict` takes heights and widths divisible by this.
        minimum_size: `predict` takes heights and widths from this on, pixels.
        working_size: Images whose shorter side is longer than this, in pixels,
            are colorized at this size; None for every image at its own. The
            color is then enlarged and the detail comes from the NIR image.
        fusion: Parameters of ColorNet's detail fusion, which then follows at
            the size of the image; None for none.
    """

    predict: Callable[[np.ndarray], Any]
    size_multiple: int = 1
    minimum_size: int = 1
    working_size: int | None = None
    fusion: bfwls.BfwlsParameters | None = None

    def __call__(self, nir: np.ndarray) -> np.ndarray:
        """Colorizes one image.

        The image grows at the bottom and at the right to a size the model
        takes, by reflection, and the result is cut back.

        Args:
            nir: (H, W, 1) in [0, 1], H and W at least 1.

        Returns:
            (H, W, 3) float32 in [0, 1].

        Raises:
            ValueError: Another shape, or the model returned another size.
            InputError: The model cannot run at this size, or it returned
                values that are not finite.
        """
        if nir.ndim != 3 or nir.shape[2] != 1 or nir.size == 0:
            raise ValueError(f"expected nir of (H, W, 1), got {nir.shape}")
        nir = np.asarray(nir, np.float32)
        small = shrunk(nir, self.working_size)
        rgb = self._predict(small)
        if small is not nir:
            rgb = _enlarged(rgb, small, nir)
        if self.fusion is not None:
            rgb = bfwls.fuse(nir, rgb, self.fusion)
        return rgb

    def _predict(self, nir: np.ndarray) -> np.ndarray:
        """Pads as the model wants it, colorizes, cuts back and clips."""
        height, width, _ = nir.shape
        margins = [(0, self._size(n) - n) for n in (height, width)] + [(0, 0)]
        padded = np.pad(nir, margins, mode="reflect")
        rgb = np.asarray(self.predict(padded[None]), np.float32)
        if rgb.shape != (1, *padded.shape[:2], 3):
            raise ValueError(
                f"the model turned {padded[None].shape} into {rgb.shape}"
            )
        rgb = rgb[0, :height, :width]
        if not np.isfinite(rgb).all():
            raise InputError("the model returned values that are not finite")
        return rgb.clip(0, 1)

    def _size(self, size: int) -> int:
        """Returns the smallest size the model takes, from `size` on."""
        multiples = -(-max(size, self.minimum_size) // self.size_multiple)
        return multiples * self.size_multiple


def shrunk(image: np.ndarray, side: int | None) -> np.ndarray:
    """Shrinks an image whose shorter side is longer than `side` to that.

    Args:
        image: (H, W, C).
        side: Pixels; None leaves every image as it is.
    """
    height, width, channels = image.shape
    if side is None or min(height, width) <= side:
        return image
    scale = side / min(height, width)
    size = (round(width * scale), round(height * scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small.reshape(*small.shape[:2], channels)


def _enlarged(rgb: np.ndarray, small: np.ndarray, nir: np.ndarray):
    """Enlarges the color of `small`; adds what shrinking took from `nir`."""
    size = nir.shape[1::-1]
    color, base = (
        cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        for image in (rgb, small)
    )
    return (color + nir - base[..., None]).clip(0, 1)


def default_model() -> Path:
    """Returns the folder of the shipped default model.

    Raises:
        InputError: It is not there: the package runs without its repository.
    """
    folder = Path(__file__).parents[1] / "saved_models" / DEFAULT_MODEL
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
) -> Colorizer:
    """Loads an export folder, which is all that is needed.

    Args:
        folder: Holds card.json and the files it names.
        runtime: One of `RUNTIMES`: `litert` runs the TFLite file,
            `saved_model` the SavedModel in TensorFlow; `auto` is `litert`
            where the export has that file.
        threads: CPU threads of LiteRT; all cores by default.

    Raises:
        InputError: The folder, its card or a file is missing or unreadable,
            or TensorFlow is needed and not installed.
    """
    folder = Path(folder)
    card = read_card(folder)
    if runtime == "auto":
        runtime = "litert" if "tflite" in card["files"] else "saved_model"
    if runtime == "litert":
        predict = _LitertModel(_file(folder, card, "tflite"), threads).predict
    else:
        predict = _load_saved_model(_file(folder, card, "saved_model"))
    fusion = None
    if card["fusion"] is not None:
        try:
            fusion = bfwls.BfwlsParameters(**card["fusion"])
        except (TypeError, InputError) as error:
            raise InputError(
                f"{folder / 'card.json'}: key 'fusion': {error}"
            ) from error
    return Colorizer(
        predict,
        card["size_multiple"],
        card["minimum_size"],
        card["working_size"],
        fusion,
    )


def read_card(folder: str | os.PathLike) -> dict[str, Any]:
    """Reads and checks the card.json of an export.

    Args:
        folder: The export folder.

    Raises:
        InputError: The folder or the card is missing, the card is not JSON,
            or lacks a key, or a key has a value of the wrong type.
    """
    path = Path(folder) / "card.json"
    if not path.parent.is_dir():
        raise InputError(f"{path.parent}: no such export folder")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: {error.strerror}; an export folder has "
            "one, bin/export.py writes it"
        ) from error
    except ValueError as error:
        raise InputError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(card, dict):
        raise InputError(f"{path}: not a card; expected a JSON object")
    for key, (kind, expected) in _CARD.items():
        if key not in card:
            raise InputError(f"{path}: key {key!r} is missing")
        if not isinstance(card[key], kind):
            raise InputError(
                f"{path}: key {key!r}: {card[key]!r}; expected {expected}"
            )
    if card["format"] != 1:
        raise InputError(
            f"{path}: key 'format': {card['format']}; this version reads 1"
        )
    for key in ("size_multiple", "minimum_size", "working_size"):
        if card[key] is not None and card[key] < 1:
            raise InputError(
                f"{path}: key {key!r}: {card[key]}; expected at least 1"
            )
    return card


def _file(folder: Path, card: dict[str, Any], kind: str) -> Path:
    """Returns the path of the export's model file of one kind."""
    if kind not in card["files"]:
        raise InputError(
            f"{folder / 'card.json'}: key 'files' names no {kind!r}; the "
            f"export has: {', '.join(card['files']) or 'nothing'}"
        )
    path = folder / str(card["files"][kind])
    if not path.exists():
        raise InputError(f"{path}: missing, though card.json names it")
    return path


class _LitertModel:
    """A TFLite file with the input (1, H, W, 1), H and W free."""

    def __init__(self, path: Path, threads: int | None):
        # Imported here: help and bad input need not wait for it.
        from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

        try:
            self._model = Interpreter(
                str(path), num_threads=threads or os.cpu_count()
            )
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path}: not a TFLite file: {error}") from error
        self._input = self._model.get_input_details()[0]["index"]
        self._output = self._model.get_output_details()[0]["index"]
        self._shape = None

    def predict(self, nir: np.ndarray) -> np.ndarray:
        try:
            if nir.shape != self._shape:
                self._shape = None  # stays so when the next lines fail
                self._model.resize_tensor_input(self._input, nir.shape)
                self._model.allocate_tensors()
                self._shape = nir.shape
            self._model.set_tensor(self._input, nir)
            self._model.invoke()
        except (ValueError, RuntimeError) as error:
            _, height, width, _ = nir.shape
            raise InputError(
                f"the model cannot run at {height} x {width} pixels: {error}"
            ) from error
        return self._model.get_tensor(self._output)


def _load_saved_model(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    try:
        import tensorflow as tf  # noqa: PLC0415 - the base install has none
    except ModuleNotFoundError as error:
        raise InputError(
            f"{folder}: a SavedModel needs TensorFlow, which is not "
            "installed: pip install nircolor-tf[train]"
        ) from error
    try:
        model = tf.saved_model.load(str(folder))
        colorize = model.signatures["serving_default"]
    except (OSError, KeyError) as error:
        raise InputError(f"{folder}: not a SavedModel: {error}") from error

    def predict(nir):
        return colorize(nir=tf.constant(nir))["rgb"].numpy()

    return predict


def colorize_path(
    colorizer: Colorizer,
    source: str | os.PathLike,
    target: str | os.PathLike,
    overwrite: bool = False,
) -> list[Path]:
    """Colorizes a NIR file, or every NIR file directly in a folder.

    A result has its input's size and depth (8 or 16 bit), and its name and
    format where `target` is a folder.

    Args:
        colorizer: As `load_export` returns it.
        source: A PNG, TIFF or JPEG file, or a folder of them.
        target: A folder; for a single file also a file, known by its suffix.
        overwrite: Replace results that exist already; the input never.

    Returns:
        The files written.

    Raises:
        InputError: Nothing to do, or a result exists (nothing is written
            then); or images failed: all are named, the others are written.
    """
    jobs = _jobs(Path(source), Path(target))
    for nir_path, rgb_path in jobs:
        if rgb_path.resolve() == nir_path.resolve():
            raise InputError(f"{rgb_path}: would overwrite the NIR image")
        if rgb_path.exists() and not overwrite:
            raise InputError(
                f"{rgb_path}: exists already; --overwrite replaces it"
            )
    written, problems = [], []
    for nir_path, rgb_path in _progress(jobs):
        try:
            _colorize_file(colorizer, nir_path, rgb_path)
            written.append(rgb_path)
        except InputError as error:
            text = str(error)
            named = text.startswith((str(nir_path), str(rgb_path)))
            problems.append(text if named else f"{nir_path}: {text}")
    if problems and len(jobs) == 1:
        raise InputError(problems[0])
    if problems:
        count = (
            f"{len(problems)} of {len(jobs)} images failed, the other "
            f"{len(written)} are colorized:"
        )
        raise InputError("\n  ".join([count, *problems]))
    return written


def _jobs(source: Path, target: Path) -> list[tuple[Path, Path]]:
    """Returns (NIR file, file to write) for each image."""
    target_is_file = target.is_file() or (
        target.suffix.lower() in images.IMAGE_SUFFIXES and not target.is_dir()
    )
    if not source.is_dir():
        if not source.exists():
            raise InputError(f"{source}: no such file or folder")
        return [(source, target if target_is_file else target / source.name)]
    if target_is_file:
        raise InputError(
            f"{target}: a file; expected a folder, as {source} is a folder"
        )
    jobs = [(path, target / path.name) for path in images.list_images(source)]
    if not jobs:
        raise InputError(f"{source}: no PNG, TIFF or JPEG file in this folder")
    return jobs


def _progress(jobs: list) -> Any:
    """Returns the jobs, with a progress bar if there are several."""
    from tqdm import tqdm  # noqa: PLC0415 - a single image need not wait

    return tqdm(jobs, "colorize", unit="image", disable=len(jobs) == 1)


def _colorize_file(
    colorizer: Colorizer, nir_path: Path, rgb_path: Path
) -> None:
    nir = images.read_nir(nir_path)
    rgb = colorizer(images.to_float(nir))
    try:
        rgb_path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{rgb_path.parent}: cannot be created: {error.strerror}"
        ) from error
    bits = 8 * nir.dtype.itemsize
    images.write_image(rgb_path, images.to_integers(rgb, bits))
