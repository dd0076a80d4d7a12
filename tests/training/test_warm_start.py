"""A training that starts from a trained model."""

import json

import contract
import numpy as np
import pytest
import smoke

from nircolor_tf.data import training_data
from nircolor_tf.errors import InputError
from nircolor_tf.export import export
from nircolor_tf.training import (
    combine,
    command_log,
    config_files,
    restore,
    trainer,
    warm_start,
)


@pytest.fixture(scope="module")
def make_config(pairs_manifest):
    def make(name="default", variant="smoke", **changes):
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
def exported(workdir):
    folder = workdir.with_name("exported")
    export.export_workdir(
        workdir,
        folder,
        "best",
        (),
        overwrite=False,
        command="bin/export.py --output=x",
    )
    return folder


@pytest.fixture(scope="module")
def gone_on(workdir, make_config, one_replica):
    folder = workdir.with_name("gone_on")
    config = make_config(**{"rate.peak": 1e-2})
    command = "bin/train.py --workdir=gone_on --start_from=base"
    start = warm_start.read(workdir)
    trainer.train(config, folder, one_replica, None, start, command)
    return folder


def weights_of(workdir, checkpoint="best"):
    method, _ = restore.load_method(workdir, checkpoint)
    return method.colorizer.get_weights()


def largest(first, second):
    return max(np.abs(a - b).max() for a, b in zip(first, second, strict=True))


def test_reads_the_best_weights_of_a_workdir_and_of_its_export(
    workdir, exported
):
    expected = weights_of(workdir)
    for source in (workdir, exported):
        start = warm_start.read(source)
        assert list(start.weights) == ["colorizer"]
        # All but the order is known of an export; none is almost right.
        assert largest(start.weights["colorizer"], expected) == 0.0


def test_goes_on_learning_and_resumes(
    workdir, gone_on, make_config, one_replica, tmp_path
):
    assert largest(weights_of(gone_on, "latest"), weights_of(workdir)) > 1e-3
    # What it started from was measured, and stays if nothing is better.
    rows = (gone_on / "eval" / "scalars.csv").read_text().splitlines()
    assert rows[1].startswith("0,")
    # Stopped at once: what it started from is in the checkpoint, not named.
    config = config_files.read_config(gone_on)
    trainer.train(config, tmp_path, one_replica, 1, warm_start.read(workdir))
    trainer.train(config, tmp_path, one_replica)
    ends = [contract.everything(folder) for folder in (gone_on, tmp_path)]
    assert ends[0].keys() == ends[1].keys()
    for key, value in ends[0].items():
        np.testing.assert_array_equal(value, ends[1][key], err_msg=key)


def test_the_mean_of_weights_is_a_workdir_of_its_own(
    workdir, gone_on, tmp_path
):
    members, mean = [gone_on, workdir], tmp_path / "mean"
    metrics = combine.average(members, [1, 3], "latest", mean)
    parts = [weights_of(member, "latest") for member in members]
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
        combine.average(members, [1, 0], "best", tmp_path / "new")
    assert [folder.name for folder in tmp_path.iterdir()] == ["mean"]


def test_its_commands_begin_with_those_of_the_start(workdir, gone_on, tmp_path):
    mean, members = tmp_path / "mean", [gone_on, workdir]
    combine.average(members, [1, 3], "latest", mean, "bin/combine.py")
    assert command_log.read(mean) == [
        "bin/train.py --workdir=base",
        "bin/train.py --workdir=gone_on --start_from=base",
        "bin/combine.py",
    ]


def test_an_export_has_the_commands_of_the_workdir_and_its_own(
    exported, make_config, one_replica, tmp_path
):
    commands = ["bin/train.py --workdir=base", "bin/export.py --output=x"]
    card = json.loads((exported / "card.json").read_text())
    assert card["commands"] == command_log.read(exported) == commands
    trainer.train(
        make_config(),
        tmp_path,
        one_replica,
        1,
        warm_start.read(exported),
        "bin/train.py",
    )
    trainer.train(
        make_config(), tmp_path, one_replica, 2, command="bin/train.py again"
    )
    assert command_log.read(tmp_path) == [
        *commands,
        "bin/train.py",
        "bin/train.py again",
    ]
    entries = json.loads((tmp_path / command_log.FILE).read_text())
    assert [entry["step"] for entry in entries] == [None, None, 0, 1]


def test_has_seen_what_the_model_has_seen_and_says_so(
    exported, make_config, one_replica, tmp_path
):
    seen = training_data.read(exported).images
    other = exported.with_name("with_another_image")
    other.mkdir()
    for path in exported.iterdir():
        (other / path.name).symlink_to(path)
    (other / training_data.FILE).unlink()
    image = training_data.TrainingImage(
        "elsewhere", "pair", "folder", "9", "", "0" * 16
    )
    training_data.write(other, training_data.TrainingData((*seen, image)))
    trainer.train(
        make_config(), tmp_path / "on", one_replica, 1, warm_start.read(other)
    )
    assert image in training_data.read(tmp_path / "on").images
    card = export.export_workdir(
        tmp_path / "on", tmp_path / "card", "latest", (), overwrite=False
    )
    assert card["training"]["started_from"]["name"] == "exported"
    again = warm_start.read(tmp_path / "card")
    assert again.record["started_from"]["name"] == "exported"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"network.filters": 12}, "its colorizer is another network"),
        ({"network.levels": 3}, "its colorizer is another network"),
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
            warm_start.read(workdir),
        )
    assert not (tmp_path / "on").exists()


def test_refuses_another_method(workdir, make_config, one_replica, tmp_path):
    config = make_config("colornet")
    with pytest.raises(InputError, match="of the method 'supervised'"):
        trainer.train(
            config, tmp_path / "on", one_replica, None, warm_start.read(workdir)
        )


def test_refuses_a_training_that_has_begun(workdir, make_config, one_replica):
    with pytest.raises(InputError, match="has begun already"):
        trainer.train(
            make_config(), workdir, one_replica, None, warm_start.read(workdir)
        )


def test_refuses_what_is_no_model(tmp_path):
    with pytest.raises(InputError, match=r"config\.json or card\.json"):
        warm_start.read(tmp_path)


def test_refuses_an_export_of_other_networks(exported, tmp_path):
    for path in exported.iterdir():
        (tmp_path / path.name).symlink_to(path)
    card = json.loads((exported / "card.json").read_text())
    card["config"]["network"]["max_filters"] = 8
    (tmp_path / "card.json").unlink()
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="start from its workdir"):
        warm_start.read(tmp_path)
