"""Exports of methods that see an image at half of the working size, too."""

import dataclasses

import numpy as np
import pytest
import tint

from nircolor_tf.export import export, verify
from nircolor_tf.images import image_files
from nircolor_tf.inference import models
from nircolor_tf.training import build, restore

FIXED = "model_24x40_float16.tflite"


@pytest.fixture(scope="module")
def method(pairs_manifest):
    config = tint.config(pairs_manifest)
    config.inference.half_share = 0.5
    return tint.Tint(config)


@pytest.fixture(scope="module")
def exported(method, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "tint"
    with pytest.MonkeyPatch.context() as patch:
        record = {"step": 5, "minutes": 1.5}
        patch.setattr(restore, "load_method", lambda *_: (method, record))
        export.export_workdir("run", folder)
    return folder


def squares():
    rows, columns = np.indices((30, 46)) // 3
    return ((rows + columns) % 2)[..., None].astype(np.float32)


def test_every_runtime_sees_it_and_a_file_of_one_size_does_not(
    exported, method, tmp_path, monkeypatch
):
    image_files.write_image(
        tmp_path / "squares.png", (255 * squares()).astype(np.uint8)
    )
    monkeypatch.setattr(
        verify.exported_method, "load", lambda folder: (method, {})
    )
    verification = verify.verify_photos(None, exported, tmp_path, "best")
    assert verification.problems == []
    compared = {run.name: run.total().largest for run in verification.runtimes}
    assert set(compared) > {"saved_model", "litert", "serving", FIXED}
    assert max(compared.values()) < 1e-6 + 1 / 255
    assert compared[FIXED] < 1e-3


def test_what_half_of_the_size_changes(exported, method):
    both = build.make_colorizer(method)
    once = dataclasses.replace(both, steps=both.steps.at_one_size())
    difference = np.abs(both(squares()) - once(squares()))
    assert difference.max() > 0.05
    fixed = models.load_export(exported, file=FIXED)
    assert fixed.steps == once.steps
    assert models.load_export(exported).steps == both.steps
