"""One image of any size through a model that takes certain sizes only."""

import dataclasses
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference import bfwls, tiles

# Smaller ones leave nothing to the shrunk image, or to what overlaps.
_SMALLEST_TILE = 16

_Decode = Callable[[np.ndarray], np.ndarray]
_Paint = Callable[[slice, slice], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Colorizer:
    """Takes one image of any size through any model.

    Large images go in parts, so that besides the image and its result only a
    few of them are held in memory. There are two ways. Neither has seams,
    because the image as a whole decides about color in the large:

    * With `working_size` the model sees the image once, shrunk. What it
      changes is enlarged and added to the image, window by window, which
      gives the same as doing it at once.
    * With `tile` the model sees the image once, shrunk until it fits one
      tile, and then every tile at full resolution. Instance normalization
      takes its statistics from what the network sees, so that tiles alone
      would each get a tint and a contrast of their own. Here the shrunk image
      gives all the low frequencies, which are what its pixels can hold, and
      a tile only what is above them. Neighbors fade into each other.

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
        tile: Images with a side longer than this, in pixels, go through the
            model in tiles, and through the fusion; None for every image
            whole.
        overlap: Pixels over which tiles fade into each other, up to half of
            `tile`.
        saturation: Factor of the colors' difference from gray, last of all. A
            model that errs little is dull, since it does not bet.

    Raises:
        InputError: `tile` is too small, `overlap` or `saturation` out of its
            range, or a fusion or another saturation is asked for where there
            is no color.
    """

    predict: Callable[[np.ndarray], Any]
    size_multiple: int = 1
    minimum_size: int = 1
    working_size: int | None = None
    fusion: bfwls.BfwlsParameters | None = None
    channels: int = 3
    tile: int | None = None
    overlap: int = 0
    saturation: float = 1.0

    def __post_init__(self):
        changes = {"fusion": self.fusion, "saturation": self.saturation != 1}
        for name, asked in changes.items():
            if asked and self.channels != 3:
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

        Where the model needs another size, the image grows at the bottom and
        at the right, by reflection, and the result is cut back.

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

    def network_size(self, height: int, width: int) -> tuple[int, int]:
        """Returns the size at which the model sees an image that goes whole.

        Args:
            height: Of the image, pixels, at least 1.
            width: Likewise.

        Returns:
            Height and width after the working size, grown as the model needs.
        """
        height, width = self._working(height, width)
        return self._size(height), self._size(width)

    def _colorize(
        self,
        image: np.ndarray,
        dtype: Any,
        decode: _Decode,
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
        side, overlap, step = max(height, width), 0, 1
        in_tiles = self.tile is not None and side > self.tile
        tile = (height, width)
        if in_tiles:
            tile, overlap = (self.tile, self.tile), self.overlap
        if self._working(height, width) != (height, width):
            paint = self._enlarging(image, decode)
            if self.fusion is None:
                tile, overlap = (tiles.STRIP, width), 0
        elif in_tiles:
            # The image then fits one tile, but for one of a side above
            # tile^2 / 4 pixels: a tile is to have four of the steps.
            step = min(-(-side // self.tile), self.tile // 4)
            paint = self._tiling(image, decode, step)
        else:

            def paint(rows, columns):
                return self._predict(decode(image[rows, columns]))

        if self.fusion is not None:
            paint = self._fusing(image, decode, paint)
        result = np.empty((height, width, self.channels), dtype)
        down = tiles.spans(height, tile[0], overlap, step)
        across = tiles.spans(width, tile[1], overlap, step)
        for rows, part in tiles.blended(paint, self.channels, down, across):
            result[rows] = encode(self._saturate(part))
        return result

    def _enlarging(self, image: np.ndarray, decode: _Decode) -> _Paint:
        """Colorizes the image at the working size."""
        height, width, _ = image.shape
        small = tiles.shrunk(image, self._working(height, width), decode)
        change = self._predict(small) - small
        # Enlarged from top to bottom here, from left to right row by row: the
        # same as both at once, and of this the full width is a few rows only.
        change = tiles.resized(
            change, (height, small.shape[1]), cv2.INTER_CUBIC
        )

        def paint(rows, columns):
            part = change[rows]
            large = tiles.resized(part, (len(part), width), cv2.INTER_CUBIC)
            return decode(image[rows, columns]) + large[:, columns]

        return paint

    def _tiling(self, image: np.ndarray, decode: _Decode, step: int) -> _Paint:
        """Colorizes the image shrunk by `step`, then tile by tile."""
        cells = tuple(-(-side // step) for side in image.shape[:2])
        reference = self._predict(tiles.shrunk(image, cells, decode, step))

        def paint(rows, columns):
            part = decode(image[rows, columns])
            low = reference[
                rows.start // step : -(-rows.stop // step),
                columns.start // step : -(-columns.stop // step),
            ]
            grown = tiles.grown(part, *(step * side for side in low.shape[:2]))
            tile = tiles.matched(self._predict(grown), low, step)
            return tile[: part.shape[0], : part.shape[1]]

        return paint

    def _fusing(
        self, image: np.ndarray, decode: _Decode, paint: _Paint
    ) -> _Paint:
        """Fuses every window after `paint`."""

        def fuse(rows, columns):
            nir = decode(image[rows, columns])
            rgb = paint(rows, columns).clip(0, 1)
            return bfwls.fuse(nir, rgb, self.fusion)

        return fuse

    def _saturate(self, rgb: np.ndarray) -> np.ndarray:
        if self.saturation == 1:
            return rgb
        return conversions.saturated(rgb.clip(0, 1), self.saturation)

    def _predict(self, image: np.ndarray) -> np.ndarray:
        """Grows as the model wants it, runs it, cuts back and clips."""
        height, width, _ = image.shape
        grown = tiles.grown(image, self._size(height), self._size(width))
        result = np.asarray(self.predict(grown[None]), np.float32)
        if result.shape != (1, *grown.shape[:2], self.channels):
            raise ValueError(
                f"the model turned {grown[None].shape} into {result.shape}"
            )
        result = result[0, :height, :width]
        if not np.isfinite(result).all():
            raise InputError("the model returned values that are not finite")
        return result.clip(0, 1)

    def _working(self, height: int, width: int) -> tuple[int, int]:
        return tiles.size_for((height, width), self.working_size)

    def _size(self, size: int) -> int:
        """Returns the smallest size the model takes, from `size` on."""
        multiples = -(-max(size, self.minimum_size) // self.size_multiple)
        return multiples * self.size_multiple
