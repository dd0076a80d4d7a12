"""A manifest whose training pairs a teacher has colored."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from nircolor_tf.data import distill, imitations, manifest, training_data
from nircolor_tf.data.distill import Options
from nircolor_tf.data.training_data import TrainingData, TrainingImage
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

SEEN = TrainingData(
    (TrainingImage("elsewhere", "pair", "folder", "", "a" * 16, "b" * 16),)
)


def teacher(nir):
    return nir * np.float32([1, 0.5, 0.25])


def test_training_pairs_are_mixed_and_others_stay(pairs_manifest, tmp_path):
    output = tmp_path / "deep" / "distilled"
    count = distill.distill(
        teacher, SEEN, pairs_manifest, output, Options(0.75, 0, False, 1)
    )
    assert count == 7
    before = manifest.read_manifest(pairs_manifest)
    after = manifest.read_manifest(output / "manifest.csv")
    assert len(after) == len(before)
    by_name = {one.name: one for one in after}
    for old in before:
        new = by_name[old.name]
        if old.split != "train":
            assert new == old
            continue
        assert (new.name, new.nir, new.scene) == (old.name, old.nir, old.scene)
        assert Path(new.rgb).parent == output / "rgb"
        expected = 0.75 * teacher(image_files.read_nir(old.nir) / 255)
        expected += 0.25 * image_files.read_rgb(old.rgb) / 255
        np.testing.assert_allclose(
            image_files.read_rgb(new.rgb) / 255, expected, atol=0.51 / 255
        )
        assert (
            new.rgb_sha256
            == hashlib.sha256(Path(new.rgb).read_bytes()).hexdigest()
        )


def test_a_teacher_colors_what_it_never_saw(pairs_manifest, tmp_path):
    outputs = [tmp_path / name for name in ("first", "second")]
    for output in outputs:
        count = distill.distill(
            teacher, SEEN, pairs_manifest, output, Options(1, 2, True, 1)
        )
        assert count == 3 * 7 + 3
    before = manifest.read_manifest(pairs_manifest)
    after = manifest.read_manifest(outputs[0] / "manifest.csv")
    assert len(after) == len(before) + 2 * 7
    made = manifest.select(after, "train")
    names = [one.name for one in made]
    for old in before:
        if old.split == "train":
            assert {f"{old.name}_varied_{n}" for n in (1, 2)} < set(names)
        elif old.split == "unpaired":
            assert old.name in names
    for one in made:
        nir = image_files.read_nir(one.nir)
        assert nir.shape[:2] == (one.height, one.width)
        np.testing.assert_allclose(
            image_files.read_rgb(one.rgb) / 255,
            teacher(nir / 255),
            atol=0.51 / 255,
        )
        assert one.nir_sha256 == (
            hashlib.sha256(Path(one.nir).read_bytes()).hexdigest()
        )
    # No two are alike, and a second time they are the same.
    assert len({one.nir_sha256 for one in made}) == len(made)
    again = manifest.read_manifest(outputs[1] / "manifest.csv")
    assert [one.nir_sha256 for one in again] == [o.nir_sha256 for o in after]


def test_a_variation_is_a_part_of_its_image_otherwise_lit():
    # Brightness grows to the right: a part of it does, or the other way round.
    image = np.tile(np.linspace(0.2, 0.8, 64, dtype=np.float32), (32, 1))
    slopes = set()
    for seed in range(8):
        varied = imitations.vary(image[..., None], np.random.default_rng(seed))
        assert (varied.shape, varied.dtype) == ((32, 64, 1), np.float32)
        assert varied.min() >= 0
        assert varied.max() <= 1
        np.testing.assert_allclose(varied, varied[:1].repeat(32, 0), atol=1e-5)
        steps = np.diff(varied[0, :, 0])
        slopes.add(np.sign(steps.sum()))
        assert np.all(steps * steps.sum() >= -1e-6)
        assert 0.5 * 0.6 * 0.5 < np.ptp(varied) < 1
    assert slopes == {-1, 1}


def test_leaves_are_bright_and_skies_dark_in_imitated_nir():
    leaf, sky, gray = [0.25, 0.45, 0.2], [0.45, 0.6, 0.9], [0.5, 0.5, 0.5]
    photo = np.float32([[leaf, sky, gray]])
    found = [
        imitations.imitate_nir(photo, np.random.default_rng(seed))[0, :, 0]
        for seed in range(200)
    ]
    luma = conversions.to_gray(photo)[0, :, 0]
    leaves, skies, grays = np.transpose(found)
    # The mean of a gamma of 1 / 1.4 to 1.4, of which the ends are seen.
    assert np.mean(leaves) > luma[0] + 0.05
    assert np.mean(skies) < luma[1] - 0.01
    assert grays.min() == pytest.approx(0.5**1.4, abs=0.01)
    assert grays.max() == pytest.approx(0.5 ** (1 / 1.4), abs=0.01)


def test_saturation_moves_colors_from_gray(pairs_manifest, tmp_path):
    distill.distill(
        teacher,
        SEEN,
        pairs_manifest,
        tmp_path / "out",
        Options(1, 0, False, 1.5),
    )
    made = manifest.read_manifest(tmp_path / "out" / "manifest.csv")
    one = manifest.select(made, "train")[0]
    rgb = teacher(image_files.read_nir(one.nir) / 255)
    gray = conversions.to_gray(rgb)
    expected = (gray + 1.5 * (rgb - gray)).clip(0, 1)
    np.testing.assert_allclose(
        image_files.read_rgb(one.rgb) / 255, expected, atol=0.51 / 255
    )
    with pytest.raises(InputError, match="--saturation=0"):
        distill.distill(
            teacher,
            SEEN,
            pairs_manifest,
            tmp_path / "no",
            Options(1, 0, False, 0),
        )


def test_photos_that_are_not_there_are_no_photos(pairs_manifest, tmp_path):
    pairs = [
        one
        for one in manifest.read_manifest(pairs_manifest)
        if one.split != "unpaired"
    ]
    source = tmp_path / "manifest.csv"
    manifest.write_manifest(source, pairs)
    with pytest.raises(InputError, match="'unpaired': the manifest has no"):
        distill.distill(
            teacher, SEEN, source, tmp_path / "out", Options(1, 0, True, 1)
        )


def test_bad_input_leaves_nothing(pairs_manifest, tmp_path):
    def broken(nir):
        raise InputError("no memory")

    output = tmp_path / "out"
    for share in (0, 1.5):
        with pytest.raises(InputError, match=f"--share={share}"):
            distill.distill(
                teacher,
                SEEN,
                pairs_manifest,
                output,
                Options(share, 0, False, 1),
            )
    with pytest.raises(InputError, match="--variations=-1"):
        distill.distill(
            teacher, SEEN, pairs_manifest, output, Options(1, -1, False, 1)
        )
    with pytest.raises(InputError, match="no memory"):
        distill.distill(
            broken, SEEN, pairs_manifest, output, Options(1, 0, False, 1)
        )
    assert list(tmp_path.iterdir()) == []
    output.mkdir()
    with pytest.raises(InputError, match="out: exists already"):
        distill.distill(
            teacher, SEEN, pairs_manifest, output, Options(1, 0, False, 1)
        )


def test_variations_have_no_variations(pairs_manifest, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    distill.distill(
        teacher, SEEN, pairs_manifest, first, Options(1, 2, False, 1)
    )
    source = first / "manifest.csv"
    with pytest.raises(InputError, match=r"_varied_1 is a variation of synth"):
        distill.distill(teacher, SEEN, source, second, Options(1, 2, False, 1))
    assert not second.exists()
    distill.distill(teacher, SEEN, source, second, Options(1, 0, False, 1))
    assert manifest.read_manifest(second / "manifest.csv")


def test_a_student_has_seen_what_its_teacher_has(pairs_manifest, tmp_path):
    output = tmp_path / "out"
    distill.distill(
        teacher, SEEN, pairs_manifest, output, Options(1, 2, True, 1)
    )
    path = output / "manifest.csv"
    found = training_data.collect_taught(
        path, manifest.read_manifest(path), False, "val"
    )
    real = training_data.collect(
        manifest.read_manifest(pairs_manifest), True, "val"
    )
    # The pairs and photos at hand, not the 3 * 7 + 3 pairs made of them.
    assert set(found.images) == {*SEEN.images, *real.images}
    assert [found.count(role) for role in training_data.ROLES] == [8, 3, 3]
    assert training_data.read(output).count("validation") == 0
