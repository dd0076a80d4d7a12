"""Which images quantized files are calibrated on and checked with."""

import numpy as np
import pytest
from ml_collections import ConfigDict

from nircolor_tf.data import manifest, synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.export import samples
from nircolor_tf.images import channels, image_files


def config(manifest_file, split="val"):
    return ConfigDict(
        {"data": {"manifest": str(manifest_file)}, "evaluate": {"split": split}}
    )


def test_training_images_and_a_split_large_enough(pairs_manifest):
    # Three are to validate with, seven to train, three have no NIR.
    examples = manifest.read_manifest(pairs_manifest)
    read = samples.read(config(pairs_manifest), "nir", "", 3)
    for image, index in zip(read.representative, (0, 2, 4), strict=True):
        expected = image_files.read_nir(examples[index].nir) / 255
        np.testing.assert_allclose(image, expected, atol=1e-6)
    assert read.origin == "synthetic"
    assert len(read.checks) == samples.CHECKS


def test_checks_are_of_the_split_and_of_the_source(pairs_manifest, monkeypatch):
    monkeypatch.setattr(samples, "CHECKS", 2)
    examples = manifest.read_manifest(pairs_manifest)
    read = samples.read(config(pairs_manifest), "gray", "", 0)
    assert read.origin == "val"
    assert read.representative == []
    for image, index in zip(read.checks, (7, 8), strict=True):
        rgb = image_files.read_rgb(examples[index].rgb) / 255
        luma = rgb @ [0.299, 0.587, 0.114]
        np.testing.assert_allclose(image[..., 0], luma, atol=1e-6)


def test_a_folder_in_place_of_a_manifest_that_is_gone(tmp_path):
    nir, _ = synthetic.make_pair(0, 20, 30, 16)
    image_files.write_image(tmp_path / "a.png", nir)
    read = samples.read(config(tmp_path / "gone.csv"), "nir", tmp_path, 1)
    np.testing.assert_allclose(read.representative[0], nir / 65535, atol=1e-6)
    assert read.origin == "synthetic"


def test_one_channel_of_a_folder_as_colorize_reads_it(tmp_path):
    # 12 bit in 16: the largest value says so.
    nir, _ = synthetic.make_pair(0, 20, 30, 8)
    deep = nir.astype(np.uint16) * 16
    deep[0, 0] = 4095
    pink = np.concatenate([deep // 2, deep, deep], axis=-1)
    image_files.write_image(tmp_path / "a.png", pink)
    gone = config(tmp_path / "gone.csv")
    read = samples.read(gone, "nir", tmp_path, 1, channels.parse("blue"))
    np.testing.assert_allclose(read.representative[0], deep / 4095, atol=1e-6)
    with pytest.raises(InputError, match=r"a\.png: .*--channel=red, green"):
        samples.read(gone, "nir", tmp_path, 1)


def test_too_few_images_are_counted(tmp_path, pairs_manifest, caplog):
    with pytest.raises(InputError, match=r"holds no image; .*--representativ"):
        samples.read(config(pairs_manifest), "nir", tmp_path, 3)
    few = samples.read(config(pairs_manifest), "nir", "", 100)
    assert len(few.representative) == 7
    assert "train: holds 7 images; expected 100" in caplog.text
    with pytest.raises(InputError, match=r"gone.csv: .* --representative=DIR"):
        samples.read(config(tmp_path / "gone.csv"), "nir", "", 3)


def test_cover_by_hand():
    # Halved to 4 x 2, of which the middle rows cover 2 x 2.
    rows = np.repeat([0.0, 1, 2, 3, 4, 5, 6, 7], 4).reshape(8, 4, 1)
    covered = samples.cover(rows.astype(np.float32), 2, 2)
    assert covered[..., 0].tolist() == [[2.5, 2.5], [4.5, 4.5]]
    # Enlarged, where it has to be.
    assert samples.cover(rows.astype(np.float32), 16, 12).shape == (16, 12, 1)
