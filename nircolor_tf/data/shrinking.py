"""Writes whole photos in the sizes at which a network learns from them.

A network for photos has to see whole compositions, and it sees them small. A
photo of 1024x680 px would be shrunk anew at every step, so it is shrunk once:
to a shorter side of which one crop is nearly all, and to one with more detail.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf.data import cutting, example_images
from nircolor_tf.data.manifest import Example
from nircolor_tf.inference import resizing

# Shorter sides, px [ours]. VCIP's crops have 256.
SIDES = (256, 400)
_IMAGES = ("nir", "rgb")


def shrink_photos(
    photos: Sequence[Example], folder: str | os.PathLike
) -> list[Example]:
    """Writes photos as PNG files, once for every one of `SIDES`.

    Each pixel is the mean of the area that it covers, of the NIR and of the
    color image alike. Images whose shorter side is no longer are left as they
    are.

    Args:
        photos: Registered pairs.
        folder: Gets nir/ and rgb/; it exists and holds neither.

    Returns:
        The pairs, named <photo>_<side>, in the order of the photos.

    Raises:
        InputError: A file cannot be read or written.
    """
    folder = Path(folder)
    for image in _IMAGES:
        (folder / image).mkdir()
    pairs = []
    for photo in tqdm(photos, desc="shrinking", unit="photo"):
        values = {
            "nir": example_images.read_nir(photo).values,
            "rgb": example_images.read_rgb(photo).values,
        }
        pairs += [_write(photo, side, values, folder) for side in SIDES]
    return pairs


def _write(
    photo: Example, side: int, values: dict[str, np.ndarray], folder: Path
) -> Example:
    """Writes both images of a photo in one size."""
    name = f"{photo.name}_{side}"
    scale = min(1.0, side / min(photo.height, photo.width))
    size = round(scale * photo.height), round(scale * photo.width)
    small = {
        image: resizing.resize(pixels, size, cv2.INTER_AREA)
        for image, pixels in values.items()
    }
    return cutting.write(photo, name, small, folder, scale)
