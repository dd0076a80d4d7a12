"""What a model has seen of the images it is measured on."""

import dataclasses
import hashlib

import pytest
from ml_collections import ConfigDict

from nircolor_tf.data import pipeline, splits, training_data
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import contamination


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def example(name, split="train", protocol="folder", scene="", **changes):
    values = {
        "name": name,
        "nir": f"/{name}_nir.png",
        "rgb": f"/{name}.png",
        "height": 8,
        "width": 8,
        "bits": 8,
        "split": split,
        "protocol": protocol,
        "scene": scene,
        "shift_x": 0,
        "shift_y": 0,
        "nir_sha256": sha256(f"nir {name} {protocol}"),
        "rgb_sha256": sha256(f"rgb {name} {protocol}"),
        "nir_channel": "gray",
        "nir_low": 0,
        "nir_high": 255,
        "rgb_bands": "",
        "rgb_low": 0,
        "rgb_high": 255,
        **changes,
    }
    return Example(**values)


def trained_on(*examples):
    return training_data.collect(examples, photos=True, validation="val")


def seen(training, tested, *manifest):
    """Contaminated images and their copies, for one tested image."""
    overlap = contamination.check(training, [tested], [tested, *manifest])
    assert overlap.state == ("contaminated" if overlap.images else "clean")
    return overlap.images.get(tested.name, ()), overlap.copies.get(
        tested.name, ()
    )


def test_another_image_is_clean():
    photo = example("photo", "unpaired", nir="", nir_sha256="")
    training = trained_on(example("a", scene="1"), photo)
    # Scenes are numbered anew in every manifest: the same number is another.
    assert seen(training, example("b", "test", scene="1")) == ((), ())
    # Nor are names proof, or the NIR that two photos lack.
    namesake = example("a", nir_sha256="", rgb_sha256="f" * 64)
    assert seen(training, namesake) == ((), ())


@pytest.mark.parametrize("column", ["nir_sha256", "rgb_sha256"])
def test_the_same_file_under_another_name(column):
    pair = example("a")
    tested = example("b", "test", **{column: getattr(pair, column)})
    assert seen(trained_on(pair), tested) == (("a",), ("a",))


def test_the_same_file_as_a_photo():
    photo = example("photo", "unpaired", nir="", nir_sha256="")
    tested = example("b", "test", rgb_sha256=photo.rgb_sha256)
    assert seen(trained_on(photo), tested) == (("photo",), ("photo",))


def test_a_scene_of_the_manifest_at_hand():
    pair = example("a", scene="1")
    # The same file under the names and numbers of another manifest.
    here = dataclasses.replace(pair, name="c", split="test", scene="7")
    tested = example("b", "test", scene="7")
    assert seen(trained_on(pair), tested, here) == (("a",), ())
    elsewhere = dataclasses.replace(here, scene="8")
    assert seen(trained_on(pair), tested, elsewhere) == ((), ())
    unmeasured = dataclasses.replace(here, scene="")
    tested = dataclasses.replace(tested, scene="")
    assert seen(trained_on(pair), tested, unmeasured) == ((), ())


def test_names_of_vcip_have_known_scenes_and_copies():
    training = trained_on(
        example("mountain_0001", protocol="vcip-official"),
        example("mountain_0011", protocol="vcip-official"),
        example("mountain_0000", protocol="vcip-official"),
    )
    tested = example("testing_0003", "test", "vcip-strict")
    copies = ("mountain_0001",)
    assert seen(training, tested) == ((*copies, "mountain_0011"), copies)
    # Somebody's own images may be named alike.
    for protocol in ("folder", "epfl"):
        other = example("testing_0003", "test", protocol)
        assert seen(training, other) == ((), ())


def test_the_same_name_of_vcip_is_the_same_image():
    # Encoded again: the hashes differ.
    pair = example("forest_0000", protocol="vcip-strict")
    tested = example("forest_0000", "test", "vcip-official")
    names = ("forest_0000",)
    assert seen(trained_on(pair), tested) == (names, names)


def test_crops_of_one_photo_of_epfl():
    training = trained_on(
        example("urban_0001_0_0", "train", "epfl", "urban_0001"),
        example("photo", "unpaired", "epfl", nir_sha256=""),
    )
    tested = example("urban_0001_3_2", "test", "epfl-patches", "urban_0001")
    assert seen(training, tested) == (("urban_0001_0_0",), ())
    other = dataclasses.replace(
        tested, name="urban_0002_3_2", scene="urban_0002"
    )
    assert seen(training, other) == ((), ())
    assert seen(training, dataclasses.replace(tested, scene="")) == ((), ())
    # A scene is called after its first photo, here the one that was tested.
    other = dataclasses.replace(other, scene="urban_0001")
    assert seen(training, other) == (("urban_0001_0_0",), ())
    training = trained_on(dataclasses.replace(other, split="train"))
    alone = example("urban_0002_0_0", "test", "epfl-patches", "urban_0002")
    assert seen(training, alone) == (("urban_0002_3_2",), ())


def test_whole_photos_and_their_crops():
    crop = example("country_0005", "test", "vcip-strict")
    photo = example(
        "more_country_0007", "train", "scenes-strict", scene="vcip_36"
    )
    assert seen(trained_on(photo), crop) == (("more_country_0007",), ())
    training = trained_on(dataclasses.replace(crop, split="train"))
    assert seen(training, photo) == (("country_0005",), ())
    same = example(
        "vcip_country_0005", "train", "scenes-strict", scene="vcip_36"
    )
    names = ("vcip_country_0005",)
    assert seen(trained_on(same), crop) == (names, names)
    small = example(
        "scene_street_0003_256",
        "train",
        "scenes-strict",
        scene="scene_street_0001",
    )
    cut = example("street_0003_0_1", "test", "epfl", "street_0003")
    assert seen(trained_on(small), cut) == (("scene_street_0003_256",), ())
    other = example("street_0004_0_1", "test", "epfl", "street_0004")
    assert seen(trained_on(small), other) == ((), ())
    # By the shipped list two photos show this scene.
    twin = example("street_0001_0_1", "test", "epfl", "street_0001")
    assert seen(trained_on(small), twin) == (("scene_street_0003_256",), ())
    trained = trained_on(dataclasses.replace(cut, split="train"))
    assert seen(trained, twin) == (("street_0003_0_1",), ())


def vcip(protocol):
    return [
        example(name, split, protocol)
        for name, split in splits.load_split(protocol).items()
    ]


def test_vcip_official_is_contaminated_by_its_own_training_pairs():
    examples = vcip("vcip-official")
    tested = [one for one in examples if one.split == "test"]
    overlap = contamination.check(trained_on(*examples), tested, examples)
    # Known of the published split: 14 of the 28 show no scene of a training
    # pair, 8 are training pairs, 20 show a scene of a validation pair.
    assert (overlap.evaluated, len(overlap.images)) == (28, 14)
    assert (len(overlap.copies), overlap.selection) == (8, 20)
    text = overlap.describe()
    assert text.startswith(
        "contaminated: 14 of the 28 images show a scene of the training data, "
        "8 of them the very image (=): testing_0001 (mountain_0035; "
        "mountain_0041; mountain_0046; and 9 more), testing_0003 (= mountain_0"
    )
    assert "testing_0015 (= forest_0022; forest_0050), " in text
    assert text.endswith(
        "20 of the 28 show a scene that the model was validated on"
    )


def test_vcip_strict_is_clean():
    examples = vcip("vcip-strict")
    tested = [one for one in examples if one.split == "test"]
    overlap = contamination.check(trained_on(*examples), tested, examples)
    assert (overlap.state, overlap.selection) == ("clean", 0)
    assert overlap.describe() == (
        "clean: 0 of the 28 images show a scene of the training data"
    )


def test_chosen_on_is_not_trained_on():
    tested = example("a", "val")
    overlap = contamination.check(trained_on(tested), [tested], [tested])
    assert (overlap.state, overlap.images, overlap.selection) == (
        "clean",
        {},
        1,
    )


@pytest.mark.parametrize("category", contamination._LANDSCAPES)
@pytest.mark.parametrize("trained", ["vcip-strict", "epfl"])
def test_vcip_is_cut_from_landscapes_of_epfl(category, trained):
    crop = example("0001", protocol="vcip-strict")
    photo = example(f"{category}_0001", protocol="epfl")
    if trained == "epfl":
        crop, photo = photo, crop
    overlap = contamination.check(trained_on(crop), [photo], [photo])
    assert overlap.state == "unknown"
    assert "crops of EPFL's photos" in overlap.describe()


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("vcip_field_0001", "forest"),
        ("more_country_0007_256", "mountain"),
        ("more_urban_epfl_vn25_400", "urban"),
        ("more_stream_epfl_x1", "water"),
    ],
)
def test_photos_of_scenes_strict_may_be_those_of_epfl(name, category):
    ours = example(name, protocol="scenes-strict", scene="vcip_1")
    photo = example(f"{category}_0040", "test", "epfl", f"{category}_0040")
    other = example("street_0040", "test", "epfl", "street_0040")
    for trained, tested, state in (
        (ours, photo, "unknown"),
        (photo, ours, "unknown"),
        (ours, other, "clean"),
    ):
        training = trained_on(dataclasses.replace(trained, split="train"))
        overlap = contamination.check(training, [tested], [tested])
        assert overlap.state == state


def test_the_shipped_default_may_have_seen_towns_of_epfl(repository):
    training = training_data.read(repository / "saved_models" / "default")
    photo = example("urban_0000", "test", "epfl", "urban_0000")
    overlap = contamination.check(training, [photo], [photo])
    assert overlap.state == "unknown"


def test_vcip_is_not_cut_from_towns_of_epfl():
    crop = example("0001", protocol="vcip-strict")
    photo = example("urban_0001", protocol="epfl")
    overlap = contamination.check(trained_on(crop), [photo], [photo])
    assert overlap.state == "clean"


def test_without_a_record_nothing_is_known():
    overlap = contamination.check(None, [example("a")], [])
    assert (overlap.state, overlap.evaluated) == ("unknown", 1)
    assert overlap.describe().startswith("unknown")
    nothing = contamination.check(training_data.NOTHING, [example("a")], [])
    assert nothing.state == "clean"


def test_long_lists_of_names_are_cut():
    examples = [
        example(f"{i:03}", protocol="epfl", scene="s") for i in range(99)
    ]
    overlap = contamination.check(trained_on(*examples), examples, examples)
    text = overlap.describe()
    assert "029 (= 029; 000; 001; and 96 more), and 69 more" in text
    assert len(overlap.images["098"]) == 99


def test_the_record_is_read_as_written_and_only_grows(tmp_path):
    assert training_data.read_if_there(tmp_path) is None
    pairs = [example("a", scene="ä, b"), example("b", "val")]
    photo = example("c", "unpaired", nir_sha256="")
    unused = [example("d", "test"), example("e", "unused")]
    training = trained_on(*pairs, photo, *unused)
    assert [(image.name, image.role) for image in training.images] == [
        ("a", "pair"),
        ("b", "validation"),
        ("c", "photo"),
    ]
    training_data.write(tmp_path, training)
    training_data.write(tmp_path, training)
    assert training_data.read_if_there(tmp_path) == training
    assert training.protocol == "folder"
    other = trained_on(example("f", protocol="epfl"))
    training_data.write(tmp_path, other)
    both = training_data.read_if_there(tmp_path)
    assert both.images == training.images + other.images
    assert both.protocol == "epfl, folder"
    assert [p.name for p in tmp_path.iterdir()] == ["training_data.csv"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("a,pair", "a,test", "line 2, column role: 'test'; .*pair, photo"),
        ("pair,folder", "pair,vcip", "line 2, column protocol: 'vcip'"),
        (",7,", ",", "line 2: expected 6 columns"),
        ("nir,rgb", "rgb,nir", r"line 1: .*expected name,role,.*nir,rgb"),
        ("name", "name\xff", "UTF-8"),
        (sha256("rgb a folder")[:16], "", "line 2, column rgb: ''"),
        (sha256("nir a folder")[:16], "xyz", "line 2, column nir: 'xyz'"),
    ],
)
def test_a_malformed_record_is_named(tmp_path, old, new, message):
    training_data.write(tmp_path, trained_on(example("a", scene="7")))
    path = tmp_path / training_data.FILE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="latin-1")
    with pytest.raises(InputError, match=message) as error:
        training_data.read_if_there(tmp_path)
    assert str(path) in str(error.value)


def test_who_reads_photos():
    config = ConfigDict(
        {
            "unpaired_from": ("photos", "pairs"),
            "photo_probability": 0.0,
            "sources": {"photo": {"share": 0.0}},
        }
    )
    assert pipeline.reads_photos(["paired", "unpaired"], config)
    assert not pipeline.reads_photos(["paired"], config)
    config.unpaired_from = ("pairs",)
    assert not pipeline.reads_photos(["unpaired"], config)
    for probability in (0.0, 0.3):
        config.photo_probability = probability
        assert pipeline.reads_photos(["paired"], config) == bool(probability)
        assert not pipeline.reads_photos(["unpaired"], config)


ROLES = {"pair": "train", "validation": "val"}


def test_the_shipped_model_learned_from_no_validation_image(repository):
    folder = repository / "saved_models" / "default"
    training = training_data.read_if_there(folder)
    assert training.protocol == "scenes-strict"
    listed = splits.load_split("scenes-strict")
    for image in training.images:
        if image.role != "photo":
            # A photo that was shrunk has its side behind its name.
            name = image.name
            split = listed.get(name) or listed[name.rpartition("_")[0]]
            assert split == ROLES[image.role], name
    counts = {
        role: training.count(role) for role in ("pair", "validation", "photo")
    }
    assert counts == {"pair": 563, "validation": 53, "photo": 2_656}
