"""Workdirs and exports of older versions: their configs still work.

older_configs.json has, of every method, the config of the smoke variant as the
first version with that method wrote it.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import smoke
from ml_collections import ConfigDict

from nircolor_tf.errors import InputError
from nircolor_tf.methods import METHODS
from nircolor_tf.training import (
    build,
    config_files,
    older_configs,
    restore,
    trainer,
)

OLDER = json.loads(Path(__file__).with_name("older_configs.json").read_text())
# Of which no older version has a config.
NEW_METHODS = {"heteroscedastic", "vivid"}
# What this one shows, the others show again in the slow tests.
QUICK = ("landscapes.py:smoke",)

of_every_experiment = pytest.mark.parametrize("experiment", OLDER)


def write_older(experiment, folder, **data):
    """Writes config.json as an older version did; returns what is in it."""
    tree = OLDER[experiment]
    tree = tree | {"data": tree["data"] | data}
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(
        json.dumps(tree, indent=2, sort_keys=True)
    )
    return tree


def todays(experiment):
    file, variant = experiment.split(".py:")
    return smoke.load_config(file, variant)


def flat(tree):
    return dict(smoke.flatten(ConfigDict(tree)))


@of_every_experiment
def test_an_older_config_gets_the_keys_of_today(experiment, tmp_path):
    older = flat(write_older(experiment, tmp_path))
    config = config_files.read_config(tmp_path)
    assert config.is_locked
    completed = flat(json.loads(config.to_json()))
    assert completed.keys() == flat(todays(experiment)).keys()
    assert completed.keys() - older.keys()
    # All else is what it was.
    gone = older.keys() - completed.keys()
    replaced = {entry.old for entry in older_configs.REPLACED}
    assert {key for key in gone if not key.endswith(".norm")} == replaced
    assert {k: v for k, v in older.items() if k not in gone} == {
        k: v for k, v in completed.items() if k in older
    }


@of_every_experiment
def test_its_method_is_built_and_colorizes(experiment, tmp_path):
    write_older(experiment, tmp_path)
    config = config_files.read_config(tmp_path)
    colorize = build.make_colorizer(build.make_method(config))
    assert colorize(np.zeros((48, 40, 1), np.float32)).shape == (48, 40, 3)


@pytest.mark.parametrize(
    "experiment",
    [
        pytest.param(e, marks=() if e in QUICK else pytest.mark.slow)
        for e in OLDER
    ],
)
def test_its_workdir_is_resumed(
    experiment, tmp_path, pairs_manifest, one_replica
):
    workdir = tmp_path / "w"
    tree = write_older(experiment, workdir, manifest=str(pairs_manifest))
    config = config_files.read_config(workdir)
    trainer.train(config, workdir, one_replica, stop_at=1)
    method = trainer.train(
        config_files.read_config(workdir), workdir, one_replica
    )
    steps = method.count_steps()
    _, record = restore.load_method(workdir, "latest")
    assert record["step"] == steps > 1
    # It stays the record of what was trained.
    assert json.loads((workdir / "config.json").read_text()) == tree
    with config.unlocked():
        config.inference.mirror = True
    with pytest.raises(InputError, match="mirror: False there, True now"):
        trainer.train(config, workdir, one_replica)


def test_every_method_and_every_key_is_tested():
    methods = {tree["method"] for tree in OLDER.values()}
    assert methods == METHODS.keys() - NEW_METHODS
    keys = {entry.key for entry in older_configs.ADDED}
    assert all(
        entry.old in flat(tree)
        for entry in older_configs.REPLACED
        for tree in OLDER.values()
    )
    lacking = [keys - flat(tree).keys() for tree in OLDER.values()]
    assert set().union(*lacking) == keys
    networks = [tree.get("network", {}) for tree in OLDER.values()]
    for entry in older_configs.ADDED_TO_NETWORKS:
        assert any(
            network.get("name") == entry.network and entry.key not in network
            for network in networks
        ), entry
    members = OLDER["ensemble.py:smoke"]["members"].values()
    for entry in older_configs.REMOVED_FROM_NETWORKS:
        assert all(entry.key in member for member in members), entry


@pytest.mark.parametrize("file", smoke.FILES)
def test_a_config_of_today_lacks_nothing(file):
    for variant in smoke.load_module(file)["VARIANTS"]:
        config = smoke.load_config(file, variant)
        before = config.to_json()
        older_configs.complete(config, file)
        assert config.to_json() == before, variant


def test_an_ensemble_reads_the_pixel_losses_too():
    tree = json.loads(todays("ensemble.py:smoke").to_json())
    del tree["loss"]["shift"]
    config = config_files.parse_config(tree, "config.json")
    assert config.loss.shift == 0
    assert build.make_method(config).size_multiple == 4


@pytest.mark.parametrize(
    ("mixed", "precision"), [(True, "bfloat16"), (False, "float32")]
)
def test_a_precision_is_what_it_was(mixed, precision):
    tree = json.loads(todays("landscapes.py:smoke").to_json())
    del tree["train"]["precision"]
    tree["train"]["mixed_bfloat16"] = mixed
    config = config_files.parse_config(tree, "config.json")
    assert config.train.precision == precision
    assert "mixed_bfloat16" not in config.train


def test_a_network_is_as_wide_as_it_was():
    tree = json.loads(todays("supervised.py:unet256,smoke").to_json())
    del tree["network"]["max_filters"]
    tree["network"]["filters"] = 6
    config = config_files.parse_config(tree, "config.json")
    assert config.network.max_filters == 48


def test_what_a_network_no_longer_has_is_refused():
    tree = json.loads(json.dumps(OLDER["ensemble.py:smoke"]))
    tree["members"]["second"]["norm"] = "instance"
    with pytest.raises(
        InputError,
        match=r"config\.json, members\.second\.norm is 'instance'; .*'batch'",
    ):
        config_files.parse_config(tree, "config.json")


@pytest.mark.parametrize("tree", [{}, [], {"data": {}}])
def test_what_is_no_config_is_refused(tree):
    with pytest.raises(InputError, match=r"card\.json: has no 'method'"):
        config_files.parse_config(tree, "card.json")


def test_the_card_of_the_shipped_model(repository):
    file = repository / "saved_models" / "default" / "card.json"
    card = json.loads(file.read_text())
    config = config_files.parse_config(card["config"], str(file))
    assert config.data.unpaired_from == ("pairs",)
    method = build.make_method(config)
    assert method.size_multiple == card["size_multiple"]
