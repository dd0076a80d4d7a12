"""The NumPy back end: one image of any size through a model.

It runs the steps of `steps.py` and holds little more in memory than the image
and its result, because a large image goes in parts. There are two ways, and
neither has seams, as the whole image decides about color in the large:

* With a working size the network sees the image once, shrunk. The change that
  it makes is enlarged and added to the image, window by window. That gives the
  same as the whole image at once.
* Without one, and with `tile`, the network sees the image once, shrunk until
  it fits one tile, and then every tile at full resolution. Instance
  normalization takes its statistics from the image that the network sees, so
  that tiles alone would each get a tint and a contrast of their own. Here the
  shrunk image gives all the low frequencies that its pixels can hold, and a
  tile only those above. Neighbors fade into each other.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference import exposure, resizing, tiles, whitening, windows
from nircolor_tf.inference.resizing import Decode
from nircolor_tf.inference.steps import Steps

# What the commands, the page and `nircolor_tf.load` take for large images, px.
TILE, OVERLAP = 1024, 128

# Failures of one image or frame; the others go on. OpenCV raises its own error
# where the memory does not suffice.
FAILURES = (InputError, MemoryError, cv2.error)

# Smaller ones leave no pixels to the shrunk image, or to the overlap.
_SMALLEST_TILE = 16


@dataclasses.dataclass(frozen=True)
class Colorizer:
    """Colors one image of any size, by parts where it is large.

    Attributes:
        predict: The network: (1, H, W, 1) float32 in [0, 1] -> (1, H, W, C).
        steps: Of inference, around the network.
        channels: C, 3 for rgb, 1 for a translation to gray or NIR.
        tile: Images with a side longer than this, in pixels, go through the
            network in tiles, and through the fusion; None for every image
            whole.
        overlap: Pixels over which tiles fade into each other, up to half of
            `tile`.
        brighten: Whether dark images are brightened, where the steps say so.
        saturation: Factor of the colors' difference from gray, last of all.

    Raises:
        InputError: `tile` is too small, `overlap` or `saturation` out of its
            range, or a fusion or another saturation is asked for where there
            is no color.
    """

    predict: Callable[[np.ndarray], Any]
    steps: Steps = dataclasses.field(default_factory=Steps)
    channels: int = 3
    tile: int | None = None
    overlap: int = 0
    brighten: bool = True
    saturation: float = 1.0

    def __post_init__(self):
        changes = {
            "fusion": self.steps.fusion,
            "whiten": self.steps.whiten,
            "saturation": self.saturation != 1,
        }
        for name, change in changes.items():
            if change and self.channels != 3:
                raise InputError(
                    f"{name}: needs color; this path has one channel"
                )
        if not 0 <= self.saturation < np.inf:
            raise InputError(
                f"saturation={self.saturation}: expected 0 or more"
            )
        if self.tile is None:
            return
        if self.tile < _SMALLEST_TILE:
            raise InputError(
                f"tile={self.tile}: expected at least {_SMALLEST_TILE} pixels"
            )
        if not 0 <= self.overlap <= self.tile // 2:
            raise InputError(
                f"overlap={self.overlap}: expected 0 to {self.tile // 2} "
                f"pixels, half of tile={self.tile}"
            )

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """Colorizes one NIR or gray image, or translates it.

        Args:
            image: (H, W, 1) in [0, 1], H and W at least 1.

        Returns:
            (H, W, C) float32 in [0, 1].

        Raises:
            ValueError: Another shape, or the model returned another size.
            InputError: The model cannot run at this size, or it returned
                values that are not finite.
        """
        return self._colorize(
            image,
            np.float32,
            decode=lambda part: np.asarray(part, np.float32),
            encode=lambda part: part.clip(0, 1),
        )

    def integers(
        self, image: np.ndarray, low: float, high: float
    ) -> np.ndarray:
        """Colorizes an image of integers, only parts of it as floats.

        Args:
            image: (H, W, 1) uint8 or uint16, H and W at least 1.
            low: The level that is black.
            high: The level that is white.

        Returns:
            (H, W, C) of the same type, over all of its levels.

        Raises:
            ValueError: Another shape or type, or the model returned another
                size.
            InputError: As for a call.
        """
        if image.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"expected uint8 or uint16, got {image.dtype}")
        return self._colorize(
            image,
            image.dtype,
            decode=lambda part: ranges.to_unit(part, low, high),
            encode=lambda part: conversions.to_integers(
                part, 8 * image.dtype.itemsize
            ),
        )

    def _colorize(
        self,
        image: np.ndarray,
        dtype: Any,
        decode: Decode,
        encode: Callable[[np.ndarray], np.ndarray],
    ) -> np.ndarray:
        """Colorizes an image by parts.

        Args:
            image: (H, W, 1).
            dtype: Of the result.
            decode: A window of the image -> float32 in [0, 1].
            encode: Rows of the result, float32 -> `dtype`.
        """
        if image.ndim != 3 or image.shape[2] != 1 or image.size == 0:
            raise ValueError(
                f"expected an image of (H, W, 1), got {image.shape}"
            )
        height, width, _ = image.shape
        if self.brighten:
            decode = exposure.brighten(image, decode, self.steps.least_mean)
        paint, down, across = windows.divide(
            self._run_network,
            image,
            decode,
            self.steps,
            self.tile,
            self.overlap,
        )
        result = np.empty((height, width, self.channels), dtype)
        for rows, part in tiles.blend(paint, self.channels, down, across):
            result[rows] = encode(self._saturate(part))
        return result

    def _saturate(self, rgb: np.ndarray) -> np.ndarray:
        if self.saturation == 1:
            return rgb
        return conversions.saturated(rgb.clip(0, 1), self.saturation)

    def _run_network(self, image: np.ndarray) -> np.ndarray:
        """Runs the network and whitens: (h, w, 1) -> (h, w, C)."""
        result = self._run_at_sizes(image)
        return whitening.whiten(image, result) if self.steps.whiten else result

    def _run_at_sizes(self, image: np.ndarray) -> np.ndarray:
        """Runs the network at one or two sizes: (h, w, 1) -> (h, w, C)."""
        result = self._run_at(image)
        share, guide = self.steps.half_share, self.steps.guided
        size = self.steps.half_size(*image.shape[:2])
        if not share or size == image.shape[:2]:
            return result
        paint = windows.paint_enlarged(
            self._run_at, image, np.asarray, size, guide
        )
        everything = slice(None)
        return (1 - share) * result + share * paint(everything, everything)

    def _run_at(self, image: np.ndarray) -> np.ndarray:
        """Pads, runs the network and crops: (h, w, 1) -> (h, w, C)."""
        height, width, _ = image.shape
        padded_size = self.steps.padded_size(height, width)
        batch = resizing.pad(image, *padded_size)[None]
        result = self._predict(batch)
        if self.steps.mirror:
            mirrored = self._predict(np.ascontiguousarray(batch[:, :, ::-1]))
            result = (result + mirrored[:, :, ::-1]) / 2
        return result[0, :height, :width]

    def _predict(self, batch: np.ndarray) -> np.ndarray:
        """Runs the network, checks its output and clips it."""
        result = np.asarray(self.predict(batch), np.float32)
        if result.shape != (*batch.shape[:3], self.channels):
            raise ValueError(
                f"the model turned {batch.shape} into {result.shape}"
            )
        if not np.isfinite(result).all():
            raise InputError("the model returned values that are not finite")
        return result.clip(0, 1)
