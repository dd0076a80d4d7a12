"""A training that starts from a trained model."""

import copy
import dataclasses

import contract
import numpy as np
import pytest
import smoke

from nircolor_tf.errors import InputError
from nircolor_tf.training import (
    combine,
    command_log,
    config_files,
    restore,
    trainer,
    warm_start,
)
from nircolor_tf.training.checkpoints import Checkpoints


@pytest.fixture(scope="module")
def make_config(pairs_manifest):
    def make(name="landscapes", variant="smoke", **changes):
        config = smoke.smoke_config(name, variant, pairs_manifest)
        config.update_from_flattened_dict(changes)
        return config

    return make


@pytest.fixture(scope="module")
def workdir(make_config, one_replica, tmp_path_factory):
    folder = tmp_path_factory.mktemp("start") / "base"
    command = "bin/train.py --workdir=base"
    trainer.train(make_config(), folder, one_replica, command=command)
    return folder


@pytest.fixture(scope="module")
def gone_on(workdir, make_config, one_replica):
    folder = workdir.with_name("gone_on")
    config = make_config(**{"rate.peak": 1e-2})
    command = "bin/train.py --workdir=gone_on --start_from=base"
    start = start_of(workdir)
    trainer.train(config, folder, one_replica, None, start, command)
    return folder


def start_of(workdir, checkpoint="best"):
    return warm_start.read_workdir(workdir, checkpoint)


def weights_of(workdir, checkpoint="best"):
    method, _ = restore.load_method(workdir, checkpoint)
    return method.colorizer.get_weights()


def largest(first, second):
    return max(np.abs(a - b).max() for a, b in zip(first, second, strict=True))


def test_goes_on_learning_and_resumes(
    workdir, gone_on, make_config, one_replica, tmp_path
):
    assert largest(weights_of(gone_on, "latest"), weights_of(workdir)) > 1e-3
    # What it started from was measured, and stays if nothing is better.
    rows = (gone_on / "eval" / "scalars.csv").read_text().splitlines()
    assert rows[1].startswith("0,")
    # Stopped at once: what it started from is in the checkpoint, not named.
    config = config_files.read_config(gone_on)
    trainer.train(config, tmp_path, one_replica, 1, start_of(workdir))
    trainer.train(config, tmp_path, one_replica)
    ends = [contract.everything(folder) for folder in (gone_on, tmp_path)]
    assert ends[0].keys() == ends[1].keys()
    for key, value in ends[0].items():
        np.testing.assert_array_equal(value, ends[1][key], err_msg=key)


def test_the_mean_of_weights_is_a_workdir_of_its_own(
    workdir, gone_on, tmp_path
):
    folders, mean = [gone_on, workdir], tmp_path / "mean"
    members = [start_of(folder, "latest") for folder in folders]
    metrics = combine.average(members, [1, 3], mean)
    parts = [weights_of(folder, "latest") for folder in folders]
    assert largest(*parts) > 1e-3
    for one, two, actual in zip(*parts, weights_of(mean), strict=True):
        expected = 0.25 * one + 0.75 * two
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-7)
    assert restore.load_method(mean, "best")[1]["metrics"] == metrics
    averaged = config_files.read_config(mean).averaged
    assert averaged.member_1.share == 0.25
    assert averaged.member_1.started_from.name == workdir.name
    assert averaged.member_2.config.seed == 0
    with pytest.raises(InputError, match="one above 0 for each of 2"):
        combine.average(members, [1, 0], tmp_path / "new")
    config = copy.deepcopy(members[1].record["config"])
    config["inference"]["guided_epsilon"] = 0.002
    other = dataclasses.replace(
        members[1], record=members[1].record | {"config": config}
    )
    with pytest.raises(InputError, match=r"base: .*epsilon is 0\.002; exp"):
        combine.average([members[0], other], [1, 1], tmp_path / "new")
    other = dataclasses.replace(members[1], method="heteroscedastic")
    with pytest.raises(InputError, match="'heteroscedastic'; expected 'superv"):
        combine.average([members[0], other], [1, 1], tmp_path / "new")
    assert [folder.name for folder in tmp_path.iterdir()] == ["mean"]


def test_its_commands_begin_with_those_of_the_start(workdir, gone_on, tmp_path):
    mean, folders = tmp_path / "mean", (gone_on, workdir)
    members = [start_of(folder, "latest") for folder in folders]
    combine.average(members, [1, 3], mean, "bin/combine.py")
    assert command_log.read(mean) == [
        "bin/train.py --workdir=base",
        "bin/train.py --workdir=gone_on --start_from=base",
        "bin/combine.py",
    ]


def test_an_error_is_learned_of_a_model_of_the_other_half(
    workdir, make_config, tmp_path, caplog
):
    config = make_config("default", "uncertain,smoke")
    with pytest.raises(InputError, match="'heteroscedastic' learns the error"):
        warm_start.check(tmp_path, config, None)
    start = start_of(workdir)
    warm_start.check(tmp_path, config, start)
    assert "trained on config.data.half='', and this training" in caplog.text
    caplog.clear()
    start.record["config"]["data"]["half"] = "first"
    config.data.half = "second"
    warm_start.check(tmp_path, config, start)
    warm_start.check(tmp_path, make_config(), None)
    assert not caplog.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network.filters": 12}, "its colorizer is another network"),
        ({"network.levels": 3}, "its colorizer is another network"),
        ({"network.from_image": True}, "from_image is False; expected True"),
    ],
)
def test_refuses_another_network(
    changes, message, workdir, make_config, one_replica, tmp_path
):
    with pytest.raises(InputError, match=message):
        trainer.train(
            make_config(**changes),
            tmp_path / "on",
            one_replica,
            None,
            start_of(workdir),
        )
    assert not (tmp_path / "on").exists()


def test_refuses_another_method(workdir, make_config, one_replica, tmp_path):
    config = make_config("colornet")
    with pytest.raises(InputError, match="of the method 'supervised'"):
        trainer.train(
            config, tmp_path / "on", one_replica, None, start_of(workdir)
        )


@pytest.mark.parametrize("text", ["", '{"name": "de', "[]", "\0" + 9 * "["])
def test_a_damaged_record_of_the_start_is_named(tmp_path, text):
    assert warm_start.read_record(tmp_path) is None
    (tmp_path / warm_start.FILE).write_text(text)
    with pytest.raises(InputError, match=r"started_from\.json: "):
        warm_start.read_record(tmp_path)


def test_refuses_a_training_that_has_begun(workdir, make_config, one_replica):
    with pytest.raises(InputError, match="has begun already"):
        trainer.train(
            make_config(), workdir, one_replica, None, start_of(workdir)
        )


def test_a_start_that_was_never_saved_is_not_resumed_without_it(
    workdir, make_config, one_replica, tmp_path, monkeypatch
):
    def killed(checkpoints):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # After its evaluation.
        patch.setattr(Checkpoints, "save_latest", killed)
        with pytest.raises(KeyboardInterrupt):
            trainer.train(
                make_config(), tmp_path, one_replica, None, start_of(workdir)
            )
    assert (tmp_path / "config.json").exists()
    # It would begin with random weights.
    with pytest.raises(InputError, match="repeat that command, with --start"):
        trainer.train(make_config(), tmp_path, one_replica)
    trainer.train(make_config(), tmp_path, one_replica, 1, start_of(workdir))
    trainer.train(make_config(), tmp_path, one_replica, 1)
    rows = (tmp_path / "eval" / "scalars.csv").read_text().splitlines()
    assert len([row for row in rows if row.startswith("0,")]) == len(
        {row for row in rows if row.startswith("0,")}
    )
    assert rows[1].startswith("0,")
