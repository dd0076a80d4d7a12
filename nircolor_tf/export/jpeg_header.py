"""The header of a JPEG file, in a server's graph.

A JPEG file consists of segments: 0xFF and a marker, length (2 bytes, the most
significant first; with itself, without the marker), content. SOF has the size,
APP1 may hold EXIF or XMP, and after SOS come the pixels.

References: ITU-T T.81, annex B; CIPA DC-008 (Exif 3.0), section 4.5
"""

import tensorflow as tf

from nircolor_tf.export import image_headers
from nircolor_tf.export.image_headers import Header

START = (0xFF, 0xD8)

_APP1, _EOI, _SOS, _TEM = 0xE1, 0xD9, 0xDA, 0x01
# Restart markers, which have no content, like TEM.
_RST_FIRST, _RST_LAST = 0xD0, 0xD7
# Markers of frame headers, SOF, but for three tables among them.
_SOF_FIRST, _SOF_LAST, _NO_SOF = 0xC0, 0xCF, (0xC4, 0xC8, 0xCC)

_EXIF = tuple(b"Exif\0\0")
_XMP = tuple(b"http://ns.adobe.com/xap/1.0/\0")

# Marker and length.
_START_BYTES = 4
_FRAME_BYTES = 10

# A progressive JPEG makes at best one bit of a block of 8 x 8 pixels.
_PIXELS_PER_BYTE = 512


def read(data: tf.Tensor, size: tf.Tensor, encoded: tf.Tensor) -> Header:
    """Reads the header.

    Args:
        data: uint8, the bytes of a file that begins with `START`, then
            `image_headers.MARGIN` zeros.
        size: Of the file, bytes.
        encoded: The file, a scalar string.

    Raises:
        tf.errors.InvalidArgumentError: The file is cut off, claims more pixels
            than it can hold, or has a depth or a number of channels that is
            neither gray nor RGB.
    """
    frame, exif, xmp, ended = _read_segments(data, size)
    whole = image_headers.require(
        ended & (frame > 0),
        "a JPEG file of {} bytes that is cut off or damaged: expected a frame "
        "header before its pixels",
        size,
    )
    start = image_headers.part(data, frame, _FRAME_BYTES)
    with tf.control_dependencies([whole]):
        checks = _check_frame(size, start)
    with tf.control_dependencies(checks):
        return Header(
            tf.cast(start[4], tf.int64),
            data[exif[0] : exif[1]],
            tf.strings.substr(encoded, xmp[0], xmp[1] - xmp[0]),
        )


def _read_segments(data: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Walks over the segments before the pixels.

    Returns:
        The place of the frame header, 0 for none; start and end of EXIF and of
        XMP; and whether all these segments are whole.
    """

    def step(place, frame, exif, xmp, ended):
        start = image_headers.part(data, place, _START_BYTES + len(_XMP))
        marker = tf.cast(start[1], tf.int64)
        length = image_headers.number(start[2:4])
        # Decoders skip bytes between segments, and repeated 0xFF.
        stray = (start[0] != 0xFF) | (marker == 0xFF)
        segment = ~stray & ~_is_alone(marker)
        after = place + 1 + tf.cast(~stray, tf.int64)
        after += tf.where(segment, length, 0)
        content = start[_START_BYTES:]
        is_app1 = segment & (marker == _APP1)
        is_exif = is_app1 & image_headers.begins(content, _EXIF)
        is_xmp = is_app1 & image_headers.begins(content, _XMP)
        return (
            after,
            tf.where(segment & _is_frame(marker), place, frame),
            # As for Pillow: the first EXIF, the last XMP.
            tf.where(
                is_exif & (exif[0] == 0),
                [place + _START_BYTES + len(_EXIF), after],
                exif,
            ),
            tf.where(is_xmp, [place + _START_BYTES + len(_XMP), after], xmp),
            segment & ((marker == _SOS) | (marker == _EOI) | (length < 2)),
        )

    first, nowhere = tf.constant(len(START), tf.int64), image_headers.nowhere()
    _, *state = tf.while_loop(
        lambda place, *state: ~state[-1] & (place + _START_BYTES <= size),
        step,
        (first, nowhere[0], nowhere, nowhere, tf.constant(False)),
        maximum_iterations=image_headers.most_parts(size),
    )
    return tuple(state)


def _check_frame(size: tf.Tensor, frame: tf.Tensor) -> list[tf.Operation]:
    """Checks the first bytes of a frame header."""
    bits, channels = (tf.cast(frame[place], tf.int64) for place in (4, 9))
    height, width = tf.unstack(
        image_headers.number(tf.reshape(frame[5:9], (2, 2)))
    )
    fits = width * height <= _PIXELS_PER_BYTE * size
    return [
        image_headers.require(
            (bits == 8) & ((channels == 1) | (channels == 3)),
            "a JPEG file of {} bit and {} channels; expected 8 bit, and 1 or "
            "3 channels, gray or RGB",
            *(bits, channels),
        ),
        image_headers.require_size("JPEG", size, width, height, fits),
    ]


def _is_alone(marker: tf.Tensor) -> tf.Tensor:
    """Whether a marker has no length; 0 is none, but a byte among others."""
    restart = (marker >= _RST_FIRST) & (marker <= _RST_LAST)
    return (marker == 0) | (marker == _TEM) | restart


def _is_frame(marker: tf.Tensor) -> tf.Tensor:
    table = tf.reduce_any(marker == tf.constant(_NO_SOF, tf.int64))
    return (marker >= _SOF_FIRST) & (marker <= _SOF_LAST) & ~table
