"""A model that estimates its error: trained, exported and used."""

import json
import shutil

import cv2
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import error_files, export, joined, renewal, start
from nircolor_tf.export.export import Options
from nircolor_tf.inference import error_estimate, folders, models
from nircolor_tf.training import build, restore, trainer, warm_start


@pytest.fixture(scope="module")
def workdir(pairs_manifest, one_replica, tmp_path_factory):
    """An estimator of the error of `base`, which lies beside it."""
    folder = tmp_path_factory.mktemp("error")
    base = smoke.tiny_config(pairs_manifest)
    base.inference.update(
        working_size=32,
        guided_radius=4,
        half_share=0.35,
        least_mean=0.35,
        stretch=True,
        whiten=True,
    )
    trainer.train(base, folder / "base", one_replica)
    config = smoke.smoke_config("default", "uncertain,smoke", pairs_manifest)
    with config.unlocked():
        config.network = base.network
    config.rate.peak = 1e-3
    config.inference.working_size = 32
    begin = warm_start.read_workdir(folder / "base", "best")
    trainer.train(config, folder / "error", one_replica, start=begin)
    return folder / "error"


@pytest.fixture(scope="module")
def exported(workdir):
    base, folder = workdir.with_name("base"), workdir.with_name("export")
    export.export_workdir(
        base,
        folder,
        export.Options(checkpoint="latest", command="last", estimator=workdir),
    )
    return folder


def test_the_colors_stay_and_the_estimator_learns(workdir):
    before, _ = restore.load_method(workdir.with_name("base"), "best")
    # Of an estimator, on which the metric says nothing, the newest.
    start_of_this = warm_start.read_workdir(workdir, "best")
    after, record = restore.load_method(workdir, "latest")
    assert start_of_this.record["step"] == record["step"] > 0
    for old, new in zip(
        before.colorizer.get_weights(),
        after.colorizer.get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)
    first = build.make_method(after.config).error_estimator.get_weights()[0]
    assert np.abs(after.error_estimator.get_weights()[0] - first).max() > 1e-4
    with pytest.raises(InputError, match="a model of the method 'hetero"):
        start_of_this.apply(before)


def test_it_joins_the_colors_of_one_and_the_estimator_of_another(
    workdir, exported
):
    base, _ = restore.load_method(workdir.with_name("base"), "latest")
    estimator, _ = restore.load_method(workdir, "latest")
    weights = start.read(exported).weights
    for name, owner in (("colorizer", base), ("error_estimator", estimator)):
        for its, expected in zip(
            weights[name], owner.networks[name].get_weights(), strict=True
        ):
            np.testing.assert_array_equal(its, expected)
    card = json.loads((exported / "card.json").read_text())
    assert card["method"] == "heteroscedastic"
    assert card["training"]["step"] == base.config.train.steps
    assert card["commands"][-1] == "last"


def test_workdirs_that_do_not_fit_are_refused(workdir, tmp_path):
    base = workdir.with_name("base")
    for first, second, message in (
        (workdir, None, "expected --workdir=COLORS --estimator="),
        (base, base, "expected one that estimates its error"),
    ):
        with pytest.raises(InputError, match=message):
            joined.load(first, "latest", second)
    other = tmp_path / "other"
    shutil.copytree(base, other)
    config = json.loads((other / "config.json").read_text())
    config["inference"]["working_size"] = 64
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        InputError, match=r"inference\.working_size is 32; expected 64"
    ):
        joined.load(other, "latest", workdir)


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
    renewal.renew(exported, tmp_path / "again", Options())
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
