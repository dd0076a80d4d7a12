"""Pairs that are turned, mirrored, or of two scenes are noticed."""

import numpy as np
import pytest

from nircolor_tf.data import matching, prepare, synthetic
from nircolor_tf.images import conversions, image_files


def pair(seed, height=96, width=96):
    images = synthetic.make_pair(seed, height, width)
    return [conversions.to_float(image) for image in images]


@pytest.mark.parametrize(
    "change",
    [
        lambda nir: nir,
        lambda nir: 1 - nir,
        lambda nir: nir * np.float32(0.05),
        lambda nir: np.roll(nir, (2, -2), (0, 1)),
    ],
    ids=["as it is", "inverted", "dark", "displaced"],
)
def test_pairs_that_match(change):
    for seed in range(8):
        for size in ((64, 64), (96, 200), (150, 150)):
            nir, rgb = pair(seed, *size)
            assert matching.describe_mismatch(change(nir), rgb) == ""


@pytest.mark.parametrize(
    ("turn", "back"),
    [
        (lambda nir: np.rot90(nir, 2), "turned by 180 degrees"),
        (np.fliplr, "mirrored left to right"),
        (np.flipud, "mirrored top to bottom"),
        (np.rot90, "turned by 90 degrees to the right"),
        (lambda nir: np.rot90(nir, 3), "turned by 90 degrees to the left"),
        (lambda nir: nir.transpose(1, 0, 2), "mirrored in its diagonal"),
    ],
)
def test_the_way_back_is_named(turn, back):
    for seed in range(8):
        nir, rgb = pair(seed)
        turned = np.ascontiguousarray(turn(nir))
        described = matching.describe_mismatch(turned, rgb)
        assert described == f"the NIR image fits the color image better {back}"


def test_images_of_two_scenes_are_noticed_where_nothing_fits():
    generator = np.random.default_rng(0)
    nir = generator.random((96, 96, 1), np.float32)
    described = matching.describe_mismatch(nir, pair(1)[1])
    assert described == (
        "the NIR image has no edges in common with the color image"
    )


def test_nothing_is_said_without_structure():
    nir, rgb = pair(0, 40, 40)
    assert matching.describe_mismatch(nir[::-1], rgb) == ""
    _, rgb = pair(0)
    flat = np.full((96, 96, 1), 0.5, np.float32)
    assert matching.describe_mismatch(flat, rgb) == ""


def test_they_are_named_when_a_set_is_prepared(tmp_path):
    synthetic.write_dataset(tmp_path / "source", 4, 64, 64, seed=2)
    summary = prepare.prepare(tmp_path / "source", "folder", tmp_path / "first")
    assert "do not seem to match" not in summary
    path = tmp_path / "source" / "nir" / "synthetic_0002.png"
    image_files.write_image(path, np.rot90(image_files.read_nir(path)))
    summary = prepare.prepare(tmp_path / "source", "folder", tmp_path / "data")
    assert summary.endswith(
        "pairs that do not seem to match, look at them: 1\n  synthetic_0002: "
        "the NIR image fits the color image better turned by 90 degrees to "
        "the right"
    )
