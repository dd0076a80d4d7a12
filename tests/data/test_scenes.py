"""Scenes, splits and shifts."""

from collections import Counter

import cv2
import numpy as np
import pytest

from nircolor_tf.data import scenes, shift, splits, synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions


def test_crops_of_one_photo_are_one_scene():
    first, second = (synthetic.make_pair(s, 320, 320)[1] for s in (1, 2))
    zoomed = cv2.resize(first[40:240, 60:260], (160, 160))
    crops = [
        first[:220, :220],
        second[:220, :220],
        first[90:310, 80:300],
        second[60:280, 100:320],
        zoomed,
        np.full((90, 90, 3), 77, np.uint8),  # no features at all
    ]
    assert scenes.group_scenes(crops) == [0, 1, 0, 1, 0, 2]


@pytest.mark.parametrize("brightness", [1 / 8, 1 / 16])
def test_crops_of_a_dark_photo_are_one_scene(brightness):
    photos = [synthetic.make_pair(s, 320, 320)[1] for s in (1, 2)]
    dark = [(brightness * photo).astype(np.uint8) for photo in photos]
    crops = [photo[:220, :220] for photo in dark]
    crops += [photo[90:310, 80:300] for photo in dark]
    assert scenes.group_scenes(crops) == [0, 1, 0, 1]


def test_mirror_images_are_one_scene():
    first, second = (synthetic.make_pair(s, 320, 320)[1] for s in (1, 2))
    images = [first, second, first[:, ::-1], second[40:300, 280:20:-1]]
    assert scenes.group_scenes(images) == [0, 1, 0, 1]


def test_mirrored_features_are_those_of_the_mirror_image():
    image = synthetic.make_pair(1, 320, 320)[1]
    positions, descriptors = scenes._mirrored(scenes._features(image))
    others, expected = scenes._features(np.ascontiguousarray(image[:, ::-1]))
    # OpenCV finds features of an image that it enlarges, a quarter px off.
    distances = np.linalg.norm(
        positions[:, None] + [319, 0] - others[None], axis=2
    )
    nearest = distances.argmin(axis=1)
    same = distances.min(axis=1) < 1
    assert same.mean() > 0.8
    similarity = (descriptors * expected[nearest]).sum(axis=1)
    # One position may have features of two directions.
    assert np.median(similarity[same]) > 0.98


def test_equal_images_without_features_are_one_scene():
    smooth = np.full((90, 90, 3), 77, np.uint8)
    images = [smooth, synthetic.make_pair(1, 90, 90)[1], smooth.copy()]
    assert scenes.group_scenes(images) == [0, 1, 0]


def test_synthetic_scenes_stay_apart():
    pairs = [synthetic.make_pair(seed, 128, 128)[1] for seed in range(12)]
    assert scenes.group_scenes(pairs) == list(range(12))


def test_few_images():
    image = synthetic.make_pair(1, 64, 64)[1]
    assert scenes.group_scenes([]) == []
    assert scenes.group_scenes([image]) == [0]


def test_no_scene_is_torn_and_fractions_hold():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(100), rng.integers(1, 5, 100)).tolist()
    drawn = scenes.assign_splits(labels, seed=3)
    assert len(set(zip(labels, drawn, strict=True))) == 100
    share = {k: v / len(labels) for k, v in Counter(drawn).items()}
    assert share["val"] == pytest.approx(0.1, abs=0.01)
    assert share["test"] == pytest.approx(0.1, abs=0.01)
    assert drawn == scenes.assign_splits(labels, seed=3)
    assert drawn != scenes.assign_splits(labels, seed=4)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([7], {"train": 1}),
        ([1, 2, 3], {"train": 1, "val": 1, "test": 1}),
        # The largest scene is always trained on.
        ([1] * 9 + [2, 3], {"train": 9, "val": 1, "test": 1}),
        # No scene fits the fraction: one each nevertheless.
        ([1, 1, 2, 2, 3, 3, 4, 4], {"train": 4, "val": 2, "test": 2}),
    ],
)
def test_few_scenes(labels, expected):
    assert Counter(scenes.assign_splits(labels, seed=0)) == expected


@pytest.mark.parametrize(("x", "y"), [(0, 0), (3, -2), (-8, 8), (0, 5)])
def test_shift_is_where_the_nir_content_lies(x, y):
    nir, rgb = synthetic.make_pair(4, 120, 140)
    moved = np.roll(nir, (y, x), axis=(0, 1))
    measured = shift.measure_shift(
        conversions.to_float(moved), conversions.to_float(rgb)
    )
    assert measured == (x, y)


def test_shift_without_structure_is_zero():
    flat = np.full((64, 64, 1), 0.5, np.float32)
    tiny = np.random.default_rng(0).random((20, 64, 1), np.float32)
    for nir in (flat, tiny):
        assert shift.measure_shift(nir, np.repeat(nir, 3, axis=2)) == (0, 0)


def test_shipped_splits():
    strict = splits.load_split("vcip-strict")
    official = splits.load_split("vcip-official")
    assert strict.keys() == official.keys()
    assert Counter(strict.values()) == {
        "train": 290,
        "val": 36,
        "test": 28,
        "unused": 64,
    }
    assert Counter(official.values()) == {"train": 372, "val": 18, "test": 28}
    for name, split in strict.items():
        assert (split == "test") == (official[name] == "test")
        if split in ("train", "val"):
            assert official[name] == "train"
    with pytest.raises(InputError, match=r"vcip-strict, vcip-official"):
        splits.load_split("vcip")
