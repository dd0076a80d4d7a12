"""PNG files of every kind that the standard has, written without a library.

OpenCV and Pillow write few of them.
"""

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6

# Start and step, first of rows, then of columns, of the passes of Adam7.
_ADAM7 = (
    *((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4)),
    *((2, 4, 0, 2), (0, 2, 1, 2), (1, 2, 0, 1)),
)


def chunk(kind, content):
    """Returns a chunk: bytes of length, kind, content and checksum."""
    check = zlib.crc32(kind + content)
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", check)
    )


def header(width, height, depth, color, interlaced=False):
    """Returns the chunk IHDR."""
    content = struct.pack(">IIBB", width, height, depth, color)
    return chunk(b"IHDR", content + bytes([0, 0, interlaced]))


def encode(samples, depth, color, interlaced=False, extra=(), piece=None):
    """Returns a PNG file.

    Args:
        samples: (H, W, C) integers below 2**depth.
        depth: Bits of a sample.
        color: Its color type.
        interlaced: Whether by Adam7.
        extra: Chunks before the pixels.
        piece: Bytes of an IDAT; all in one by default.
    """
    passes = _ADAM7 if interlaced else ((0, 1, 0, 1),)
    rows = b"".join(
        _rows(samples[top::down, left::right], depth)
        for top, down, left, right in passes
    )
    packed = zlib.compress(rows)
    piece = piece or len(packed)
    pixels = [
        chunk(b"IDAT", packed[place : place + piece])
        for place in range(0, len(packed), piece)
    ]
    height, width = samples.shape[:2]
    ihdr = header(width, height, depth, color, interlaced)
    return b"".join([SIGNATURE, ihdr, *extra, *pixels, chunk(b"IEND", b"")])


def _rows(samples, depth):
    """Each row in whole bytes, most significant bits first, after filter 0."""
    if not samples.size:
        return b""
    flat = samples.reshape(samples.shape[0], -1).astype(">u2")
    bits = np.unpackbits(flat.view(np.uint8), axis=1)
    bits = bits.reshape(*flat.shape, 16)[..., 16 - depth :]
    packed = np.packbits(bits.reshape(flat.shape[0], -1), axis=1)
    return b"".join(b"\0" + row.tobytes() for row in packed)
