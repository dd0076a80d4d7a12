"""The chunks that PNG and WebP files consist of.

Decoders allocate what a chunk claims to hold. These functions say first what
the file really holds.
"""

import struct
import zlib
from collections.abc import Iterator

from nircolor_tf.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n"


def png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields kind and content of each chunk of a PNG file.

    Optional chunks with a wrong checksum are left out.

    Args:
        data: The file's content.

    Raises:
        InputError: The file is cut off, or the checksum of a chunk that its
            pixels need is wrong.
    """
    view, place, kind = memoryview(data), len(PNG), b""
    while kind != b"IEND":
        if place + 12 > len(data):
            raise InputError("cut off: the last chunk, IEND, is missing")
        length, kind = struct.unpack_from(">I4s", data, place)
        end = place + 12 + length
        if end > len(data):
            raise InputError(
                f"damaged or cut off: chunk {kind!r} claims {length} bytes, "
                f"the file has {len(data) - place - 12} more"
            )
        content = view[place + 8 : end - 4]
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(view[place + 4 : end - 4]) == checksum:
            yield kind, content
        elif kind[:1].isupper():
            raise InputError(f"damaged: chunk {kind!r} has a wrong checksum")
        place = end


def png_chunk(kind: bytes, content: bytes | memoryview) -> bytes:
    """Returns a chunk of a PNG file.

    Args:
        kind: Four letters.
        content: Of the chunk.
    """
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return b"".join(
        [
            struct.pack(">I4s", len(content), kind),
            content,
            struct.pack(">I", checksum),
        ]
    )


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """Yields kind and content of each chunk of a WebP file.

    Args:
        data: The file's content.

    Raises:
        InputError: The file is cut off.
    """
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise InputError(
            f"cut off: says that it has {length + 8} bytes, and has {len(data)}"
        )
    view, place = memoryview(data), 12
    while place + 8 <= length + 8:
        kind, size = struct.unpack_from("<4sI", data, place)
        if place + 8 + size > len(data):
            raise InputError(f"damaged: chunk {kind!r} claims {size} bytes")
        yield kind, view[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
