"""A manifest whose training pairs a teacher has colored."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from nircolor_tf import distill
from nircolor_tf.data import images, manifest
from nircolor_tf.errors import InputError


def teacher(nir):
    return nir * np.float32([1, 0.5, 0.25])


def test_training_pairs_are_mixed_and_others_stay(pairs_manifest, tmp_path):
    output = tmp_path / "deep" / "distilled"
    assert distill.distill(teacher, pairs_manifest, output, 0.75) == 7
    before = manifest.read_manifest(pairs_manifest)
    after = manifest.read_manifest(output / "manifest.csv")
    for old, new in zip(before, after, strict=True):
        if old.split != "train":
            assert new == old
            continue
        assert (new.name, new.nir, new.scene) == (old.name, old.nir, old.scene)
        assert Path(new.rgb).parent == output / "rgb"
        expected = 0.75 * teacher(images.read_nir(old.nir) / 255)
        expected += 0.25 * images.read_rgb(old.rgb) / 255
        np.testing.assert_allclose(
            images.read_rgb(new.rgb) / 255, expected, atol=0.51 / 255
        )
        assert (
            new.rgb_sha256
            == hashlib.sha256(Path(new.rgb).read_bytes()).hexdigest()
        )


def test_bad_input_leaves_nothing(pairs_manifest, tmp_path):
    def broken(nir):
        raise InputError("no memory")

    output = tmp_path / "out"
    for share in (0, 1.5):
        with pytest.raises(InputError, match=f"--share={share}"):
            distill.distill(teacher, pairs_manifest, output, share)
    with pytest.raises(InputError, match="no memory"):
        distill.distill(broken, pairs_manifest, output, 1)
    assert list(tmp_path.iterdir()) == []
    output.mkdir()
    with pytest.raises(InputError, match="out: exists already"):
        distill.distill(teacher, pairs_manifest, output, 1)
