"""Channels and alpha of the images that are colorized."""

import image_storage
import numpy as np
import pytest
from colorizing import Recorder, colorize_path

from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files
from nircolor_tf.inference.colorizer import Colorizer


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp", "a.jpg", "a.bmp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_is_kept_or_its_loss_is_said(tmp_path, name, dtype, caplog):
    samples = image_storage.pixels(9, 7, 2, dtype)
    (tmp_path / "nir.png").write_bytes(image_storage.png(samples, "gray+alpha"))
    colorize_path(Colorizer(Recorder()), tmp_path / "nir.png", tmp_path / name)
    alpha = image_files.read_raster(tmp_path / name).alpha
    if name in ("a.jpg", "a.bmp"):
        assert alpha is None
        assert f"a {name[1:]} file holds no alpha" in caplog.text
        return
    expected = samples[..., 1:]
    if name == "a.webp" and dtype == np.uint16:
        expected = np.rint(expected / 257).astype(np.uint8)
    np.testing.assert_array_equal(alpha, expected)


def test_the_channel_is_that_which_is_named(tmp_path):
    samples = image_storage.pixels(9, 7, 3, np.uint8)
    image_files.write_image(tmp_path / "pink.png", samples)
    arguments = tmp_path / "pink.png", tmp_path / "color.png"
    with pytest.raises(InputError, match=r"pink\.png: .*--channel=red"):
        colorize_path(Colorizer(Recorder()), *arguments)
    luma = np.rint(samples @ [0.299, 0.587, 0.114])
    for text, expected in [
        ("red", samples[..., 0]),
        ("blue", samples[..., 2]),
        ("2", samples[..., 1]),
        ("luma", luma),
    ]:
        model = Recorder()
        colorize_path(
            Colorizer(model),
            *arguments,
            overwrite=True,
            channel=channels.parse(text),
        )
        np.testing.assert_allclose(
            model.nir[0, ..., 0] * 255, expected, atol=1e-3
        )
    with pytest.raises(InputError, match=r"3 channels .*--channel=4 is none"):
        colorize_path(
            Colorizer(Recorder()),
            *arguments,
            overwrite=True,
            channel=channels.parse("4"),
        )


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "nir", "Red"])
def test_a_channel_that_cannot_be(text):
    with pytest.raises(InputError, match=f"--channel={text}: expected gray"):
        channels.parse(text)
