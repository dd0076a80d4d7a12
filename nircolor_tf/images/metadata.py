"""What an image file says about the image beside its pixels.

EXIF (camera, exposure, time, place, orientation), XMP and the resolution of
print go from the file that was read into the one that is written. OpenCV has
no common way for that (none at all for TIFF), so that they are put here into
what it encoded.

An ICC profile does not go along: it describes the gray or NIR values of the
camera and not the colors of the result. Nor does a thumbnail, which would show
the image that was read.
"""

import dataclasses
import io
import struct
import zlib
from typing import Any

from nircolor_tf.errors import InputError

_ORIENTATION = 274
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT, _INCH = 282, 283, 296, 2
_XMP = 700
_SUB_DIRECTORIES = (34665, 34853)  # EXIF's own tags, GPS
_INTEROPERABILITY = 40965  # points to a place in the file that was read

# Of the tags up to 700 nearly all say how TIFF stores the pixels. These do
# not: document and image description, camera, resolution and unit, page,
# software, time, artist and computer.
_DESCRIPTIVE = {269, 270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316}
# Photoshop's thumbnail and layers, and the ICC profile.
_OTHER_IMAGE = {34377, 34675, 37724}

_PNG_HEADER_BYTES = 33  # signature and IHDR
_JPEG_HEADER_BYTES = 20  # start of image and JFIF
_JPEG_SEGMENT_BYTES = 65533
_EXIF_NAME = b"Exif\0\0"
_CLASSIC_TIFF = b"II*\0"
_LARGEST_DPI = 65535
_METERS_PER_INCH = 0.0254


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What goes from file to file.

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
        """Reads the metadata of a PNG, JPEG or TIFF file.

        The orientation is kept where `images.read_image` returns the pixels
        as they are stored: viewers then turn the result as they turn the
        image. It is dropped for TIFF, whose pixels OpenCV has turned already.

        Args:
            data: The file's content.

        Raises:
            InputError: The metadata cannot be read.
        """
        from PIL import Image  # noqa: PLC0415 - only who writes files needs it

        try:
            with Image.open(io.BytesIO(data)) as image:
                return cls(
                    _descriptive_tags(image),
                    image.info.get("xmp", b""),
                    _resolution(image.info.get("dpi")),
                )
        # OSError, SyntaxError, struct.error and more for what is broken, and
        # a class of its own for an image that Pillow finds too large.
        except Exception as error:
            raise InputError(f"the metadata cannot be read: {error}") from error

    def embedded(self, data: bytes, suffix: str) -> bytes:
        """Puts the metadata into a file that OpenCV encoded.

        What JPEG cannot hold, EXIF or XMP of more than 65533 bytes, is left
        out.

        Args:
            data: The file's content.
            suffix: Of its name, lower case: .png, .tif, .tiff, .jpg or .jpeg.

        Returns:
            The content of the file with metadata.
        """
        return _FORMATS[suffix](data, self)


def _resolution(dpi: Any) -> tuple[float, float] | None:
    """Returns what a file says, if any file can hold it: 16 bit in a JPEG."""
    if dpi is None:
        return None
    across, down = map(float, dpi)
    valid = all(0.5 <= value <= _LARGEST_DPI for value in (across, down))
    return (across, down) if valid else None


def _descriptive_tags(image: Any) -> bytes:
    from PIL import Image  # noqa: PLC0415 - as above

    found = image.getexif()
    kept = Image.Exif()
    for tag, value in found.items():
        if tag in _SUB_DIRECTORIES:
            kept[tag] = {
                key: content
                for key, content in found.get_ifd(tag).items()
                if key != _INTEROPERABILITY
            }
        elif tag in _DESCRIPTIVE or (tag > _XMP and tag not in _OTHER_IMAGE):
            kept[tag] = value
    if image.format == "TIFF":
        kept.pop(_ORIENTATION, None)
    return kept.tobytes()[len(_EXIF_NAME) :] if len(kept) else b""


def _png(data: bytes, metadata: Metadata) -> bytes:
    chunks = []
    if metadata.dpi:
        per_meter = [round(dpi / _METERS_PER_INCH) for dpi in metadata.dpi]
        chunks.append((b"pHYs", struct.pack(">IIB", *per_meter, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + metadata.xmp))
    parts = [data[:_PNG_HEADER_BYTES]]
    for kind, content in chunks:
        check = zlib.crc32(kind + content)
        parts += [struct.pack(">I", len(content)), kind, content]
        parts += [struct.pack(">I", check)]
    return b"".join([*parts, data[_PNG_HEADER_BYTES:]])


def _jpeg(data: bytes, metadata: Metadata) -> bytes:
    header = bytearray(data[:_JPEG_HEADER_BYTES])
    if metadata.dpi:
        struct.pack_into(">BHH", header, 13, 1, *map(round, metadata.dpi))
    parts = [header]
    for name, content in [
        (_EXIF_NAME, metadata.exif),
        (b"http://ns.adobe.com/xap/1.0/\0", metadata.xmp),
    ]:
        size = len(name) + len(content)
        if content and size <= _JPEG_SEGMENT_BYTES:
            # The length counts itself, the marker not.
            parts += [b"\xff\xe1", struct.pack(">H", size + 2), name, content]
    return b"".join([*parts, data[_JPEG_HEADER_BYTES:]])


def _tiff(data: bytes, metadata: Metadata) -> bytes:
    """Appends a directory with OpenCV's entries and those of the metadata."""
    from PIL import Image  # noqa: PLC0415 - as above

    tags = Image.Exif()
    tags.load(metadata.exif)
    tags.endian = "<"
    if metadata.dpi:
        tags[_X_RESOLUTION], tags[_Y_RESOLUTION] = metadata.dpi
        tags[_RESOLUTION_UNIT] = _INCH
    if metadata.xmp:
        tags[_XMP] = metadata.xmp
    if not data.startswith(_CLASSIC_TIFF):
        return data  # more than 4 GB
    data += bytes(len(data) % 2)  # directories start at even places
    values = tags.tobytes(len(data))[len(_EXIF_NAME) + 8 :]
    (first,) = struct.unpack_from("<I", data, 4)
    entries = sorted((_entries(data, first) | _entries(values, 0)).items())
    return b"".join(
        [
            _CLASSIC_TIFF,
            struct.pack("<I", len(data) + len(values)),
            data[8:],
            values,
            struct.pack("<H", len(entries)),
            *(entry for _, entry in entries),
            bytes(4),  # no further directory
        ]
    )


def _entries(data: bytes, start: int) -> dict[int, bytes]:
    """Returns the entries of a TIFF directory by tag."""
    (count,) = struct.unpack_from("<H", data, start)
    entries = (
        data[place : place + 12]
        for place in range(start + 2, start + 2 + 12 * count, 12)
    )
    return {struct.unpack_from("<H", entry)[0]: entry for entry in entries}


_FORMATS = {
    ".png": _png,
    ".jpg": _jpeg,
    ".jpeg": _jpeg,
    ".tif": _tiff,
    ".tiff": _tiff,
}
