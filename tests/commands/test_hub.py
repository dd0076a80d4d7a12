"""--model=hf://OWNER/NAME and bin/push.py, against a hub on this machine.

Run where huggingface_hub is installed (pip install -e '.[hub]').
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import hub_server
import numpy as np
import pytest

from nircolor_tf.inference import cards, models

pytest.importorskip("huggingface_hub")

REPOSITORY = Path(__file__).parents[2]
GRAY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
NAME = "someone/tiny"


def digest(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def hub():
    with hub_server.running() as running:
        yield running


@pytest.fixture
def files(tiny_export):
    """The files of an export, whose card has their digests."""
    data = {
        path.relative_to(tiny_export).as_posix(): path.read_bytes()
        for path in tiny_export.rglob("*")
        if path.is_file()
    }
    card = json.loads(data.pop("card.json"))
    card["sha256"] = {name: digest(each) for name, each in data.items()}
    return {**data, "card.json": json.dumps(card).encode()}


@pytest.fixture
def nircolor(hub, tmp_path):
    """Runs a command of its own process: the library reads the variables."""
    cv2.imwrite(str(tmp_path / "nir.png"), GRAY)

    def run(*arguments, **variables):
        return subprocess.run(
            [sys.executable, "-m", "nircolor_tf", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "HF_ENDPOINT": hub.endpoint,
                "HF_HOME": str(tmp_path / "hf"),
                "HF_HUB_DISABLE_XET": "1",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def colorize(nircolor, model, **variables):
    return nircolor(
        *("colorize", f"--model={model}", "--input=nir.png"),
        *("--output=rgb.png", "--overwrite"),
        **variables,
    )


def fails(result, *words):
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    line = result.stderr.strip().splitlines()[-1]
    assert line.startswith("error: ")
    for word in words:
        assert word in line


def test_a_model_of_the_hub(hub, files, nircolor, tmp_path):
    unwanted = {"model.pkl": b"no", "README.md": b"no", "saved.bin": b"no"}
    hub.repositories[NAME] = {"main": {}, "v1": files | unwanted}
    result = colorize(nircolor, f"hf://{NAME}@v1")
    assert result.returncode == 0, result.stderr
    color = cv2.imread(str(tmp_path / "rgb.png"))[..., ::-1]
    assert abs(color - GRAY[..., None] * [1, 0.5, 0.25]).max() <= 1
    cache = tmp_path / "hf" / "hub"
    names = {path.name for path in cache.rglob("*")}
    assert "model.tflite" in names
    assert not names & set(unwanted)
    # From the cache alone, with the hub gone.
    hub.repositories.clear()
    result = colorize(nircolor, f"hf://{NAME}@v1", HF_HUB_OFFLINE="1")
    assert result.returncode == 0, result.stderr
    result = colorize(
        nircolor, f"hf://{NAME}@v1", HF_ENDPOINT="http://127.0.0.1:9"
    )
    assert result.returncode == 0, result.stderr
    result = colorize(nircolor, f"hf://{NAME}", HF_HUB_OFFLINE="1")
    fails(result, f"hf://{NAME}: the hub cannot be reached, or HF_HUB_OFFLINE")


def test_names_that_are_not_there(hub, files, nircolor):
    hub.repositories[NAME] = {"main": {"README.md": b"# Nothing"}}
    fails(colorize(nircolor, f"hf://{NAME}"), "has no card.json")
    result = colorize(nircolor, "hf://someone/else")
    fails(result, "hf://someone/else: no such repository, or a private one")
    result = colorize(nircolor, f"hf://{NAME}@v9")
    fails(result, "the repository has no revision 'v9'")
    result = colorize(nircolor, "hf://tiny")
    fails(result, "hf://tiny: expected hf://OWNER/NAME[@REVISION]")
    address = "http://127.0.0.1:9"
    result = colorize(nircolor, f"hf://{NAME}", HF_ENDPOINT=address)
    fails(result, "the hub cannot be reached")


def test_files_that_are_not_those_of_the_card(hub, files, nircolor, tmp_path):
    model = f"hf://{NAME}"
    damaged = files["model.tflite"][:-1] + b"?"
    hub.repositories[NAME] = {"main": files | {"model.tflite": damaged}}
    folder = tmp_path / "hf" / "hub" / "models--someone--tiny"
    fails(
        colorize(nircolor, model),
        f"{model}: ",
        f"model.tflite: damaged, or of another version: its SHA-256 is "
        f"{digest(damaged)}",
        f"To fetch it again, delete {folder}",
    )
    assert folder.is_dir()
    hub.repositories[NAME] = {"v2": files | {"other.tflite": b"strange"}}
    fails(colorize(nircolor, f"{model}@v2"), "other.tflite: not among")
    rest = {k: v for k, v in files.items() if k != "model_g2n.tflite"}
    hub.repositories[NAME] = {"v3": rest}
    fails(colorize(nircolor, f"{model}@v3"), "model_g2n.tflite: missing")


def test_an_older_card_is_used_with_a_warning(hub, files, nircolor):
    card = json.loads(files["card.json"])
    del card["sha256"]
    files["card.json"] = json.dumps(card).encode()
    hub.repositories[NAME] = {"main": files}
    result = colorize(nircolor, f"hf://{NAME}")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("its card has no SHA-256 of its files") == 1


def test_a_card_that_points_elsewhere(hub, files, nircolor):
    card = json.loads(files["card.json"])
    card["paths"]["n2c"]["files"]["tflite"] = "../../model.tflite"
    del card["sha256"]
    files["card.json"] = json.dumps(card).encode()
    hub.repositories[NAME] = {"main": files}
    result = colorize(nircolor, f"hf://{NAME}")
    fails(result, "'paths.n2c.files.tflite'", "expected a file in the folder")


def test_what_is_pushed_can_be_fetched(hub, tiny_export, nircolor, tmp_path):
    tiny_export = shutil.copytree(tiny_export, tmp_path / "tiny")
    (tiny_export / "notes.pkl").write_bytes(b"mine")
    hub.repositories[NAME] = {"main": {"old.tflite": b"old", "LICENSE": b"x"}}
    push = ("push", f"--model={tiny_export}", f"--repo={NAME}")
    fails(nircolor(*push), f"{NAME}: cannot be pushed to", "HF_TOKEN")
    wrong = nircolor("push", f"--model={tiny_export}", "--repo=hf://me/mine")
    fails(wrong, "--repo=hf://me/mine: expected OWNER/NAME")
    result = nircolor(*push, HF_TOKEN="hf_write")
    assert result.returncode == 0, result.stderr
    assert f"{NAME}/commit/main" in result.stdout
    uploaded = hub.repositories[NAME]["main"]
    # What is no part of an export stays where it is.
    assert "notes.pkl" not in uploaded
    ours = {
        path.relative_to(tiny_export).as_posix()
        for path in tiny_export.rglob("*")
        if path.is_file() and path.name != "notes.pkl"
    }
    assert uploaded.keys() == ours | {"README.md", "LICENSE"}
    card = json.loads(uploaded["card.json"])
    assert card["sha256"].keys() == ours - {"card.json"}
    result = colorize(nircolor, f"hf://{NAME}")
    assert result.returncode == 0, result.stderr
    assert "SHA-256" not in result.stderr
    # The export itself stays as it is.
    assert "sha256" not in json.loads((tiny_export / "card.json").read_text())


def test_the_card_of_a_shipped_model(hub, nircolor):
    result = nircolor(
        *("push", "--model=default", f"--repo={NAME}"), HF_TOKEN="hf_write"
    )
    assert result.returncode == 0, result.stderr
    text = hub.repositories[NAME]["main"]["README.md"].decode()
    import huggingface_hub  # noqa: PLC0415 - of an extra

    data = huggingface_hub.ModelCard(text).data
    assert data.license == "other"
    assert data.license_name == "terms-below"
    assert data.pipeline_tag == "image-to-image"
    assert {"near-infrared", "colorization"} <= set(data.tags)
    psnr = next(r for r in data.eval_results if r.metric_type == "psnr")
    assert (psnr.dataset_name, psnr.dataset_split) == ("vcip-strict", "val")
    card = cards.read_card(models.locate("default"))
    measured = card["measured"][0]["mean"]
    assert psnr.metric_value == pytest.approx(measured["std/psnr"], abs=5e-4)
    assert "research and education only" in text
    row = f"{measured['std/psnr']:.2f} | {measured['std/ssim']:.4f}"
    assert f"| vcip-strict | val | {row} |" in text
    assert f"--model=hf://{NAME}" in text


def test_a_damaged_export_is_not_pushed(hub, files, nircolor, tmp_path):
    for name, data in files.items():
        path = tmp_path / "mine" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "mine" / "model.tflite").write_bytes(b"cut")
    result = nircolor(
        *("push", "--model=mine", f"--repo={NAME}"), HF_TOKEN="hf_write"
    )
    fails(result, "model.tflite: damaged")
    assert NAME not in hub.repositories


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["../../../../evil.tflite", "saved_model/../../../../../evil.pb"]
)
def test_an_answer_of_the_hub_leads_nowhere_else(
    path, hub, files, nircolor, tmp_path
):
    hub.repositories[NAME] = {"main": files | {path: b"evil"}}
    fails(colorize(nircolor, f"hf://{NAME}"), NAME)
    assert not list(tmp_path.rglob("evil*"))
    assert not (tmp_path / "rgb.png").exists()
