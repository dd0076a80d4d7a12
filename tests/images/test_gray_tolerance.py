"""Which images count as gray, by how far their channels are apart."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels
from nircolor_tf.images.rasters import Raster


def apart(count, white, dtype=np.uint16):
    """Gray of a camera of so many levels, but for one pixel."""
    image = np.full((4, 6, 3), white // 2, dtype)
    image[0, 0] = white
    image[1, 1, 1] += count
    return image


# 4/255 of 8, 10, 12, 14 and 16 bit, to whole levels.
@pytest.mark.parametrize(
    ("white", "most"),
    [(255, 4), (1023, 16), (4095, 64), (16383, 257), (65535, 1028)],
)
def test_color_of_few_bits_is_no_gray(white, most):
    gray = channels.GRAY.of(Raster(apart(most, white)), "a.tif")
    assert gray[1, 1, 0] == white // 2 + most
    with pytest.raises(
        InputError, match=f"an RGB .*up to {most + 1} of {white} levels"
    ):
        channels.GRAY.of(Raster(apart(most + 1, white)), "a.tif")


def test_a_depth_that_is_known_counts_for_the_channels():
    dark = apart(64, 1023)
    channels.GRAY.of(Raster(dark, bits=12), "a.tif")
    with pytest.raises(InputError, match="up to 64 of 1023 levels"):
        channels.GRAY.of(Raster(dark), "a.tif")


def test_three_gray_pages_are_no_rgb_image():
    page = np.full((4, 6), 7, np.uint16)
    pages = Raster(np.dstack([page, page + 1, page]), pages=3)
    with pytest.raises(
        InputError, match=r"3 bands in 3 pages .*--channel=1 to"
    ):
        channels.GRAY.of(pages, "a.tif")
    with pytest.raises(InputError, match="3 pages; --channel=luma"):
        channels.parse("luma").of(pages, "a.tif")
    nir = channels.parse("2").of(pages, "a.tif")
    np.testing.assert_array_equal(nir[..., 0], page + 1)
