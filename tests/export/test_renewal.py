"""An older export gets the SavedModel of today."""

import io
import json
import shutil

import cv2
import numpy as np
import pytest
import tensorflow as tf
import tint
from ai_edge_litert.interpreter import Interpreter
from PIL import Image
from tint import Tint

from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.export import (
    comparison,
    export,
    exported_method,
    orientation,
    renewal,
    weights,
)
from nircolor_tf.export.export import Options
from nircolor_tf.images import channels, conversions
from nircolor_tf.inference import digests, models
from nircolor_tf.training import restore

# What a card says of the files that are written again.
RENEWED = {
    *("name", "commands", "largest_difference", "bytes", "mirror", "sha256"),
}
KEPT = ("model.tflite", "model_24x40_float16.tflite", "training_data.csv")
SIZE = (64, 32)


@pytest.fixture(scope="module", autouse=True)
def known():
    """The method is one of those that a config can name."""
    with tint.known():
        yield


@pytest.fixture(scope="module")
def older(known, pairs_manifest, tmp_path_factory):
    """An export without weights by name, whose graph knows no orientation."""
    method = Tint(tint.config(pairs_manifest))
    method.set_gain(1.1)  # not that of a new one
    folder = tmp_path_factory.mktemp("exports") / "older"
    with pytest.MonkeyPatch.context() as patch:
        record = {"step": 5, "minutes": 1.5}
        patch.setattr(restore, "load_method", lambda *_: (method, record))
        upright = tf.constant(1, tf.int64)
        patch.setattr(orientation, "read", lambda header: upright)
        export.export_workdir("run", folder)
    shutil.rmtree(folder / weights.FOLDER)
    card = read_card(folder)
    del card["mirror"], card["bytes"]["weights/colorizer.weights.h5"]
    card["measured"] = [{"mean": {"std/psnr": 12.5}}]
    card["commands"] = ["bin/train.py"]
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def renewed(older):
    folder = older.with_name("renewed")
    renewal.renew(older, folder, Options(command="bin/export.py"))
    return folder


def read_card(folder):
    return json.loads((folder / "card.json").read_text())


def signatures(folder):
    return tf.saved_model.load(str(folder / "saved_model")).signatures


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def colorize(signatures, image, **options):
    """What a server answers for a PNG file of an image."""
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    run = signatures["image_bytes"]
    png = run(image_bytes=tf.constant([file.getvalue()]))["png_bytes"]
    return Image.open(io.BytesIO(png[0].numpy()))


def shown_size(signatures):
    """Of the result for an image that is stored on its side."""
    tags = Image.Exif()
    tags[0x112] = 6
    return colorize(signatures, Image.new("L", SIZE), exif=tags).size


def test_todays_graph_with_the_same_weights(older, renewed):
    before, after = signatures(older), signatures(renewed)
    assert shown_size(before) == SIZE
    assert shown_size(after) == SIZE[::-1]
    image = np.random.default_rng(0).random((2, 64, 128, 1), np.float32)
    assert set(before) == set(after)
    for name in ("network", "serving_default"):
        np.testing.assert_array_equal(
            before[name](nir=image)["rgb"], after[name](nir=image)["rgb"]
        )


def test_all_else_stays(older, renewed):
    for name in KEPT:
        assert (older / name).read_bytes() == (renewed / name).read_bytes()
    assert not (renewed / weights.FOLDER).exists()
    before, after = read_card(older), read_card(renewed)
    assert {key for key in after if after[key] != before.get(key)} <= RENEWED
    assert before.keys() <= after.keys()
    assert after["measured"] == [{"mean": {"std/psnr": 12.5}}]
    assert after["commands"] == ["bin/train.py", "bin/export.py"]
    assert after["name"] == "renewed"
    assert after["bytes"].keys() == before["bytes"].keys()
    size = sum(
        len(content)
        for path, content in contents(renewed).items()
        if path.parts[0] == "saved_model"
    )
    assert after["bytes"]["saved_model"] == size
    digests.check(renewed, after)
    assert {"model.tflite", "saved_model/saved_model.pb"} <= set(
        after["sha256"]
    )


def test_in_its_own_place_and_from_weights_by_name(older, tmp_path):
    folder = shutil.copytree(older, tmp_path / "renewed")
    with pytest.raises(InputError, match=r"renewed: exists already"):
        renewal.renew(folder, folder, Options())
    method, _ = exported_method.load(folder)
    weights.write(method, ["colorizer"], folder)
    card = read_card(folder)
    card.pop("sha256")
    (folder / "card.json").write_text(json.dumps(card))
    file = folder / "weights" / "colorizer.weights.h5"
    stored = file.read_bytes()
    # The SavedModel is not what they are read from.
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"")
    renewal.renew(folder, folder, Options(overwrite=True))
    assert shown_size(signatures(folder)) == SIZE[::-1]
    assert file.read_bytes() == stored
    assert read_card(folder)["bytes"]["weights/colorizer.weights.h5"] == len(
        stored
    )
    assert [path.name for path in tmp_path.iterdir()] == ["renewed"]


def test_an_export_without_a_saved_model_gets_one(older, tmp_path):
    folder = shutil.copytree(older, tmp_path / "slim")
    method, _ = exported_method.load(folder)
    weights.write(method, ["colorizer"], folder)
    shutil.rmtree(folder / "saved_model")
    card = read_card(folder)
    card.pop("sha256")
    for entry in card["paths"].values():
        del entry["files"]["saved_model"]
    (folder / "card.json").write_text(json.dumps(card))
    renewal.renew(folder, tmp_path / "whole", Options())
    assert shown_size(signatures(tmp_path / "whole")) == SIZE[::-1]


def test_a_damaged_file_gets_no_new_digest(renewed, tmp_path):
    folder = tmp_path / "damaged"
    shutil.copytree(renewed, folder)
    file = folder / "training_data.csv"
    file.write_bytes(file.read_bytes() + b"\n")
    before = contents(folder)
    with pytest.raises(InputError, match=r"training_data\.csv"):
        renewal.renew(folder, tmp_path / "new", Options())
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["damaged"]


def test_files_of_more_sizes_beside_those_that_are_there(older, tmp_path):
    options = Options(kinds=["float16"], sizes=["24x64", "24x40"])
    card = renewal.renew(older, tmp_path / "more", options)
    entries = card["paths"]["n2c"]["files"]["tflite_fixed"]
    assert [entry["file"] for entry in entries] == [
        "model_24x64_float16.tflite",
        "model_24x40_float16.tflite",
    ]
    wide, former = entries
    assert (wide["height"], wide["width"]) == (24, 64)
    assert min(wide["db"], former["db"]) > 60
    digests.check(tmp_path / "more", card)
    # It computes what the method of that export does, red times 1.1.
    colorize = models.load_export(tmp_path / "more", file=wide["file"])
    rgb = colorize(np.full((24, 64, 1), 0.5, np.float32))
    np.testing.assert_allclose(rgb[0, 0], (0.55, 0.3125, 0.1875), atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (Options(kinds=["int8"], sizes=["24x40"]), "--representative=FOLDER"),
        (Options(representative="nir"), "--representative=nir.* is none"),
        (Options(channel=channels.Channel(2)), "--channel=2: .*a folder"),
        (Options(kinds=["float16"]), "expected both or none"),
        (Options(sizes=["24x40"]), "expected both or none"),
        (Options(kinds=["float16"], sizes=["28x40"]), "no image reaches"),
    ],
)
def test_sizes_that_cannot_be_written_are_refused(
    options, message, older, tmp_path
):
    with pytest.raises(InputError, match=message):
        renewal.renew(older, tmp_path / "new", options)
    assert not list(tmp_path.iterdir())


def test_where_something_differs_nothing_is_replaced(
    older, tmp_path, monkeypatch
):
    folder = shutil.copytree(older, tmp_path / "older")
    before = contents(folder)
    limits = dict.fromkeys(comparison.TOLERANCES, -1.0)
    monkeypatch.setattr(comparison, "TOLERANCES", limits)
    with pytest.raises(ExportError, match="differs from the method"):
        renewal.renew(folder, folder, Options(overwrite=True))
    assert contents(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["older"]


def test_weights_of_half_the_bytes(older, tmp_path):
    halved = tmp_path / "halved"
    card = renewal.renew(older, halved, Options(weights="float16", onnx=True))
    assert card["paths"]["n2c"]["tflite_weights"] == "float16"
    digests.check(halved, card)
    model = Interpreter(str(halved / "model.tflite"))
    types = {tensor["dtype"] for tensor in model.get_tensor_details()}
    assert types == {np.float16, np.float32}
    image = np.random.default_rng(0).random((24, 64, 1), np.float32)
    results = {
        runtime: models.load_export(halved, runtime)(image)
        for runtime in ("litert", "saved_model", "onnx")
    }
    exact = results["saved_model"]
    assert 1e-5 < np.abs(results["litert"] - exact).max() < 2e-3
    # An ONNX file is not written from weights that were rounded.
    np.testing.assert_allclose(results["onnx"], exact, atol=1e-6)
    # The file stays as it is until it is asked for again.
    card = renewal.renew(halved, halved, Options(overwrite=True))
    assert card["paths"]["n2c"]["tflite_weights"] == "float16"
    card = renewal.renew(
        halved, halved, Options(overwrite=True, weights="float32")
    )
    assert "tflite_weights" not in card["paths"]["n2c"]
    result = models.load_export(halved, "litert")(image)
    np.testing.assert_allclose(result, exact, atol=1e-6)


def test_the_shipped_model_has_todays_graph(repository):
    shipped = signatures(repository / "saved_models" / "default")
    assert shown_size(shipped) == SIZE[::-1]
    apart = round(255 * conversions.GRAY_TOLERANCE)
    colorize(shipped, Image.new("RGB", SIZE, (100, 100 + apart, 100)))
    with pytest.raises(tf.errors.InvalidArgumentError, match="an RGB image"):
        colorize(shipped, Image.new("RGB", SIZE, (100, 101 + apart, 100)))
    ten_bit = np.full((*SIZE, 3), (700, 900, 700), np.uint16)
    png = tf.constant([cv2.imencode(".png", ten_bit)[1].tobytes()])
    with pytest.raises(tf.errors.InvalidArgumentError, match="up to 200 lev"):
        shipped["image_bytes"](image_bytes=png)
