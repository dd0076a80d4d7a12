"""Inference paths by name, from a method with several to files and numbers."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict
from small_split import measure_split

from nircolor_tf.data import manifest, training_data
from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.evaluation import run_names, runs
from nircolor_tf.export import export
from nircolor_tf.images import grid, image_files
from nircolor_tf.inference import cards, models, runtimes
from nircolor_tf.methods.base import InferencePath, Method
from nircolor_tf.training import build, restore

EXPORT = {
    "tflite": (),
    "sizes": (),
    "representative": 3,
    "least_db": {"int8": 30.0},
    "threads": 1,
}


class Detour(Method):
    """NIR to color by way of gray, with networks that can be worked by hand.

    In the method's range, [-1, 1], gray is nir / 2, and rgb is gray times 1,
    1/2 and 1/4.
    """

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        for name, factors in (
            ("nir_to_gray", [0.5]),
            ("gray_colorizer", [1, 0.5, 0.25]),
            ("gray_discriminator", [7]),
        ):
            layer = keras.layers.Conv2D(len(factors), 1, use_bias=False)
            self.add_network(
                name,
                keras.Sequential([layer]),
                channels=1,
                inference=name != "gray_discriminator",
            )
            layer.kernel.assign(np.reshape(factors, (1, 1, 1, -1)))
        self.nir_to_gray = self.networks["nir_to_gray"]
        self.gray_colorizer = self.networks["gray_colorizer"]

    def call(self, nir, training=False):
        gray = self.nir_to_gray(nir, training=training)
        return self.gray_colorizer(gray, training=training)

    def inference_paths(self):
        detour = ("nir_to_gray", "gray_colorizer")
        return {
            "n2g2c": InferencePath("nir", "rgb", detour, self),
            "n2g": InferencePath("nir", "gray", detour[:1], self.nir_to_gray),
            "g2c": InferencePath(
                "gray", "rgb", detour[1:], self.gray_colorizer
            ),
        }

    def phases(self):
        return ()


def through(path, image):
    """What the path makes of an image, in [0, 1]: x is 2x - 1 inside."""
    if path == "n2g":
        return image / 2 + 0.25
    if path == "n2g2c":
        image = image / 2 + 0.25
    return image * [1, 0.5, 0.25] + [0, 0.25, 0.375]


@pytest.fixture(scope="module")
def detour(pairs_manifest):
    data = {
        "value_range": (-1.0, 1.0),
        "manifest": str(pairs_manifest),
        "description": "",
        "terms": "",
    }
    return Detour(
        ConfigDict(
            {
                "method": "detour",
                "data": data,
                "evaluate": {"split": "val"},
                "inference": {
                    "working_size": 0,
                    "mirror": False,
                    "guided_radius": 0,
                    "half_share": 0.0,
                    "least_mean": 0.0,
                    "stretch": False,
                    "whiten": False,
                },
                "export": EXPORT,
            }
        )
    )


@pytest.fixture(scope="module", autouse=True)
def workdir(detour):
    """Any workdir is one of this method, trained."""
    record = {"step": 5, "minutes": 1.5}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(restore, "load_method", lambda *_: (detour, record))
        yield


def export_paths(folder, *paths):
    return export.export_workdir("run", folder, export.Options(paths=paths))


@pytest.fixture(scope="module")
def all_paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "all"
    export_paths(folder, "all")
    return folder


def test_an_export_holds_every_path_and_each_weight_once(all_paths, detour):
    card = cards.read_card(all_paths)
    assert list(card["paths"]) == ["n2g2c", "n2g", "g2c"]
    assert card["paths"]["n2g"] == {
        "source": "nir",
        "target": "gray",
        "signature": "network_n2g",
        "files": {"saved_model": "saved_model", "tflite": "model_n2g.tflite"},
    }
    assert card["parameters"] == 1 + 3
    assert list(card["bytes"]) == [
        "saved_model",
        "model.tflite",
        "model_n2g.tflite",
        "model_g2c.tflite",
        "weights/nir_to_gray.weights.h5",
        "weights/gray_colorizer.weights.h5",
    ]
    assert all(card["bytes"].values())
    prefix = str(all_paths / "saved_model" / "variables" / "variables")
    stored = [s for k, s in tf.train.list_variables(prefix) if "VARIABLE" in k]
    assert sorted(stored) == [[1, 1, 1, 1], [1, 1, 1, 3]]


def test_an_export_says_what_was_trained_on(all_paths):
    # The workdir is an older one: its record is made from the manifest.
    recorded = training_data.read_if_there(all_paths)
    roles = [image.role for image in recorded.images]
    assert roles == 7 * ["pair"] + 3 * ["validation"]
    card = cards.read_card(all_paths)
    training = card["training"]
    assert (training["pairs"], training["photos"]) == (7, 0)
    assert (training["protocol"], training["split"]) == ("folder", "train")
    assert (all_paths / training["list"]).exists()
    assert card["validation"]["images"] == 3


def test_every_path_in_every_runtime(all_paths, monkeypatch):
    # Once, of all who ask for them: it takes a second.
    load_signatures = functools.cache(runtimes.load_signatures)
    monkeypatch.setattr(runtimes, "load_signatures", load_signatures)
    image = np.random.default_rng(0).random((5, 6, 1), np.float32)
    signatures = load_signatures(all_paths / "saved_model")
    assert {"serving_default", "n2g2c", "n2g", "g2c"} < set(signatures)
    for path in ("n2g2c", "n2g", "g2c"):
        expected = through(path, image)
        for runtime in ("litert", "saved_model"):
            run = models.load_export(all_paths, runtime, path=path)
            np.testing.assert_allclose(run(image), expected, atol=1e-6)
    default = models.load_export(all_paths)
    np.testing.assert_allclose(
        default(image), through("n2g2c", image), atol=1e-6
    )
    # As TensorFlow Serving calls it, by the domains' names.
    rgb = signatures["g2c"](gray=image[None])["rgb"]
    np.testing.assert_allclose(rgb[0], through("g2c", image), atol=1e-6)


@pytest.mark.parametrize(
    ("chosen", "path", "parameters"), [((), "n2g2c", 4), (("g2c",), "g2c", 3)]
)
def test_an_export_holds_the_chosen_path(tmp_path, chosen, path, parameters):
    card = export_paths(tmp_path / "out", *chosen)
    assert list(card["paths"]) == [path]
    assert card["paths"][path]["files"]["tflite"] == "model.tflite"
    assert card["parameters"] == parameters
    image = np.full((2, 3, 1), 0.5, np.float32)
    np.testing.assert_allclose(
        models.load_export(tmp_path / "out", "saved_model")(image),
        through(path, image),
        atol=1e-6,
    )


def test_paths_keep_the_order_in_which_they_are_named(detour):
    names = ["g2c", "n2g"]
    assert list(export.choose_paths(detour, names)) == names


def test_a_path_that_differs_is_no_export(tmp_path, monkeypatch):
    make_colorizer = build.make_colorizer
    monkeypatch.setattr(
        build,
        "make_colorizer",
        # One path goes wrong, and it is not the first.
        lambda method, path: make_colorizer(
            method, "n2g2c" if path == "g2c" else path
        ),
    )
    with pytest.raises(ExportError, match=r"differs .* path g2c;"):
        export_paths(tmp_path / "out", "n2g2c", "g2c")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_path_writes_nothing(tmp_path):
    expected = "path 'g2n': detour has none .* one of n2g2c, n2g, g2c"
    with pytest.raises(InputError, match=expected):
        export_paths(tmp_path / "out", "n2g", "g2n")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "config.json").touch()
    with pytest.raises(InputError, match=expected):
        runs.open_run(run_names.RunName("run", tmp_path, "g2n"), "best")


@pytest.mark.parametrize(
    ("path", "name", "columns"),
    [
        ("", "n2g2c", ("NIR", "true color")),
        (":g2c", "g2c", ("gray", "true color")),
        (":n2g", "n2g", ("NIR", "true gray")),
    ],
)
def test_a_path_is_measured_between_its_own_domains(
    path, name, columns, tmp_path, all_paths, pairs_manifest, monkeypatch
):
    image_grid, drawn = grid.image_grid, []
    monkeypatch.setattr(
        grid,
        "image_grid",
        lambda *parts: drawn.append(parts[2]) or image_grid(*parts),
    )
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").touch()
    pairs = manifest.select(manifest.read_manifest(pairs_manifest), "val")
    expected = np.mean([error(name, pair) for pair in pairs])
    evaluation = measure_split(
        [f"run={tmp_path / 'run'}{path}", f"export={all_paths}{path}"],
        pairs_manifest.parent,
        tmp_path / "report",
        split="val",
    )
    assert not evaluation.problems
    for result in evaluation.results:
        assert result.run.about["path"] == name
        assert result.means["std/mae"] == pytest.approx(expected, abs=1e-4)
        assert ("std/ae" in result.means) == (columns[1] == "true color")
    assert drawn == [[columns[0], "run", "export", columns[1]]]


def error(path, example):
    """Mean absolute error of a path on one pair, in [0, 1]."""
    nir = image_files.read_image(example.nir)[..., None] / 255
    rgb = image_files.read_image(example.rgb) / 255
    red, green, blue = np.split(rgb, 3, axis=-1)
    gray = 0.299 * red + 0.587 * green + 0.114 * blue
    source = gray if path == "g2c" else nir
    truth = gray if path == "n2g" else rgb
    return np.abs(through(path, source) - truth).mean()
