"""Sinks of a training: the files in the workdir, and other loggers.

The tests of Weights & Biases and MLflow run where these are installed
(pip install -e '.[mlflow,wandb]').
"""

import json
import sys
import types

import cv2
import numpy as np
import pytest
import smoke

from nircolor_tf.errors import InputError, NonFiniteLossError
from nircolor_tf.training import loggers, loop, sinks, trainer
from nircolor_tf.training.writer import Writer

GRID = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)


@pytest.fixture
def config(pairs_manifest):
    return smoke.smoke_config("supervised", "unet256,smoke", pairs_manifest)


class Recorder:
    """Stands for a logger; its calls are those of the class."""

    calls = ()
    fails = None

    def __init__(self, workdir, settings, run):
        self.run = run or "new"
        self._call("open", run, settings["data"]["manifest"])

    def scalars(self, kind, step, phase, values):
        self._call(kind, step, *values.values())

    def image(self, step, name, grid):
        self._call("image", step, name)

    def close(self, failed):
        self._call("close", failed)

    def _call(self, *call):
        type(self).calls += (call,)
        if call[0] == self.fails:
            raise ConnectionError("the server\nis away")


@pytest.fixture
def recorder(monkeypatch):
    """Takes the place of Weights & Biases, installed or not."""
    own = type("Own", (Recorder,), {})
    module = types.ModuleType("wandb_run")
    module.Run = own
    monkeypatch.setitem(sys.modules, "nircolor_tf.training.wandb_run", module)
    monkeypatch.setattr(
        loggers.importlib.util,
        "find_spec",
        lambda name: types.SimpleNamespace(origin=name),
    )
    return own


def test_grids_are_files_the_newest_are_kept(tmp_path):
    writer = Writer(tmp_path, 0, 99)
    for step in range(5, 5 * (sinks.NEWEST_GRIDS + 3), 5):
        writer.image(step, "NIR, colorized, truth", GRID)
    writer.image(5, "visuals", GRID)
    writer.close()
    (tmp_path / "eval" / "of_the_user.png").write_bytes(b"")
    names = sorted(path.name for path in tmp_path.glob("eval/*.png"))
    assert names == [
        "0000005_visuals.png",
        *(
            f"{step:07d}_nir_colorized_truth.png"
            for step in range(15, 5 * (sinks.NEWEST_GRIDS + 3), 5)
        ),
        "of_the_user.png",
    ]
    image = cv2.imread(str(tmp_path / "eval" / names[0]))
    np.testing.assert_array_equal(image[..., ::-1], GRID)
    # As after a kill: what came after the checkpoint comes again.
    Writer(tmp_path, 20, 99).close()
    left = {path.name for path in tmp_path.glob("eval/*.png")}
    assert left == {names[0], names[1], names[2], "of_the_user.png"}


def test_a_training_leaves_a_grid(config, tmp_path, one_replica):
    trainer.train(config, tmp_path, one_replica, stop_at=2)
    (file,) = tmp_path.glob("eval/*.png")
    assert file.name == "0000002_nir_colorized_truth.png"
    assert cv2.imread(str(file)).std() > 1


def test_a_resumed_training_goes_on_in_its_run(
    config, tmp_path, one_replica, recorder
):
    trainer.train(config, tmp_path, one_replica, 2, logger_names=["wandb"])
    assert recorder.calls[0] == ("open", None, "manifest.csv")
    kinds = [call[:2] for call in recorder.calls[1:]]
    assert kinds == [
        ("train", 1),
        ("train", 2),
        ("image", 2),
        ("eval", 2),
        ("close", False),
    ]
    record = json.loads((tmp_path / loggers.FILE).read_text())
    assert record == {"wandb": {"run": "new"}}
    recorder.calls = ()
    # Without the flag, as its record says.
    trainer.train(config, tmp_path, one_replica, 3)
    assert recorder.calls[0] == ("open", "new", "manifest.csv")
    assert recorder.calls[1][:2] == ("train", 3)
    recorder.calls = ()
    # With it no more, then and later.
    for names in (["tensorboard"], None):
        assert loggers.select(tmp_path, names) == ()
        trainer.train(config, tmp_path, one_replica, logger_names=names)
    assert recorder.calls == ()
    # Named again it goes on in the same run.
    trainer.train(config, tmp_path, one_replica, logger_names=["wandb"])
    assert recorder.calls[0] == ("open", "new", "manifest.csv")
    record = json.loads((tmp_path / loggers.FILE).read_text())
    assert record == {"wandb": {"run": "new"}}


@pytest.mark.parametrize("where", ["open", "train", "image", "close"])
def test_a_logger_that_fails_is_said_once(
    where, config, tmp_path, one_replica, recorder, capsys
):
    recorder.fails = where
    trainer.train(config, tmp_path, one_replica, logger_names=["wandb"])
    output = capsys.readouterr()
    said = "wandb gets nothing more: ConnectionError: the server is away."
    assert (output.out + output.err).count(said) == 1
    assert [call[0] for call in recorder.calls].count(where) == 1
    assert recorder.calls[-1][0] == where
    rows = (tmp_path / "train" / "scalars.csv").read_text()
    assert "\n4,train," in rows


def test_the_run_of_a_training_that_failed(tmp_path, recorder, config):
    (sink,) = loggers.open_all(["wandb"], tmp_path, config)
    writer = Writer(tmp_path, 0, 9, [sink])
    writer.close(failed=True)
    assert recorder.calls[-1] == ("close", True)


def test_a_nan_closes_the_run_as_failed(
    config, tmp_path, one_replica, recorder, monkeypatch
):
    monkeypatch.setattr(loop.math, "isfinite", lambda value: False)
    with pytest.raises(NonFiniteLossError):
        trainer.train(config, tmp_path, one_replica, logger_names=["wandb"])
    assert recorder.calls[-1] == ("close", True)


def test_loggers_that_are_not_there(config, tmp_path, one_replica, monkeypatch):
    workdir = tmp_path / "run"
    with pytest.raises(InputError, match=r"--logger=comet: .*wandb, mlflow"):
        trainer.train(config, workdir, one_replica, logger_names=["comet"])
    monkeypatch.setattr(loggers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"install 'nircolor-tf\[mlflow\]'"):
        trainer.train(config, workdir, one_replica, logger_names=["mlflow"])
    # Refused before anything is written.
    assert not workdir.exists()
    workdir.mkdir()
    (workdir / loggers.FILE).write_text("[]")
    with pytest.raises(InputError, match=r"loggers\.json: expected an object"):
        loggers.select(workdir, None)


def test_mlflow(config, tmp_path, one_replica, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    workdir = tmp_path / "run"
    for stop_at in (2, None):
        trainer.train(
            config, workdir, one_replica, stop_at, logger_names=["mlflow"]
        )
    client = mlflow.MlflowClient()
    experiment = client.get_experiment_by_name("nircolor")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_name == "run"
    assert run.info.status == "FINISHED"
    assert run.data.params["train.log_every"] == "1"
    assert run.data.params["data.manifest"] == "manifest.csv"
    history = client.get_metric_history(run.info.run_id, "train/colorizer/l1")
    assert sorted(point.step for point in history) == [1, 2, 3, 4]
    history = client.get_metric_history(run.info.run_id, "eval/std/psnr")
    assert sorted(point.step for point in history) == [2, 4]
    images = client.list_artifacts(run.info.run_id, "images")
    assert len([i for i in images if i.path.endswith(".png")]) == 2


def test_mlflow_run_that_is_gone(
    config, tmp_path, one_replica, monkeypatch, capsys
):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/runs.db")
    (tmp_path / loggers.FILE).write_text('{"mlflow": {"run": "0123"}}')
    trainer.train(config, tmp_path, one_replica, stop_at=2)
    output = capsys.readouterr()
    assert (output.out + output.err).count("mlflow gets nothing more") == 1


def test_wandb(config, tmp_path, one_replica, monkeypatch):
    wandb = pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    workdir = tmp_path / "run"
    for stop_at in (2, None):
        trainer.train(
            config, workdir, one_replica, stop_at, logger_names=["wandb"]
        )
    # Its process writes on behind `finish`, to its end.
    wandb.teardown()
    run = json.loads((workdir / loggers.FILE).read_text())["wandb"]["run"]
    assert len(run) == 8
    folders = sorted(workdir.glob("wandb/offline-run-*"))
    assert [folder.name.endswith(f"-{run}") for folder in folders] == [True] * 2
    for folder in folders:
        # `wandb sync` reads this file; it holds names and numbers.
        data = (folder / f"run-{run}.wandb").read_bytes()
        for text in (b"train/colorizer/l1", b"eval/std/psnr", b"manifest.csv"):
            assert text in data
        assert str(config.data.manifest).encode() not in data
        assert len(list(folder.glob("files/media/images/eval/*.png"))) == 1
