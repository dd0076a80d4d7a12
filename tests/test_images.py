"""Reading and writing image files."""

import cv2
import numpy as np
import pytest

from nircolor_tf.data import images
from nircolor_tf.errors import InputError

RED_BLUE = np.array([[[250, 10, 20], [10, 20, 250]]], np.uint8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_keep_every_value(tmp_path, suffix, dtype, channels):
    high = np.iinfo(dtype).max
    array = np.random.default_rng(0).integers(
        0, high, (7, 5, channels), dtype, endpoint=True
    )
    path = tmp_path / f"image{suffix}"
    images.write_image(path, array)
    read = images.read_nir(path) if channels == 1 else images.read_rgb(path)
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, array)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_channels_are_in_rgb_order_in_the_file(tmp_path):
    images.write_image(tmp_path / "a.png", RED_BLUE)
    bgr = cv2.imread(str(tmp_path / "a.png"))
    np.testing.assert_array_equal(bgr[0, 0], [20, 10, 250])


def test_alpha_is_dropped(tmp_path):
    bgra = np.dstack([RED_BLUE[..., ::-1], np.full((1, 2), 7, np.uint8)])
    cv2.imwrite(str(tmp_path / "a.png"), bgra)
    np.testing.assert_array_equal(images.read_rgb(tmp_path / "a.png"), RED_BLUE)


@pytest.mark.parametrize(
    ("dtype", "spread", "accepted"),
    [
        (np.uint8, 0, True),
        (np.uint8, 2, True),
        (np.uint8, 3, False),
        (np.uint16, 2 * 257, True),
        (np.uint16, 2 * 257 + 1, False),
    ],
)
def test_nir_stored_as_three_channels(tmp_path, dtype, spread, accepted):
    array = np.full((4, 4, 3), 100, dtype)
    array[1, 2, 0] += spread
    images.write_image(tmp_path / "a.png", array)
    if accepted:
        nir = images.read_nir(tmp_path / "a.png")
        np.testing.assert_array_equal(nir, array[..., 1:2])
    else:
        with pytest.raises(InputError, match="RGB image where NIR"):
            images.read_nir(tmp_path / "a.png")


def test_unreadable_files_are_named(tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_bytes(b"not an image")
    cv2.imwrite(str(tmp_path / "float.tif"), np.ones((3, 3), np.float32))
    images.write_image(tmp_path / "gray.png", np.zeros((3, 3), np.uint8))
    for name, reason in [
        ("missing.png", "No such file"),
        ("empty.png", "empty"),
        ("text.png", "not a readable"),
        ("float.tif", "float32"),
        ("gray.png", "one channel"),
    ]:
        with pytest.raises(InputError, match=f"{name}.*{reason}"):
            images.read_rgb(tmp_path / name)


def test_failed_writes_leave_nothing(tmp_path):
    deep = np.zeros((3, 3, 3), np.uint16)
    for name in ["a.jpg", "a.bmp", "missing/a.png"]:
        with pytest.raises(InputError, match=name):
            images.write_image(tmp_path / name, deep)
    with pytest.raises(ValueError, match="float64"):
        images.write_image(tmp_path / "a.png", np.zeros((3, 3)))
    assert not list(tmp_path.iterdir())


def test_float_and_back_is_exact():
    for bits, dtype in [(8, np.uint8), (16, np.uint16)]:
        every = np.arange(2**bits).astype(dtype)
        values = images.to_float(every)
        assert values.dtype == np.float32
        assert values[0] == 0
        assert values[-1] == 1
        np.testing.assert_array_equal(images.to_integers(values, bits), every)


def test_to_integers_rounds_and_clips():
    values = np.array([-0.5, 0.4 / 255, 0.6 / 255, 1.7])
    assert images.to_integers(values, 8).tolist() == [0, 0, 1, 255]


def test_list_images_is_sorted_and_flat(tmp_path):
    for name in ["b.PNG", "a.jpg", ".hidden.png", "notes.txt"]:
        (tmp_path / name).touch()
    (tmp_path / "c.png").mkdir()
    names = [path.name for path in images.list_images(tmp_path)]
    assert names == ["a.jpg", "b.PNG"]
    with pytest.raises(InputError, match="no such folder"):
        images.list_images(tmp_path / "missing")
