"""What the header of an image file says, in a server's graph.

It is read before a decoder sees the file: decoders allocate what a header
claims, and a file of 500 bytes can claim 60,000 x 60,000 pixels. A file that
is cut off, or that cannot hold what it claims, is refused. `png_header.py` and
`jpeg_header.py` read the two formats with what stands here.

Sizes, places and numbers are int64.
"""

from typing import NamedTuple

import tensorflow as tf

# Zeros behind a file's bytes, so that the start of a part can be read at its
# very end; no start is longer.
MARGIN = 40

# The whole graph takes 68 bytes for each at 4096x4096: 5 GB here. A PNG of one
# color has a thousandth of its pixels in bytes: a small file may ask for all.
_MOST_PIXELS = 2**26

# More parts than this, and one per so many bytes, no encoder writes.
_PARTS = 1000
_BYTES_PER_PART = 1024


class Header(NamedTuple):
    """What a file says of itself; it is a file that a decoder may see.

    Attributes:
        bits: Of a sample, 1 to 16; of a JPEG 8.
        exif: uint8 (N,), TIFF header and directories; empty where there is
            none.
        xmp: Of a JPEG, a scalar string; empty where there is none.
    """

    bits: tf.Tensor
    exif: tf.Tensor
    xmp: tf.Tensor


def begins(data: tf.Tensor, start: tuple[int, ...]) -> tf.Tensor:
    """Returns whether bytes, (N,), begin with others; N may be smaller."""
    first = data[: len(start)]
    padded = tf.pad(first, [(0, len(start) - tf.size(first))])
    return tf.reduce_all(padded == start)


def part(data: tf.Tensor, place: tf.Tensor | int, count: int) -> tf.Tensor:
    """Returns `count` bytes from `place` on, which are there."""
    return tf.ensure_shape(data[place : place + count], (count,))


def number(digits: tf.Tensor, little: tf.Tensor | bool = False) -> tf.Tensor:
    """Returns the numbers that bytes are.

    Args:
        digits: uint8 (..., N), N at most 7.
        little: Whether the least significant byte is the first.

    Returns:
        int64 (...).
    """
    rising = [256**place for place in range(digits.shape[-1])]
    weights = tf.constant(rising[::-1], tf.int64)
    if little is not False:
        weights = tf.where(little, tf.constant(rising, tf.int64), weights)
    return tf.reduce_sum(tf.cast(digits, tf.int64) * weights, axis=-1)


def nowhere() -> tf.Tensor:
    """Returns start and end of a part that a file does not have."""
    return tf.zeros(2, tf.int64)


def most_parts(size: tf.Tensor) -> tf.Tensor:
    """Returns the parts that a file of `size` bytes may have, int32.

    Without a limit a file of empty ones would keep a server busy.
    """
    return tf.cast(_PARTS + size // _BYTES_PER_PART, tf.int32)


def require(
    condition: tf.Tensor, message: str, *values: tf.Tensor
) -> tf.Operation:
    """Returns an operation that fails where a condition does not hold.

    Args:
        condition: A scalar.
        message: Of the tf.errors.InvalidArgumentError; each {} in it stands
            for a value.
        *values: Of the message.
    """
    return tf.debugging.Assert(condition, [tf.strings.format(message, values)])


def require_size(
    kind: str,
    size: tf.Tensor,
    width: tf.Tensor,
    height: tf.Tensor,
    fits: tf.Tensor,
) -> tf.Operation:
    """Returns an operation that refuses the size that a header claims.

    Args:
        kind: Of the file, for the message.
        size: Of the file, bytes.
        width: Pixels.
        height: Pixels.
        fits: Whether so many bytes can hold so many pixels.
    """
    shorter, longer = tf.minimum(width, height), tf.maximum(width, height)
    # Of longer sides the product could exceed 64 bits.
    bounded = (longer <= _MOST_PIXELS) & (width * height <= _MOST_PIXELS)
    return require(
        (shorter > 0) & bounded & fits,
        f"a {kind} file of {{}} bytes claims {{}} x {{}} pixels; expected 1 to "
        f"{_MOST_PIXELS} pixels, and no more than its bytes can hold",
        *(size, width, height),
    )
