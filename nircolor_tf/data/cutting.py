"""Cuts large registered photos into small pairs, as the papers did."""

import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf.data.checking import Checked
from nircolor_tf.images import image_files

CROP = 480
PATCH = 64
_PATCH_STRIDE = 32
_SIDES = ("nir", "rgb")


def crop_starts(length: int) -> list[int]:
    """Where the 480-px crops start along one side of a photo.

    As many as fit side by side, spread from edge to edge. ColorNet (Ma et
    al., Applied Sciences 2022) got 763 pairs from 477 photos of about
    1024x680 and does not say how.

    Args:
        length: Of the side, px, at least 480.
    """
    count = length // CROP
    if count == 1:
        return [(length - CROP) // 2]
    return [round(x) for x in np.linspace(0, length - CROP, count)]


def patch_starts(length: int) -> list[int]:
    """Where the 64-px patches start along one side of a photo.

    Half overlapping: 620 from 1024x680. DCGAN (Suarez et al., PAAMS 2017) cut
    77,000 from 116 photos, 664 from each, and does not say how.

    Args:
        length: Of the side, px, at least 64.
    """
    return list(range(0, length - PATCH + 1, _PATCH_STRIDE))


def cut_photos(
    photos: Sequence[Checked], folder: str | os.PathLike, patch: int = 0
) -> list[tuple[Checked, Checked]]:
    """Writes the crops of photos as PNG files.

    A photo smaller than one crop is enlarged first (bicubic, both images),
    until its shorter side is one crop long.

    Args:
        photos: Registered pairs.
        folder: Gets nir/ and rgb/; it exists and holds neither.
        patch: 0 for 480x480 crops, 64 for 64x64 patches.

    Returns:
        (crop, its photo) for every crop, in the order of the photos. Crops are
        named <photo>_<row>_<column>.

    Raises:
        InputError: A file cannot be read or written.
    """
    folder = Path(folder)
    size, starts = (PATCH, patch_starts) if patch else (CROP, crop_starts)
    for side in _SIDES:
        (folder / side).mkdir()
    crops = []
    for photo in tqdm(photos, desc="cutting", unit="photo"):
        nir = _enlarge(image_files.read_nir(photo.nir), size)
        rgb = _enlarge(image_files.read_rgb(photo.rgb), size)
        for row, top in enumerate(starts(nir.shape[0])):
            for column, left in enumerate(starts(nir.shape[1])):
                name = f"{photo.name}_{row}_{column}"
                box = np.s_[top : top + size, left : left + size]
                files = {side: folder / side / f"{name}.png" for side in _SIDES}
                image_files.write_image(files["nir"], nir[box])
                image_files.write_image(files["rgb"], rgb[box])
                crop = Checked(
                    name, **files, height=size, width=size, bits=photo.bits
                )
                crops.append((crop, photo))
    return crops


def _enlarge(image, size):
    """Enlarges (H, W, C) until no side is shorter than size."""
    height, width = image.shape[:2]
    scale = size / min(height, width)
    if scale <= 1:
        return image
    target = (max(round(width * scale), size), max(round(height * scale), size))
    larger = cv2.resize(image, target, interpolation=cv2.INTER_CUBIC)
    return larger.reshape(*larger.shape[:2], -1)
