"""The commands as a user types them, each in a process of its own.

Those that import TensorFlow are forked from a process that has it (typed.py).
test_installed.py and test_interruption.py start such commands whole.
"""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import tensorflow as tf
import typed

TRAIN = (
    "train.py --config=configs/supervised.py:unet256,smoke "
    "--config.data.manifest=data/manifest.csv --config.train.steps=60 "
    "--config.train.average_decay=0.9 --config.train.checkpoint_every=5 "
    "--config.train.evaluate_every=20 --config.train.deterministic"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, repository):
    """It sees what the commands read."""
    folder = tmp_path_factory.mktemp("chain")
    for name in ("bin", "configs", "saved_models"):
        (folder / name).symlink_to(repository / name)
    return folder


def check(status, out, errors):
    """Returns what a command printed."""
    assert status == 0, errors
    # Nothing of what libraries say to their programmers.
    assert not re.search(r"^[IWE]\d{4} ", errors, re.MULTILINE), errors
    return out


@pytest.fixture(scope="module")
def run_whole(folder, repository):
    """Runs a command line in a process that imports what it needs."""

    def run(line):
        done = subprocess.run(
            [sys.executable, *shlex.split(f"bin/{line}")],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(repository)},
            capture_output=True,
            text=True,
            check=False,
        )
        return check(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="module")
def run(folder, tmp_path_factory):
    def run(line):
        output = tmp_path_factory.mktemp("printed")
        return check(*typed.run(line, folder, output))

    return run


@pytest.fixture(scope="module")
def prepared(run_whole, folder):
    """Eight synthetic pairs and their manifest; gives the folder of all."""
    run_whole("make_synthetic.py --output=pairs --count=8 --size=48")
    run_whole("prepare_data.py --source=pairs --layout=folder --output=data")
    return folder


@pytest.fixture(scope="module")
def trained(run, prepared):
    out = run(f"{TRAIN} --workdir=run")
    assert "bin/export.py --workdir=run" in out
    assert re.search(
        r"^step 20, val: std/psnr [\d.]+, std/ssim [\d.]+, std/ae [\d.]+ "
        r"\(the best so far\)$",
        out,
        re.MULTILINE,
    )
    return prepared


def newest(workdir):
    """The newest checkpoint: step number and all that decides the future."""
    path = tf.train.latest_checkpoint(str(workdir / "checkpoints"))
    return int(path.rpartition("-")[2]), {
        key: tf.train.load_variable(path, key)
        for key, _ in tf.train.list_variables(path)
        if not key.startswith(("_CHECKPOINTABLE", "save_counter", "seconds"))
    }


def test_killed_and_resumed_equals_uninterrupted(run, trained, tmp_path):
    process = typed.start(f"{TRAIN} --workdir=killed", trained, tmp_path)
    # TensorFlow's note of which checkpoint is the newest, from step 5 on.
    while not (trained / "killed" / "checkpoints" / "checkpoint").exists():
        assert process.exitcode is None, (tmp_path / "errors").read_text()
        time.sleep(0.01)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert newest(trained / "killed")[0] < 60
    assert "go on" in run("train.py --workdir=killed --stop_at=57")
    assert newest(trained / "killed")[0] == 57
    run("train.py --workdir=killed")
    (step, resumed), (_, uninterrupted) = (
        newest(trained / name) for name in ("killed", "run")
    )
    assert step == 60
    assert resumed.keys() == uninterrupted.keys()
    for key, value in uninterrupted.items():
        np.testing.assert_array_equal(resumed[key], value, err_msg=key)
    logs = [
        (trained / name / kind / "scalars.csv").read_text()
        for name in ("run", "killed")
        for kind in ("train", "eval")
    ]
    assert logs[:2] == logs[2:]
    with open(trained / "run" / "train" / "scalars.csv", newline="") as file:
        l1 = [
            float(row["value"])
            for row in csv.DictReader(file)
            if row["scalar"] == "colorizer/l1"
        ]
    assert len(l1) == 60
    assert np.mean(l1[-10:]) < np.mean(l1[:10])


def test_evaluate_export_and_colorize(run, run_whole, trained, tmp_path):
    evaluate = "evaluate.py --data=data/manifest.csv --split=val"
    run(f"{evaluate} --workdir=run --path=n2c --output=report_workdir")
    out = run("export.py --workdir=run --paths=n2c --output=models/tiny")
    assert "bin/colorize.py --model=models/tiny" in out
    best = json.loads((trained / "run/checkpoints/best.json").read_text())
    newest_step = "" if best["step"] == 60 else "; newest is 60"
    why = f"best on val, std/psnr {best['metrics']['std/psnr']:.4g}"
    assert f"exported step {best['step']} ({why}{newest_step}) of run" in out
    out = run(
        "verify.py --workdir=run --model=models/tiny --input=pairs/nir "
        "--output=table.csv"
    )
    assert "image_bytes" in out
    assert out.splitlines()[-1].startswith(
        "the export equals the trained method: 4 of 4 files and signatures "
        "were compared on 8 photos"
    )
    again = f"{evaluate} --model=models/tiny --output=report_export"
    run_whole(again)
    status, _, errors = typed.run(again, trained, tmp_path)
    assert "report.html: exists already" in errors
    assert status == 1
    run_whole(
        "colorize.py --model=models/tiny --input=pairs/nir --output=color"
    )
    names = {path.name for path in (trained / "pairs/nir").iterdir()}
    assert {path.name for path in (trained / "color").iterdir()} == names
    for name in names:
        color = cv2.imread(str(trained / "color" / name))
        assert color.shape == (48, 48, 3)
    check_records(trained, best, evaluate)


def check_records(trained, best, evaluate):
    """Checks what the export and the reports say of the training."""
    card = json.loads((trained / "models/tiny/card.json").read_text())
    assert card["training"]["step"] == best["step"]
    assert card["validation"]["metrics"] == best["metrics"]
    assert card["commands"] == [
        f"bin/{TRAIN} --workdir=run",
        "bin/export.py --workdir=run --paths=n2c --output=models/tiny",
    ]
    records = [
        (trained / folder / "training_data.csv").read_text()
        for folder in ("run", "models/tiny")
    ]
    assert records[0] == records[1]
    for report, run_flags in (
        ("report_workdir", "--workdir=run --path=n2c"),
        ("report_export", "--model=models/tiny"),
    ):
        summary = json.loads((trained / report / "summary.json").read_text())
        command = f"bin/{evaluate} {run_flags} --output={report}"
        assert summary["command"] == command
        (measured,) = summary["runs"]
        assert measured["mean"] == pytest.approx(best["metrics"], rel=1e-3)
        assert measured["about"]["path"] == "n2c"
        # It was trained on other scenes, and wrote down which.
        assert measured["training_data"] == "clean"


CONFIG = "--config=configs/supervised.py:unet256,smoke"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train.py --config=configs/no.py --workdir=new", "'configs/no.py'"),
        (
            "train.py --config=configs/no.py --workdir=new --config.seed=1",
            "'configs/no.py'",
        ),
        (
            "train.py --config=configs/supervised.py:net --workdir=new",
            "configs/supervised.py:net: expected one of unet256, linknet",
        ),
        (
            f"train.py {CONFIG} --workdir=new --config.train.stepz=9",
            "no key 'stepz'. Did you mean \"steps\"",
        ),
        (
            f"train.py {CONFIG} --workdir=new --config.train.steps=many",
            "--config.train.steps=many: invalid literal",
        ),
        ("train.py --workdir=new", "a new training needs --config"),
        (
            f"train.py {CONFIG} --workdir=new "
            "--config.data.manifest=data/none.csv",
            "data/none.csv: cannot be read",
        ),
        (
            "train.py --workdir=run --config.data.manifest=data/none.csv",
            "data/none.csv: cannot be read",
        ),
        (
            "train.py --workdir=run --config.train.steps=70",
            "Unknown command line flag 'config.train.steps'",
        ),
        (f"train.py {CONFIG}", "--workdir must have a value"),
        (
            f"train.py {CONFIG} --workdir=run "
            "--config.data.manifest=data/manifest.csv",
            "train.steps: 60 there, 4 now",
        ),
        (
            "evaluate.py --workdir=pairs --data=data/manifest.csv --output=new",
            "pairs: neither an export (card.json), nor a workdir (config.json)",
        ),
        (
            "evaluate.py --workdir=run --data=data/manifest.csv --output=new "
            "--split=train",
            "show a scene of the training data",
        ),
        (
            "evaluate.py --data=data/manifest.csv --output=new run",
            "give one of --model=DIR, --workdir=DIR and --compare RUN",
        ),
        (
            "evaluate.py --workdir=run --data=data/manifest.csv --output=new "
            "--split=validation",
            "split 'validation'",
        ),
        ("evaluate.py --data=data/manifest.csv --output=new", "--workdir"),
        ("export.py --workdir=pairs --output=new", "pairs/config.json: no"),
        ("export.py --workdir=run --output=data", "data: exists already"),
        (
            "export.py --workdir=run --output=new --paths=n2c,g2c",
            "path 'g2c': supervised has none of that name; expected one of n2c",
        ),
        (
            "export.py --from_export=default --output=new --note=x",
            "--note: not with --from_export, which keeps the weights",
        ),
        (
            "export.py --from_export=run --output=new",
            "run: a training, not an export",
        ),
        ("export.py --output=new", "one of (workdir, from_export)"),
        (
            "evaluate.py --model=saved_models/default --output=new "
            "--data=data/manifest.csv --path=g2c",
            "path 'g2c': saved_models/default has none of that name",
        ),
        (
            "colorize.py --input=pairs/nir --output=new --path=n2g",
            "saved_models/default has none of that name",
        ),
        (
            "colorize.py --model=run --input=pairs/nir --output=new",
            "run: a training, not an export; bin/export.py --workdir=run",
        ),
        (
            "colorize.py --input=pairs/nir --output=new "
            "--model=saved_models/default/model.tflite",
            "model.tflite: a file; a model is the folder that bin/export.py "
            "writes; saved_models/default is one",
        ),
        (
            "colorize.py pairs/nir new",
            "argument 'pairs/nir'; every option is a --flag=value, as "
            "--input=pairs/nir",
        ),
        ("colorize.py --input pairs/nir new", "argument 'new'"),
        ("colorize.py --input=pairs/nir", "error: --output is missing\n"),
        (
            "export.py --workdir=saved_models/default --output=new",
            "saved_models/default: an export, not a training",
        ),
        (
            f"train.py {CONFIG} --workdir=new --config.data.manifest=data",
            "data/manifest.csv is one",
        ),
    ],
)
def test_bad_input_is_one_message_and_writes_nothing(
    line, message, trained, tmp_path
):
    before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    status, out, errors = typed.run(line, trained, tmp_path)
    assert status in (1, 2), out + errors
    assert "Traceback" not in errors
    assert message in errors
    assert "InitializeLog" not in errors
    after = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
    assert after == before
