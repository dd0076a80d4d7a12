"""Sizes that a header claims are bounded before anything is allocated."""

import struct

import image_storage as storage
import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import rasters
from nircolor_tf.images.decoding import decode


@pytest.mark.parametrize(
    ("size", "stored", "words"),
    [
        ((0, 5), 9**9, "0 x 5 pixels; expected at least 1"),
        ((2**15, 2**15 + 1), 2**32, "at most 1073741824"),
        ((10_000, 10_000), 500, "more than its 500 bytes"),
    ],
)
def test_sizes_that_are_refused(size, stored, words):
    with pytest.raises(InputError, match=words):
        rasters.check_size(*size, 1, stored)


def test_sizes_that_are_read():
    rasters.check_size(2**15, 2**15, 1, 2**20)
    rasters.check_size(8192, 8192, 1, 500)  # of one color


def test_a_size_that_the_file_cannot_hold_is_refused_before_decoding():
    def large(data, place, form):
        data = bytearray(data)
        struct.pack_into(form, data, place, 30_000, 30_000)
        return data

    image = storage.pixels(8, 8, 3, np.uint8)
    jpeg = storage.by_pillow(image, "JPEG")
    bmp = storage.by_pillow(image, "BMP")
    lossless = storage.by_pillow(image, "WEBP", lossless=True)
    sizes = struct.pack("<I", 0x3FFF | 0x3FFF << 14)
    for data in [
        large(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH"),
        large(bmp, 18, "<ii"),
        lossless.replace(lossless[21:25], sizes),
    ]:
        with pytest.raises(InputError, match="pixels, more than its"):
            decode(bytes(data))


def test_a_side_that_no_png_is_read_with():
    longest = 1_000_000  # of libpng
    strip = np.zeros((2, longest), np.uint8)
    strip[1, -1] = 9
    raster = decode(storage.png(strip[..., None], "gray"))
    np.testing.assert_array_equal(raster.bands[..., 0], strip)
    longer = storage.png(np.zeros((2, longest + 1, 1), np.uint8), "gray")
    with pytest.raises(InputError, match="2 pixels; at most 1000000 in a row"):
        decode(longer)
