"""Files and folders of images, colorized."""

import os

import cv2
import numpy as np
import pytest

from nircolor_tf import folders, inference
from nircolor_tf.data import images
from nircolor_tf.errors import InputError
from nircolor_tf.inference import Colorizer


def random_nir(height, width, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((height, width, 1), np.float32)


def write_nir(path, height=9, width=7, bits=8, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    nir = images.to_integers(random_nir(height, width, seed), bits)
    images.write_image(path, nir)
    return nir


class Recorder:
    """A model that copies NIR into all colors and keeps what it was given."""

    def __call__(self, nir):
        self.nir = nir
        return np.repeat(nir, 3, axis=-1)


@pytest.mark.parametrize(
    ("name", "bits"),
    [("a.png", 8), ("a.png", 16), ("a.tiff", 8), ("a.tif", 16), ("a.JPG", 8)],
)
def test_a_file_keeps_size_depth_and_format(tmp_path, name, bits):
    nir = write_nir(tmp_path / "nir" / name, bits=bits)
    nir = images.read_nir(tmp_path / "nir" / name)  # JPEG has changed it
    (written,) = folders.colorize_path(
        Colorizer(Recorder(), 8), tmp_path / "nir" / name, tmp_path / "color"
    )
    assert written == tmp_path / "color" / name
    stored = cv2.imread(str(written), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == nir.dtype
    assert stored.shape == (9, 7, 3)
    tolerance = 8 if name == "a.JPG" else 0
    assert np.abs(stored.astype(int) - nir).max() <= tolerance


def test_a_translation_writes_one_channel_of_the_same_depth(
    tmp_path, tiny_export
):
    gray = write_nir(tmp_path / "a.tif", bits=16)
    (written,) = folders.colorize_path(
        inference.load_export(tiny_export, path="g2n"),
        tmp_path / "a.tif",
        tmp_path / "nir",
    )
    stored = cv2.imread(str(written), cv2.IMREAD_UNCHANGED)
    assert stored.dtype == np.uint16
    np.testing.assert_allclose(stored, gray[..., 0] / 2, atol=0.51)


def test_a_file_can_be_named(tmp_path):
    nir = write_nir(tmp_path / "a.png")
    written = folders.colorize_path(
        Colorizer(Recorder()), tmp_path / "a.png", tmp_path / "new" / "b.tif"
    )
    assert written == [tmp_path / "new" / "b.tif"]
    np.testing.assert_array_equal(images.read_rgb(written[0])[..., :1], nir)


def test_a_folder_may_be_named_like_an_image(tmp_path):
    write_nir(tmp_path / "a.png")
    (tmp_path / "color.png").mkdir()
    written = folders.colorize_path(
        Colorizer(Recorder()), tmp_path / "a.png", tmp_path / "color.png"
    )
    assert written == [tmp_path / "color.png" / "a.png"]


def test_a_folder_with_bad_files_gives_the_others_and_names_the_bad(tmp_path):
    source, target = tmp_path / "nir", tmp_path / "color"
    write_nir(source / "b.png")
    write_nir(source / "d.tif", bits=16)
    (source / "a.png").write_bytes(b"no image")
    images.write_image(
        source / "c.png", np.arange(27, dtype=np.uint8).reshape(3, 3, 3) * 9
    )
    (source / "notes.txt").write_text("not an image at all")
    with pytest.raises(InputError) as error:
        folders.colorize_path(Colorizer(Recorder()), source, target)
    first, *problems = str(error.value).splitlines()
    assert "2 of 4 images failed" in first
    assert str(source / "a.png") in problems[0]
    assert str(source / "c.png") in problems[1]
    assert sorted(os.listdir(target)) == ["b.png", "d.tif"]


def test_an_image_the_model_cannot_take_is_named(tmp_path):
    write_nir(tmp_path / "a.png")
    model = Colorizer(lambda nir: np.full((*nir.shape[:3], 3), np.nan))
    with pytest.raises(InputError, match=r"^\S*a.png: .*not finite"):
        folders.colorize_path(model, tmp_path / "a.png", tmp_path / "color")
    assert not (tmp_path / "color").exists()


def test_a_result_that_exists_stays_unless_asked(tmp_path):
    source, target = tmp_path / "nir", tmp_path / "color"
    write_nir(source / "a.png", seed=1)
    nir = write_nir(source / "b.png", seed=2)
    target.mkdir()
    (target / "b.png").write_bytes(b"precious")
    with pytest.raises(InputError, match=r"b.png: exists already; --overwri"):
        folders.colorize_path(Colorizer(Recorder()), source, target)
    assert os.listdir(target) == ["b.png"]
    assert (target / "b.png").read_bytes() == b"precious"
    folders.colorize_path(Colorizer(Recorder()), source, target, True)
    np.testing.assert_array_equal(
        images.read_rgb(target / "b.png")[..., :1], nir
    )


def test_the_input_is_never_overwritten(tmp_path):
    write_nir(tmp_path / "nir" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "nir")
    before = (tmp_path / "nir" / "a.png").read_bytes()
    for source, target in [
        ("nir", "nir"),
        ("nir", "link"),
        ("nir/a.png", "nir"),
        ("nir/a.png", "link/a.png"),
    ]:
        with pytest.raises(InputError, match="would overwrite the input"):
            folders.colorize_path(
                Colorizer(Recorder()),
                tmp_path / source,
                tmp_path / target,
                overwrite=True,
            )
    assert (tmp_path / "nir" / "a.png").read_bytes() == before


def test_nothing_to_do_is_an_error(tmp_path):
    colorize = Colorizer(Recorder())
    with pytest.raises(InputError, match="gone: no such file or folder"):
        folders.colorize_path(colorize, tmp_path / "gone", tmp_path / "x")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty: no PNG, TIFF or JPEG"):
        folders.colorize_path(colorize, tmp_path / "empty", tmp_path / "x")
    with pytest.raises(InputError, match="expected a folder"):
        folders.colorize_path(colorize, tmp_path / "empty", tmp_path / "x.png")
    assert not (tmp_path / "x").exists()
