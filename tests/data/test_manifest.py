"""The CSV that every binary reads."""

import dataclasses

import pytest

from nircolor_tf.data import manifest
from nircolor_tf.errors import InputError


def _example(folder, name, split):
    unpaired = split == "unpaired"
    return manifest.Example(
        name=name,
        nir="" if unpaired else str(folder / "nir" / f"{name}.png"),
        rgb=str(folder / "rgb" / f"{name}.png"),
        height=20,
        width=30,
        bits=16,
        split=split,
        protocol="folder",
        scene="" if unpaired else "4",
        shift_x=-2,
        shift_y=1,
        nir_sha256="" if unpaired else "0" * 64,
        rgb_sha256="f" * 64,
        nir_channel="" if unpaired else "red",
        nir_low=None if unpaired else 16,
        nir_high=None if unpaired else 4095,
        rgb_bands="",
        rgb_low=0,
        rgb_high=65535,
    )


@pytest.fixture
def examples(tmp_path):
    return [
        _example(tmp_path / "data", name, split)
        for name, split in [("a", "train"), ("b", "val"), ("c", "unpaired")]
    ]


def test_written_and_read_again(tmp_path, examples):
    path = tmp_path / "manifest.csv"
    manifest.write_manifest(path, examples)
    assert manifest.read_manifest(path) == examples
    assert list(tmp_path.iterdir()) == [path]


def test_paths_are_relative_so_the_data_can_move(tmp_path, examples):
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "manifest.csv"
    manifest.write_manifest(path, examples)
    assert "a,nir/a.png,rgb/a.png,20,30,16,train" in path.read_text()
    moved = path.parent.rename(tmp_path / "moved")
    read = manifest.read_manifest(moved / "manifest.csv")
    assert read[0].nir == str(moved / "nir" / "a.png")
    assert read[2].nir == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "b,data/nir",
            "../b,data/nir",
            "line 3, column name: '../b'; expected",
        ),
        ("b,data/nir", '"b\n",data/nir', "column name: 'b.n'; expected a name"),
        ("20,30,16,train", "0,30,16,train", "line 2, column height: '0'"),
        ("20,30,16,train", "20,3.5,16,train", "line 2, column width"),
        ("16,val", "12,val", "line 3, column bits: '12'; expected 8 or 16"),
        ("16,val", "16,dev", "line 3, column split: 'dev'.*train, val"),
        ("-2,1,0", "x,1,0", "line 2, column shift_x: 'x'"),
        ("f" * 64, "f" * 63, "line 2, column rgb_sha256"),
        ("data/nir/a.png", "", "line 2, column nir: ''"),
        ("c,,", "c,nir/c.png,", "line 4, column nir.*unpaired"),
        ("b,data/nir", "a,data/nir", "column name: 'a' appears twice"),
        ("train,folder", "train,vcip", "column protocol: 'vcip'.*vcip-strict"),
        ("train,folder", "train,epfl", "column protocol: epfl and folder"),
        ("16,train,folder", "16,train", "line 2: expected 19 columns"),
        (
            ",red,",
            ",pink,",
            "line 2, column nir_channel: 'pink'; expected gray",
        ),
        (",4095,", ",70000,", "column nir_high: 70000; expected more than.*16"),
        (",16,4095,", ",4095,16,", "line 2, column nir_high: 16;.* 4095"),
        (
            ",16,4095,",
            ",16,,",
            "line 2, column nir_high: ''; expected a stored",
        ),
        (
            "4095,,0",
            "4095,1,0",
            "line 2, column rgb_bands: '1'; expected three",
        ),
        (",,,,,0,65535", ",gray,,,,0,65535", "column nir_channel.*unpaired"),
        ("split,protocol", "split,set", "line 1.*'protocol'.*prepare_data"),
        ("name,nir,rgb", "name,infrared,rgb", "line 1.*'nir'.*'infrared'"),
    ],
)
def test_a_malformed_value_is_named(tmp_path, examples, old, new, message):
    path = tmp_path / "manifest.csv"
    manifest.write_manifest(path, examples)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as error:
        manifest.read_manifest(path)
    assert str(path) in str(error.value)


def _older(path, examples):
    """Writes a manifest as it was before it said what values mean."""
    manifest.write_manifest(path, examples)
    lines = path.read_text().splitlines()
    path.write_text("".join(f"{line.rsplit(',', 6)[0]}\n" for line in lines))


def test_an_older_manifest_of_8_bit_is_read_as_before(tmp_path, examples):
    path = tmp_path / "manifest.csv"
    levels = {"rgb_low": 0, "rgb_high": 255}
    of_nir = {"nir_channel": "gray", "nir_low": 0, "nir_high": 255}
    examples = [
        dataclasses.replace(
            example, bits=8, **levels, **(of_nir if example.nir else {})
        )
        for example in examples
    ]
    _older(path, examples)
    assert path.read_text().splitlines()[0].endswith("rgb_sha256")
    assert manifest.read_manifest(path) == examples


def test_an_older_manifest_of_16_bit_is_refused(tmp_path, examples):
    path = tmp_path / "manifest.csv"
    _older(path, examples)
    with pytest.raises(InputError, match=r"line 2: an older.*prepare_data\.py"):
        manifest.read_manifest(path)


def test_missing_empty_and_binary_files(tmp_path):
    with pytest.raises(InputError, match="prepare_data"):
        manifest.read_manifest(tmp_path / "none.csv")
    path = tmp_path / "manifest.csv"
    path.write_text(",".join(manifest.COLUMNS) + "\n")
    with pytest.raises(InputError, match="no example"):
        manifest.read_manifest(path)
    path.write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        manifest.read_manifest(path)


def test_select(examples):
    assert manifest.select(examples, "val") == [examples[1]]
    with pytest.raises(InputError, match=r"'test'.*train, unpaired, val"):
        manifest.select(examples, "test")


def test_a_failed_write_keeps_the_old_manifest(tmp_path, examples):
    path = tmp_path / "manifest.csv"
    manifest.write_manifest(path, examples)
    before = path.read_bytes()
    broken = dataclasses.replace(examples[1], rgb=5)
    with pytest.raises(TypeError):
        manifest.write_manifest(path, [examples[0], broken])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
