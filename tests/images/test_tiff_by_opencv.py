"""TIFF files that OpenCV decodes, for want of the package imagecodecs."""

import importlib.util

import image_storage as storage
import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.images.decoding import decode

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("imagecodecs") is not None,
    reason="imagecodecs decodes them",
)

DTYPES = [np.uint8, np.uint16]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("channels", "photometric"), [(1, "minisblack"), (3, "rgb")]
)
def test_lzw_is_read(channels, photometric, dtype):
    samples = storage.pixels(7, 9, channels, dtype)
    data = storage.lzw_tiff(samples, photometric=photometric)
    np.testing.assert_array_equal(decode(data).bands, samples)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bands", [2, 3, 4, 5])
def test_bands_are_not_mixed(bands, dtype):
    """OpenCV makes a luminance of them, which would be taken for NIR."""
    data = storage.lzw_tiff(
        storage.pixels(7, 9, bands, dtype),
        photometric="minisblack",
        extrasamples=["unspecified"] * (bands - 1),
    )
    with pytest.raises(InputError, match=rf"LZW of {bands} x .* imagecodecs"):
        decode(data)


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        (np.uint8, "unassalpha"),
        (np.uint8, "assocalpha"),
        (np.uint16, "assocalpha"),
    ],
)
def test_colors_are_not_multiplied_by_alpha(dtype, kind):
    data = storage.lzw_tiff(
        storage.pixels(7, 9, 4, dtype), photometric="rgb", extrasamples=[kind]
    )
    with pytest.raises(InputError, match=r"LZW of 4 x .* imagecodecs"):
        decode(data)


def test_alpha_of_16_bit_is_read():
    samples = storage.pixels(7, 9, 4, np.uint16)
    raster = decode(
        storage.lzw_tiff(
            samples, photometric="rgb", extrasamples=["unassalpha"]
        )
    )
    np.testing.assert_array_equal(raster.bands, samples[..., :3])
    np.testing.assert_array_equal(raster.alpha, samples[..., 3:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("channels", [1, 3])
def test_our_own_files_with_alpha(channels, dtype, tmp_path):
    image = storage.pixels(7, 9, channels, dtype)
    alpha = storage.pixels(7, 9, 1, dtype, seed=1)
    image_files.write_image(tmp_path / "image.tif", image, alpha=alpha)
    raster = image_files.read_raster(tmp_path / "image.tif")
    np.testing.assert_array_equal(
        raster.bands, image.repeat(3 // channels, axis=2)
    )
    np.testing.assert_array_equal(raster.alpha, alpha)
