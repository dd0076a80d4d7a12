"""Where a model is found by its name."""

import importlib.resources
import sys
from pathlib import Path

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import models


def test_the_hub_needs_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(
        InputError, match=r"hf://a/b needs .*install 'nircolor-tf\[hub\]'"
    ):
        models.load_export("hf://a/b")


def test_shipped_models_lie_in_the_package_or_beside_it(
    monkeypatch, tmp_path, caplog
):
    package = tmp_path / "nircolor_tf"
    monkeypatch.setattr(importlib.resources, "files", lambda _: package)
    inside, beside = (
        place / "saved_models" / "default" for place in (package, tmp_path)
    )
    with pytest.raises(InputError, match=f"default: .*{inside} or {beside}"):
        models.locate("default")
    for folder in (beside, inside):
        folder.mkdir(parents=True)
        assert models.locate("default") == folder
    assert models.locate("./default") == Path("default")
    assert not caplog.text
    monkeypatch.chdir(tmp_path)
    Path("default").mkdir()
    Path("default", "card.json").touch()
    assert models.locate("default") == inside
    assert "default: the shipped model; the export of that name" in caplog.text
    Path("default", "config.json").touch()
    assert models.locate("default") == inside
    assert "default: the shipped model; the training of that" in caplog.text
    assert models.locate(tmp_path) == tmp_path


def test_a_folder_is_named_apart_from_the_shipped_models():
    assert models.folder_name("default") == "./default"
    assert models.folder_name("runs/default") == "runs/default"
    assert models.quoted("my default") == "'my default'"
