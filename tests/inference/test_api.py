"""The three lines of Python that colorize."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
from colorizing import Recorder

import nircolor_tf as nircolor
from nircolor_tf.errors import InputError
from nircolor_tf.images import channels, image_files, ranges
from nircolor_tf.inference.api import ImageColorizer
from nircolor_tf.inference.colorizer import OVERLAP, TILE, Colorizer

GRAY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5


@pytest.fixture
def colorize():
    return ImageColorizer(Colorizer(Recorder()))


def assert_gray(color, gray):
    assert color.dtype == gray.dtype
    np.testing.assert_array_equal(color, np.repeat(gray[..., None], 3, axis=2))


@pytest.mark.parametrize(
    "image", [GRAY, GRAY[..., None], np.dstack([GRAY] * 3)]
)
def test_arrays_of_levels(colorize, image):
    assert_gray(colorize(image), GRAY)


def test_arrays_of_16_bit_have_the_range_of_their_camera(colorize):
    deep = GRAY.astype(np.uint16) * 16  # 12 bit
    np.testing.assert_allclose(
        colorize(deep)[..., 0], deep * (65535 / 4095), atol=1
    )


def test_arrays_with_the_larger_byte_first(colorize):
    deep = GRAY.astype(np.uint16) * 16
    expected = colorize(deep)
    np.testing.assert_array_equal(colorize(deep.astype(">u2")), expected)


def test_floats_stay_floats(colorize):
    image = (GRAY / 255).astype(np.float64)
    color = colorize(image)
    assert color.dtype == np.float32
    np.testing.assert_allclose(color[..., 1], image, atol=1e-5)
    for wrong in (image * 2, image - 0.1, image * np.nan):
        with pytest.raises(InputError, match=r"image: values .* \[0, 1\]"):
            colorize(wrong)


def test_several_at_once(colorize, tmp_path):
    image_files.write_image(tmp_path / "a.png", GRAY)
    from_path, from_array = colorize([tmp_path / "a.png", GRAY])
    assert_gray(from_path, GRAY)
    assert_gray(from_array, GRAY)
    batch = colorize(np.stack([GRAY, 255 - GRAY])[..., None])
    assert batch.shape == (2, 6, 8, 3)
    assert_gray(batch[1], 255 - GRAY)


def test_pictures(colorize):
    exif = PIL.Image.Exif()
    exif[274] = 6
    picture = PIL.Image.fromarray(GRAY)
    picture.info["exif"] = exif.tobytes()
    color = colorize(picture)
    assert (color.mode, color.size) == ("RGB", (6, 8))
    assert_gray(np.asarray(color), np.rot90(GRAY, -1))
    deep = PIL.Image.fromarray(GRAY.astype(np.uint16) * 257)
    assert_gray(np.asarray(colorize(deep)), GRAY)


@pytest.mark.parametrize("dtype", [">u2", "<u2", np.int32])
def test_pictures_of_more_than_8_bit(colorize, dtype):
    deep = PIL.Image.fromarray((GRAY.astype(np.uint16) * 16).astype(dtype))
    assert deep.mode in ("I;16B", "I;16", "I")
    color = np.asarray(colorize(deep))[..., 0]
    np.testing.assert_allclose(color, GRAY * (255 / 255.9375), atol=0.51)


def test_pictures_of_floating_point(colorize):
    color = colorize(PIL.Image.fromarray((GRAY / 255).astype(np.float32)))
    assert color.mode == "RGB"
    assert_gray(np.asarray(color), GRAY)


@pytest.mark.parametrize(
    "mode", ["1", "LA", "RGBA", "P", "PA", "CMYK", "YCbCr", "HSV"]
)
def test_pictures_of_other_modes(colorize, mode):
    bright = np.zeros((2, 3), np.uint8)
    bright[:, 1] = 255
    picture = PIL.Image.fromarray(bright)
    if mode in ("CMYK", "YCbCr", "HSV"):
        picture = picture.convert("RGB")
    color = np.asarray(colorize(picture.convert(mode)))
    np.testing.assert_allclose(color[..., 2], bright, atol=2)


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (PIL.Image.new("I", (2, 2), -1), "mode I with values from -1 to -1; e"),
        (PIL.Image.new("I", (2, 2), 2**16), "65536; expected 0 to 65535"),
        (PIL.Image.new("F", (2, 2), 2.0), r"to 2\.0; expected \[0, 1\]"),
        (PIL.Image.new("La", (2, 2)), "of mode La; expected one of 1, L, "),
        (PIL.Image.new("L", (0, 2)), r"shape \(2, 0\); .* with pixels"),
        (PIL.Image.new("I", (0, 2)), r"shape \(2, 0\); .* with pixels"),
    ],
)
def test_pictures_that_cannot_be(colorize, picture, message):
    with pytest.raises(InputError, match=rf"^picture: .*{message}"):
        colorize(picture)


def test_a_translation_of_a_picture_one_pixel_high():
    colorize = ImageColorizer(Colorizer(lambda nir: nir / 2, channels=1))
    gray = colorize(PIL.Image.fromarray(GRAY[:1]))
    assert (gray.mode, gray.size) == ("L", (8, 1))
    color = ImageColorizer(Colorizer(Recorder()))(PIL.Image.fromarray(GRAY[:1]))
    assert (color.mode, color.size) == ("RGB", (8, 1))


def test_the_file_that_fails_is_named(tmp_path):
    image_files.write_image(tmp_path / "a.png", GRAY)
    wide = ImageColorizer(
        Colorizer(Recorder()), input_range=ranges.parse("0,4095")
    )
    broken = ImageColorizer(Colorizer(lambda nir: nir.repeat(3, -1) * np.nan))
    for colorize, image, message in (
        (wide, tmp_path / "a.png", r"\S*/a\.png: --range=0,4095: the image"),
        (broken, tmp_path / "a.png", r"\S*/a\.png: .*not finite"),
        (broken, GRAY / 255, "image: .*not finite"),
    ):
        with pytest.raises(InputError, match=f"^{message}"):
            colorize(image)


def test_the_channel_is_chosen():
    image = np.dstack([GRAY, 255 - GRAY, GRAY])
    colorize = ImageColorizer(Colorizer(Recorder()), channels.parse("green"))
    assert_gray(colorize(image), 255 - GRAY)


@pytest.mark.parametrize(
    "wrong",
    [
        *(GRAY[0], GRAY.astype(int), np.zeros((1,) * 5)),
        *(GRAY[:0], GRAY[:, :0] / 255, GRAY[None, :0, :, None]),
        np.zeros((0, 6, 8, 1), np.uint8),
    ],
)
def test_arrays_that_are_no_images(colorize, wrong):
    with pytest.raises(InputError, match="image: an array of"):
        colorize(wrong)
    with pytest.raises(TypeError, match="dict: expected an array"):
        colorize({})


def test_the_models_that_ship_are_loaded_by_name():
    assert nircolor.models() == ("default",)
    for name in nircolor.models():
        colorize = nircolor.load(name, threads=1)
        assert colorize.colorizer.tile == TILE
        assert colorize.colorizer.overlap == OVERLAP
        color = colorize(GRAY)
        assert (color.dtype, color.shape) == (np.uint8, (6, 8, 3))
    with pytest.raises(InputError, match="nowhere: no such export folder"):
        nircolor.load("nowhere")


def test_channel_and_range_may_be_numbers():
    texts = nircolor.load(channel="2", input_range="0,4095")
    assert texts.channel == channels.Channel(2)
    numbers = np.int64(2), np.array([0, 4095]), np.float32(0.5), np.int64(1)
    names = "channel", "input_range", "saturation", "threads"
    for values in ((2, (0, 4095), 1, 1), (2, [0.0, 4095.0], 1.0, 1), numbers):
        colorize = nircolor.load(**dict(zip(names, values, strict=True)))
        assert colorize.channel == texts.channel
        assert colorize.input_range == texts.input_range


def test_load_is_found_by_its_name():
    assert {"load", "models"} <= set(dir(nircolor))
    with pytest.raises(AttributeError, match="has no attribute 'save'"):
        nircolor.save  # noqa: B018


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": None}, "model=None: expected str or PathLike"),
        ({"threads": "2"}, "threads='2': expected Integral"),
        ({"saturation": "1.2"}, "saturation='1.2': expected Real"),
        ({"channel": 1.0}, "channel=1.0: expected str or Integral"),
        ({"threads": True}, "threads=True: expected Integral"),
        ({"brighten": 1}, "brighten=1: expected bool"),
        ({"input_range": ("0", "255")}, "level='0': expected Real"),
    ],
)
def test_values_of_another_type_are_named(wrong, message):
    with pytest.raises(TypeError, match=message):
        nircolor.load(**wrong)


def test_a_file_of_one_size_takes_its_size_alone():
    colorize = nircolor.load(file="model_128x176_int8.tflite")
    assert colorize(np.zeros((480, 640), np.uint8)).shape == (480, 640, 3)
    with pytest.raises(InputError, match="takes images of 128 x 176 pixels"):
        colorize(np.zeros((480, 480), np.uint8))


def test_two_threads_share_a_model():
    colorize = nircolor.load("default")
    rng = np.random.default_rng(0)
    images = [
        rng.integers(0, 256, size, np.uint8) for size in ((64, 64), (96, 64))
    ]
    expected = [colorize(image) for image in images]

    def repeat(index):
        return [colorize(images[index]) for _ in range(30)]

    with ThreadPoolExecutor(2) as pool:
        for index, results in enumerate(pool.map(repeat, (0, 1))):
            for result in results:
                np.testing.assert_array_equal(result, expected[index])
