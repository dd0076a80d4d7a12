"""Half of the scenes of a manifest."""

import dataclasses

import pytest

from nircolor_tf.data import halves, manifest
from nircolor_tf.errors import InputError


def test_halves_share_no_scene_and_lose_none(pairs_manifest, tmp_path):
    examples = manifest.read_manifest(pairs_manifest)
    path = tmp_path / "manifest.csv"
    # Scenes a, a, b, b, c ... so that some are of two pairs.
    train = manifest.select(examples, "train")
    labels = {one.name: "abcdefgh"[at // 2] for at, one in enumerate(train)}
    manifest.write_manifest(
        path,
        [
            dataclasses.replace(one, scene=labels.get(one.name, one.scene))
            for one in examples
        ],
    )
    everything = manifest.read_manifest(path)
    assert halves.read(path, "") == everything
    first, second = (
        manifest.select(halves.read(path, half), "train")
        for half in ("first", "second")
    )
    assert {one.scene for one in first} == {"a", "c"}
    assert {one.scene for one in second} == {"b", "d"}
    assert len(first) + len(second) == len(train) == 7
    for half in ("first", "second"):
        assert [
            one for one in halves.read(path, half) if one.split != "train"
        ] == [one for one in everything if one.split != "train"]


def test_a_manifest_that_has_moved_is_asked_for(tmp_path):
    with pytest.raises(InputError, match=r"gone\.csv: .*--config\.data\.manif"):
        halves.read(tmp_path / "gone.csv", "")


def test_a_pair_without_a_scene_is_one_of_its_own(pairs_manifest, tmp_path):
    path = tmp_path / "manifest.csv"
    examples = manifest.read_manifest(pairs_manifest)
    manifest.write_manifest(
        path, [dataclasses.replace(one, scene="") for one in examples]
    )
    names = [one.name for one in manifest.select(examples, "train")]
    first = manifest.select(halves.read(path, "first"), "train")
    assert [one.name for one in first] == sorted(names)[::2]
