"""The windows of an image, and the ways to color one of them.

Each function `paint_...` returns a `Paint`, which colors one window of the
image. The part of the work that needs the whole image is done once, before.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from nircolor_tf.inference import bfwls, guided, resizing, tiles
from nircolor_tf.inference.fusion import BfwlsParameters
from nircolor_tf.inference.resizing import Decode
from nircolor_tf.inference.steps import GuidedParameters, Steps
from nircolor_tf.inference.tiles import Paint, Span

# An image of any size through the network: (h, w, 1) -> (h, w, C), in [0, 1].
Network = Callable[[np.ndarray], np.ndarray]


def divide(
    network: Network,
    image: np.ndarray,
    decode: Decode,
    steps: Steps,
    tile: int | None,
    overlap: int,
) -> tuple[Paint, list[Span], list[Span]]:
    """Divides an image into windows.

    Args:
        network: Colors an image.
        image: (H, W, 1).
        decode: For windows of the image.
        steps: Around the network.
        tile: As for `Colorizer`.
        overlap: Likewise.

    Returns:
        The `Paint` of a window; the rows of the windows, and their columns.
    """
    height, width, _ = image.shape
    side, step = max(height, width), 1
    small_size = steps.shrunk_size(height, width)
    in_tiles = tile is not None and side > tile
    if steps.working_size is not None:
        # Whole, as on a server, unless that takes more memory than one tile.
        seen = math.prod(steps.network_size(height, width))
        in_tiles = in_tiles and max(seen, height * width) > tile**2
    shape = (tile, tile) if in_tiles else (height, width)
    overlap = overlap if in_tiles else 0
    if small_size != (height, width):
        paint = paint_enlarged(network, image, decode, small_size, steps.guided)
        if steps.fusion is None:
            rows = tiles.strips(height, resizing.STRIP)
            return paint, rows, tiles.strips(width, width)
    elif in_tiles:
        # The shrunk image then fits one tile, unless a side is above tile^2 / 4
        # pixels: a tile is to cover at least four of its pixels.
        step = min(-(-side // tile), tile // 4)
        paint = paint_tiles(network, image, decode, step)
    else:
        paint = paint_directly(network, image, decode)
    if steps.fusion is not None:
        paint = paint_fused(paint, image, decode, steps.fusion)
    return (
        paint,
        tiles.spans(height, shape[0], overlap, step),
        tiles.spans(width, shape[1], overlap, step),
    )


def paint_directly(
    network: Network, image: np.ndarray, decode: Decode
) -> Paint:
    """Colors a window by giving it to the network.

    Args:
        network: Colors the window.
        image: (H, W, 1).
        decode: For windows of the image.
    """

    def paint(rows, columns):
        return network(decode(image[rows, columns]))

    return paint


def paint_enlarged(
    network: Network,
    image: np.ndarray,
    decode: Decode,
    size: tuple[int, int],
    parameters: GuidedParameters | None,
) -> Paint:
    """Colors a window by the change that the network makes to a small image.

    Args:
        network: Colors the shrunk image, once.
        image: (H, W, 1).
        decode: For windows of the image.
        size: Height and width of the shrunk image.
        parameters: Of the guided enlargement; None for a cubic one.
    """
    height, width, _ = image.shape
    small = resizing.shrink(image, size, decode)
    change = network(small) - small
    slope = None
    if parameters is not None:
        slope, change = guided.fit(small, change, parameters)
        slope = _stretch(slope, height)
    offset = _stretch(change, height)

    def paint(rows, columns):
        nir = decode(image[rows, columns])
        change = _widen(offset[rows], width)[:, columns]
        if slope is not None:
            change += _widen(slope[rows], width)[:, columns] * nir
        return nir + change

    return paint


# Enlarged from top to bottom at once, from left to right row by row: the same
# as both at once, and of this the full width is a few rows only.
def _stretch(image: np.ndarray, height: int) -> np.ndarray:
    return resizing.resize(image, (height, image.shape[1]), cv2.INTER_CUBIC)


def _widen(image: np.ndarray, width: int) -> np.ndarray:
    return resizing.resize(image, (len(image), width), cv2.INTER_CUBIC)


def paint_tiles(
    network: Network, image: np.ndarray, decode: Decode, step: int
) -> Paint:
    """Colors a tile with the low frequencies of the whole image, shrunk.

    Args:
        network: Colors the shrunk image, once, and every tile.
        image: (H, W, 1).
        decode: For windows of the image.
        step: The factor by which the whole image is shrunk. Windows start at
            multiples of it.
    """
    cells = tuple(-(-side // step) for side in image.shape[:2])
    reference = network(resizing.shrink(image, cells, decode, step))

    def paint(rows, columns):
        part = decode(image[rows, columns])
        low = reference[
            rows.start // step : -(-rows.stop // step),
            columns.start // step : -(-columns.stop // step),
        ]
        padded = resizing.pad(part, *(step * side for side in low.shape[:2]))
        tile = resizing.match_means(network(padded), low)
        return tile[: part.shape[0], : part.shape[1]]

    return paint


def paint_fused(
    paint: Paint,
    image: np.ndarray,
    decode: Decode,
    parameters: BfwlsParameters,
) -> Paint:
    """Colors a window and fuses the detail of the image into it.

    Args:
        paint: Colors the window before the fusion.
        image: (H, W, 1).
        decode: For windows of the image.
        parameters: Of the fusion.
    """

    def fuse(rows, columns):
        nir = decode(image[rows, columns])
        rgb = paint(rows, columns).clip(0, 1)
        return bfwls.fuse(nir, rgb, parameters)

    return fuse
