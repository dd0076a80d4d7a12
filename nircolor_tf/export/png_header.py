"""The header of a PNG file, in a server's graph.

After its signature a PNG file consists of chunks: length (4 bytes, the most
significant first; of the content alone), kind (4), content, checksum (4). IHDR
is the first and has the size, IDAT has the pixels, eXIf the EXIF, acTL is of
an animation, IEND is the last.

Reference: https://www.w3.org/TR/png-3/
"""

import tensorflow as tf

from nircolor_tf.export import image_headers
from nircolor_tf.export.image_headers import Header

START = tuple(b"\x89PNG\r\n\x1a\n")

_IHDR, _IDAT, _EXIF, _ACTL, _IEND = (
    int.from_bytes(kind)
    for kind in (b"IHDR", b"IDAT", b"eXIf", b"acTL", b"IEND")
)
_IHDR_BYTES = 13
# Channels by color type; 1 and 5 do not exist.
_CHANNELS = (1, 0, 3, 1, 2, 0, 4)

# Deflate makes at best one bit of 129 bytes.
_LARGEST_DEFLATION = 1032


def read(data: tf.Tensor, size: tf.Tensor) -> Header:
    """Reads the header.

    Args:
        data: uint8, the bytes of a file that begins with `START`, then
            `image_headers.MARGIN` zeros.
        size: Of the file, bytes.

    Raises:
        tf.errors.InvalidArgumentError: The file is cut off, animated, or
            claims more pixels than it can hold.
    """
    packed, exif, animated, ended = _read_chunks(data, size)
    start = image_headers.part(data, len(START), 26)
    length, kind, width, height = tf.unstack(
        image_headers.number(tf.reshape(start[:16], (4, 4)))
    )
    bits, color = (tf.cast(start[place], tf.int64) for place in (16, 17))
    channels = tf.gather(tf.constant(_CHANNELS, tf.int64), tf.minimum(color, 6))
    used = width * height * bits * channels
    checks = [
        image_headers.require(
            ended & (length == _IHDR_BYTES) & (kind == _IHDR),
            "a PNG file of {} bytes that is cut off or damaged: expected a "
            "chunk IHDR first, IEND last, and none that claims more bytes "
            "than the file has",
            size,
        ),
        image_headers.require(
            ~animated, "an animated PNG file; expected a single image"
        ),
        image_headers.require_size(
            "PNG", size, width, height, used <= 8 * _LARGEST_DEFLATION * packed
        ),
    ]
    with tf.control_dependencies(checks):
        content = data[exif[0] : exif[1]]
        return Header(tf.identity(bits), content, tf.constant(""))


def _read_chunks(data: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Walks over the chunks.

    Returns:
        The bytes of all IDAT; start and end of eXIf; whether there is acTL;
        and whether all chunks are whole, up to IEND.
    """

    def step(place, packed, exif, animated, ended):
        start = image_headers.part(data, place, 8)
        length, kind = tf.unstack(
            image_headers.number(tf.reshape(start, (2, 4)))
        )
        after = place + 12 + length
        return (
            after,
            packed + tf.where(kind == _IDAT, length, 0),
            tf.where(kind == _EXIF, [place + 8, after - 4], exif),
            animated | (kind == _ACTL),
            (kind == _IEND) & (after <= size),
        )

    first, nothing = tf.constant(len(START), tf.int64), tf.constant(0, tf.int64)
    no = tf.constant(False)
    _, *state = tf.while_loop(
        lambda place, *state: ~state[-1] & (place + 12 <= size),
        step,
        (first, nothing, image_headers.nowhere(), no, no),
        maximum_iterations=image_headers.most_parts(size),
    )
    return tuple(state)
