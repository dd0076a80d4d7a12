"""A model that estimates its error: trained, exported and used."""

import json

import cv2
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import error_files, export, renewal, start
from nircolor_tf.inference import error_estimate, folders, models
from nircolor_tf.training import restore, trainer, warm_start


@pytest.fixture(scope="module")
def workdir(pairs_manifest, one_replica, tmp_path_factory):
    """Trained on from a model without an estimator; its colors hardly move."""
    folder = tmp_path_factory.mktemp("error")
    base = smoke.smoke_config("landscapes", "smoke", pairs_manifest)
    trainer.train(base, folder / "base", one_replica)
    config = smoke.smoke_config("default", "uncertain,smoke", pairs_manifest)
    with config.unlocked():
        config.network = base.network
    config.rate.peak = 1e-9
    config.inference.working_size = 32
    begin = warm_start.read_workdir(folder / "base", "best")
    trainer.train(config, folder / "error", one_replica, start=begin)
    return folder / "error"


@pytest.fixture(scope="module")
def exported(workdir):
    folder = workdir.with_name("export")
    export.export_workdir(workdir, folder, "latest", [], False)
    return folder


def test_it_goes_on_with_the_colors_of_a_model_without(workdir):
    before, _ = restore.load_method(workdir.with_name("base"), "best")
    after, _ = restore.load_method(workdir, "latest")
    kernel = before.colorizer.trainable_variables[0].numpy()
    np.testing.assert_allclose(
        after.colorizer.trainable_variables[0].numpy(), kernel, atol=1e-7
    )
    start_of_other = warm_start.read_workdir(workdir, "latest")
    with pytest.raises(InputError, match="a model of the method 'hetero"):
        start_of_other.apply(before)


def test_the_card_says_how_far_it_is_right(exported):
    entry = json.loads((exported / "card.json").read_text())["error"]
    assert (entry["checked_on"], entry["images"]) == ("val", 3)
    assert entry["factor"] > 0
    assert len(entry["expected"]) == len(entry["real"]) == 10
    assert np.mean(entry["expected"]) == pytest.approx(
        np.mean(entry["real"]), rel=0.02
    )
    assert 0 < entry["last_share"] <= entry["most_share"] < 1


def test_file_and_signature_say_the_same(workdir, exported):
    nir = np.random.default_rng(0).random((50, 71, 1), np.float32)
    estimate = error_estimate.load(exported)
    rgb = models.load_export(exported)(nir)
    error = estimate(nir, rgb)
    assert error.shape == (50, 71, 1)
    assert 0 <= error.min() < error.max() <= 1
    method, _ = restore.load_method(workdir, "latest")
    plain = error_files.make_estimator(method)(nir, rgb)
    np.testing.assert_allclose(error, estimate.factor * plain, atol=1e-3)
    loaded = tf.saved_model.load(str(exported / "saved_model"))
    both = loaded.signatures["error"](nir=nir[None])
    np.testing.assert_allclose(both["rgb"][0], rgb, atol=1e-4)
    np.testing.assert_allclose(both["error"][0], error, atol=1e-3)


@pytest.mark.slow
def test_written_again_and_gone_on_from(exported, tmp_path):
    renewal.renew(exported, tmp_path / "again", overwrite=False)
    loaded = tf.saved_model.load(str(tmp_path / "again" / "saved_model"))
    nir = tf.ones((1, 40, 40, 1)) * tf.linspace(0.0, 1.0, 40)[:, None]
    before = tf.saved_model.load(str(exported / "saved_model"))
    np.testing.assert_allclose(
        loaded.signatures["error"](nir=nir)["error"],
        before.signatures["error"](nir=nir)["error"],
        atol=1e-6,
    )
    assert set(start.read(exported).weights) == {
        "colorizer",
        "error_estimator",
    }


def test_maps_of_a_folder(exported, tmp_path):
    rng = np.random.default_rng(1)
    for name, dtype, top in (("a", np.uint8, 255), ("b", np.uint16, 65535)):
        image = (rng.random((40, 60)) * top).astype(dtype)
        cv2.imwrite(str(tmp_path / f"{name}.png"), image)
    maps = folders.ErrorMaps(error_estimate.load(exported), tmp_path / "maps")
    colorizer = models.load_export(exported)
    folders.colorize_path(colorizer, tmp_path, tmp_path / "out", maps=maps)
    for name, top in (("a", 255), ("b", 65535)):
        nir = cv2.imread(str(tmp_path / f"{name}.png"), -1)[..., None] / top
        levels = cv2.imread(str(tmp_path / "maps" / f"{name}.png"), -1)
        assert levels.dtype == np.uint8
        nir = nir.astype(np.float32)
        expected = 255 * maps.estimator(nir, colorizer(nir))[..., 0]
        np.testing.assert_allclose(levels, expected, atol=1.01)
    with pytest.raises(InputError, match=r"maps.*exists already"):
        folders.colorize_path(colorizer, tmp_path, tmp_path / "new", maps=maps)
    jpeg = folders.ErrorMaps(maps.estimator, tmp_path / "map.jpg")
    with pytest.raises(InputError, match=r"ending in \.png"):
        folders.colorize_path(
            colorizer, tmp_path / "a.png", tmp_path / "new", maps=jpeg
        )
    assert not (tmp_path / "new").exists()


def test_a_model_without(exported, tmp_path):
    card = json.loads((exported / "card.json").read_text())
    card.pop("error")
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="does not estimate its error"):
        error_estimate.load(tmp_path)
    card["error"] = {"file": "../error.tflite", "factor": 1.0}
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match="expected a file in the folder"):
        error_estimate.load(tmp_path)
