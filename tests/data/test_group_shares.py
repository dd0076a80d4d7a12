"""Groups of the training images, each with its share and its zoom."""

import numpy as np
import pytest
from test_photos import make_photo
from test_pipeline import data_config, make_example, take

from nircolor_tf.data import pipeline
from nircolor_tf.errors import InputError

# Name in scenes-strict, or of one of its sizes or a variation -> its level.
LEVELS = {
    "vcip_country_0000": 10,
    "vcip_country_0002": 11,
    "more_country_0000_256": 20,
    "more_country_0000_256_varied_1": 21,
    "scene_indoor_0000_400": 30,
    "more_people_rgbir_0000": 31,
}
PHOTO = 40


@pytest.fixture
def examples(tmp_path):
    """Pairs whose left half is darker by 5, and a photo."""
    pairs = []
    for name, level in LEVELS.items():
        rgb = np.full((32, 32, 3), level, np.uint8)
        rgb[:, :16] -= 5
        pairs.append(
            make_example(
                tmp_path, name, rgb[..., :1], rgb, protocol="scenes-strict"
            )
        )
    photo = make_photo(tmp_path, "photo", np.full((32, 32, 3), PHOTO, np.uint8))
    return [*pairs, photo]


def grouped_config(shares, **changes):
    config = data_config(crop=16, **changes)
    for group, share in shares.items():
        config.sources[group].share = share
    config.sources.town.zoom = (0.5, 0.5)
    return config


def draw(examples, config, count, start_step=0):
    """The red of the examples, in 8-bit levels: (number, 16, 16)."""
    source = pipeline.open_source("paired", examples, config)
    batches = take(source, config, count, start_step=start_step)
    return 255 * np.concatenate([batch["rgb"][..., 0] for batch in batches])


def test_each_group_has_its_share(examples):
    shares = {"vcip": 1.0, "landscape": 3.0, "town": 4.0, "photo": 2.0}
    config = grouped_config(shares, batch_size=10)
    red = draw(examples, config, 100)
    brightest = red.max(axis=(1, 2)).round()
    kinds = np.select(
        [brightest < 15, brightest < 25, brightest < 35], [0, 1, 2], 3
    )
    shares = np.bincount(kinds) / len(kinds)
    # 1,000 draws: a standard deviation of 0.016 at most.
    np.testing.assert_allclose(shares, [0.1, 0.3, 0.4, 0.2], atol=0.06)


def test_each_group_has_its_zoom(examples):
    changes = {"batch_size": 10, "zoom_probability": 1.0}
    config = grouped_config({"town": 1.0}, **changes)
    # At half the resolution a crop is the whole image: both halves.
    halves = draw(examples, config, 2)[:, :, [0, -1]].mean(axis=1)
    np.testing.assert_allclose(halves[:, 1] - halves[:, 0], 5, atol=0.5)
    config = grouped_config({"vcip": 1.0}, **changes)
    halves = draw(examples, config, 4)[:, :, [0, -1]].mean(axis=1)
    assert (halves[:, 1] - halves[:, 0] < 1).any()


def test_photos_with_a_nir_image_of_a_teachers_are_still_photos(
    examples, tmp_path
):
    nir = np.full((32, 32, 1), 90, np.uint8)
    rgb = np.full((32, 32, 3), PHOTO + 5, np.uint8)
    taught = make_example(
        tmp_path, "taught", nir, rgb, protocol="scenes-strict", scene=""
    )
    config = grouped_config({"photo": 1.0})
    source = pipeline.open_source("paired", [*examples[:-1], taught], config)
    (batch,) = take(source, config, 1)
    np.testing.assert_allclose(255 * batch["rgb"], PHOTO + 5, atol=0.01)
    # Its own, not an imitation of a gray photo.
    np.testing.assert_allclose(255 * batch["nir"], 90, atol=0.01)


def test_a_resumed_training_draws_the_same(examples):
    config = grouped_config({"vcip": 1.0, "town": 1.0, "photo": 1.0})
    whole = draw(examples, config, 20)
    np.testing.assert_array_equal(
        draw(examples, config, 5, start_step=15), whole[30:]
    )


def test_a_group_without_images_is_refused(examples):
    config = grouped_config({"vcip": 1.0, "photo": 0.5})
    with pytest.raises(InputError, match=r"photo.share is 0.5, .* no such"):
        pipeline.open_source("paired", examples[:-1], config)
    # Nobody draws them.
    config.sources.photo.share = 0.0
    pipeline.open_source("paired", examples[:-1], config)


def test_images_of_no_group_are_not_left_out_in_silence(examples, tmp_path):
    config = grouped_config({"vcip": 1.0})
    rgb = np.full((32, 32, 3), 50, np.uint8)
    stray = make_example(
        tmp_path, "mine", rgb[..., :1], rgb, protocol="scenes-strict"
    )
    message = "mine and 0 more images to train on are of no group of scenes-str"
    with pytest.raises(InputError, match=message):
        pipeline.open_source("paired", [*examples, stray], config)


def test_photos_with_a_share_are_read():
    config = grouped_config({"vcip": 1.0, "photo": 0.5})
    assert pipeline.reads_photos(["paired"], config)
    config = grouped_config({"vcip": 1.0})
    assert not pipeline.reads_photos(["paired"], config)
