"""Puts metadata into the content of a PNG, JPEG or TIFF file.

OpenCV encodes the pixels. It writes EXIF and XMP into some formats, but no
resolution, and nothing at all into TIFF, so that these are put into the file
afterwards.
"""

import struct

from nircolor_tf.images import chunks
from nircolor_tf.images.metadata import (
    INCH,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    XMP,
    Y_RESOLUTION,
    Metadata,
)

# Tags of a TIFF file: samples per pixel, and what those beyond color are.
_SAMPLES, _EXTRA_SAMPLES, _UNASSOCIATED_ALPHA = 277, 338, 2

_PNG_HEADER_BYTES = 33  # signature and IHDR
_JPEG_HEADER_BYTES = 20  # start of image and JFIF
_JPEG_SEGMENT_BYTES = 65533
_EXIF_NAME = b"Exif\0\0"
_CLASSIC_TIFF = b"II*\0"
_METERS_PER_INCH = 0.0254


def embed(data: bytes, metadata: Metadata, suffix: str) -> bytes:
    """Puts metadata into a file that OpenCV encoded.

    EXIF or XMP of more than 65533 bytes, which JPEG cannot hold, is left out
    of a JPEG.

    Args:
        data: The file's content.
        metadata: Of the image.
        suffix: Of its name, lower case, of PNG, JPEG or TIFF.

    Returns:
        The content of the file with metadata.
    """
    return _FORMATS[suffix](data, metadata)


def _png(data: bytes, metadata: Metadata) -> bytes:
    parts = [data[:_PNG_HEADER_BYTES]]
    if metadata.dpi:
        per_meter = [round(dpi / _METERS_PER_INCH) for dpi in metadata.dpi]
        resolution = struct.pack(">IIB", *per_meter, 1)
        parts.append(chunks.png_chunk(b"pHYs", resolution))
    if metadata.exif:
        parts.append(chunks.png_chunk(b"eXIf", metadata.exif))
    if metadata.xmp:
        text = b"XML:com.adobe.xmp" + bytes(5) + metadata.xmp
        parts.append(chunks.png_chunk(b"iTXt", text))
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
    from PIL import Image  # noqa: PLC0415 - only writing needs it

    tags = Image.Exif()
    tags.load(metadata.exif)
    tags.endian = "<"
    if metadata.dpi:
        tags[X_RESOLUTION], tags[Y_RESOLUTION] = metadata.dpi
        tags[RESOLUTION_UNIT] = INCH
    if metadata.xmp:
        tags[XMP] = metadata.xmp
    if not data.startswith(_CLASSIC_TIFF):
        return data  # more than 4 GB
    data += bytes(len(data) % 2)  # directories start at even places
    (first,) = struct.unpack_from("<I", data, 4)
    entries = _entries(data, first)
    if entries[_SAMPLES][8:10] == b"\x04\0":  # OpenCV does not say it
        tags[_EXTRA_SAMPLES] = _UNASSOCIATED_ALPHA
    values = tags.tobytes(len(data))[len(_EXIF_NAME) + 8 :]
    entries = sorted((entries | _entries(values, 0)).items())
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
