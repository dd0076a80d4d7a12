"""Images laid out in a labelled grid, for a sheet or for TensorBoard."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nircolor_tf.images import conversions

_GAP = 4
_TEXT_HEIGHT = 20


def image_grid(
    rows: Sequence[Sequence[np.ndarray]],
    labels: Sequence[str],
    headings: Sequence[str],
) -> np.ndarray:
    """Lays images out in a grid with a text above each row and column.

    Args:
        rows: Images (H, W, 1) or (H, W, 3), equally many per row; uint8,
            uint16, or floating point in [0, 1]. Sizes may differ.
        labels: One text per row.
        headings: One text per column.

    Returns:
        (H, W, 3) uint8, black text on white.

    Raises:
        InputError: Floating-point values lie outside [0, 1].
    """
    font = ImageFont.load_default(size=13)
    pitch = max(tile.shape[1] for row in rows for tile in row) + _GAP
    heights = [
        _TEXT_HEIGHT + max(tile.shape[0] for tile in row) for row in rows
    ]
    text_width = math.ceil(max(map(font.getlength, labels)))
    width = max(len(headings) * pitch, text_width + _GAP)
    grid = Image.new(
        "RGB", (_GAP + width, _TEXT_HEIGHT + sum(heights) + _GAP), "white"
    )
    draw = ImageDraw.Draw(grid)
    for j, heading in enumerate(headings):
        draw.text((_GAP + j * pitch, 3), heading, "black", font)
    top = _TEXT_HEIGHT
    for row, label, height in zip(rows, labels, heights, strict=True):
        draw.text((_GAP, top + 3), label, "black", font)
        for j, tile in enumerate(row):
            levels = conversions.to_8bit(tile, label)
            rgb = np.broadcast_to(levels, (*tile.shape[:2], 3))
            grid.paste(
                Image.fromarray(np.ascontiguousarray(rgb)),
                (_GAP + j * pitch, top + _TEXT_HEIGHT),
            )
        top += height
    return np.array(grid)
