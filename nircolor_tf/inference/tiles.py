"""Large images in parts: windows of them, tiles that overlap and blend.

A window is two slices, rows and columns. Everything here holds a few windows
and one band of tiles in memory, never a second image of floats.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

# Rows that go together where the result does not depend on it.
STRIP = 64


class Span(NamedTuple):
    """What a tile covers along one axis of the image.

    Attributes:
        window: Its pixels.
        weights: (n,) float32, one for each of them, in [0, 1].
    """

    window: slice
    weights: np.ndarray


def spans(size: int, tile: int, overlap: int, step: int = 1) -> list[Span]:
    """Spreads tiles evenly over one axis.

    Each tile fades into the next over `overlap` pixels, by a raised cosine in
    the middle of what the two share. The weights at a pixel add up to 1.

    Args:
        size: Pixels of the axis.
        tile: Pixels of a tile, at most; all tiles have the same, but for what
            the last has beyond the image.
        overlap: Pixels, from 0 to half of `tile`.
        step: Tiles start and, but for the last, stop at multiples of this.
            At most a quarter of `tile`.
    """
    cells, tile_cells = -(-size // step), tile // step
    apart = tile_cells - -(-overlap // step)
    count = 1 + max(0, -(-(cells - tile_cells) // apart))
    starts = [
        step * (index * (cells - tile_cells) // max(1, count - 1))
        for index in range(count)
    ]
    stops = [min(start + tile_cells * step, size) for start in starts]
    seams = [
        (start + stop) / 2
        for start, stop in zip(starts[1:], stops[:-1], strict=True)
    ]
    result = []
    for index, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        centers = np.arange(start, stop) + 0.5
        weights = np.ones(stop - start)
        if index > 0:
            weights = _rise(centers - seams[index - 1], overlap)
        if index < count - 1:
            weights = weights - _rise(centers - seams[index], overlap)
        result.append(Span(slice(start, stop), weights.astype(np.float32)))
    return result


def _rise(distances: np.ndarray, overlap: int) -> np.ndarray:
    """A raised cosine from 0 to 1, `overlap` pixels wide and one at least."""
    return 0.5 + 0.5 * np.sin(
        np.pi * np.clip(distances / max(overlap, 1), -0.5, 0.5)
    )


def blended(
    paint: Callable[[slice, slice], np.ndarray],
    channels: int,
    down: list[Span],
    across: list[Span],
) -> Iterator[tuple[slice, np.ndarray]]:
    """Paints an image tile by tile, from the top.

    Args:
        paint: Window (rows, columns) -> its (h, w, C).
        channels: C.
        down: The tiles' rows.
        across: The tiles' columns.

    Yields:
        Rows that are done, each once, and their (h, W, C) float32.
    """
    width = across[-1].window.stop
    rest = np.zeros((0, width, channels), np.float32)
    for index, (rows, row_weights) in enumerate(down):
        height = rows.stop - rows.start
        band = np.zeros((height, width, channels), np.float32)
        band[: len(rest)] = rest
        for columns, column_weights in across:
            weights = row_weights[:, None] * column_weights
            band[:, columns] += weights[..., None] * paint(rows, columns)
        last = index == len(down) - 1
        done = height if last else down[index + 1].window.start - rows.start
        yield slice(rows.start, rows.start + done), band[:done]
        rest = band[done:]


def grown(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Grows an image at the bottom and at the right, by reflection.

    Args:
        image: (h, w, C).
        height: Of the result, at least h.
        width: Likewise, at least w.
    """
    margins = [(0, height - image.shape[0]), (0, width - image.shape[1])]
    return np.pad(image, [*margins, (0, 0)], mode="reflect")


def shrunk(
    image: np.ndarray,
    size: tuple[int, int],
    decode: Callable[[np.ndarray], np.ndarray],
    step: int = 1,
) -> np.ndarray:
    """Shrinks an image to the means of the areas that its pixels cover.

    Args:
        image: (H, W, C). It grows to multiples of `step` first.
        size: Height and width of the result, at most those of the image.
        decode: Some rows of the image -> float32 of the same shape.
        step: Pixels.

    Returns:
        (h, w, C) float32.
    """
    height, width = image.shape[:2]
    grown_width = -(-width // step) * step

    def narrowed(start):
        strip = decode(image[start : start + STRIP])
        rows = len(strip)
        strip = grown(strip, rows, grown_width)
        return resized(strip, (rows, size[1]), cv2.INTER_AREA)

    # The mean of an area is one over columns, then one over rows. The first
    # makes the image small enough to be held whole.
    strips = [narrowed(start) for start in range(0, height, STRIP)]
    narrow = grown(np.concatenate(strips), -(-height // step) * step, size[1])
    return resized(narrow, size, cv2.INTER_AREA)


def shrunk_for(image: np.ndarray, side: int | None) -> np.ndarray:
    """Shrinks an image to `size_for` its size.

    Args:
        image: (H, W, C) float32.
        side: Pixels; None leaves every image as it is.
    """
    size = size_for(image.shape[:2], side)
    if size == image.shape[:2]:
        return image
    return shrunk(image, size, decode=np.asarray)


def size_for(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    """Returns height and width with a shorter side of at most `side` pixels.

    Args:
        size: Height and width, whose ratio stays.
        side: Pixels; None for every size as it is.
    """
    height, width = size
    if side is None or min(height, width) <= side:
        return height, width
    scale = side / min(height, width)
    return round(height * scale), round(width * scale)


def matched(tile: np.ndarray, reference: np.ndarray, step: int) -> np.ndarray:
    """Gives a tile the low frequencies of a reference.

    Args:
        tile: (h, w, C), h and w divisible by `step`.
        reference: (h / step, w / step, C).
        step: Pixels.

    Returns:
        (h, w, C): the tile plus, enlarged, what its means over `step` x
        `step` pixels lack of the reference.
    """
    means = resized(tile, reference.shape[:2], cv2.INTER_AREA)
    return tile + resized(reference - means, tile.shape[:2], cv2.INTER_CUBIC)


def resized(
    image: np.ndarray, size: tuple[int, int], interpolation: int
) -> np.ndarray:
    """cv2.resize, but it keeps the axis of a single channel.

    Args:
        image: (H, W, C).
        size: Height and width of the result.
        interpolation: One of cv2.INTER_*.
    """
    result = cv2.resize(image, size[::-1], interpolation=interpolation)
    return result.reshape(*size, image.shape[2])
