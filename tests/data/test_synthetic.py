"""Synthetic pairs look like what they claim to be."""

import numpy as np
import pytest

from nircolor_tf.data import materials, synthetic
from nircolor_tf.images import conversions, image_files


@pytest.mark.parametrize(
    ("height", "width", "bits"), [(16, 16, 8), (37, 90, 16), (96, 64, 8)]
)
def test_size_and_depth(height, width, bits):
    nir, rgb = synthetic.make_pair(3, height, width, bits)
    assert nir.shape == (height, width, 1)
    assert rgb.shape == (height, width, 3)
    assert nir.dtype == rgb.dtype == np.dtype(f"uint{bits}")
    # 16 bit is more than 8 bit multiplied.
    levels = len(np.unique(rgb))
    assert levels > 256 if bits == 16 else 40 < levels <= 256


def test_seed_decides():
    first = synthetic.make_pair(5, 48, 48)
    again = synthetic.make_pair(5, 48, 48)
    other = synthetic.make_pair(6, 48, 48)
    for image, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(image, same)
        assert np.abs(image.astype(int) - different).mean() > 5


def test_both_depths_show_the_same_scene():
    for coarse, fine in zip(
        synthetic.make_pair(5, 48, 48, 8),
        synthetic.make_pair(5, 48, 48, 16),
        strict=True,
    ):
        difference = conversions.to_float(coarse) - conversions.to_float(fine)
        assert np.abs(difference).max() <= 0.51 / 255


def test_nature_in_two_bands():
    """Green leaves are bright in NIR, a blue sky is dark in it."""
    green, blue = [], []
    for seed in range(8):
        nir, rgb = map(conversions.to_float, synthetic.make_pair(seed, 64, 64))
        r, g, b = np.moveaxis(rgb, -1, 0)
        green.append(nir[(g > 1.3 * b) & (g > 1.2 * r), 0] - 0.45)
        blue.append(nir[:13, :, 0][(b > 1.5 * r)[:13]] - 0.45)
    green, blue = np.concatenate(green), np.concatenate(blue)
    assert len(green) > 2000
    assert len(blue) > 500
    assert np.mean(green > 0) > 0.8
    assert np.mean(blue < 0) > 0.9


def test_dyes_are_one_in_nir_and_many_in_rgb():
    dyes = [materials.MATERIALS[f"{name} dye"] for name in ("red", "blue")]
    assert dyes[0][3] == dyes[1][3]
    assert np.abs(np.subtract(dyes[0][:3], dyes[1][:3])).max() > 0.3


def test_dataset_on_disk(tmp_path):
    synthetic.write_dataset(tmp_path, 2, 32, 40, bits=16, seed=9)
    for kind, read in [
        ("nir", image_files.read_nir),
        ("rgb", image_files.read_rgb),
    ]:
        paths = image_files.list_images(tmp_path / kind)
        assert [path.stem for path in paths] == [
            "synthetic_0000",
            "synthetic_0001",
        ]
        expected = synthetic.make_pair((9, 1), 32, 40, 16)[kind == "rgb"]
        np.testing.assert_array_equal(read(paths[1]), expected)


def test_too_small_is_refused():
    with pytest.raises(ValueError, match="15x20"):
        synthetic.make_pair(0, 15, 20)
