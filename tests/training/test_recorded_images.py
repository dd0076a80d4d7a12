"""A training is resumed with the images that it began with, or not at all."""

import dataclasses
import shutil
from pathlib import Path

import pytest
import smoke

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError
from nircolor_tf.training import config_files, recorded_images, trainer

SMALL = ("supervised", "unet256,smoke")


@pytest.fixture
def data(tmp_path, pairs_manifest):
    """A copy of the pairs, to be moved."""
    folder = tmp_path / "data"
    shutil.copytree(Path(pairs_manifest).parent, folder)
    return folder


def change(path, target, number, **values):
    """Writes a manifest with one line changed."""
    examples = manifest.read_manifest(path)
    examples[number] = dataclasses.replace(examples[number], **values)
    manifest.write_manifest(target, examples)


def steps(workdir):
    lines = (workdir / "train" / "scalars.csv").read_text().splitlines()
    return {int(line.split(",")[0]) for line in lines[1:]}


def test_a_training_goes_on_elsewhere(data, tmp_path, monkeypatch, one_replica):
    workdir = tmp_path / "w"
    monkeypatch.chdir(data)
    config = smoke.smoke_config(*SMALL, "manifest.csv")
    trainer.train(config, workdir, one_replica, stop_at=1)
    monkeypatch.chdir(tmp_path)
    # From another folder.
    config = config_files.read_config(workdir)
    assert config.data.manifest == str(data / "manifest.csv")
    trainer.train(config, workdir, one_replica, stop_at=2)
    # Its data has moved.
    data.rename(tmp_path / "moved")
    with pytest.raises(InputError, match=r"data/manifest\.csv: cannot be read"):
        trainer.train(config, workdir, one_replica, stop_at=3)
    config.data.manifest = "moved/manifest.csv"
    trainer.train(config, workdir, one_replica, stop_at=3)
    assert steps(workdir) == {1, 2, 3}
    config = config_files.read_config(workdir)
    assert config.data.manifest == str(tmp_path / "moved/manifest.csv")
    # The images of today are others.
    other = tmp_path / "moved" / "other.csv"
    change(tmp_path / "moved" / "manifest.csv", other, 1, split="val")
    config.data.manifest = str(other)
    before = (workdir / "config.json").read_text()
    with pytest.raises(InputError, match=r"other\.csv: .*1 of 10 differ"):
        trainer.train(config, workdir, one_replica)
    assert (workdir / "config.json").read_text() == before


@pytest.fixture
def begun(data, tmp_path):
    """A workdir as a training leaves it, its config and its images."""
    config = smoke.smoke_config(*SMALL, data / "manifest.csv")
    config = config_files.with_absolute_paths(config)
    examples = manifest.read_manifest(data / "manifest.csv")
    config_files.write_config(tmp_path / "w", config)
    recorded_images.write(tmp_path / "w", examples)
    return tmp_path / "w", config, examples


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"split": "test"},
            "1 of 13 differ; the first, 'synthetic_0002', has another split "
            "train then, test now",
        ),
        ({"rgb_sha256": "0" * 64}, "has another rgb_sha256 .* then, 0000"),
        ({"nir_high": 200}, "has another nir_high 255 then, 200 now"),
        ({"nir_channel": "luma"}, "nir_channel gray then, luma now"),
        ({"name": "z"}, "2 of 13 differ; the first, .*_0002', is missing"),
    ],
)
def test_what_differs_is_named(begun, changes, message):
    workdir, config, examples = begun
    examples[2] = dataclasses.replace(examples[2], **changes)
    with pytest.raises(InputError, match=message):
        recorded_images.check(workdir, config, examples)


def test_more_fewer_and_the_same_in_another_order(begun):
    workdir, config, examples = begun
    recorded_images.check(workdir, config, examples)
    with pytest.raises(InputError, match=r"_0000', is missing"):
        recorded_images.check(workdir, config, examples[1:])
    more = [*examples, dataclasses.replace(examples[0], name="more")]
    with pytest.raises(InputError, match=r"1 of 13 differ; .*'more', is new"):
        recorded_images.check(workdir, config, more)
    with pytest.raises(InputError, match="the same ones in another order"):
        recorded_images.check(workdir, config, examples[::-1])
    # Where the files lie, and what was measured of them, does not matter.
    moved = [
        dataclasses.replace(one, rgb=f"/elsewhere{one.rgb}", shift_x=3)
        for one in examples
    ]
    recorded_images.check(workdir, config, moved)


def test_an_older_workdir_stays_with_its_manifest(begun, tmp_path, monkeypatch):
    workdir, config, examples = begun
    (workdir / recorded_images.FILE).unlink()
    recorded_images.check(workdir, config, examples)
    # It had a path relative to the folder where it began.
    file = workdir / "config.json"
    file.write_text(file.read_text().replace(f"{tmp_path}/data/", "data/"))
    assert (
        config_files.read_config(workdir).data.manifest == "data/manifest.csv"
    )
    monkeypatch.chdir(tmp_path)
    recorded_images.check(workdir, config, examples)
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="an older version wrote it"):
        recorded_images.check(workdir, config, examples)


def test_a_new_workdir_has_nothing_to_compare(begun, tmp_path):
    _, config, examples = begun
    recorded_images.check(tmp_path / "new", config, examples)


def test_a_training_does_not_write_beside_its_manifest(data, one_replica):
    config = smoke.smoke_config(*SMALL, str(data / "manifest.csv"))
    before = {path.name for path in data.iterdir()}
    with pytest.raises(
        InputError, match=r"data: config.data.manifest lies there, .* another"
    ):
        trainer.train(config, data, one_replica)
    assert {path.name for path in data.iterdir()} == before
