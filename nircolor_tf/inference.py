"""From NIR images to color images with an exported model.

    colorizer = load_export(default_model())
    rgb = colorizer(nir)  # one array of any size

An export is a folder: card.json, which says how the model wants its input,
and the model itself, as TFLite files (LiteRT runs them; no TensorFlow needed)
and as a SavedModel (TensorFlow is imported only for that). Where it holds
several inference paths, `load_export(folder, path="g2c")` takes another than
the first: one that colorizes gray photos, say.
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from nircolor_tf import cards, runtimes
from nircolor_tf.errors import InputError
from nircolor_tf.fusion import bfwls

DEFAULT_MODEL = "default"
RUNTIMES = ("auto", "litert", "saved_model")


@dataclasses.dataclass(frozen=True)
class Colorizer:
    """Takes one image of any size through any model.

    Attributes:
        predict: The model: (1, H, W, 1) float32 in [0, 1] -> (1, H, W, C).
        size_multiple: `predict` takes heights and widths divisible by this.
        minimum_size: `predict` takes heights and widths from this on, pixels.
        working_size: Images whose shorter side is longer than this, in pixels,
            go through the model at this size; None for every image at its
            own. The result is then enlarged, and the detail comes from the
            image itself.
        fusion: Parameters of ColorNet's detail fusion, which then follows at
            the size of the image; None for none.
        channels: C, 3 for rgb, 1 for a translation to gray or NIR.
    """

    predict: Callable[[np.ndarray], Any]
    size_multiple: int = 1
    minimum_size: int = 1
    working_size: int | None = None
    fusion: bfwls.BfwlsParameters | None = None
    channels: int = 3

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Colorizes one NIR or gray image, or translates it.

        The image grows at the bottom and at the right to a size the model
        takes, by reflection, and the result is cut back.

        Args:
            image: (H, W, 1) in [0, 1], H and W at least 1.

        Returns:
            (H, W, C) float32 in [0, 1].

        Raises:
            ValueError: Another shape, or the model returned another size.
            InputError: The model cannot run at this size, or it returned
                values that are not finite.
        """
        if image.ndim != 3 or image.shape[2] != 1 or image.size == 0:
            raise ValueError(
                f"expected an image of (H, W, 1), got {image.shape}"
            )
        image = np.asarray(image, np.float32)
        small = shrunk(image, self.working_size)
        result = self._predict(small)
        if small is not image:
            result = _enlarged(result, small, image)
        if self.fusion is not None:
            result = bfwls.fuse(image, result, self.fusion)
        return result

    def _predict(self, image: np.ndarray) -> np.ndarray:
        """Pads as the model wants it, runs it, cuts back and clips."""
        height, width, _ = image.shape
        margins = [(0, self._size(n) - n) for n in (height, width)] + [(0, 0)]
        padded = np.pad(image, margins, mode="reflect")
        result = np.asarray(self.predict(padded[None]), np.float32)
        if result.shape != (1, *padded.shape[:2], self.channels):
            raise ValueError(
                f"the model turned {padded[None].shape} into {result.shape}"
            )
        result = result[0, :height, :width]
        if not np.isfinite(result).all():
            raise InputError("the model returned values that are not finite")
        return result.clip(0, 1)

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


def _enlarged(
    result: np.ndarray, small: np.ndarray, image: np.ndarray
) -> np.ndarray:
    """Enlarges the result of `small`; adds what shrinking took from `image`."""
    size = image.shape[1::-1]
    large, base = (
        cv2.resize(values, size, interpolation=cv2.INTER_CUBIC)
        for values in (result, small)
    )
    # cv2 drops the axis of a single channel.
    large = large.reshape(*image.shape[:2], result.shape[2])
    return (large + image - base[..., None]).clip(0, 1)


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
    path: str | None = None,
) -> Colorizer:
    """Loads an inference path of an export folder, which is all it needs.

    Args:
        folder: Holds card.json and the files it names.
        runtime: One of `RUNTIMES`: `litert` runs the TFLite file,
            `saved_model` the SavedModel in TensorFlow; `auto` is `litert`
            where the export has that file.
        threads: CPU threads of LiteRT; all cores by default.
        path: Its name in the card; the first by default.

    Raises:
        InputError: The folder, its card or a file is missing or unreadable,
            the export has no such path, or TensorFlow is needed and not
            installed.
    """
    folder = Path(folder)
    card = cards.read_card(folder)
    name, chosen = cards.find_path(folder, card, path)
    fusion = _fusion(folder, card)
    if runtime == "auto":
        runtime = "litert" if "tflite" in chosen["files"] else "saved_model"
    if runtime == "litert":
        file = cards.model_file(folder, card, name, "tflite")
        predict = runtimes.LitertModel(file, threads).predict
    else:
        predict = runtimes.load_saved_model(
            cards.model_file(folder, card, name, "saved_model"),
            cards.signature(card, name),
            chosen["source"],
            chosen["target"],
        )
    color = chosen["target"] == "rgb"
    return Colorizer(
        predict,
        card["size_multiple"],
        card["minimum_size"],
        card["working_size"],
        fusion if color else None,
        channels=3 if color else 1,
    )


def _fusion(folder: Path, card: dict) -> bfwls.BfwlsParameters | None:
    if card["fusion"] is None:
        return None
    try:
        return bfwls.BfwlsParameters(**card["fusion"])
    except (TypeError, InputError) as error:
        raise InputError(
            f"{folder / cards.CARD_FILE}: key 'fusion': {error}"
        ) from error
