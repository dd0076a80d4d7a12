"""TFLite files of one size: written, measured, refused."""

from itertools import product

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from ml_collections import ConfigDict

from nircolor_tf.data import synthetic
from nircolor_tf.errors import ExportError, InputError
from nircolor_tf.export import (
    export,
    fixed_sizes,
    samples,
    saved_model,
    tflite,
)
from nircolor_tf.export.fixed_sizes import KINDS, FixedSizes
from nircolor_tf.images import conversions, image_files
from nircolor_tf.inference import cards
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.steps import Steps
from nircolor_tf.methods.base import Method
from nircolor_tf.training import restore

EXPORT = {
    "tflite": (),
    "sizes": (),
    "representative": 4,
    "least_db": {"float32": 80, "float16": 60, "dynamic": 35, "int8": 30},
    "threads": 1,
}


def section(**changes):
    """A config.export."""
    return ConfigDict(EXPORT | changes)


class DownAndUp(Method):
    """One convolution down, one transposed convolution up; [0, 1] inside."""

    def __init__(self, config):
        super().__init__(config, size_multiple=2)
        shape = {"kernel_size": 4, "strides": 2, "padding": "same"}
        network = keras.Sequential(
            [
                keras.layers.Conv2D(48, activation="relu", **shape),
                keras.layers.Conv2DTranspose(
                    3, activation="sigmoid", name="up", **shape
                ),
            ]
        )
        self.colorizer = self.add_network(
            "colorizer", network, channels=1, inference=True
        )
        # As initialized, the result is gray.
        network.get_layer("up").kernel.assign(
            10 * network.get_layer("up").kernel
        )

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        return ()


class OneNetwork(Method):
    """Whatever network; [0, 1] inside."""

    def __init__(self, config, network):
        super().__init__(config, size_multiple=4)
        self.colorizer = self.add_network(
            "colorizer", network, channels=1, inference=True
        )

    def call(self, nir, training=False):
        return self.colorizer(nir, training=training)

    def phases(self):
        return ()


@pytest.fixture(scope="module")
def method(pairs_manifest):
    keras.utils.set_random_seed(0)
    data = {
        "value_range": (0.0, 1.0),
        "manifest": str(pairs_manifest),
        "description": "",
        "terms": "",
    }
    return DownAndUp(
        ConfigDict(
            {
                "method": "down_and_up",
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
def workdir(method):
    """Any workdir is one of this method, trained."""
    record = {"step": 5, "minutes": 1.5}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(restore, "load_method", lambda *_: (method, record))
        yield


def export_sizes(folder, kinds, sizes, representative=""):
    return export.export_workdir(
        "run",
        folder,
        export.Options(kinds=kinds, sizes=sizes, representative=representative),
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Every kind at one size."""
    folder = tmp_path_factory.mktemp("exports") / "fixed"
    export_sizes(folder, KINDS, ["16x24"])
    return folder


def test_the_card_says_what_was_measured(exported, method):
    card = cards.read_card(exported)
    entries = card["paths"]["n2c"]["files"]["tflite_fixed"]
    assert tuple(entry["kind"] for entry in entries) == KINDS
    for entry in entries:
        assert (entry["height"], entry["width"]) == (16, 24)
        file = exported / entry["file"]
        assert entry["bytes"] == file.stat().st_size
        assert entry["db"] >= EXPORT["least_db"][entry["kind"]]
        assert entry["milliseconds"] > 0
        assert (entry["threads"], entry["checked_on"]) == (1, "synthetic")
    db = {entry["kind"]: entry["db"] for entry in entries}
    assert db["float32"] > db["float16"] > db["int8"]


@pytest.mark.parametrize(
    ("kind", "weights", "outside"),
    [
        ("float32", np.float32, np.float32),
        ("float16", np.float16, np.float32),
        ("dynamic", np.int8, np.float32),
        ("int8", np.int8, np.int8),
    ],
)
def test_a_kind_holds_what_it_says(exported, kind, weights, outside):
    model = Interpreter(str(exported / f"model_16x24_{kind}.tflite"))
    for tensor in model.get_input_details() + model.get_output_details():
        assert tensor["dtype"] == outside
    types = {
        tensor["dtype"]
        for tensor in model.get_tensor_details()
        if np.prod(tensor["shape"]) == 4 * 4 * 48 * 3
    }
    assert weights in types
    operations = {op["op_name"] for op in model._get_ops_details()}
    assert "DEPTH_TO_SPACE" in operations
    assert "TRANSPOSE_CONV" not in operations


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_computes_what_the_method_does_at_its_size_only(
    exported, method, kind
):
    nir, _ = synthetic.make_pair(50, 16, 24, 8)
    image = conversions.to_float(nir)[None]
    path = next(iter(method.inference_paths().values()))
    expected = saved_model.run_network(method, path, image).numpy()
    file = exported / f"model_16x24_{kind}.tflite"
    model = LitertModel(file, threads=1)
    result = model.predict(image)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, atol=0.03)
    assert expected.std() > 0.05
    with pytest.raises(InputError, match="takes images of 16 x 24 pixels only"):
        model.predict(image[:, :, :16])


def test_int8_takes_its_scales_from_the_folder(tmp_path, method):
    level = np.full((8, 8), 51, np.uint8)
    image_files.write_image(tmp_path / "dark.png", level)
    given = samples.read(method.config, "nir", tmp_path, 1)
    path = next(iter(method.inference_paths().values()))
    fixed = FixedSizes(("int8",), ((8, 8), (4, 6)), {}, 1, 1)
    entries = tflite.write_fixed(method, path, fixed, given, tmp_path / "dark")
    files = ["dark_8x8_int8.tflite", "dark_4x6_int8.tflite"]
    assert [entry["file"] for entry in entries] == files
    for entry in entries:
        # What it is checked on is brighter than 51 / 255.
        assert entry["db"] < EXPORT["least_db"]["int8"]
        (tensor,) = Interpreter(
            str(tmp_path / entry["file"])
        ).get_input_details()
        height, width = entry["height"], entry["width"]
        assert tensor["shape"].tolist() == [1, height, width, 1]
        # 256 levels from 0 to the largest value.
        assert tensor["quantization"] == (pytest.approx(0.2 / 255), -128)


def test_a_file_too_far_from_the_method_is_no_export(
    tmp_path, method, monkeypatch
):
    convert = tflite._convert

    def convert_wrongly(folder, kind, representative):
        # What is written is right; the method it is compared with is not.
        content = convert(folder, kind, representative)
        method.call = lambda nir, training: method.colorizer(nir) + 0.1
        return content

    monkeypatch.setattr(tflite, "_convert", convert_wrongly)
    monkeypatch.setattr(method, "call", method.call)
    with pytest.raises(
        ExportError,
        match=r"model_8x8_float32.tflite is at 20.0 dB from .*float32 asks",
    ):
        export_sizes(tmp_path / "out", ["float32"], ["8x8"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kinds", "sizes", "message"),
    [
        (["float64"], ["8x8"], "'float64'; expected some of float32,"),
        (["int8"], [], "--sizes, config.export.sizes: none; expected both"),
        ([], ["8x8"], "config.export.tflite: none; .* expected both"),
        (["int8"], ["8x7"], "'8x7'; expected HEIGHTxWIDTH, .* multiples of 2"),
        (["int8"], ["0x8"], "'0x8'; expected HEIGHTxWIDTH"),
        (["int8"], ["8"], "'8'; expected HEIGHTxWIDTH"),
    ],
)
def test_bad_kinds_and_sizes_are_named(kinds, sizes, message):
    with pytest.raises(InputError, match=message):
        fixed_sizes.parse(section(), kinds, sizes, Steps(2))


@pytest.mark.parametrize(
    ("working_size", "multiple"), [(None, 4), (7, 4), (8, 4), (9, 4), (5, 1)]
)
def test_sizes_that_no_image_reaches_are_refused(working_size, multiple):
    steps = Steps(multiple, working_size=working_size)
    sides = product(range(1, 40), repeat=2)
    reached = {steps.network_size(*size) for size in sides}
    for size in product(range(multiple, 25, multiple), repeat=2):
        text = "{}x{}".format(*size)
        if size in reached:
            fixed = fixed_sizes.parse(section(), ["int8"], [text], steps)
            assert fixed.sizes == (size,)
        else:
            with pytest.raises(InputError, match=f"'{text}': no image reaches"):
                fixed_sizes.parse(section(), ["int8"], [text], steps)


def test_what_the_working_size_takes_is_said():
    message = r"working_size is 100; .* at most 128, as in --sizes=128x128,"
    with pytest.raises(InputError, match=message):
        steps = Steps(64, working_size=100)
        fixed_sizes.parse(section(), ["int8"], ["192x256"], steps)


def test_flags_go_before_the_config():
    config = section(tflite=("int8",), sizes=("8x16",))
    fixed = fixed_sizes.parse(config, [], [], Steps(2))
    assert (fixed.kinds, fixed.sizes) == (("int8",), ((8, 16),))
    fixed = fixed_sizes.parse(config, ["float16"], ["2x4"], Steps(2))
    assert (fixed.kinds, fixed.sizes) == (("float16",), ((2, 4),))
