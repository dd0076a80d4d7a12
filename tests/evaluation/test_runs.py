"""How runs are named, and which folder is what."""

from pathlib import Path

import numpy as np
import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import run_names, runs
from nircolor_tf.images import image_files
from nircolor_tf.inference import hub, models


def test_names(tmp_path):
    (tmp_path / "co").mkdir()
    (tmp_path / "a:b").mkdir()
    (tmp_path / "rate=1").mkdir()
    texts = [
        f"{tmp_path}/co",
        f"{tmp_path}/co:n2g2c",
        f"ours={tmp_path}/co:n2c",
        f"{tmp_path}/a:b",
        f"{tmp_path}/rate=1",
        f"{tmp_path}/rate=1:n2c",
        f"low={tmp_path}/rate=1",
    ]
    names = run_names.parse_names(texts)
    assert [(name.label, name.path) for name in names] == [
        ("co", None),
        ("co:n2g2c", "n2g2c"),
        ("ours", "n2c"),
        ("a:b", None),
        ("rate=1", None),
        ("rate=1:n2c", "n2c"),
        ("low", None),
    ]
    assert [name.folder for name in names] == [
        *[tmp_path / "co"] * 3,
        tmp_path / "a:b",
        *[tmp_path / "rate=1"] * 3,
    ]


def test_folders_of_one_name_are_told_apart():
    names = run_names.parse_names(["runs/co", "saved_models/co", "runs/x"])
    assert [name.label for name in names] == [
        "runs/co",
        "saved_models/co",
        "x",
    ]
    for texts in (["runs/co", "runs/co"], ["a=x", "a=y"]):
        with pytest.raises(InputError, match="is named twice"):
            run_names.parse_names(texts)
    with pytest.raises(InputError, match=r"'no\\udcff': its name is no UTF-8"):
        run_names.parse_names(["no\udcff"])
    (name,) = run_names.parse_names(["text=no\udcff"])
    assert name.label == "text"


def test_an_export(tiny_export):
    run, predict = runs.open_run(
        run_names.RunName("tiny", tiny_export, None), "best"
    )
    assert (run.kind, run.source, run.target) == ("export", "nir", "rgb")
    nir = np.full((9, 10, 1), 0.5, np.float32)
    np.testing.assert_allclose(
        predict("any", nir)[3, 4], [0.5, 0.25, 0.125], atol=1e-6
    )
    assert run.card["name"] == "tiny"
    assert run.about["path"] == "n2c"
    assert run.is_model
    # Nobody wrote down what it was trained on.
    assert run.training is None
    other, _ = runs.open_run(
        run_names.RunName("tiny", tiny_export, "g2n"), "best"
    )
    assert (other.source, other.target) == ("gray", "nir")
    with pytest.raises(InputError, match="path 'n2x'"):
        runs.open_run(run_names.RunName("tiny", tiny_export, "n2x"), "best")


def test_a_folder_of_images(tmp_path):
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    image_files.write_image(tmp_path / "one.tif", image)
    run, predict = runs.open_run(
        run_names.RunName("theirs", tmp_path, None), "best"
    )
    np.testing.assert_array_equal(predict("one", None), image)
    assert not run.is_model
    with pytest.raises(InputError, match=r"no image two\.png"):
        predict("two", None)
    with pytest.raises(InputError, match=r"path 'n2c': .* folder of images"):
        runs.open_run(run_names.RunName("theirs", tmp_path, "n2c"), "best")


def test_whatever_a_runtime_raises_names_the_folder(tiny_export, monkeypatch):
    def load_export(folder, path):
        raise RuntimeError("op not found")

    monkeypatch.setattr(runs.models, "load_export", load_export)
    with pytest.raises(
        InputError, match="tiny: cannot be loaded: RuntimeError: op not found"
    ):
        runs.open_run(run_names.RunName("tiny", tiny_export, None), "best")


def test_no_run(tmp_path):
    for folder, message in (
        (Path("nowhere"), "nowhere: no such folder"),
        (tmp_path, "neither an export"),
    ):
        with pytest.raises(InputError, match=message):
            runs.open_run(run_names.RunName("x", folder, None), "best")


def test_two_images_of_one_name_are_refused(tmp_path):
    for name in ("x.png", "x.jpg"):
        image_files.write_image(tmp_path / name, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(InputError, match=r"x\.png: the same name as .*x\.jpg"):
        runs.open_run(run_names.RunName("ours", tmp_path, None), "best")


def test_shipped_models_are_runs_by_name():
    ours, theirs = run_names.parse_names(["default", "small=default:n2c"])
    assert (ours.label, ours.path) == ("default", None)
    assert (theirs.label, theirs.path) == ("small", "n2c")
    for name in (ours, theirs):
        assert name.folder == models.locate("default")
        assert (name.folder / "card.json").is_file()


def test_models_of_the_hub_are_runs_by_name(monkeypatch):
    monkeypatch.setattr(hub, "fetch", lambda model: Path("cache") / model[5:])
    names = run_names.parse_names(
        ["hf://me/tiny", "hf://me/tiny@v1:g2c", "theirs=hf://you/tiny"]
    )
    assert [(n.label, n.folder, n.path) for n in names] == [
        ("tiny", Path("cache/me/tiny"), None),
        ("tiny@v1:g2c", Path("cache/me/tiny@v1"), "g2c"),
        ("theirs", Path("cache/you/tiny"), None),
    ]


def test_names_in_either_form_of_unicode(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    image = np.full((4, 4, 3), 9, np.uint8)
    image_files.write_image(tmp_path / "plain.png", image)
    (tmp_path / "plain.png").rename(tmp_path / f"{decomposed}.PNG")
    name = run_names.RunName("ours", tmp_path, None)
    _, predict = runs.open_run(name, "best")
    for form in (composed, decomposed):
        np.testing.assert_array_equal(predict(form, None), image)
    (tmp_path / f"{composed}.png").touch()
    with pytest.raises(InputError, match="the same name as"):
        runs.open_run(name, "best")
