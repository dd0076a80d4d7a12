"""What a run costs: counted as by hand, timed in turns."""

import json
import shutil
import types

import keras
import pytest
import smoke
import tensorflow as tf
from counting import count_macs

from nircolor_tf.data import manifest, training_data
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import cost_files, costs, counts, time_ratios
from nircolor_tf.methods.base import InferencePath
from nircolor_tf.training import (
    build,
    command_log,
    config_files,
    restore,
)
from nircolor_tf.training.checkpoints import Checkpoints


@pytest.fixture(scope="module")
def workdir(tmp_path_factory, pairs_manifest):
    """A training that was best at step 3 and stopped at step 5, and it."""
    folder = tmp_path_factory.mktemp("runs") / "colornet"
    config = smoke.smoke_config("colornet", "smoke", pairs_manifest)
    with config.unlocked():
        config.inference.working_size = 50
        config.train.steps = 7
    method = build.make_method(config)
    config_files.write_config(folder, config)
    examples = manifest.read_manifest(pairs_manifest)
    training_data.write(folder, training_data.collect(examples, True, "val"))
    step = tf.Variable(3, dtype=tf.int64)
    training = build.prepare_training(method, tf.distribute.get_strategy())
    checkpoints = Checkpoints(folder, training, step)
    checkpoints.count_time(120)
    checkpoints.save_best({"std/psnr": 10.0})
    command_log.append(folder, "bin/train.py --workdir=runs/colornet", 0)
    step.assign(5)
    checkpoints.count_time(60)
    checkpoints.save_latest()
    return folder, method


def evaluation(folder, about):
    """A summary.json with that run."""
    run = {"name": "one", "about": about}
    summary = {"data": {}, "runs": [run], "differences": []}
    (folder / "summary.json").write_text(json.dumps(summary))
    return [str(folder)]


def about_workdir(folder, step):
    return {
        "kind": "workdir",
        "folder": str(folder),
        "path": "n2c",
        "checkpoint": f"best, step {step}",
    }


def test_a_workdir(workdir, tmp_path):
    folder, method = workdir
    about = about_workdir(folder, 3)
    measured = costs.measure(
        evaluation(tmp_path, about), "one", 100, 1, "bin/costs.py"
    )
    one = measured["runs"]["one"]
    # Shrunk to 50, which grows to what the network takes.
    side = -(-50 // method.size_multiple) * method.size_multiple
    assert one["seen"] == side
    assert one["macs"] == count_macs(method.colorizer, (side, side, 1))
    assert one["parameters"] == method.colorizer.count_params()
    assert (one["pairs"], one["photos"]) == (7, 3)
    assert one["best"] == {"step": 3, "minutes": 2}
    assert one["trained"] == {"step": 5, "minutes": 3, "planned": 7}
    assert one["fusion"]
    assert one["config"]["train"]["steps"] == 7
    assert one["config"]["data"]["manifest"] == "manifest.csv"
    assert (one["about"], one["time_ratio"]) == (about, 1)
    assert one["seconds"] > 0
    assert one["commands"] == ["bin/train.py --workdir=runs/colornet"]
    assert measured["command"] == "bin/costs.py"
    path = tmp_path / "costs.json"
    cost_files.write(path, measured)
    assert json.loads(path.read_text()) == measured
    again = cost_files.read([str(path)])
    assert again.pop("commands") == {str(path): measured.pop("command")}
    assert again == measured


def with_and_without(workdir, tmp_path, **inference):
    """Costs of a workdir as it is, and with these keys of config.inference."""
    changed = shutil.copytree(workdir[0], tmp_path / "changed")
    config = json.loads((changed / "config.json").read_text())
    config["inference"].update(inference)
    (changed / "config.json").write_text(json.dumps(config))
    return [
        costs.measure(
            evaluation(tmp_path, about_workdir(each, 3)), "one", 64, 1
        )["runs"]["one"]
        for each in (workdir[0], changed)
    ]


def test_a_model_that_sees_a_mirror_image_too_costs_twice(workdir, tmp_path):
    once, twice = with_and_without(workdir, tmp_path, mirror=True)
    assert twice["macs"] == 2 * once["macs"]
    assert twice["parameters"] == once["parameters"]


def test_half_of_the_size_costs_a_quarter(workdir, tmp_path):
    once, both = with_and_without(
        workdir, tmp_path, working_size=64, half_share=0.5
    )
    assert both["macs"] == pytest.approx(1.25 * once["macs"], rel=0.01)
    assert both["seen"] == once["seen"] == 64


@pytest.mark.parametrize(
    ("changes", "reference", "message"),
    [
        ({}, "other", "reference 'other': no such model; expected one of one"),
        ({"folder": "no"}, "one", "run 'one': no: no such folder"),
        (
            {"checkpoint": "best, step 2"},
            "one",
            "no longer what was measured: .*step 3.* now, .*step 2.* then",
        ),
    ],
)
def test_what_is_refused(
    workdir, tmp_path, monkeypatch, changes, reference, message
):
    folder, method = workdir
    record = {"step": 3, "minutes": 2}
    monkeypatch.setattr(restore, "load_method", lambda *_: (method, record))
    about = about_workdir(folder, 3) | changes
    with pytest.raises(InputError, match=message):
        costs.measure(evaluation(tmp_path, about), reference, 32, 1)


def test_a_training_without_its_newest_checkpoint_is_named(
    workdir, tmp_path, monkeypatch
):
    record = {"step": 3, "minutes": 2}
    monkeypatch.setattr(restore, "load_method", lambda *_: (workdir[1], record))
    about = about_workdir(tmp_path, 3)
    with pytest.raises(InputError, match="no checkpoint yet; train it first"):
        costs.measure(evaluation(tmp_path, about), "one", 32, 1)


def test_two_runs_of_one_name_are_refused(tmp_path):
    folders = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        folders += evaluation(tmp_path / name, about_workdir(name, 3))
    with pytest.raises(InputError, match="'one' is second, and first in ano"):
        costs.measure(folders, "one", 32, 1)


def test_runs_of_older_evaluations_are_those_of_newer_ones(tmp_path):
    older = {"kind": "export", "folder": "models/one", "path": "n2c"}
    newer = [older | {"file": f"model.tflite, SHA-256 {i}"} for i in "123"]
    for names, said in (
        ((older, newer[0], older), "reference 'no': no such model; .* one$"),
        ((older, newer[0], newer[1]), "'one' is models/one, and models/one in"),
    ):
        folders = []
        for index, about in enumerate(names):
            (tmp_path / str(index)).mkdir(exist_ok=True)
            folders += evaluation(tmp_path / str(index), about)
        with pytest.raises(InputError, match=said):
            costs.measure(folders, "no", 32, 1)


def test_an_export_is_built_from_its_card(repository, tmp_path):
    folder = repository / "saved_models" / "default"
    about = {"kind": "export", "folder": str(folder), "path": "n2c"}
    measured = costs.measure(evaluation(tmp_path, about), "one", 64, 1)
    one, card = (
        measured["runs"]["one"],
        json.loads((folder / "card.json").read_text()),
    )
    assert one["parameters"] == card["parameters"]
    assert one["pairs"] == card["training"]["pairs"]
    assert one["best"]["step"] == card["training"]["step"]
    assert one["trained"] is None
    # The calls inside a SavedModel are counted, too.
    assert one["macs"] > 1e6


def test_parameters_are_of_the_networks_on_the_path():
    method = types.SimpleNamespace(networks={})
    for name, inputs in (("first", 3), ("other", 50), ("second", 4)):
        layer = keras.layers.Dense(2)
        layer.build((None, inputs))
        method.networks[name] = layer
    path = InferencePath("nir", "rgb", ("first", "second"), None)
    assert counts.count_parameters(method, path) == (3 + 1 + 4 + 1) * 2


def test_colorizers_take_turns(monkeypatch):
    now, calls = 0.0, []

    def colorizer(name, seconds):
        def colorize(nir):
            nonlocal now
            assert nir.shape == (8, 8, 1)
            # The machine gets slower with every call.
            now += seconds * (1 + len(calls))
            calls.append(name)

        return colorize

    monkeypatch.setattr(time_ratios.time, "perf_counter", lambda: now)
    seconds = time_ratios.time_in_turns(
        {"a": colorizer("a", 1), "b": colorizer("b", 10)}, 8, 2
    )
    # The first of two calls is not timed.
    assert "".join(calls) == "aabbaabb"
    assert seconds == {"a": [2, 6], "b": [40, 80]}


def test_ratios_are_of_one_round():
    times = time_ratios.compare_times({"a": [1, 9, 4], "b": [3, 18, 8]}, "a")
    assert times["b"] == {"seconds": 8, "time_ratio": 2}
    assert times["a"] == {"seconds": 4, "time_ratio": 1}
    times = time_ratios.compare_times({"a": [1, 9, 4], "b": [3, 27, 6]}, "a")
    assert times["b"] == {"seconds": 6, "time_ratio": 3}
