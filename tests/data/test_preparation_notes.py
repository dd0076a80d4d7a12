"""What the preparation of a data set says beside its table."""

import numpy as np
import pytest

from nircolor_tf.data import layouts, preparation_notes, prepare, synthetic
from nircolor_tf.data.checking import Reading
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files


@pytest.fixture
def source(tmp_path):
    synthetic.write_dataset(tmp_path / "source", 12, 64, 80, seed=1)
    return tmp_path / "source"


def test_files_at_other_places_and_of_other_types_are_named(source, tmp_path):
    assert "not read" not in prepare.prepare(source, "folder", source / "data")
    (source / "nir" / "more").mkdir()
    image = np.zeros((64, 80, 1), np.uint8)
    image_files.write_image(source / "nir" / "more" / "a.png", image)
    for name in ("nir/raw.dng", "notes.txt", ".hidden.png"):
        (source / name).write_bytes(b"x")
    # What a former run wrote into the data set is no part of it.
    (source / "data" / "old.png").write_bytes(b"x")
    summary = prepare.prepare(source, "folder", source / "data", overwrite=True)
    note = (
        "not read: 2 files (.dng, .png), of which 1 are images at places where "
        f"this layout has none: {source}/nir/more/a.png"
    )
    assert summary.splitlines()[-1] == note
    # An output that is the data set does not hide it.
    places = (source, source / "nir")
    known = layouts.folder(source)
    (source / "data" / "old.png").unlink()
    for output in (source, source.parent):
        assert preparation_notes.unread(places, known, output) == [note]


def test_photos_that_were_asked_for_are_there(source, tmp_path):
    photos = tmp_path / "photos"
    (photos / "lakes").mkdir(parents=True)
    image = np.zeros((64, 80, 3), np.uint8)
    image_files.write_image(photos / "lakes" / "a.png", image)
    with pytest.raises(InputError, match=r"--unpaired=.*photos: no image file"):
        prepare.prepare(source, "folder", tmp_path / "data", unpaired=photos)
    assert not (tmp_path / "data").exists()


def test_a_data_set_of_one_scene_cannot_be_trained_with(source, tmp_path):
    scenes = tmp_path / "scenes.csv"
    lines = [f"synthetic_{n:04},lake" for n in range(12)]
    scenes.write_text("\n".join(["name,scene", *lines, ""]))
    summary = prepare.prepare(
        source, "folder", tmp_path / "data", scene_file=scenes
    )
    assert "no pairs in val, so that nothing can be trained: " in summary
    assert "the pairs are of 1 scene, and" in summary
    summary = prepare.prepare(source, "folder", tmp_path / "other")
    assert "nothing can be trained" not in summary


@pytest.mark.parametrize(
    ("white", "warned"), [("4095", True), ("65535", False)]
)
def test_a_range_that_turns_images_white_is_named(
    source, tmp_path, caplog, white, warned
):
    # 12 bit in the upper bits of 16, as many industrial cameras write them.
    for path in (source / "nir").iterdir():
        image = image_files.read_nir(path).astype(np.uint16) << 8
        image_files.write_image(path, image)
    reading = Reading(nir_range=f"0,{white}")
    prepare.prepare(source, "folder", tmp_path / "data", reading=reading)
    text = "12 files have more than 5 % of their values above the white level"
    assert (text in caplog.text) == warned
