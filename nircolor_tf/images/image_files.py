"""Image files in and out: PNG, TIFF and JPEG, 8 and 16 bit.

Files hold integers, uint8 or uint16; everything after them works on float32
in [0, 1]. Color is RGB order here, everywhere.
"""

import os
from pathlib import Path

import cv2
import numpy as np
from absl import logging

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, embedding
from nircolor_tf.images.channels import Channel
from nircolor_tf.images.metadata import Metadata

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
_JPEG_SUFFIXES = (".jpg", ".jpeg")


def list_images(folder: str | os.PathLike) -> list[Path]:
    """Returns the image files directly in a folder, sorted by name.

    Args:
        folder: Folder to look in; hidden files and sub-folders are left out.

    Raises:
        InputError: The folder does not exist.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMAGE_SUFFIXES
        and not path.name.startswith(".")
        and path.is_file()
    )


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Reads an image with the depth it is stored in.

    Args:
        path: A PNG, TIFF or JPEG file. An alpha channel is dropped.

    Returns:
        uint8 or uint16, (H, W) or (H, W, 3) in RGB order.

    Raises:
        InputError: The file is missing, empty, not an image, or holds
            anything but 8- or 16-bit integers in 1 to 4 channels.
    """
    data = _read_bytes(path)
    try:
        image = cv2.imdecode(
            np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED
        )
    except cv2.error:  # for example more pixels than OpenCV accepts
        image = None
    if image is None:
        raise InputError(
            f"{path}: not a readable PNG, TIFF or JPEG image, or cut off"
        )
    if image.dtype not in (np.uint8, np.uint16):
        raise InputError(
            f"{path}: holds {image.dtype} values; expected 8- or 16-bit "
            "unsigned integers"
        )
    if image.ndim == 2:
        return image
    if image.shape[2] == 2:
        return np.ascontiguousarray(image[..., 0])
    if image.shape[2] not in (3, 4):
        raise InputError(
            f"{path}: has {image.shape[2]} channels; expected 1 or 3"
        )
    return np.ascontiguousarray(image[..., 2::-1])


def _read_bytes(path: str | os.PathLike) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not data:
        raise InputError(f"{path}: the file is empty")
    return data


def read_metadata(path: str | os.PathLike) -> Metadata | None:
    """Reads the metadata of an image: EXIF, XMP and resolution.

    Args:
        path: A PNG, TIFF or JPEG file.

    Returns:
        None, with a warning, where that is damaged: an image is colorized
        all the same.

    Raises:
        InputError: The file is missing or empty.
    """
    data = _read_bytes(path)
    try:
        return Metadata.parse(data)
    except InputError as error:
        logging.warning("%s: %s; the result has none", path, error)
        return None


def read_nir(
    path: str | os.PathLike, channel: Channel = channels.GRAY
) -> np.ndarray:
    """Reads a NIR or gray image.

    Args:
        path: A PNG, TIFF or JPEG file.
        channel: Which of its channels is NIR.

    Returns:
        uint8 or uint16, (H, W, 1).

    Raises:
        InputError: As `read_image` and `Channel.of`.
    """
    return channel.of(read_image(path), str(path))


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """Reads a color image.

    Args:
        path: A PNG, TIFF or JPEG file.

    Returns:
        uint8 or uint16, (H, W, 3).

    Raises:
        InputError: As `read_image`, or the file has a single channel.
    """
    image = read_image(path)
    if image.ndim == 2:
        raise InputError(f"{path}: one channel where an RGB image is expected")
    return image


def write_image(
    path: str | os.PathLike,
    array: np.ndarray,
    metadata: Metadata | None = None,
) -> None:
    """Writes an image, or nothing at all.

    Args:
        path: Target; its suffix chooses PNG, TIFF or JPEG. The folder exists.
        array: uint8 or uint16, (H, W), (H, W, 1) or (H, W, 3) in RGB order.
            JPEG takes uint8 only.
        metadata: Of the input image.

    Raises:
        InputError: The suffix is none of `IMAGE_SUFFIXES`, a JPEG is asked to
            hold 16 bit, or the file cannot be written.
        ValueError: The array is no such image.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in IMAGE_SUFFIXES:
        raise InputError(
            f"{path}: unknown image suffix {path.suffix!r}; expected one of "
            + ", ".join(IMAGE_SUFFIXES)
        )
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"expected uint8 or uint16, got {array.dtype}")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,)):
        raise ValueError(f"expected (H, W), (H, W, 1 or 3), got {array.shape}")
    if suffix in _JPEG_SUFFIXES and array.dtype == np.uint16:
        raise InputError(f"{path}: JPEG cannot hold 16 bit; use PNG or TIFF")
    if array.shape[2:] == (3,):
        array = array[..., ::-1]
    options = [cv2.IMWRITE_JPEG_QUALITY, 95] if suffix in _JPEG_SUFFIXES else []
    encoded, data = cv2.imencode(suffix, np.ascontiguousarray(array), options)
    if not encoded:
        raise InputError(
            f"{path}: {array.shape[1]} x {array.shape[0]} pixels do not fit "
            "into this format; JPEG ends at 65500 in each direction"
        )
    data = data.tobytes()
    if metadata is not None:
        data = embedding.embed(data, metadata, suffix)
    with files.replacing(path) as temporary:
        temporary.write_bytes(data)
