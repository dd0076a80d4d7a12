"""Folders of images that become no manifest, or one with a warning."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from nircolor_tf.data import manifest, prepare, synthetic
from nircolor_tf.data.checking import Reading
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files


@pytest.fixture
def source(tmp_path):
    synthetic.write_dataset(tmp_path / "source", 12, 64, 80, seed=1)
    return tmp_path / "source"


def test_photos_that_are_the_truth_of_a_test(source, tmp_path):
    prepare.prepare(source, "folder", tmp_path / "data")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    (source / "unpaired").mkdir()
    for split in ("train", "test"):
        rgb = Path(manifest.select(examples, split)[0].rgb)
        shutil.copy(rgb, source / "unpaired" / f"{split}{rgb.suffix}")
    with pytest.raises(
        InputError, match=r"1 of the photos .*/test.png is that of .*, test"
    ):
        prepare.prepare(source, "folder", tmp_path / "more")
    assert not (tmp_path / "more").exists()
    (source / "unpaired" / "test.png").unlink()
    prepare.prepare(source, "folder", tmp_path / "more")


def test_a_stuck_pixel_is_said(tmp_path, caplog):
    synthetic.write_dataset(tmp_path / "source", 12, 64, 80, seed=1)
    for path in (tmp_path / "source" / "nir").iterdir():
        levels = image_files.read_nir(path).astype(np.uint16) * 16
        image_files.write_image(path, levels)
    prepare.prepare(tmp_path / "source", "folder", tmp_path / "data")
    assert "stuck" not in caplog.text
    levels[3, 4] = 65535
    image_files.write_image(path, levels)
    prepare.prepare(tmp_path / "source", "folder", tmp_path / "again")
    assert (
        f"values up to 65535 for {path}, one of 1 of 12 that need them; the "
        "others need 4095: a stuck pixel?"
    ) in caplog.text


def test_a_record_of_other_images_is_not_left_beside_them(source, tmp_path):
    (tmp_path / "training_data.csv").touch()
    with pytest.raises(InputError, match=r"holds training_data.csv, of a trai"):
        prepare.prepare(source, "folder", tmp_path, overwrite=True)


def test_numbers_of_bands_have_no_zeros_before(source, tmp_path):
    for reading in (Reading(channel="01"), Reading(rgb_bands="3,02,1")):
        with pytest.raises(InputError, match=r"=(01|3,02,1): expected"):
            prepare.prepare(source, "folder", tmp_path / "no", reading=reading)


def test_a_name_with_a_line_break(source, tmp_path):
    for side in ("nir", "rgb"):
        path = source / side / "synthetic_0003.png"
        path.rename(path.with_name("a\nb.png"))
    with pytest.raises(
        InputError, match=r"a\\nb.png.*has a line break"
    ) as info:
        prepare.prepare(source, "folder", tmp_path / "no")
    assert "2 problems" in str(info.value)
