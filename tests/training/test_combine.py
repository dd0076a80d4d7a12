"""Trainings of their own, made into one ensemble."""

import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.data import training_data
from nircolor_tf.errors import InputError
from nircolor_tf.report import result_rows, trainings
from nircolor_tf.training import (
    combine,
    command_log,
    config_files,
    restore,
    trainer,
)


@pytest.fixture(scope="module")
def members(tmp_path_factory, pairs_manifest, one_replica):
    folder = tmp_path_factory.mktemp("members")
    for seed, from_image in enumerate((False, True)):
        config = smoke.tiny_config(pairs_manifest)
        config.seed = seed
        with config.unlocked():
            config.network.from_image = from_image
        trainer.train(
            config,
            folder / str(seed),
            one_replica,
            command=f"bin/train.py --workdir={seed}",
        )
    return [folder / "0", folder / "1"]


@pytest.fixture(scope="module")
def best(members):
    """Of each member the best weights, and their record."""
    return [restore.load_method(member, "best") for member in members]


@pytest.fixture(scope="module")
def workdir(members, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("combined") / "mean"
    metrics = combine.combine(members, workdir, "bin/combine.py --workdir=mean")
    record = restore.load_method(workdir, "best")[1]
    assert record["metrics"] == metrics
    return workdir


def test_the_result_is_the_mean_of_the_best_members(best, workdir):
    nir = tf.random.stateless_uniform((1, 64, 96, 1), (1, 2))
    expected = [method(nir) for method, _ in best]
    assert np.abs(expected[0] - expected[1]).max() > 0.01
    for checkpoint in ("best", "latest"):
        actual = restore.load_method(workdir, checkpoint)[0](nir)
        np.testing.assert_allclose(actual, np.mean(expected, axis=0), atol=1e-6)


def test_it_says_how_each_member_was_trained(members, best, workdir):
    config = config_files.read_config(workdir)
    assert config.train.steps == sum(record["step"] for _, record in best)
    assert [part.seed for part in config.combined.values()] == [0, 1]
    assert config.combined.member_1.data.manifest == "manifest.csv"
    assert [part.from_image for part in config.members.values()] == [
        False,
        True,
    ]
    assert training_data.read_if_there(workdir) == (
        training_data.read_if_there(members[0])
    )


def test_its_row_has_the_config_of_each_member(members, workdir):
    config = config_files.describe_config(config_files.read_config(workdir))
    configs = trainings.member_configs(config)
    for part, member in zip(configs, members, strict=True):
        part.pop("best_step")
        of_member = config_files.read_config(member)
        assert part == config_files.describe_config(of_member)
    row = result_rows.Row("mean", "configs/landscapes.py:smoke", "", "", "")
    with pytest.raises(InputError, match="1 configs; the run is of 2"):
        trainings.check_configs(row, {"config": config})


def test_its_commands_are_those_of_the_members_and_its_own(members, workdir):
    assert [command_log.read(member) for member in members] == [
        ["bin/train.py --workdir=0"],
        ["bin/train.py --workdir=1"],
    ]
    assert command_log.read(workdir) == [
        "bin/train.py --workdir=0",
        "bin/train.py --workdir=1",
        "bin/combine.py --workdir=mean",
    ]


def test_training_it_has_nothing_left_to_do(workdir, one_replica):
    before = sorted(workdir.rglob("best*"))
    trainer.train(config_files.read_config(workdir), workdir, one_replica)
    assert sorted(workdir.rglob("best*")) == before
    # Not one step was logged: the heading is alone.
    assert len((workdir / "train/scalars.csv").read_text().split()) == 1


def test_members_that_do_not_fit_are_refused(members, workdir, tmp_path):
    with pytest.raises(InputError, match="two or more"):
        combine.combine(members[:1], tmp_path / "new")
    with pytest.raises(InputError, match="mean: exists already"):
        combine.combine(members, workdir)
    with pytest.raises(InputError, match=r"new\[1\] is a pattern to Tensor"):
        combine.combine(members, tmp_path / "new[1]")
    with pytest.raises(InputError, match="'ensemble'; expected 'supervised'"):
        combine.combine([members[0], workdir], tmp_path / "new")
    text = (members[1] / "config.json").read_text()
    other = tmp_path / "other"
    other.mkdir()
    (other / "checkpoints").symlink_to(members[1] / "checkpoints")
    (other / "config.json").write_text(
        text.replace('"guided_epsilon": 0.0005', '"guided_epsilon": 0.002')
    )
    with pytest.raises(
        InputError,
        match=r"guided_epsilon is 0\.002; expected 0\.0005, as .*0 has it",
    ):
        combine.combine([members[0], other], tmp_path / "new")
    (other / "config.json").write_text(text)
    with pytest.raises(InputError, match="other: has no training_data"):
        combine.combine([members[0], other], tmp_path / "new")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other"]
