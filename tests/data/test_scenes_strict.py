"""The data protocol scenes-strict: crops, landscapes, towns."""

from collections import Counter, defaultdict

import cv2
import numpy as np
import pytest

from nircolor_tf.data import manifest, prepare, splits, synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files

# Name in scenes-strict -> folder, name there, height and width.
PAIRS = {
    "vcip_country_0000": ("vcip2020", "country_0000", 64, 64),
    "vcip_country_0001": ("vcip2020", "country_0001", 64, 64),
    "scene_indoor_0000": ("rgb_nir_scene", "indoor_0000", 440, 600),
    "scene_indoor_0004": ("rgb_nir_scene", "indoor_0004", 300, 310),
    "more_country_0000": ("rgb_nir_more", "country_0000", 350, 320),
    "more_country_0005": ("rgb_nir_more", "country_0005", 290, 300),
}


@pytest.fixture
def source(tmp_path):
    for seed, (folder, name, height, width) in enumerate(PAIRS.values()):
        nir, rgb = synthetic.make_pair(seed, height, width)
        write_pair(tmp_path / "source" / folder, name, nir, rgb)
    return tmp_path / "source"


def write_pair(folder, name, nir, rgb):
    for side, image in (("nir", nir), ("rgb", rgb)):
        (folder / side).mkdir(parents=True, exist_ok=True)
        image_files.write_image(folder / side / f"{name}.png", image)


def read_prepared(folder):
    examples = manifest.read_manifest(folder / "manifest.csv")
    return {example.name: example for example in examples}


def test_no_scene_of_the_list_is_in_two_splits():
    split_of = splits.load_split("scenes-strict")
    group_of = splits.load_groups("scenes-strict")
    scene_of = splits.load_photo_scenes()
    assert Counter((split_of[name], group_of[name]) for name in split_of) == {
        ("train", "vcip"): 286,
        ("val", "vcip"): 36,
        ("unused", "vcip"): 4,
        ("train", "landscape"): 75,
        ("val", "landscape"): 7,
        ("train", "town"): 72,
        ("val", "town"): 10,
        ("unused", "town"): 1,
    }
    splits_of = defaultdict(set)
    for name, split in split_of.items():
        splits_of[scene_of[name]].add(split)
    assert all(len(named - {"unused"}) <= 1 for named in splits_of.values())


def test_its_crops_are_those_of_vcip_strict():
    strict, scene_of = splits.load_split("vcip-strict"), splits.load_scenes()
    labels = splits.load_photo_scenes()
    for name, split in splits.load_split("scenes-strict").items():
        if name.startswith("vcip_"):
            crop = name.removeprefix("vcip_")
            assert split in (strict[crop], "unused")
            assert labels[name] == f"vcip_{scene_of[crop]}"


def test_other_protocols_have_no_groups():
    assert splits.load_groups("vcip-strict") == {}
    assert splits.load_groups("folder") == {}


def test_photos_to_train_on_are_shrunk(source, tmp_path):
    prepare.prepare(source, "scenes", tmp_path / "data")
    prepared = read_prepared(tmp_path / "data")
    sizes = {
        name: (pair.split, pair.height, pair.width)
        for name, pair in prepared.items()
    }
    assert sizes == {
        "vcip_country_0000": ("train", 64, 64),
        "vcip_country_0001": ("val", 64, 64),
        "scene_indoor_0000_256": ("train", 256, 349),
        "scene_indoor_0000_400": ("train", 400, 545),
        "scene_indoor_0004": ("val", 300, 310),
        "more_country_0000_256": ("train", 280, 256),
        "more_country_0000_400": ("train", 350, 320),
        "more_country_0005": ("val", 290, 300),
    }
    pair = prepared["scene_indoor_0000_256"]
    assert (pair.protocol, pair.scene) == ("scenes-strict", "scene_indoor_0000")
    for side, read in (
        ("nir", image_files.read_nir),
        ("rgb", image_files.read_rgb),
    ):
        large = source / "rgb_nir_scene" / side / "indoor_0000.png"
        expected = cv2.resize(
            read(large), (349, 256), interpolation=cv2.INTER_AREA
        )
        small = read(getattr(pair, side))
        np.testing.assert_array_equal(small, expected.reshape(small.shape))


def test_displaced_pairs_train_nothing(source, tmp_path):
    for displaced, name in ((3, "indoor_0001"), (4, "indoor_0002")):
        nir, rgb = synthetic.make_pair(7, 270, 300)
        nir = np.roll(nir, displaced, axis=1)
        write_pair(source / "rgb_nir_scene", name, nir, rgb)
    nir, rgb = synthetic.make_pair(8, 270, 300)
    write_pair(
        source / "rgb_nir_scene", "indoor_0014", np.roll(nir, 5, axis=0), rgb
    )
    prepare.prepare(source, "scenes", tmp_path / "data")
    prepared = read_prepared(tmp_path / "data")
    assert prepared["scene_indoor_0001_256"].split == "train"
    assert prepared["scene_indoor_0001_256"].shift_x == 3
    assert prepared["scene_indoor_0002"].split == "unused"
    # What is measured on stays what it is.
    assert prepared["scene_indoor_0014"].split == "val"


def test_the_layout_and_the_split_belong_together(source, tmp_path):
    for layout, split in (("scenes", "scene"), ("folder", "scenes-strict")):
        with pytest.raises(InputError, match="has the split scenes-strict"):
            prepare.prepare(
                source / "vcip2020", layout, tmp_path / "data", split=split
            )
    nir, rgb = synthetic.make_pair(0, 20, 20)
    write_pair(source / "rgb_nir_more", "mine", nir, rgb)
    with pytest.raises(InputError, match="not in this list:\n  more_mine"):
        prepare.prepare(source, "scenes", tmp_path / "data")
