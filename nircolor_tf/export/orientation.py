"""Which way is up: EXIF orientation in a server's graph.

A camera stores pixels as its sensor lies and says in EXIF how they are to be
turned. EXIF is a TIFF file in small: a header with the byte order, then a
directory of entries of 12 bytes: tag, type, count, value. Where EXIF does not
say it, a JPEG's XMP may.

What cannot be read means upright, as an image that says nothing.

References: CIPA DC-008 (Exif 3.0), section 4.6; TIFF 6.0, section 2.
"""

import functools

import tensorflow as tf

from nircolor_tf.export import image_headers
from nircolor_tf.export.image_headers import Header

_TAG = 274
_SHORT, _LONG = 3, 4
_ENTRY_BYTES = 12
_PREFIX = tuple(b"Exif\0\0")
# The whole of an XMP that has it, as an attribute or as an element.
_IN_XMP = r"(?s).*?tiff:Orientation(?:=\"|>)([0-9]).*"
_LITTLE, _BIG = tuple(b"II*\0"), tuple(b"MM\0*")

# Zeros after EXIF, so that a number can be read at its very end.
_MARGIN = 8

# The orientations, 1 to 8, in which rows and columns are swapped, and those in
# which then the rows, and then the columns, are reversed. 6 is a quarter turn
# to the right: swapped, and its columns reversed.
_SWAPPED = (5, 6, 7, 8)
_ROWS_REVERSED = (3, 4, 7, 8)
_COLUMNS_REVERSED = (2, 3, 6, 7)


def read(header: Header) -> tf.Tensor:
    """Reads the orientation.

    Args:
        header: Of a file; some put the name 'Exif' before the TIFF header.

    Returns:
        1 to 8, int64, a scalar; 1, upright, where there is none or it is
        malformed.
    """
    in_xmp = tf.strings.regex_full_match(header.xmp, _IN_XMP)
    digit = tf.strings.regex_replace(header.xmp, _IN_XMP, r"\1")
    digit = tf.strings.to_number(tf.where(in_xmp, digit, "1"), tf.int64)
    # Of several entries the first one counts, as for Pillow.
    value = tf.concat([_entries(header.exif), [digit]], axis=0)[0]
    return tf.where((value >= 1) & (value <= 8), value, 1)


def _entries(exif: tf.Tensor) -> tf.Tensor:
    """Returns the values of the entries that have the orientation, (N,)."""
    named = image_headers.begins(exif, _PREFIX)
    exif = exif[tf.where(named, len(_PREFIX), 0) :]
    little = image_headers.begins(exif, _LITTLE)
    number = functools.partial(image_headers.number, little=little)
    padded = tf.pad(exif, [(0, _MARGIN)])
    size = tf.size(exif, tf.int64)
    place = tf.minimum(number(image_headers.part(padded, 4, 4)), size)
    claimed = number(image_headers.part(padded, place, 2))
    whole = tf.maximum(size - place - 2, 0) // _ENTRY_BYTES
    end = place + 2 + _ENTRY_BYTES * tf.minimum(claimed, whole)
    entries = tf.reshape(padded[place + 2 : end], (-1, _ENTRY_BYTES))
    kind = number(entries[:, 2:4])
    is_short, is_long = kind == _SHORT, kind == _LONG
    value = tf.where(
        is_short, number(entries[:, 8:10]), number(entries[:, 8:12])
    )
    count = number(entries[:, 4:8])
    # Two shorts have the place of a long; the first counts.
    is_one = (is_short & (count == 2)) | ((is_short | is_long) & (count == 1))
    valid = (number(entries[:, :2]) == _TAG) & is_one
    return value[valid & (little | image_headers.begins(exif, _BIG))]


def upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turns or mirrors an image as its orientation says.

    Args:
        image: (H, W).
        orientation: 1 to 8, a scalar.

    Returns:
        (H, W), or (W, H) for 5 to 8.
    """
    for orientations, change in (
        (_SWAPPED, tf.transpose),
        (_ROWS_REVERSED, lambda image: tf.reverse(image, [0])),
        (_COLUMNS_REVERSED, lambda image: tf.reverse(image, [1])),
    ):
        concerned = tf.reduce_any(
            orientation == tf.constant(orientations, tf.int64)
        )
        image = tf.cond(
            concerned,
            lambda image=image, change=change: change(image),
            lambda image=image: image,
        )
    return image
