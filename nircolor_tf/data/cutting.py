"""Cuts large registered photos into small pairs, as the papers did."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf import files
from nircolor_tf.data import example_images
from nircolor_tf.data.manifest import Example
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
    77,000 from 116 images, which may be 58 pairs, and does not say how.

    Args:
        length: Of the side, px, at least 64.
    """
    return list(range(0, length - PATCH + 1, _PATCH_STRIDE))


def cut_photos(
    photos: Sequence[Example], folder: str | os.PathLike, patch: int = 0
) -> list[Example]:
    """Writes the crops of photos as PNG files.

    A photo smaller than one crop is enlarged first (bicubic, both images),
    until its shorter side is one crop long. The crops hold the values of the
    photo's files, which mean the same.

    Args:
        photos: Registered pairs.
        folder: Gets nir/ and rgb/; it exists and holds neither.
        patch: 0 for 480x480 crops, 64 for 64x64 patches.

    Returns:
        All crops, in the order of the photos. They are named
        <photo>_<row>_<column>.

    Raises:
        InputError: A file cannot be read or written.
    """
    folder = Path(folder)
    size, starts = (PATCH, patch_starts) if patch else (CROP, crop_starts)
    for side in _SIDES:
        (folder / side).mkdir()
    crops = []
    for photo in tqdm(photos, desc="cutting", unit="photo"):
        scale = max(1.0, size / min(photo.height, photo.width))
        nir = _enlarge(example_images.read_nir(photo).values, size)
        rgb = _enlarge(example_images.read_rgb(photo).values, size)
        for row, top in enumerate(starts(nir.shape[0])):
            for column, left in enumerate(starts(nir.shape[1])):
                box = np.s_[top : top + size, left : left + size]
                name = f"{photo.name}_{row}_{column}"
                pair = {"nir": nir[box], "rgb": rgb[box]}
                crops.append(write(photo, name, pair, folder, scale))
    return crops


def write(
    photo: Example,
    name: str,
    pair: dict[str, np.ndarray],
    folder: Path,
    scale: float,
) -> Example:
    """Writes a pair that was made of a photo.

    Args:
        photo: Of which it is made.
        name: Of the pair.
        pair: nir and rgb, (H, W, C) uint8 or uint16.
        folder: With the folders nir/ and rgb/.
        scale: By which the photo was enlarged.

    Returns:
        The pair, in the photo's scene.

    Raises:
        InputError: A file cannot be written.
    """
    paths = {side: folder / side / f"{name}.png" for side in _SIDES}
    for side, image in pair.items():
        image_files.write_image(paths[side], image)
    height, width = pair["nir"].shape[:2]
    return dataclasses.replace(
        photo,
        name=name,
        height=height,
        width=width,
        shift_x=round(scale * photo.shift_x),
        shift_y=round(scale * photo.shift_y),
        nir_channel="gray",
        rgb_bands="",
        **{side: str(path) for side, path in paths.items()},
        **{f"{side}_sha256": files.sha256(paths[side]) for side in _SIDES},
    )


def _enlarge(image, size):
    """Enlarges (H, W, C) until no side is shorter than size."""
    height, width = image.shape[:2]
    scale = size / min(height, width)
    if scale <= 1:
        return image
    target = (max(round(width * scale), size), max(round(height * scale), size))
    larger = cv2.resize(image, target, interpolation=cv2.INTER_CUBIC)
    return larger.reshape(*larger.shape[:2], -1)
