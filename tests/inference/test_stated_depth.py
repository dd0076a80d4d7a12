"""A dark TIFF of 12 bit is read as 12 bit: its file says so."""

import image_storage as storage
import numpy as np
import pytest
import tifffile
from colorizing import Recorder, colorize_path

from nircolor_tf.images import decoding, image_files
from nircolor_tf.inference.api import ImageColorizer
from nircolor_tf.inference.colorizer import Colorizer


@pytest.fixture
def dark(tmp_path):
    levels = (np.arange(40).reshape(5, 8, 1) * 20).astype(np.uint16)
    path = tmp_path / "dark.tif"
    path.write_bytes(storage.packed_tiff(levels, 12))
    return path, levels


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_the_depth_that_a_tiff_says(bits):
    levels = np.ones((5, 8, 1), np.uint16)
    assert decoding.decode(storage.packed_tiff(levels, bits)).bits == bits


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_other_files_say_no_more_than_their_type(dtype):
    levels = np.ones((5, 8, 1), dtype)
    for data in (storage.Tiff().write(levels), storage.png(levels, "gray")):
        assert decoding.decode(data).bits is None


def test_dark_floats_stay_dark(tmp_path):
    stored = np.linspace(0, 0.03, 40, dtype=np.float32).reshape(5, 8)
    tifffile.imwrite(tmp_path / "dark.tif", stored)
    raster = image_files.read_raster(tmp_path / "dark.tif")
    assert raster.bits == 16
    image, _ = image_files.read_unit(tmp_path / "dark.tif")
    np.testing.assert_allclose(image[..., 0], stored, atol=1e-5)
    rgb = ImageColorizer(Colorizer(Recorder()))(tmp_path / "dark.tif")
    np.testing.assert_allclose(rgb[..., 0], stored * 65535, atol=1)


def test_a_folder_takes_it(dark, tmp_path):
    path, levels = dark
    (result,) = colorize_path(Colorizer(Recorder()), path, tmp_path / "color")
    assert (result.low, result.high) == (0, 4095)
    written = image_files.read_rgb(result.path)
    np.testing.assert_allclose(
        written[..., :1], levels * (65535 / 4095), atol=1
    )


def test_the_python_interface_takes_it(dark):
    path, levels = dark
    rgb = ImageColorizer(Colorizer(Recorder()))(path)
    np.testing.assert_allclose(rgb[..., :1], levels * (65535 / 4095), atol=1)


def test_exports_are_compared_and_calibrated_with_it(dark):
    path, levels = dark
    image, stored = image_files.read_unit(path)
    np.testing.assert_allclose(image, levels / 4095, atol=1e-6)
    assert stored == np.uint16
