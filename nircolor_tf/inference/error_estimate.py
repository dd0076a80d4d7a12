"""The error that a model expects of each pixel that it colored.

Some exports hold a second network. It sees an image and its colors, both
shrunk to the working size, and says how far off it expects each pixel to be:
the mean absolute error of the three channels, a share of white. The key
"error" of the card names its TFLite file, and the factor that makes what it
says right on validation (`metrics/reliability.py`):

    "error": {"file": "error.tflite", "signature": "error", "factor": 1.2, ...}
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference import (
    cards,
    digests,
    exposure,
    models,
    resizing,
)
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.resizing import Decode
from nircolor_tf.inference.steps import Steps

KEY = "error"


@dataclasses.dataclass(frozen=True)
class ErrorEstimator:
    """Estimates the error of one colored image of any size.

    Attributes:
        predict: The network: (1, H, W, 4), NIR and its colors, float32 in
            [0, 1] -> (1, H, W, 1).
        steps: Of the model's inference.
        factor: On what the network says, above 0.
    """

    predict: Callable[[np.ndarray], np.ndarray]
    steps: Steps
    factor: float = 1.0

    def __call__(self, nir: np.ndarray, rgb: np.ndarray) -> np.ndarray:
        """Estimates the error of each pixel.

        Args:
            nir: (H, W, 1) in [0, 1].
            rgb: (H, W, 3) in [0, 1], its colors.

        Returns:
            (H, W, 1) float32 in [0, 1].
        """
        size = self.steps.shrunk_size(*nir.shape[:2])
        small = self._small(
            resizing.shrink(nir, size, self._brighten(nir, np.asarray)),
            resizing.shrink(rgb, size, np.asarray),
        )
        return _enlarge(small, nir.shape[:2])

    def levels(
        self, nir: np.ndarray, low: float, high: float, rgb: np.ndarray
    ) -> np.ndarray:
        """Estimates the error of an image of integers.

        Args:
            nir: (H, W, 1) uint8 or uint16.
            low: The level of `nir` that is black.
            high: The level of `nir` that is white.
            rgb: (H, W, 3) of the same type, over all of its levels.

        Returns:
            (H, W, 1) uint8: the error in levels of 8 bit.
        """
        size = self.steps.shrunk_size(*nir.shape[:2])
        decode = self._brighten(
            nir, lambda part: ranges.to_unit(part, low, high)
        )
        small = self._small(
            resizing.shrink(nir, size, decode),
            resizing.shrink(rgb, size, conversions.to_float),
        )
        return conversions.to_integers(_enlarge(small, nir.shape[:2]), 8)

    def _brighten(self, nir: np.ndarray, decode: Decode) -> Decode:
        return exposure.brighten(nir, decode, self.steps.least_mean)

    def _small(self, nir: np.ndarray, rgb: np.ndarray) -> np.ndarray:
        """At the size of the network: (h, w, 1), (h, w, 3) -> (h, w, 1)."""
        height, width = nir.shape[:2]
        image = np.concatenate([nir, rgb], axis=-1).astype(np.float32)
        padded = resizing.pad(image, *self.steps.padded_size(height, width))
        error = np.asarray(self.predict(padded[None]))[0, :height, :width]
        return (self.factor * error).clip(0, 1)


def load(
    model: str | os.PathLike, threads: int | None = None
) -> ErrorEstimator:
    """Loads the estimator of an export.

    Args:
        model: As for `models.locate`.
        threads: CPU threads of LiteRT; all cores by default.

    Raises:
        InputError: The export has none, or its file cannot be read or is not
            the one whose digest the card has.
    """
    folder = models.locate(model)
    card = cards.read_card(folder)
    entry = card.get(KEY)
    if entry is None:
        raise InputError(
            f"{folder}: this model does not estimate its error; "
            "configs/default.py:uncertain trains one that does"
        )
    file = Path(folder) / entry["file"]
    if not file.is_file():
        raise InputError(f"{file}: missing, though card.json names it")
    digests.check_part(folder, card, entry["file"])
    path = next(iter(card["paths"]))
    return ErrorEstimator(
        LitertModel(file, threads).predict,
        cards.steps(folder, card, path),
        entry["factor"],
    )


def _enlarge(error: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if error.shape[:2] == size:
        return error
    return resizing.resize(error, size, cv2.INTER_CUBIC).clip(0, 1)
