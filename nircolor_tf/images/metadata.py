"""The metadata of an image file.

EXIF (camera, exposure, time, place), XMP and the resolution of print go from
the file that is read into the file that is written.

The orientation does not go along: pixels are read upright, and written so. Nor
does an ICC profile, which describes the gray or NIR values of the camera and
not the colors of the result, nor a thumbnail, which would show the image that
was read. `embedding.py` writes the metadata.
"""

import dataclasses
import io
import re
from typing import Any

from nircolor_tf.errors import InputError
from nircolor_tf.images import chunks

_ORIENTATION = 274
# Orientations of images whose height becomes their width.
_ON_THEIR_SIDE = range(5, 9)
# Of TIFF, which EXIF is.
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, XMP = 282, 283, 296, 700
INCH = 2
_CENTIMETER = 3
_SUB_DIRECTORIES = (34665, 34853)  # EXIF's own tags, GPS
# Interoperability points to a place in the file that was read; width and
# height are those of the image before it was turned.
_OF_THE_FILE = {40965, 40962, 40963}

# Of the tags up to 700 nearly all say how TIFF stores the pixels. These do
# not: document and image description, camera, resolution and unit, page,
# software, time, artist and computer.
_DESCRIPTIVE = {269, 270, 271, 272, 282, 283, 285, 296, 305, 306, 315, 316}
# How a description begins that programs wrote of the pixels: tifffile, ImageJ,
# OME-TIFF.
_DESCRIPTION = 270
_OF_PROGRAMS = ('{"shape"', "ImageJ=", "<?xml", "<OME")
# IPTC, Photoshop's thumbnail and layers, the ICC profile, and what ImageJ shows
# of the values.
_OTHER_IMAGE = {33723, 34377, 34675, 37724, 50838, 50839}

# Chunks of a PNG that hold any of it.
_PNG_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_PNG_CHUNKS = {b"eXIf", b"pHYs", *_PNG_TEXTS}
_TEXT_KEYS = (b"XML:com.adobe.xmp", b"Raw profile type ")

# Pillow puts it before the tags.
_EXIF_NAME = b"Exif\0\0"
# The largest resolution that a JPEG file can hold.
_LARGEST_DPI = 65535


@dataclasses.dataclass(frozen=True)
class Metadata:
    """The metadata that goes from file to file.

    Attributes:
        exif: A TIFF header with a directory of tags; empty for none.
        xmp: XML; empty for none.
        dpi: Pixels per inch, horizontally and vertically; None if unknown.
    """

    exif: bytes
    xmp: bytes
    dpi: tuple[float, float] | None

    @classmethod
    def parse(cls, data: bytes) -> "Metadata":
        """Reads the metadata of an image file.

        Args:
            data: The file's content.

        Raises:
            InputError: The metadata cannot be read.
        """
        try:
            if _is_plain(data):
                return cls(b"", b"", None)
            exif, xmp, dpi = _read(data)
            if exif.get(_ORIENTATION, 1) in _ON_THEIR_SIDE:
                dpi = dpi and dpi[::-1]
                _swap(exif, X_RESOLUTION, Y_RESOLUTION)
            return cls(_descriptive_tags(exif), _upright(xmp), _resolution(dpi))
        # OSError, SyntaxError, struct.error and more for broken files.
        except Exception as error:
            raise InputError(f"the metadata cannot be read: {error}") from error


def orientation(data: bytes) -> int:
    """Returns how an image is stored, 1 to 8, see `rasters.upright`.

    Args:
        data: The content of a PNG, JPEG or WebP file.

    Returns:
        1, upright, where the file does not say it or its EXIF is damaged.
    """
    try:
        exif, _, _ = _read(data)
        value = exif.get(_ORIENTATION, 1)
    except Exception:  # as above
        return 1
    return value if value in range(1, 9) else 1


def _is_plain(data: bytes) -> bool:
    """Whether this is a PNG without metadata: Pillow takes long to start."""
    if not data.startswith(chunks.PNG):
        return False
    return not any(kind in _PNG_CHUNKS for kind, _ in chunks.png_chunks(data))


def _read(data: bytes) -> tuple[Any, bytes, Any]:
    """Returns Pillow's Exif, XMP and the resolution, without decoding."""
    from PIL import Image  # noqa: PLC0415 - a plain PNG is read without

    if data[:4] in (b"II*\0", b"MM\0*"):
        # Pillow opens few kinds of pixels, and reads the tags of all.
        exif = Image.Exif()
        exif.load(data)
        return exif, exif.get(XMP, b""), _tiff_resolution(exif)
    if data.startswith(b"RIFF"):
        image = Image.Image()
        content = dict(chunks.webp_chunks(data))
        image.info["exif"] = bytes(content.get(b"EXIF", b""))
        image.info["xmp"] = bytes(content.get(b"XMP ", b""))
    else:
        image = _header(data)
    # An orientation that EXIF lacks comes from XMP. PNG's own `getexif` decodes
    # the pixels.
    exif = Image.Image.getexif(image)
    return exif, image.info.get("xmp", b""), image.info.get("dpi")


def _tiff_resolution(exif: Any) -> tuple[float, float] | None:
    """In pixels per inch; the unit is an inch where the file has none."""
    unit = exif.get(RESOLUTION_UNIT)
    inches = {None: 1, INCH: 1, _CENTIMETER: 2.54}.get(unit)
    across, down = exif.get(X_RESOLUTION), exif.get(Y_RESOLUTION)
    if not (inches and across and down):
        return None
    return float(across) * inches, float(down) * inches


def _header(data: bytes) -> Any:
    """Opens a file in Pillow, of any size, without decoding it."""
    from PIL import (  # noqa: PLC0415 - as above
        BmpImagePlugin,
        JpegImagePlugin,
        PngImagePlugin,
        TiffImagePlugin,
    )

    if data.startswith(b"MM\0+"):
        raise InputError("a BigTIFF file with the larger byte first")
    if data.startswith(chunks.PNG):
        plugin, data = PngImagePlugin.PngImageFile, _without_pixels(data)
    elif data.startswith(b"\xff\xd8"):
        plugin = JpegImagePlugin.JpegImageFile
    elif data.startswith(b"BM"):
        plugin = BmpImagePlugin.BmpImageFile
    else:
        plugin = TiffImagePlugin.TiffImageFile
    return plugin(io.BytesIO(data))


def _without_pixels(data: bytes) -> bytes:
    """Returns a PNG with metadata alone: Pillow reads none behind pixels.

    Without other texts: it refuses a file in which one is long.
    """
    return chunks.PNG + b"".join(
        chunks.png_chunk(kind, content)
        for kind, content in chunks.png_chunks(data)
        if kind in (b"IHDR", b"eXIf", b"pHYs", b"IEND")
        or (kind in _PNG_TEXTS and bytes(content[:17]).startswith(_TEXT_KEYS))
    )


def _swap(exif: Any, first: int, second: int) -> None:
    """Swaps the values of two tags that are there."""
    if first in exif and second in exif:
        exif[first], exif[second] = exif[second], exif[first]


def _upright(xmp: bytes) -> bytes:
    """Removes the orientation, as element and as attribute."""
    xmp = re.sub(rb"""\s+(tiff|exif):Orientation=(["'])\d\2""", b"", xmp)
    return re.sub(rb"<(tiff|exif):Orientation>\d</\1:Orientation>", b"", xmp)


def _resolution(dpi: Any) -> tuple[float, float] | None:
    """Returns a resolution that every format can hold, or None."""
    if dpi is None:
        return None
    across, down = map(float, dpi)
    valid = all(0.5 <= value <= _LARGEST_DPI for value in (across, down))
    return (across, down) if valid else None


def _descriptive_tags(exif: Any) -> bytes:
    """Returns the tags of Pillow's Exif that do not describe the pixels."""
    from PIL import Image  # noqa: PLC0415 - as above

    tags = Image.Exif()
    for tag, value in exif.items():
        if tag in _SUB_DIRECTORIES:
            tags[tag] = {
                key: content
                for key, content in exif.get_ifd(tag).items()
                if key not in _OF_THE_FILE
            }
        elif tag == _DESCRIPTION and str(value).startswith(_OF_PROGRAMS):
            continue
        elif tag in _DESCRIPTIVE or (tag > XMP and tag not in _OTHER_IMAGE):
            tags[tag] = value
    return tags.tobytes()[len(_EXIF_NAME) :] if len(tags) else b""
