"""From folders of images to a manifest."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nircolor_tf.data import cutting, layouts, manifest, prepare, synthetic
from nircolor_tf.data.image_sources import PairSource
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

BINARY = Path(__file__).parents[2] / "bin" / "prepare_data.py"


@pytest.fixture
def source(tmp_path):
    synthetic.write_dataset(tmp_path / "source", 12, 64, 80, seed=1)
    return tmp_path / "source"


def _photo_pair(folder, name, height, width):
    """Every pixel of the pair tells its position, to find crops again."""
    folder.mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[:height, :width].astype(np.uint16)
    zero = np.zeros_like(x)
    image_files.write_image(folder / f"{name}_nir.tiff", 40 * y + x)
    image_files.write_image(
        folder / f"{name}_rgb.tiff", np.stack([y, x, zero], axis=-1)
    )


def test_folder(source, tmp_path):
    photo = synthetic.make_pair(99, 50, 40)[1]
    (source / "unpaired").mkdir()
    image_files.write_image(source / "unpaired" / "photo.jpg", photo)
    summary = prepare.prepare(source, "folder", tmp_path / "data")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    splits = [example.split for example in examples]
    assert {s: splits.count(s) for s in set(splits)} == {
        "train": 10,
        "val": 1,
        "test": 1,
        "unpaired": 1,
    }
    first = examples[0]
    assert first.name == "synthetic_0000"
    assert {example.protocol for example in examples} == {"folder"}
    assert (first.height, first.width, first.bits) == (64, 80, 8)
    assert image_files.read_nir(first.nir).shape == (64, 80, 1)
    assert examples[-1].name == "unpaired_photo"
    assert "train           10      10" in summary
    assert "80x64 (12)" in summary
    again = prepare.prepare(source, "folder", tmp_path / "again")
    assert again == summary
    assert [
        example.split
        for example in manifest.read_manifest(tmp_path / "again/manifest.csv")
    ] == splits


def test_hashes_are_those_of_the_files(source, tmp_path):
    prepare.prepare(source, "folder", tmp_path / "data")
    example = manifest.read_manifest(tmp_path / "data" / "manifest.csv")[3]
    for path, expected in [
        (example.nir, example.nir_sha256),
        (example.rgb, example.rgb_sha256),
    ]:
        assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == expected


def test_every_problem_is_reported_at_once(source, tmp_path):
    nir, rgb = source / "nir", source / "rgb"
    (nir / "synthetic_0000.png").unlink()
    (rgb / "synthetic_0001.png").unlink()
    (nir / "synthetic_0002.png").write_bytes(b"")
    (rgb / "synthetic_0003.png").write_bytes(b"text")
    image_files.write_image(
        nir / "synthetic_0004.png",
        image_files.read_rgb(rgb / "synthetic_0004.png"),
    )
    image_files.write_image(
        rgb / "synthetic_0005.png", np.zeros((64, 79, 3), np.uint8)
    )
    image_files.write_image(
        nir / "synthetic_0006.tif", np.zeros((64, 80), np.uint8)
    )
    with pytest.raises(InputError) as error:
        prepare.prepare(source, "folder", tmp_path / "data")
    lines = str(error.value).splitlines()
    assert lines[0].startswith("7 problems")
    for file, reason in [
        ("rgb/synthetic_0000.png", "no NIR partner"),
        ("nir/synthetic_0001.png", "no RGB partner"),
        ("nir/synthetic_0002.png", "empty"),
        ("rgb/synthetic_0003.png", "not a readable"),
        ("nir/synthetic_0004.png", "RGB image where NIR"),
        ("nir/synthetic_0005.png", "80x64 px, but"),
        ("nir/synthetic_0006.tif", "same name"),
    ]:
        assert sum(file in line and reason in line for line in lines) == 1
    assert not (tmp_path / "data").exists()


def test_vcip_layout(tmp_path):
    nir, rgb = synthetic.make_pair(0, 40, 40)
    lake = synthetic.make_pair(1, 40, 40)[1]
    for file, image in [
        ("NIR/country_0000_nir.png", nir),
        ("RGB-Registered/country_0000_rgb_reg.png", rgb),
        ("RGB-Online/lake.png", lake),
        ("Validation/validation_0003_nir.png", nir),
        ("Validation/validation_0003_rgb_reg.png", rgb),
        ("Testing/NIR/0007_nir.png", nir),
        ("Testing/RGB-Registered/0007_rgb.png", rgb),
    ]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        image_files.write_image(tmp_path / file, image)
    found = layouts.vcip2020(tmp_path)
    assert [candidate.name for candidate in found] == [
        "country_0000",
        "testing_0007",
        "validation_0003",
        "unpaired_lake",
    ]
    assert all(candidate.nir for candidate in found[:3])
    assert all(candidate.rgb for candidate in found)
    summary = prepare.prepare(tmp_path, "vcip2020", tmp_path / "data")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert [example.split for example in examples] == [
        "train",
        "test",
        "unused",
        "unpaired",
    ]
    assert {example.protocol for example in examples} == {"vcip-strict"}
    # The three show one photo, as the challenge's do: said, not hidden.
    assert "scenes in more than one split: 1" in summary
    assert "415 names without files" in summary


def test_names_outside_a_shipped_list_are_refused(source, tmp_path):
    with pytest.raises(InputError, match=r"12 names.*\n.*synthetic_0000"):
        prepare.prepare(
            source, "folder", tmp_path / "data", split="vcip-strict"
        )


def test_a_16_bit_nir_beside_8_bit_rgb_keeps_its_depth(source, tmp_path):
    path = source / "nir" / "synthetic_0000.png"
    nir = image_files.read_nir(path).astype(np.uint16) * 200 + 7
    image_files.write_image(path, nir)
    prepare.prepare(source, "folder", tmp_path / "data", split="test")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert [example.bits for example in examples] == [16] + 11 * [8]
    cache = PairSource(examples[:1])
    expected = conversions.to_float(nir)
    np.testing.assert_array_equal(cache.image(0)[..., :1], expected)


def test_everything_can_be_test(source, tmp_path):
    prepare.prepare(source, "folder", tmp_path / "data", split="test")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert {example.split for example in examples} == {"test"}
    assert len(examples) == 12


def test_epfl_photos_are_cut(tmp_path):
    source = tmp_path / "source"
    _photo_pair(source / "urban", "0001", 500, 1000)
    _photo_pair(source / "field", "0001", 480, 959)
    prepare.prepare(source, "epfl", tmp_path / "data")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    starts = {
        "field_0001_0_0": (0, 239),
        "urban_0001_0_0": (10, 0),
        "urban_0001_0_1": (10, 520),
    }
    assert [example.name for example in examples] == list(starts)
    for example in examples:
        assert (example.height, example.width, example.bits) == (480, 480, 16)
        assert (example.protocol, example.scene) == ("epfl", example.name[:10])
        top, left = starts[example.name]
        nir, rgb = (
            image_files.read_nir(example.nir),
            image_files.read_rgb(example.rgb),
        )
        assert nir[0, 0, 0] == 40 * top + left
        assert rgb[0, 0].tolist() == [top, left, 0]
        assert rgb[-1, -1].tolist() == [top + 479, left + 479, 0]
    assert examples[1].split == examples[2].split
    assert {path.name for path in tmp_path.iterdir()} == {"source", "data"}


def test_photos_of_one_scene_of_epfl_are_not_torn(tmp_path):
    folder = tmp_path / "source" / "urban"
    folder.mkdir(parents=True)
    for first, seed in ((0, 1), (4, 2), (6, 3)):
        nir, rgb = synthetic.make_pair(seed, 600, 600)
        for number, place in ((first, 0), (first + 1, 90)):
            box = np.s_[place : place + 480, place : place + 480]
            for kind, image in (("nir", nir), ("rgb", rgb)):
                image_files.write_image(
                    folder / f"{number:04}_{kind}.png", image[box]
                )
    prepare.prepare(tmp_path / "source", "epfl", tmp_path / "data")
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    scenes_of = {
        example.name.removesuffix("_0_0"): example.scene for example in examples
    }
    assert scenes_of == {
        f"urban_{first + more:04}": f"urban_{first:04}"
        for first in (0, 4, 6)
        for more in (0, 1)
    }
    splits_of = {(example.scene, example.split) for example in examples}
    assert len(splits_of) == 3


def test_epfl_patches_overlap_by_half(tmp_path):
    _photo_pair(tmp_path / "source" / "urban", "0001", 96, 130)
    prepare.prepare(tmp_path / "source", "epfl", tmp_path / "data", patch=64)
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    corners = [
        image_files.read_rgb(example.rgb)[0, 0, :2].tolist()
        for example in examples
    ]
    assert corners == [[y, x] for y in (0, 32) for x in (0, 32, 64)]
    assert examples[0].protocol == "epfl-patches"


def test_numbers_of_crops():
    assert cutting.crop_starts(1024) == [0, 544]
    assert cutting.crop_starts(680) == [100]
    patches = len(cutting.patch_starts(680)) * len(cutting.patch_starts(1024))
    assert patches == 620


def test_small_photos_are_enlarged(tmp_path, monkeypatch):
    _photo_pair(tmp_path / "source" / "urban", "0001", 240, 300)
    monkeypatch.setattr(prepare.shift, "measure_shift", lambda *_: (3, -1))
    prepare.prepare(tmp_path / "source", "epfl", tmp_path / "data")
    (example,) = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    rgb = image_files.read_rgb(example.rgb)
    assert rgb.shape == (480, 480, 3)
    assert rgb[240, 0, 0] == pytest.approx(120, abs=1)
    assert (example.shift_x, example.shift_y) == (6, -2)


def test_unpaired_photos_beside_crops(tmp_path):
    _photo_pair(tmp_path / "source" / "urban", "0001", 480, 480)
    photos = tmp_path / "photos"
    photos.mkdir()
    image_files.write_image(photos / "lake.png", np.zeros((9, 9, 3), np.uint8))
    prepare.prepare(
        tmp_path / "source", "epfl", tmp_path / "data", unpaired=photos
    )
    examples = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert examples[1].split == "unpaired"
    assert Path(examples[1].rgb) == photos / "lake.png"


def test_a_failure_while_cutting_leaves_nothing(tmp_path, monkeypatch):
    _photo_pair(tmp_path / "source" / "urban", "0001", 480, 480)

    def full_disk(*_):
        raise InputError("no space left")

    monkeypatch.setattr(manifest, "write_manifest", full_disk)
    with pytest.raises(InputError, match="no space"):
        prepare.prepare(tmp_path / "source", "epfl", tmp_path / "data")
    assert {path.name for path in tmp_path.iterdir()} == {"source"}


def test_wrong_arguments(source, tmp_path):
    data = tmp_path / "data"
    prepare.prepare(source, "folder", data)
    for layout, output, options, message in [
        ("folder", data, {}, "--overwrite"),
        ("folder", tmp_path / "new", {"patch": 64}, "only the epfl"),
        ("epfl", data, {}, "not empty"),
        ("epfl", tmp_path / "new", {}, "NNNN_nir.tiff"),
        ("vcip2020", tmp_path / "new", {}, "missing: NIR"),
    ]:
        with pytest.raises(InputError, match=message):
            prepare.prepare(source, layout, output, **options)
    with pytest.raises(InputError, match=r"new: no such folder; .* nir and "):
        prepare.prepare(tmp_path / "new", "folder", tmp_path / "data2")
    assert not (tmp_path / "new").exists()
    prepare.prepare(source, "folder", data, overwrite=True)


def test_binary_exits_with_the_list(source, tmp_path):
    def run():
        return subprocess.run(
            [
                sys.executable,
                BINARY,
                f"--source={source}",
                "--layout=folder",
                f"--output={tmp_path / 'data'}",
            ],
            check=False,
            capture_output=True,
            text=True,
            cwd=BINARY.parents[1],
            env={"PYTHONPATH": str(BINARY.parents[1])},
        )

    (source / "nir" / "synthetic_0001.png").unlink()
    failed = run()
    assert failed.returncode == 1
    assert "rgb/synthetic_0001.png: no NIR partner" in failed.stderr
    assert "Traceback" not in failed.stderr
    (source / "rgb" / "synthetic_0001.png").unlink()
    passed = run()
    assert passed.returncode == 0
    assert "wrote" in passed.stdout
    assert (tmp_path / "data" / "manifest.csv").exists()


def test_photos_that_the_layout_has_already(source, tmp_path):
    (source / "unpaired").mkdir()
    shutil.copy(next((source / "rgb").iterdir()), source / "unpaired/p.png")
    with pytest.raises(InputError, match=r"p\.png: found twice; the layout"):
        prepare.prepare(
            source, "folder", tmp_path / "data", unpaired=source / "unpaired"
        )
    assert not (tmp_path / "data").exists()


def test_an_output_that_is_no_folder(source, tmp_path):
    (tmp_path / "data").write_text("")
    with pytest.raises(InputError, match="data: a file; expected a folder"):
        prepare.prepare(source, "folder", tmp_path / "data")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with pytest.raises(InputError, match=r"link: .*new folder only; expected"):
        prepare.prepare(source, "epfl", tmp_path / "link")


def _named(folder, name, image):
    folder.mkdir(parents=True, exist_ok=True)
    plain = folder / "plain.png"
    image_files.write_image(plain, image)
    plain.rename(folder / name)


def test_names_in_either_form_of_unicode_and_case_of_suffix(tmp_path):
    nir, rgb = synthetic.make_pair(0, 40, 40)
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    _named(tmp_path / "source" / "nir", f"{composed}.png", nir)
    _named(tmp_path / "source" / "rgb", f"{decomposed}.PNG", rgb)
    _named(tmp_path / "source" / "unpaired", f"{decomposed}.Png", 255 - rgb)
    prepare.prepare(
        tmp_path / "source", "folder", tmp_path / "data", split="test"
    )
    pair, photo = manifest.read_manifest(tmp_path / "data" / "manifest.csv")
    assert (pair.name, photo.name) == (composed, f"unpaired_{composed}")
    assert Path(pair.rgb).name == f"{decomposed}.PNG"


def test_names_that_differ_in_form_or_suffix_alone_are_named(tmp_path):
    nir, rgb = synthetic.make_pair(0, 40, 40)
    for name in ("a.png", "a.PNG", "caf\u00e9.png", "cafe\u0301.png"):
        _named(tmp_path / "source" / "nir", name, nir)
    for name in ("a.png", "caf\u00e9.png"):
        _named(tmp_path / "source" / "rgb", name, rgb)
    with pytest.raises(InputError) as raised:
        prepare.prepare(tmp_path / "source", "folder", tmp_path / "data")
    first, *lines = str(raised.value).splitlines()
    assert first.startswith("2 problems")
    for names in (("a.png", "a.PNG"), ("caf\u00e9.png", "cafe\u0301.png")):
        assert any(all(name in line for name in names) for line in lines)
