"""Large images in tiles that overlap and fade into each other.

A window is two slices, rows and columns. Memory holds a few windows and one
band of tiles, never a second image of floats.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

# Colors one window: its rows and columns -> (h, w, C) float32.
Paint = Callable[[slice, slice], np.ndarray]


class Span(NamedTuple):
    """The pixels of a tile along one axis of the image.

    Attributes:
        window: Its pixels.
        weights: (n,) float32, one for each of them, in [0, 1].
    """

    window: slice
    weights: np.ndarray


def spans(size: int, tile: int, overlap: int, step: int = 1) -> list[Span]:
    """Spreads tiles evenly over one axis.

    Each tile fades into the next over `overlap` pixels, by a raised cosine in
    the middle of the part that the two share. The weights at a pixel add up
    to 1.

    Args:
        size: Pixels of the axis.
        tile: Longest side of a tile, pixels. All tiles have the same, but the
            last one ends with the image.
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


def strips(size: int, longest: int) -> list[Span]:
    """Parts one axis into spans of about the same length that share nothing.

    Args:
        size: Pixels of the axis.
        longest: Limit of a span, pixels.
    """
    count = -(-size // longest)
    ends = [size * index // count for index in range(count + 1)]
    return [
        Span(slice(start, stop), np.ones(stop - start, np.float32))
        for start, stop in itertools.pairwise(ends)
    ]


def _rise(distances: np.ndarray, overlap: int) -> np.ndarray:
    """A raised cosine from 0 to 1, `overlap` pixels wide and one at least."""
    return 0.5 + 0.5 * np.sin(
        np.pi * np.clip(distances / max(overlap, 1), -0.5, 0.5)
    )


def blend(
    paint: Paint, channels: int, down: list[Span], across: list[Span]
) -> Iterator[tuple[slice, np.ndarray]]:
    """Paints an image tile by tile, from the top.

    Args:
        paint: For each tile.
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
        last = index == len(down) - 1
        done = height if last else down[index + 1].window.start - rows.start
        if len(across) == 1 and len(rest) == 0 and done == height:
            band = paint(rows, across[0].window)  # shares nothing
        else:
            band = np.zeros((height, width, channels), np.float32)
            band[: len(rest)] = rest
            for columns, column_weights in across:
                weights = row_weights[:, None] * column_weights
                band[:, columns] += weights[..., None] * paint(rows, columns)
        yield slice(rows.start, rows.start + done), band[:done]
        rest = band[done:]
