"""Image files in and out. Nothing else opens or writes one.

Files hold integers, uint8 or uint16; everything after them works on float32
in [0, 1]. Color is RGB order here, everywhere, and images are upright.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import cv2
import numpy as np
from absl import logging

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, decoding, embedding, ranges
from nircolor_tf.images.channels import Channel
from nircolor_tf.images.metadata import Metadata
from nircolor_tf.images.rasters import Raster

# Of formats that hold 16 bit.
DEEP_SUFFIXES = (".png", ".tif", ".tiff")
# Of formats that hold alpha.
ALPHA_SUFFIXES = (*DEEP_SUFFIXES, ".webp")
IMAGE_SUFFIXES = (*DEEP_SUFFIXES, ".jpg", ".jpeg", ".webp", ".bmp")

# Of JPEG and WebP, 1 to 100.
QUALITY = 95
_QUALITY_FLAGS = {
    ".jpg": cv2.IMWRITE_JPEG_QUALITY,
    ".jpeg": cv2.IMWRITE_JPEG_QUALITY,
    ".webp": cv2.IMWRITE_WEBP_QUALITY,
}


def list_images(
    folder: str | os.PathLike, recursive: bool = False
) -> list[Path]:
    """Returns the image files in a folder, sorted by name.

    Args:
        folder: As for `walk_images`, likewise the other.
        recursive: Also those in its folders, at all depths.

    Raises:
        InputError: As `walk_images`.
    """
    return sorted(walk_images(folder, recursive))


def walk_images(
    folder: str | os.PathLike, recursive: bool = False
) -> Iterator[Path]:
    """Yields the image files in a folder, as they come.

    Args:
        folder: As for `walk_files`, likewise the other.
        recursive: Also those in its folders, at all depths.

    Raises:
        InputError: As `walk_files`.
    """
    for path in walk_files(folder, recursive):
        if path.suffix.lower() in IMAGE_SUFFIXES:
            yield path


def walk_files(
    folder: str | os.PathLike, recursive: bool = False
) -> Iterator[Path]:
    """Yields the files in a folder, of any type, as they come.

    Args:
        folder: Folder to look in; hidden files and folders are left out.
        recursive: Also those in its folders, at all depths. Linked folders are
            left out.

    Raises:
        InputError: The folder does not exist, or it or one in it cannot be
            read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    try:
        for place, folders, names in os.walk(folder, onerror=_raise):
            yield from (
                Path(place, name)
                for name in names
                if not name.startswith(".") and Path(place, name).is_file()
            )
            folders[:] = [
                name
                for name in folders
                if recursive and not name.startswith(".")
            ]
    except OSError as error:
        raise InputError(
            f"{error.filename}: cannot be read: {error.strerror}"
        ) from error


def _raise(error: OSError) -> NoReturn:
    raise error


def read_raster(path: str | os.PathLike) -> Raster:
    """Reads an image with all its bands and the depth it is stored in.

    Args:
        path: An image file, see `decoding.FORMATS`.

    Raises:
        InputError: The file is missing, empty, or as `decoding.decode`.
    """
    return _decode(path, _read_bytes(path))


def read_with_metadata(
    path: str | os.PathLike,
) -> tuple[Raster, Metadata | None]:
    """Reads an image as `read_raster`, and its EXIF, XMP and resolution.

    Args:
        path: An image file.

    Returns:
        The image; and None, with a warning, where the metadata is damaged: an
        image is colorized all the same.

    Raises:
        InputError: As `read_raster`.
    """
    data = _read_bytes(path)
    raster = _decode(path, data)
    try:
        return raster, Metadata.parse(data)
    except InputError as error:
        logging.warning("%s: %s; the result has none", path, error)
        return raster, None


def read_image(path: str | os.PathLike) -> np.ndarray:
    """Reads an image of gray or color; alpha is left out.

    Args:
        path: An image file.

    Returns:
        uint8 or uint16, (H, W) or (H, W, 3) in RGB order.

    Raises:
        InputError: As `read_raster`, or it has another number of bands.
    """
    bands = read_raster(path).bands
    if bands.shape[2] not in (1, 3):
        raise InputError(f"{path}: has {bands.shape[2]} bands; expected 1 or 3")
    return bands if bands.shape[2] == 3 else bands[..., 0]


def _read_bytes(path: str | os.PathLike) -> bytes:
    path = Path(path)
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: no file; expected an image file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    if not data:
        raise InputError(f"{path}: the file is empty")
    return data


def _decode(path: str | os.PathLike, data: bytes) -> Raster:
    try:
        return decoding.decode(data)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_nir(
    path: str | os.PathLike, channel: Channel = channels.GRAY
) -> np.ndarray:
    """Reads a NIR or gray image; alpha is left out.

    Args:
        path: An image file.
        channel: Which of its channels is NIR.

    Returns:
        uint8 or uint16, (H, W, 1).

    Raises:
        InputError: As `read_raster` and `Channel.of`.
    """
    return channel.of(read_raster(path), str(path))


def read_unit(
    path: str | os.PathLike, channel: Channel = channels.GRAY
) -> tuple[np.ndarray, np.dtype]:
    """Reads a NIR or gray image as models take it, by `--range=auto`.

    Args:
        path: An image file.
        channel: Which of its channels is NIR.

    Returns:
        (H, W, 1) float32 in [0, 1]; and the type that its levels are stored
        in, uint8 or uint16.

    Raises:
        InputError: As `read_nir`.
    """
    raster = read_raster(path)
    levels = channel.of(raster, str(path))
    low, high = ranges.AUTO.of(levels, raster.bits)
    return ranges.to_unit(levels, low, high), levels.dtype


def read_rgb(path: str | os.PathLike) -> np.ndarray:
    """Reads a color image; alpha and bands behind the color are left out.

    Args:
        path: An image file.

    Returns:
        uint8 or uint16, (H, W, 3).

    Raises:
        InputError: As `read_raster`, or the file has no color.
    """
    raster = read_raster(path)
    count = raster.bands.shape[2]
    if not (raster.color or count == 3):
        what = "one channel" if count == 1 else f"{count} bands without color"
        raise InputError(f"{path}: {what} where an RGB image is expected")
    return np.ascontiguousarray(raster.bands[..., :3])


def write_image(
    path: str | os.PathLike,
    array: np.ndarray,
    metadata: Metadata | None = None,
    alpha: np.ndarray | None = None,
    quality: int = QUALITY,
) -> None:
    """Writes an image, or nothing at all.

    Args:
        path: Target; its suffix chooses the format. The folder exists.
        array: uint8 or uint16, (H, W), (H, W, 1) or (H, W, 3) in RGB order.
            JPEG, WebP and BMP take uint8 only.
        metadata: Of the input image. BMP holds none.
        alpha: (H, W, 1) of the same type, for a suffix of `ALPHA_SUFFIXES`;
            an image of gray becomes one of color then.
        quality: Of JPEG and WebP, 1 to 100.

    Raises:
        InputError: The suffix is none of `IMAGE_SUFFIXES`, the format cannot
            hold 16 bit or so many pixels, or the file cannot be written.
        ValueError: The array is no such image.
    """
    path = Path(path)
    try:
        data = encode(array, path.suffix, quality, metadata, alpha)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    with files.replacing(path, len(data)) as temporary:
        temporary.write_bytes(data)


def encode(
    array: np.ndarray,
    suffix: str,
    quality: int = QUALITY,
    metadata: Metadata | None = None,
    alpha: np.ndarray | None = None,
) -> bytes:
    """Returns the content of an image file.

    Args:
        array: As of `write_image`, likewise the others.
        suffix: Of the format.
        quality: Of JPEG and WebP.
        metadata: Of the input image.
        alpha: Of the image.

    Raises:
        InputError: The suffix is none of `IMAGE_SUFFIXES`, or the format
            cannot hold 16 bit or so many pixels.
        ValueError: The array is no such image.
    """
    _check(suffix, array)
    suffix = suffix.lower()
    metadata = metadata or Metadata(b"", b"", None)
    encoded, data = _encode(suffix, _ordered(array, alpha), metadata, quality)
    if not encoded:
        raise InputError(
            f"{array.shape[1]} x {array.shape[0]} pixels do not fit into this "
            "format; JPEG ends at 65500 in each direction, WebP at 16383"
        )
    if suffix in (".webp", ".bmp"):
        return data.tobytes()
    return embedding.embed(data.tobytes(), metadata, suffix)


def _check(suffix: str, array: np.ndarray) -> None:
    if suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(
            f"unknown image suffix {suffix!r}; expected one of "
            + ", ".join(IMAGE_SUFFIXES)
        )
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"expected uint8 or uint16, got {array.dtype}")
    if array.ndim not in (2, 3) or array.shape[2:] not in ((), (1,), (3,)):
        raise ValueError(f"expected (H, W), (H, W, 1 or 3), got {array.shape}")
    if array.dtype == np.uint16 and suffix.lower() not in DEEP_SUFFIXES:
        raise InputError(
            f"a {suffix.lower()} file cannot hold 16 bit; use PNG or TIFF"
        )


def _encode(
    suffix: str, image: np.ndarray, metadata: Metadata, quality: int
) -> tuple[bool, np.ndarray]:
    options = []
    if suffix in _QUALITY_FLAGS:
        options = [_QUALITY_FLAGS[suffix], quality]
    if suffix in (".tif", ".tiff") and image.shape[2:] == (4,):
        # Where alpha is named, readers by OpenCV darken LZW, its default.
        options = [
            cv2.IMWRITE_TIFF_COMPRESSION,
            cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE,
        ]
    if suffix != ".webp":
        return cv2.imencode(suffix, image, options)
    parts = {
        cv2.IMAGE_METADATA_EXIF: metadata.exif,
        cv2.IMAGE_METADATA_XMP: metadata.xmp,
    }
    parts = {kind: content for kind, content in parts.items() if content}
    return cv2.imencodeWithMetadata(
        suffix,
        image,
        list(parts),
        [np.frombuffer(content, np.uint8) for content in parts.values()],
        options,
    )


def _ordered(array: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """The image in OpenCV's order, BGR and alpha."""
    if alpha is not None:
        bands = array.reshape(*array.shape[:2], -1)
        color = bands.repeat(3 // bands.shape[2], axis=2)
        array = np.concatenate([color[..., ::-1], alpha], axis=2)
    elif array.shape[2:] == (3,):
        array = array[..., ::-1]
    return np.ascontiguousarray(array)
