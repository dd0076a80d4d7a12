"""The files of an example are those that were prepared, or are named."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
from test_pipeline import make_example, positions

from nircolor_tf.data import example_images
from nircolor_tf.data.image_sources import PairSource
from nircolor_tf.errors import InputError


def test_values_beyond_the_levels_are_black_and_white(tmp_path):
    nir = np.array([[[0], [100], [600], [1100], [65535]]], np.uint16)
    rgb = np.repeat(nir, 3, axis=-1)
    example = make_example(
        tmp_path, "a", nir, rgb, nir_low=100, nir_high=1100, rgb_low=50
    )
    unit = example_images.read_nir(example).unit
    assert unit.dtype == np.float32
    assert unit[0, :, 0].tolist() == [0, 0, 0.5, 1, 1]
    domains = example_images.read_domains(example)
    np.testing.assert_array_equal(domains["nir"], unit)
    np.testing.assert_allclose(
        domains["rgb"][0, :, 1], [0, 50 / 65485, 550 / 65485, 1050 / 65485, 1]
    )
    cache = PairSource([example])
    np.testing.assert_array_equal(cache.image(0)[..., :1], unit)
    np.testing.assert_array_equal(cache.image(0)[..., 1:], domains["rgb"])


def test_8_bit_is_divided_by_255_to_the_bit(tmp_path):
    nir = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    example = make_example(tmp_path, "a", nir, np.repeat(nir, 3, axis=-1))
    expected = nir.astype(np.float32) / 255
    np.testing.assert_array_equal(
        example_images.read_nir(example).unit, expected
    )
    image = PairSource([example]).image(0)
    np.testing.assert_array_equal(image, np.repeat(expected, 4, axis=-1))


def test_files_that_changed_are_named_all_at_once(tmp_path):
    examples = [
        make_example(tmp_path, name, *positions(20, 30)) for name in "abcd"
    ]
    other = make_example(tmp_path, "other", *positions(20, 31))
    shutil.copy(other.rgb, examples[1].rgb)
    # One bit, in a file that can be read all the same.
    data = bytearray(Path(examples[2].nir).read_bytes())
    Path(examples[2].nir).write_bytes(data + b"\0")
    Path(examples[3].rgb).unlink()
    with pytest.raises(InputError) as raised:
        PairSource(examples)
    first, *lines = str(raised.value).splitlines()
    assert first == "3 bad images:"
    assert "b_rgb.png: is no longer the file" in lines[0]
    assert "c_nir.png: is no longer the file" in lines[1]
    assert "make the manifest again" in lines[1]
    assert "d_rgb.png: cannot be read: No such file" in lines[2]
    assert len(example_images.read_all(examples[:1], example_images.read_nir))


def test_one_bad_file_is_the_message(tmp_path):
    example = make_example(tmp_path, "a", *positions(20, 30))
    example = dataclasses.replace(example, nir_sha256="0" * 64)
    with pytest.raises(InputError, match=r"^\S*a_nir\.png: is no longer"):
        PairSource([example])


def test_levels_that_the_file_cannot_hold(tmp_path):
    nir = np.zeros((4, 4, 1), np.uint8)
    example = make_example(
        tmp_path, "a", nir, np.repeat(nir, 3, axis=-1), nir_high=4095
    )
    with pytest.raises(InputError, match=r"a_nir\.png: .*8 bit.*4095 is white"):
        example_images.read_nir(example)
