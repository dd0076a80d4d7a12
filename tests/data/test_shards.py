"""Data beyond memory: shards give the batches that memory gives."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sparse_shards
from test_photos import make_photo
from test_pipeline import data_config, make_example, take

from nircolor_tf.data import example_images, manifest, pipeline, shards
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files

GROUPS = ("vcip_country_0000", "more_country_0000_256", "scene_indoor_0000_400")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A manifest of pairs and photos of several sizes, depths and groups."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(0)
    examples = []
    for number, name in enumerate(GROUPS):
        size = 20 + 5 * number, 40 - 7 * number
        nir = rng.integers(0, 4096, (*size, 1), np.uint16)
        rgb = rng.integers(0, 256, (*size, 3), np.uint8)
        changes = {"nir_high": 4095, "rgb_low": 5, "bits": 16}
        changes["protocol"] = "scenes-strict"
        examples.append(make_example(folder, name, nir, rgb, **changes))
        photo = make_photo(folder, f"photo_{number}", rgb[::-1].copy())
        examples.append(dataclasses.replace(photo, protocol="scenes-strict"))
    manifest.write_manifest(folder / "manifest.csv", examples)
    before = shards._SHARD_BYTES
    shards._SHARD_BYTES = 5_000
    shards.write(folder / "manifest.csv")
    shards._SHARD_BYTES = before
    return folder / "manifest.csv"


def augmented(**changes):
    """config.data with all of the augmentation, in batches of two."""
    return data_config(
        crop=16,
        zoom=(0.7, 1.5),
        zoom_probability=0.7,
        mirror_probability=0.5,
        contrast=(0.5, 1.5),
        contrast_probability=0.5,
        gamma=(0.7, 1.4),
        exposure=(0.8, 1.2),
        noise=0.05,
        **changes,
    )


def mixed(config):
    config.photo_probability = 0.4


def grouped(config):
    for group, share in (("vcip", 1), ("landscape", 2), ("town", 1)):
        config.sources[group].share = float(share)
    config.sources.photo.share = 1.0
    config.sources.town.zoom = (0.5, 0.5)


def from_both(config):
    config.unpaired_from = ("photos", "pairs")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param("paired", lambda _: None, marks=pytest.mark.slow),
        pytest.param("paired", mixed, marks=pytest.mark.slow),
        ("paired", grouped),
        ("unpaired", from_both),
    ],
    ids=["pairs", "with photos", "groups", "unpaired"],
)
def test_the_batches_are_those_from_memory_and_resume(name, change, path):
    examples = manifest.read_manifest(path)
    config = augmented()
    change(config)
    # Ten epochs of the pairs.
    kept = take(pipeline.open_source(name, examples, config), config, 15)
    config.manifest = str(path)
    source = pipeline.open_source(name, examples, config)
    read = take(source, config, 15)
    assert len({batch["rgb"].tobytes() for batch in read}) == 15
    resumed = take(source, config, 4, start_step=11)
    for expected, actual in zip(kept + kept[11:], read + resumed, strict=True):
        assert expected.keys() == actual.keys()
        for kind, images in expected.items():
            np.testing.assert_array_equal(actual[kind], images)


def test_it_says_how_much_there_is_and_where(path):
    examples = manifest.read_manifest(path)
    config = data_config(manifest=str(path), unpaired_from=("photos", "pairs"))
    names = ["paired", "unpaired"]
    said = pipeline.describe_storage(names, examples, config)
    folder = path.with_suffix(".shards")
    assert said == f"data: 0.0 GB of pixels, read as needed from {folder}"
    assert len(list(folder.glob("*.tfrecord"))) > 2
    config.manifest = ""
    said = pipeline.describe_storage(names, examples, config)
    assert said == "data: 0.0 GB of pixels in memory"
    huge = [dataclasses.replace(one, height=10**8) for one in examples]
    said = pipeline.describe_storage(names, huge, config)
    # 40, 33 and 26 px wide: pairs of 4 and of 3 channels in 16 bit, photos.
    assert said.startswith("data: 168.3 GB of pixels in memory; to read")


@pytest.fixture
def small(tmp_path):
    """A manifest of three pairs, with shards."""
    pairs = [
        make_example(
            tmp_path,
            str(number),
            np.full((16, 16, 1), number, np.uint8),
            np.full((16, 16, 3), number, np.uint8),
        )
        for number in range(3)
    ]
    manifest.write_manifest(tmp_path / "manifest.csv", pairs)
    shards.write(tmp_path / "manifest.csv")
    return tmp_path / "manifest.csv"


def open_pairs(path):
    config = data_config(crop=16, manifest=str(path))
    examples = manifest.read_manifest(path)
    return pipeline.open_source("paired", examples, config), config


def test_a_damaged_image_is_named(small):
    shard = small.with_suffix(".shards") / "00000.tfrecord"
    data = bytearray(shard.read_bytes())
    data[12 + 100] ^= 1
    shard.write_bytes(data)
    source, config = open_pairs(small)
    batches = shards.named(iter(source.batches(config, 0, 0)), small)
    with pytest.raises(
        InputError, match=r"manifest\.shards: .*corrupted .*--shards_of=\S*csv"
    ):
        for _ in range(3):
            next(batches)


def test_shards_of_other_images_are_refused(small):
    examples = manifest.read_manifest(small)
    changed = dataclasses.replace(examples[1], rgb_sha256="0" * 64)
    manifest.write_manifest(small, [examples[0], changed])
    with pytest.raises(InputError, match=r"manifest\.shards: 1 is not in it"):
        open_pairs(small)


def test_a_shard_that_was_cut_off_is_named(small):
    shard = small.with_suffix(".shards") / "00000.tfrecord"
    shard.write_bytes(shard.read_bytes()[:-1])
    size = 3 * (16 * 16 * 4 + 16)
    with pytest.raises(
        InputError,
        match=rf"00000\.tfrecord: has {size - 1} bytes; expected {size} at",
    ):
        open_pairs(small)
    shard.unlink()
    with pytest.raises(InputError, match=r"00000\.tfrecord: has 0 bytes"):
        open_pairs(small)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text.replace("offset", "place"),
        lambda text: text.replace(",8,0,", ",9,0,"),
        lambda text: text.replace(",8,0,0", ",8,0,-5"),
        lambda text: text.replace(",8,0,0", ",8,../../x,0"),
        lambda text: text.partition("\n")[0] + "\n",
        lambda text: text.rstrip() + ",1\nx",
    ],
)
def test_a_malformed_index_is_named(small, damage):
    index = small.with_suffix(".shards") / "index.csv"
    index.write_text(damage(index.read_text()))
    with pytest.raises(InputError, match=r"index\.csv: no index of shards"):
        open_pairs(small)


def test_shards_are_written_whole_or_not_at_all(small):
    with pytest.raises(InputError, match=r"exists; expected none"):
        shards.write(small)
    folder = small.with_suffix(".shards")
    before = (folder / "00000.tfrecord").read_bytes()
    example = manifest.read_manifest(small)[2]
    image_files.write_image(example.nir, np.zeros((16, 16, 1), np.uint8))
    with pytest.raises(InputError, match=r"2_nir\.png: is no longer"):
        shards.write(small, overwrite=True)
    assert (folder / "00000.tfrecord").read_bytes() == before
    names = {entry.name for entry in small.parent.glob("*manifest*")}
    assert names == {"manifest.csv", "manifest.shards"}


def test_a_full_disk_is_said_before(small, monkeypatch):
    usage = shards.shutil.disk_usage(small)._replace(free=3_071)
    monkeypatch.setattr(shards.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(InputError, match=r"take 0\.0 GB, but 0\.0 GB are free"):
        shards.write(small, overwrite=True)
    usage = usage._replace(free=3_072)
    shards.write(small, overwrite=True)


def test_nothing_to_train_on(small):
    examples = manifest.read_manifest(small)
    manifest.write_manifest(
        small, [dataclasses.replace(one, split="test") for one in examples]
    )
    with pytest.raises(InputError, match=r"no pair or photo .* to train on"):
        shards.write(small, overwrite=True)


def test_many_validation_pairs_are_read_when_needed(small, monkeypatch):
    examples = manifest.read_manifest(small)
    kept = example_images.open_pairs(examples)
    monkeypatch.setattr(example_images, "_KEPT_BYTES", 100)
    Path(examples[2].rgb).unlink()
    pairs = example_images.open_pairs(examples)
    assert len(pairs) == len(kept) == 3
    for some in (pairs[:2], [pairs[0], pairs[1]]):
        for images, expected in zip(some, kept[:2], strict=True):
            for image, other in zip(images, expected, strict=True):
                np.testing.assert_array_equal(image.unit, other.unit)
    with pytest.raises(InputError, match="No such file"):
        list(pairs)


def run(program, *arguments):
    tests = Path(__file__).parents[1]
    path = os.pathsep.join(map(str, (tests.parent, tests, tests / "data")))
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


_GROWTH = """
import resource, sys
from nircolor_tf.data import manifest, pipeline
from test_pipeline import data_config

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

config = data_config(crop=256, batch_size=8, manifest=sys.argv[1])
examples = manifest.read_manifest(config.manifest)
before = peak()
source = pipeline.open_source("paired", examples, config)
for batch in source.batches(config, 0, 0).take(100):
    pass
print(peak() - before)
"""


@pytest.mark.slow
def test_a_set_of_three_gigabytes_takes_a_fraction_of_memory(tmp_path):
    path = sparse_shards.write(tmp_path / "set", 3_000)
    grown = int(run(["-c", _GROWTH], path)) * 1024
    assert grown < 300e6


@pytest.mark.slow
def test_the_command_writes_shards_of_large_sets(tmp_path):
    command = [Path(__file__).parents[2] / "bin" / "prepare_data.py"]
    folder = tmp_path / "source"
    rng = np.random.default_rng(0)
    for kind, channels in (("nir", 1), ("rgb", 3)):
        (folder / kind).mkdir(parents=True)
        for number in range(9):
            image = rng.integers(0, 256, (48, 48, channels), np.uint8)
            image_files.write_image(folder / kind / f"{number}.png", image)
    arguments = [f"--source={folder}", "--layout=folder"]
    arguments += [f"--output={tmp_path / 'data'}"]
    assert ".shards" not in run(command, *arguments)
    path = tmp_path / "data" / "manifest.csv"
    assert not path.with_suffix(".shards").exists()
    said = run(command, *arguments, "--overwrite", "--memory_gb=0")
    assert f"wrote {path.with_suffix('.shards')}: 0.0 GB of pixels" in said
    source, config = open_pairs(path)
    assert len(take(source, config, 1)) == 1
    # They are those of the manifest before.
    run(command, *arguments, "--overwrite")
    assert not path.with_suffix(".shards").exists()
    run(command, f"--shards_of={path}")
    open_pairs(path)
