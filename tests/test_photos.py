"""Photos without NIR: what a phase's data set 'unpaired' is made of."""

import dataclasses

import numpy as np
import pytest
from test_pipeline import data_config, make_example, positions, take

from nircolor_tf.data import manifest
from nircolor_tf.data.pipeline import PairCache, PhotoCache, open_cache
from nircolor_tf.errors import InputError


def make_photo(folder, name, rgb):
    example = make_example(folder, name, rgb[..., :1], rgb)
    return dataclasses.replace(example, nir="", nir_sha256="", split="unpaired")


@pytest.fixture
def examples(pairs_manifest):
    """Seven pairs to train, three to validate and three photos."""
    return manifest.read_manifest(pairs_manifest)


def source_config(*sources):
    config = data_config(crop=16)
    with config.unlocked():
        config.unpaired_from = sources
    return config


def test_batches_are_a_function_of_seed_and_step(examples):
    config = source_config("photos", "pairs")
    config.update({"zoom_probability": 0.5, "mirror_probability": 0.5})
    cache = open_cache("unpaired", examples, config)
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
            open_cache("paired", pairs, config),
            open_cache("unpaired", pairs, config),
        )
    ]
    # An epoch a batch: each image once. A NIR image meets its own RGB once in
    # an epoch, give or take; 20 times, with a standard deviation below 5.
    for order in orders:
        assert all(sorted(epoch) == list(range(10)) for epoch in order)
    assert 2 < np.sum(orders[0] == orders[1]) < 40


def test_the_box_and_the_mirror_are_drawn_apart_too(tmp_path):
    pair = make_example(tmp_path, "a", *positions(40, 60))
    config = data_config(crop=8, batch_size=16, mirror_probability=0.5)
    (of_pair,) = take(PairCache([pair]), config, 1)
    (of_photo,) = take(PhotoCache([pair]), config, 1)
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
    cache = PhotoCache(
        [
            make_photo(tmp_path, "eight", eight),
            make_photo(tmp_path, "sixteen", sixteen),
        ]
    )
    # 51 / 255 = 0.2 is 13107 / 65535.
    assert [cache.image(i)[0, 0, 0] for i in range(2)] == [13107, 2001]
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
    cache = open_cache("unpaired", examples, source_config(*sources))
    expected = PhotoCache(
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
        open_cache("unpaired", pairs, source_config("pairs", "photos"))
    assert open_cache("unpaired", pairs, source_config("pairs")).count == 7
