"""Photos without NIR: what a phase's data set 'unpaired' is made of."""

import dataclasses
import itertools

import numpy as np
import pytest
from test_pipeline import data_config, make_example, positions, take

from nircolor_tf.data import augment, imitations, manifest
from nircolor_tf.data.image_sources import (
    ImitationSource,
    PairSource,
    PhotoSource,
)
from nircolor_tf.data.pipeline import open_source
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions


def make_photo(folder, name, rgb):
    example = make_example(folder, name, rgb[..., :1], rgb)
    return dataclasses.replace(
        example,
        nir="",
        nir_sha256="",
        nir_channel="",
        nir_low=None,
        nir_high=None,
        split="unpaired",
    )


@pytest.fixture
def examples(pairs_manifest):
    """Seven pairs to train, three to validate and three photos."""
    return manifest.read_manifest(pairs_manifest)


def source_config(*sources):
    config = data_config(crop=16)
    config.unpaired_from = sources
    return config


def test_batches_are_a_function_of_seed_and_step(examples):
    config = source_config("photos", "pairs")
    config.update({"zoom_probability": 0.5, "mirror_probability": 0.5})
    cache = open_source("unpaired", examples, config)
    whole = take(cache, config, 9)
    assert whole[0].keys() == {"rgb"}
    assert whole[0]["rgb"].shape == (2, 16, 16, 3)
    resumed = take(cache, config, 4, start_step=5)
    for expected, actual in zip(whole[5:], resumed, strict=True):
        np.testing.assert_array_equal(actual["rgb"], expected["rgb"])
    other = take(cache, config, 9, seed=1)
    assert len({batch["rgb"].tobytes() for batch in (*whole, *other)}) == 18


def test_photos_are_drawn_apart_from_the_pairs(tmp_path):
    pairs = [
        make_example(
            tmp_path,
            str(number),
            np.full((16, 16, 1), number, np.uint8),
            np.full((16, 16, 3), number, np.uint8),
        )
        for number in range(10)
    ]
    config = source_config("pairs")
    config.batch_size = 10
    orders = [
        np.rint(
            np.stack([b["rgb"][:, 0, 0, 0] for b in take(cache, config, 20)])
            * 255
        )
        for cache in (
            open_source("paired", pairs, config),
            open_source("unpaired", pairs, config),
            ImitationSource(pairs),
        )
    ]
    # An epoch a batch: each image once. A NIR image meets its own RGB once in
    # an epoch, give or take; 20 times, with a standard deviation below 5.
    for order in orders:
        assert all(sorted(epoch) == list(range(10)) for epoch in order)
    for one, other in itertools.combinations(orders, 2):
        assert 2 < np.sum(one == other) < 40


def test_the_box_and_the_mirror_are_drawn_apart_too(tmp_path):
    pair = make_example(tmp_path, "a", *positions(40, 60))
    config = data_config(crop=8, batch_size=16, mirror_probability=0.5)
    (of_pair,) = take(PairSource([pair]), config, 1)
    (of_photo,) = take(PhotoSource([pair]), config, 1)
    equal = of_pair["rgb"] == of_photo["rgb"]
    assert equal.all(axis=(1, 2, 3)).sum() <= 1
    # The photo's box is a box of the image, its channels as they were.
    red, green = (of_photo["rgb"][..., i] * 65535 for i in (0, 1))
    np.testing.assert_allclose(green, red / 2, atol=1.0)
    steps = np.rint(np.diff(red, axis=2) / 4)
    signs = steps[:, 0, 0]
    assert set(signs) == {-1, 1}
    assert np.all(steps == signs[:, None, None])


def test_photos_smaller_than_the_crop_and_of_two_depths(tmp_path):
    eight = np.full((9, 20, 3), 51, np.uint8)
    sixteen = np.full((30, 11, 3), 2001, np.uint16)
    cache = PhotoSource(
        [
            make_photo(tmp_path, "eight", eight),
            make_photo(tmp_path, "sixteen", sixteen),
        ]
    )
    values = [float(cache.image(i)[0, 0, 0]) for i in range(2)]
    np.testing.assert_allclose(values, [51 / 255, 2001 / 65535], rtol=1e-6)
    (batch,) = take(cache, data_config(crop=16, batch_size=2), 1)
    assert batch["rgb"].shape == (2, 16, 16, 3)
    values = sorted(batch["rgb"].mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(values, [2001 / 65535, 0.2], rtol=1e-5)
    assert np.ptp(batch["rgb"], axis=(1, 2, 3)).max() < 1e-5


@pytest.mark.parametrize(
    ("sources", "splits"),
    [
        (("photos",), ["unpaired"]),
        (("pairs",), ["train"]),
        (("photos", "pairs"), ["unpaired", "train"]),
    ],
)
def test_unpaired_from(sources, splits, examples):
    cache = open_source("unpaired", examples, source_config(*sources))
    expected = PhotoSource(
        [e for split in splits for e in manifest.select(examples, split)]
    )
    assert cache.count == {"unpaired": 3, "train": 7}[splits[0]] + 7 * (
        len(splits) - 1
    )
    for index in range(cache.count):
        np.testing.assert_array_equal(cache.image(index), expected.image(index))


def test_no_photos(examples):
    pairs = [example for example in examples if example.split != "unpaired"]
    with pytest.raises(
        InputError,
        match=r"unpaired_from is \('pairs', 'photos'\), .* has no photos",
    ):
        open_source("unpaired", pairs, source_config("pairs", "photos"))
    assert open_source("unpaired", pairs, source_config("pairs")).count == 7


def mixed_config(probability):
    config = data_config(crop=16, batch_size=10)
    config.photo_probability = probability
    return config


def flat_examples(folder):
    """Ten gray pairs of levels 1 to 10, and ten green photos of 101 to 110."""
    pairs, photos = [], []
    for level in range(1, 11):
        gray = np.full((16, 16, 3), level, np.uint8)
        green = np.uint8([0, 100 + level, 0]) * np.ones_like(gray)
        pairs.append(make_example(folder, str(level), gray[..., :1], gray))
        photos.append(make_photo(folder, f"photo_{level}", green))
    return pairs + photos


def test_pairs_and_photos_are_mixed(tmp_path):
    examples = flat_examples(tmp_path)
    config = mixed_config(0.3)
    source = open_source("paired", examples, config)
    batches = take(source, config, 60)
    green = np.concatenate([b["rgb"][:, 0, 0, 1] for b in batches]) * 255
    photos = green > 100
    # 600 draws of 0.3: a standard deviation of 0.019.
    assert 0.24 < photos.mean() < 0.36
    levels = {round(value) for value in green}
    assert levels == {*range(1, 11), *range(101, 111)}
    resumed = take(source, config, 20, start_step=40)
    for expected, actual in zip(batches[40:], resumed, strict=True):
        for name in ("nir", "rgb"):
            np.testing.assert_array_equal(actual[name], expected[name])


def test_the_nir_of_a_photo_is_drawn_between_gray_and_infrared(tmp_path):
    config = mixed_config(1.0)
    source = open_source("paired", flat_examples(tmp_path), config)
    batches = take(source, config, 20)
    nir = np.concatenate([b["nir"][:, 0, 0, 0] for b in batches])
    green = np.concatenate([b["rgb"][:, 0, 0, 1] for b in batches])
    # Of gray 0.587 of green, of infrared 1.9; each as often as the other.
    share = (nir / green - 0.587) / (1.9 - 0.587)
    assert share.min() > -1e-3
    assert share.max() < 1 + 1e-3
    assert abs(share.mean() - 0.5) < 0.09  # 200 draws, 4 standard deviations
    assert len(np.unique(share.round(4))) > 190


def test_infrared_of_colors_is_as_distill_imitates_it():
    rgb = np.random.default_rng(0).random((5, 6, 3), np.float32)
    actual = augment.random_imitation(rgb, (1, 2)).numpy()
    infrared = (rgb @ imitations.INFRARED).clip(0, 1)
    gray = conversions.to_gray(rgb)
    share = ((actual - gray) / (infrared - gray))[0, 0, 0]
    assert 0 < share < 1
    expected = share * infrared + (1 - share) * gray
    np.testing.assert_allclose(actual, expected, atol=1e-3)


def test_without_a_probability_no_photo_is_opened(tmp_path):
    examples = flat_examples(tmp_path)
    source = open_source("paired", examples, mixed_config(0.0))
    assert isinstance(source, PairSource)
    assert source.count == 10
    with pytest.raises(
        InputError, match=r"photo_probability is 0\.3, .* has no photos"
    ):
        open_source("paired", examples[:10], mixed_config(0.3))
