"""Damaged image files: good ones of every format, with bytes changed."""

import random

import image_storage as storage
import numpy as np

_PILLOW = (
    *(("JPEG", {}), ("JPEG", {"progressive": True}), ("WEBP", {})),
    *(("WEBP", {"lossless": True}), ("BMP", {})),
    *(("TIFF", {"compression": "tiff_lzw"}), ("TIFF", {"compression": "jpeg"})),
)
_TIFF = (
    *({}, {"compression": "zlib"}, {"tiled": True}, {"planes_apart": True}),
    *({"bigtiff": True}, {"orientation": 6, "byteorder": ">"}),
)


def good_files():
    """Yields the content of small images that are read as gray."""
    for dtype in (np.uint8, np.uint16):
        gray = storage.pixels(20, 26, 1, dtype)
        for kind, count in storage.CHANNELS.items():
            image = np.repeat(gray, count, axis=2)
            yield storage.png(image, kind, orientation=6)
            for layout in _TIFF:
                yield storage.Tiff(kind=kind, **layout).write(image)
    color = np.repeat(storage.pixels(20, 26, 1, np.uint8), 3, axis=2)
    for image_format, options in _PILLOW:
        for _ in range(4):  # as often as the others
            yield storage.by_pillow(color, image_format, 6, **options)


def mutations(seed, count):
    """Yields `count` damaged files; some can still be read."""
    draw = random.Random(seed)
    files = list(good_files())
    for _ in range(count):
        data = bytearray(draw.choice(files))
        place, length = draw.randrange(len(data)), draw.randrange(1, 50)
        kind = draw.choice(["cut", "less", "more", *["bytes"] * 6])
        if kind == "cut":
            del data[place:]
        elif kind == "less":
            del data[place : place + length]
        elif kind == "more":
            data[place:place] = draw.randbytes(length)
        else:
            # Headers, which stand at either end, more often than pixels.
            span = min(len(data), draw.choice([40, 200, 400, len(data)]))
            start = draw.choice([0, 0, len(data) - span])
            for _ in range(draw.choice([1, 1, 2, 4, 16])):
                value = draw.choice([0, 1, 128, 255, draw.randrange(256)])
                data[start + draw.randrange(span)] = value
        yield bytes(data)
