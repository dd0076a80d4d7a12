"""Images made larger and smaller, a few rows at a time.

Padding is numpy's 'reflect', shrinking is OpenCV's INTER_AREA. A large image
of integers is decoded to floats strip by strip, so that memory holds only a
strip of it as floats.
"""

from collections.abc import Callable

import cv2
import numpy as np

from nircolor_tf.inference.steps import fit_shorter_side

# Rows that go together where the result does not depend on it.
STRIP = 64

# Some rows and columns of an image -> float32 of the same shape.
Decode = Callable[[np.ndarray], np.ndarray]


def pad(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Pads an image at the bottom and at the right, by reflection.

    Args:
        image: (h, w, C).
        height: Of the result, at least h.
        width: Likewise, at least w.
    """
    margins = [(0, height - image.shape[0]), (0, width - image.shape[1])]
    return np.pad(image, [*margins, (0, 0)], mode="reflect")


def shrink(
    image: np.ndarray, size: tuple[int, int], decode: Decode, step: int = 1
) -> np.ndarray:
    """Shrinks an image to the means of the areas that its pixels cover.

    Args:
        image: (H, W, C). It is padded to multiples of `step` first.
        size: Height and width of the result, at most those of the image.
        decode: For strips of the image.
        step: Pixels.

    Returns:
        (h, w, C) float32.
    """
    height, width = image.shape[:2]
    padded_width = -(-width // step) * step

    def narrow(start):
        strip = decode(image[start : start + STRIP])
        rows = len(strip)
        strip = pad(strip, rows, padded_width)
        return resize(strip, (rows, size[1]), cv2.INTER_AREA)

    # The mean of an area is one over columns, then one over rows. The first
    # makes the image small enough to be held whole.
    strips = [narrow(start) for start in range(0, height, STRIP)]
    narrowed = pad(np.concatenate(strips), -(-height // step) * step, size[1])
    return resize(narrowed, size, cv2.INTER_AREA)


def shrink_to_side(image: np.ndarray, longest: int | None) -> np.ndarray:
    """Shrinks an image whose shorter side is too long.

    Args:
        image: (H, W, C) float32.
        longest: Limit of the shorter side, pixels; None for no limit.
    """
    size = fit_shorter_side(*image.shape[:2], longest)
    if size == image.shape[:2]:
        return image
    return shrink(image, size, decode=np.asarray)


def shrink_longer_side(image: np.ndarray, longest: int) -> np.ndarray:
    """Shrinks an image whose longer side is too long, for a picture of it.

    Args:
        image: (H, W, C) float32, uint8 or uint16.
        longest: Limit of the longer side, pixels.
    """
    height, width, _ = image.shape
    scale = longest / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return resize(image, size, cv2.INTER_AREA)


def match_means(tile: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Gives a tile the low frequencies of a reference.

    Args:
        tile: (step h, step w, C), of a whole step.
        reference: (h, w, C).

    Returns:
        (step h, step w, C): the tile plus, enlarged, the difference between
        the reference and the tile's means over `step` x `step` pixels.
    """
    means = resize(tile, reference.shape[:2], cv2.INTER_AREA)
    return tile + resize(reference - means, tile.shape[:2], cv2.INTER_CUBIC)


def resize(
    image: np.ndarray, size: tuple[int, int], interpolation: int
) -> np.ndarray:
    """Resizes as cv2.resize, but keeps the axis of a single channel.

    Args:
        image: (H, W, C).
        size: Height and width of the result.
        interpolation: One of cv2.INTER_*.
    """
    result = cv2.resize(image, size[::-1], interpolation=interpolation)
    return result.reshape(*size, image.shape[2])
