"""ONNX files of an export, in ONNX Runtime."""

import json
import sys

import numpy as np
import onnx
import pytest
import tint
from tint import Tint

from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.export import comparison, export, onnx_file, renewal
from nircolor_tf.export.export import Options
from nircolor_tf.inference import models
from nircolor_tf.inference.onnx_model import OnnxModel
from nircolor_tf.training import restore


def random_nir(height, width, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((height, width, 1), np.float32)


@pytest.fixture(scope="module")
def known():
    """The method is the one that the config names."""
    with tint.known():
        yield


@pytest.fixture(scope="module")
def exported(known, pairs_manifest, tmp_path_factory):
    method = Tint(tint.config(pairs_manifest))
    folder = tmp_path_factory.mktemp("exports") / "tint"
    with pytest.MonkeyPatch.context() as patch:
        record = {"step": 5, "minutes": 1.5}
        patch.setattr(restore, "load_method", lambda *_: (method, record))
        export.export_workdir("run", folder, export.Options(onnx=True))
    return folder


def read_card(folder):
    return json.loads((folder / "card.json").read_text())


def test_the_card_names_the_file(exported):
    card = read_card(exported)
    (path,) = card["paths"].values()
    assert path["files"]["onnx"] == "model.onnx"
    assert path["onnx"]["opset"] == onnx_file.OPSET
    assert path["onnx"]["milliseconds"] > 0
    size = (exported / "model.onnx").stat().st_size
    assert card["bytes"]["model.onnx"] == size
    assert card["largest_difference"]["onnx"] < 1e-5


def test_the_file_has_free_sides_and_names(exported):
    model = onnx.load(exported / "model.onnx")
    onnx.checker.check_model(model)
    (opset,) = {
        entry.version for entry in model.opset_import if not entry.domain
    }
    assert opset == onnx_file.OPSET
    for (value,), name, channels in (
        (model.graph.input, "nir", 1),
        (model.graph.output, "rgb", 3),
    ):
        assert value.name == name
        sides = [
            dimension.dim_param or dimension.dim_value
            for dimension in value.type.tensor_type.shape.dim
        ]
        assert sides == [1, "height", "width", channels]


@pytest.mark.parametrize("size", [(64, 32), (33, 70), (1, 1)])
def test_onnx_runtime_gives_what_litert_gives(exported, size):
    image = random_nir(*size)
    expected = models.load_export(exported, "litert")(image)
    result = models.load_export(exported, "onnx", threads=1)(image)
    np.testing.assert_allclose(result, expected, atol=1e-5)


def test_an_export_gets_an_onnx_file_afterwards(exported, tmp_path):
    plain = tmp_path / "plain"
    renewal.renew(exported, plain, Options())
    (plain / "model.onnx").unlink()
    card = read_card(plain)
    del card["paths"]["n2c"]["files"]["onnx"]
    (plain / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="names no 'onnx'"):
        models.load_export(plain, "onnx")
    renewal.renew(plain, plain, Options(overwrite=True, onnx=True))
    assert "onnx" in read_card(plain)["largest_difference"]
    models.load_export(plain, "onnx")(random_nir(8, 8))


def test_a_file_that_differs_is_refused(exported, tmp_path, monkeypatch):
    monkeypatch.setitem(comparison.TOLERANCES, "onnx", -1.0)
    with pytest.raises(ExportError, match="the onnx file differs"):
        renewal.renew(exported, tmp_path / "new", Options(onnx=True))
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_a_file_that_is_no_model_is_named(tmp_path, content):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.onnx: not an ONNX file"):
        OnnxModel(path, 1)


def test_a_size_that_the_network_cannot_take_is_named(exported):
    model = OnnxModel(exported / "model.onnx", 1)
    with pytest.raises(InputError, match="cannot run at 8 x 8 pixels"):
        model.predict(np.zeros((2, 8, 8, 1), np.float32))


def test_a_missing_extra_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"nircolor-tf\[onnx\]"):
        OnnxModel(exported / "model.onnx", 1)
    with pytest.raises(InputError, match=r"onnxruntime, .*nircolor-tf\[onnx\]"):
        onnx_file.require()
