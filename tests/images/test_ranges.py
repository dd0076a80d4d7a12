"""Black and white levels of 8- to 16-bit cameras."""

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files, ranges


def of(text, values, dtype=np.uint16):
    return ranges.parse(text).of(np.array(values, dtype).reshape(-1, 1, 1))


@pytest.mark.parametrize(
    ("largest", "high"),
    [
        (0, 255),
        (255, 255),
        (256, 1023),
        (1023, 1023),
        (1024, 4095),
        (4096, 16383),
        (16383, 16383),
        (16384, 65535),
        (65535, 65535),
    ],
)
def test_auto_takes_the_smallest_camera_depth(largest, high):
    assert of("auto", [0, largest]) == (0, high)


def test_auto_leaves_8_bit_files_as_they_are():
    assert of("auto", [0, 3], np.uint8) == (0, 255)


def test_the_other_rules():
    # 0 to 999 once each: 5 of 1000 pixels are 0.5 %.
    ramp = np.arange(1000)
    assert of("max", ramp) == (0, 999)
    assert of("percentile", ramp) == (4, 994)
    assert of("percentile", ramp % 250, np.uint8) == (1, 248)
    assert of("64,940", ramp) == (64, 940)


@pytest.mark.parametrize("rule", ["auto", "max", "percentile"])
@pytest.mark.parametrize("level", [0, 700])
def test_a_constant_image_keeps_its_tone(rule, level):
    low, high = of(rule, [level] * 9)
    unit = ranges.to_unit(np.uint16([level]), low, high)
    expected = {("max", 700): 1}.get((rule, level), level / 1023)
    assert unit == pytest.approx(expected)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("bits", [10, 12])
def test_deep_cameras_are_not_black(tmp_path, suffix, bits):
    stored = np.array([0, 2 ** (bits - 1), 2**bits - 1], np.uint16)
    image_files.write_image(tmp_path / f"nir{suffix}", stored[None])
    image = image_files.read_nir(tmp_path / f"nir{suffix}")
    unit = ranges.to_unit(image, *ranges.parse("auto").of(image))
    assert unit.dtype == np.float32
    np.testing.assert_allclose(unit.ravel(), [0, 0.5, 1], atol=1e-3)


def test_to_unit_clips_and_is_what_training_uses():
    unit = ranges.to_unit(np.uint16([0, 100, 200, 300, 400]), 100, 300)
    assert unit.tolist() == [0, 0, 0.5, 1, 1]
    for dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
        np.testing.assert_array_equal(
            ranges.to_unit(every, 0, every[-1]), conversions.to_float(every)
        )


@pytest.mark.parametrize(
    "text", ["", "min", "1", "1,2,3", "5,5", "9,4", "-1,9", "0,65536", "a,b"]
)
def test_what_is_no_range_is_named(text):
    with pytest.raises(InputError, match=f"^--range={text}: expected auto"):
        ranges.parse(text)


def test_12_bit_levels_for_an_8_bit_image_are_refused():
    with pytest.raises(InputError, match=r"--range=0,4095.*8 bit"):
        of("0,4095", [1], np.uint8)


@pytest.mark.parametrize(
    ("low", "high", "dtype", "words"),
    [
        (0, 4095, np.uint16, "values 0..4095 (12 bit) -> 0..1"),
        (0, 255, np.uint8, "values 0..255 (8 bit) -> 0..1"),
        (0, 255, np.uint16, "values 0..255 (8 bit, in a 16-bit file) -> 0..1"),
        (64, 940, np.uint16, "values 64..940 -> 0..1"),
    ],
)
def test_a_range_in_words(low, high, dtype, words):
    assert ranges.describe(low, high, dtype) == words
