"""The metadata of an image file.

EXIF (camera, exposure, time, place, orientation), XMP and the resolution of
print go from the file that is read into the file that is written.

An ICC profile does not go along: it describes the gray or NIR values of the
camera and not the colors of the result. Nor does a thumbnail, which would show
the image that was read. `embedding.py` writes the metadata.
"""

import dataclasses
import io
from typing import Any

from nircolor_tf.errors import InputError

_ORIENTATION = 274
_XMP = 700
_SUB_DIRECTORIES = (34665, 34853)  # EXIF's own tags, GPS
_INTEROPERABILITY = 40965  # points to a place in the file that was read

# Of the tags up to 700 nearly all say how TIFF stores the pixels. These do
# not: document and image description, camera, resolution and unit, page,
# software, time, artist and computer.
_DESCRIPTIVE = {269, 270, 271, 272, 274, 282, 283, 285, 296, 305, 306, 315, 316}
# Photoshop's thumbnail and layers, and the ICC profile.
_OTHER_IMAGE = {34377, 34675, 37724}

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
        """Reads the metadata of a PNG, JPEG or TIFF file.

        The orientation is kept for PNG and JPEG, whose pixels are read as they
        are stored: viewers then turn the result as they turn the image. It is
        dropped for TIFF, whose pixels OpenCV has turned already.

        Args:
            data: The file's content.

        Raises:
            InputError: The metadata cannot be read.
        """
        from PIL import Image  # noqa: PLC0415 - only writing needs it

        try:
            with Image.open(io.BytesIO(data)) as image:
                return cls(
                    _descriptive_tags(image),
                    image.info.get("xmp", b""),
                    _resolution(image.info.get("dpi")),
                )
        # OSError, SyntaxError, struct.error and more for broken files, and a
        # class of its own for an image that Pillow finds too large.
        except Exception as error:
            raise InputError(f"the metadata cannot be read: {error}") from error


def _resolution(dpi: Any) -> tuple[float, float] | None:
    """Returns a resolution that every format can hold, or None."""
    if dpi is None:
        return None
    across, down = map(float, dpi)
    valid = all(0.5 <= value <= _LARGEST_DPI for value in (across, down))
    return (across, down) if valid else None


def _descriptive_tags(image: Any) -> bytes:
    """Returns the tags of a Pillow image that do not describe its pixels."""
    from PIL import Image  # noqa: PLC0415 - as above

    exif = image.getexif()
    tags = Image.Exif()
    for tag, value in exif.items():
        if tag in _SUB_DIRECTORIES:
            tags[tag] = {
                key: content
                for key, content in exif.get_ifd(tag).items()
                if key != _INTEROPERABILITY
            }
        elif tag in _DESCRIPTIVE or (tag > _XMP and tag not in _OTHER_IMAGE):
            tags[tag] = value
    if image.format == "TIFF":
        tags.pop(_ORIENTATION, None)
    return tags.tobytes()[len(_EXIF_NAME) :] if len(tags) else b""
