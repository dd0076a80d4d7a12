"""Scenes and splits that a user knows."""

import pytest

from nircolor_tf.data import manifest, prepare, scenes, synthetic
from nircolor_tf.errors import InputError

NAMES = [f"synthetic_{number:04}" for number in range(6)]


@pytest.fixture
def source(tmp_path):
    synthetic.write_dataset(tmp_path / "source", len(NAMES), 64, 80, seed=1)
    return tmp_path / "source"


@pytest.fixture
def prepared(source, tmp_path, monkeypatch):
    """Writes a list, prepares the pairs by it, returns the examples."""

    def fail(images):
        raise AssertionError("scenes are searched for")

    monkeypatch.setattr(scenes, "group_scenes", fail)

    def prepared(*lines, layout="folder", **options):
        path = tmp_path / "scenes.csv"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        options["scene_file"] = path
        prepare.prepare(source, layout, tmp_path / "data", **options)
        return manifest.read_manifest(tmp_path / "data" / "manifest.csv")

    return prepared


def test_whole_scenes_are_drawn(prepared):
    lines = [f"{name},flight {i // 2}" for i, name in enumerate(NAMES)]
    examples = prepared("name,scene", *lines, "another,flight 9")
    assert [example.scene for example in examples] == [
        f"flight {number // 2}" for number in range(6)
    ]
    homes = {(example.scene, example.split) for example in examples}
    assert len(homes) == 3
    assert {split for _, split in homes} == {"train", "val", "test"}


def test_splits_of_the_list(prepared):
    given = ["train", "train", "val", "test", "unused", "train"]
    lines = [
        f"{name},s{i},{split}"
        for i, (name, split) in enumerate(zip(NAMES, given, strict=True))
    ]
    examples = prepared("name,scene,split", *lines)
    assert [example.split for example in examples] == given


def test_all_of_it_can_be_a_test(prepared):
    lines = [f"{name},s,train" for name in NAMES]
    examples = prepared("name,scene,split", *lines, split="test")
    assert {example.split for example in examples} == {"test"}
    assert {example.scene for example in examples} == {"s"}


WHOLE = [f"{name},s,train" for name in NAMES]


@pytest.mark.parametrize(
    ("lines", "options", "message"),
    [
        (["name,flight"], {}, "line 1: name,flight; expected name,scene"),
        (
            ["name,scene", "synthetic_0000,a"],
            {},
            "5 of the 6 pairs are not in it: synthetic_0001, ",
        ),
        (["name,scene", *["a,b"] * 2], {}, "line 3: 'a' appears twice"),
        (["name,scene", "a,"], {}, "line 2: expected a value in each"),
        (["name,scene", "a,b,c"], {}, "line 2: expected a value in each"),
        (["name,scene,split", "a,b,all"], {}, "split: 'all'; expected one of"),
        (
            ["name,scene", 'a,"b', 'c"'],
            {},
            r"line 3, column scene: 'b\\nc'; exp",
        ),
        (
            ["name,scene,split", *WHOLE[:5], f"{NAMES[5]},s,val"],
            {},
            "the scene 's' is in train and in val; expected whole scenes",
        ),
        (
            ["name,scene,split", *WHOLE],
            {"layout": "epfl"},
            "layout epfl has scenes of its own; expected the layout folder",
        ),
        (
            ["name,scene,split", *WHOLE],
            {"split": "vcip-strict"},
            "--split=vcip-strict names the splits; expected --split=scene",
        ),
    ],
)
def test_bad_lists_are_refused(lines, options, message, prepared, tmp_path):
    with pytest.raises(InputError, match=message) as failure:
        prepared(*lines, **options)
    assert str(failure.value).startswith(f"--scenes={tmp_path}/scenes.csv")
    assert not (tmp_path / "data").exists()


def test_a_list_that_is_no_file(source, tmp_path):
    with pytest.raises(InputError, match=r"none\.csv: cannot be read: No such"):
        prepare.prepare(
            source, "folder", tmp_path / "data", scene_file="none.csv"
        )
