import dataclasses
import json
import shutil

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, ranges
from nircolor_tf.inference import bfwls, models
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.inference.fusion import BfwlsParameters
from nircolor_tf.inference.steps import Steps

FUSION = BfwlsParameters(
    bilateral_diameter=5,
    bilateral_sigma_color=0.3,
    bilateral_sigma_space=2.0,
    wls_lambda=0.1,
    wls_alpha=1.2,
    wls_epsilon=1e-4,
)
GAINS = np.float32([1, 0.5, 0.25])  # what the tiny export does to nir


def random_nir(height, width, seed=0):
    generator = np.random.default_rng(seed)
    return generator.random((height, width, 1), np.float32)


class Recorder:
    """A model that copies NIR into all colors and keeps what it was given."""

    def __call__(self, nir):
        self.nir = nir
        return np.repeat(nir, 3, axis=-1)


@pytest.fixture
def export_copy(tiny_export, tmp_path):
    return shutil.copytree(tiny_export, tmp_path / "export")


def edit_card(folder, **changes):
    path = folder / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("size", "multiple", "expected"),
    [
        ((1, 1), 32, (32, 32)),
        ((5, 33), 32, (32, 64)),
        ((32, 64), 32, (32, 64)),
        ((7, 9), 1, (7, 9)),
        ((7, 9), 4, (8, 12)),
        ((100, 3), 16, (112, 16)),
    ],
)
def test_the_model_sees_a_size_it_takes_and_the_result_has_the_input_size(
    size, multiple, expected
):
    model = Recorder()
    nir = random_nir(*size)
    rgb = Colorizer(model, Steps(multiple))(nir)
    assert model.nir.shape == (1, *expected, 1)
    assert model.nir.dtype == rgb.dtype == np.float32
    np.testing.assert_array_equal(rgb, np.repeat(nir, 3, axis=-1))


def test_padding_reflects_also_beyond_the_size_of_the_image():
    model = Recorder()
    Colorizer(model, Steps(8))(np.array([[[0.1], [0.2], [0.3]]]))
    row = np.float32([0.1, 0.2, 0.3, 0.2, 0.1, 0.2, 0.3, 0.2])
    np.testing.assert_array_equal(model.nir[0, :, :, 0], np.tile(row, (8, 1)))


def test_the_result_is_clipped():
    rgb = Colorizer(lambda nir: np.repeat(4 * nir - 1, 3, -1))(
        np.array([[[0.0], [0.25], [0.375], [1.0]]])
    )
    np.testing.assert_array_equal(rgb[0, :, 0], [0, 0, 0.5, 1])


@pytest.mark.parametrize("working_size", [None, 8])
def test_saturation_moves_colors_from_gray_last_of_all(working_size):
    nir = random_nir(16, 24)
    tint = np.float32([0.1, -0.05, 0.02])
    plain = Colorizer(lambda nir: nir + tint, Steps(working_size=working_size))
    plain_rgb = plain(nir)
    gray = conversions.to_gray(plain_rgb)
    for factor in (0.0, 0.5, 2.0):
        vivid = dataclasses.replace(plain, saturation=factor)
        expected = gray + factor * (plain_rgb - gray)
        np.testing.assert_allclose(vivid(nir), expected.clip(0, 1), atol=1e-6)
    assert plain_rgb.std(axis=-1).max() > 0.05


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"saturation": -1.0}, "saturation=-1.0: expected 0 or more"),
        ({"saturation": np.inf}, "saturation=inf: expected 0 or more"),
        ({"saturation": 2.0, "channels": 1}, "saturation: needs color"),
    ],
)
def test_a_saturation_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InputError, match=message):
        Colorizer(Recorder(), **settings)


def test_a_mirrored_model_colorizes_the_mirror_image_too():
    ramp = np.float32([1, 0.5, 0.25, 0])[None, None, :, None]
    nir = random_nir(2, 3)  # padded to 4 columns before it is mirrored

    def model(nir):
        return np.repeat(nir * ramp, 3, axis=-1)

    rgb = Colorizer(model, Steps(4, mirror=True))(nir)
    expected = np.repeat(nir * 0.5 * (ramp + ramp[:, :, ::-1])[0, :, :3], 3, -1)
    np.testing.assert_allclose(rgb, expected, atol=1e-6)
    # LiteRT takes contiguous arrays only.
    seen = []
    Colorizer(lambda nir: seen.append(nir) or nir, Steps(4, mirror=True), 1)(
        nir
    )
    assert all(batch.flags.c_contiguous for batch in seen)
    assert len(seen) == 2


def test_large_images_are_colorized_at_the_working_size():
    model = Recorder()
    nir = random_nir(40, 60)
    rgb = Colorizer(model, Steps(4, working_size=20))(nir)
    assert model.nir.shape == (1, 20, 32, 1)  # 20 x 30, padded
    # The model repeats the NIR, so shrinking must be undone: the detail that
    # was lost is added again.
    np.testing.assert_allclose(rgb, np.repeat(nir, 3, -1), atol=1e-6)


def test_images_up_to_the_working_size_are_not_resized():
    model = Recorder()
    nir = random_nir(20, 60)
    Colorizer(model, Steps(4, working_size=20))(nir)
    np.testing.assert_array_equal(model.nir[0], nir)


def test_the_fusion_gets_the_image_at_its_own_size():
    nir = random_nir(13, 15)
    plain = Colorizer(Recorder(), Steps(8))(nir)
    fused = Colorizer(Recorder(), Steps(8, fusion=FUSION))(nir)
    np.testing.assert_array_equal(fused, bfwls.fuse(nir, plain, FUSION))
    assert np.abs(fused - plain).max() > 0.01


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 3), (1, 4, 4, 1), (0, 4, 1)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="expected an image of"):
        Colorizer(Recorder())(np.zeros(shape, np.float32))


def test_a_model_that_changes_the_size_is_refused():
    with pytest.raises(ValueError, match=r"\(1, 4, 4, 1\) into \(1, 2, 4, 3\)"):
        Colorizer(lambda nir: np.zeros((1, 2, 4, 3)))(random_nir(4, 4))


def test_values_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="not finite"):
        Colorizer(lambda nir: np.full((1, 4, 4, 3), np.nan))(random_nir(4, 4))


# Integers


def normalized(nir):
    """A model with instance normalization: its result has one contrast."""
    centered = nir - nir.mean()
    return 0.5 + 0.15 * centered / (centered.std() + 1e-5) * GAINS


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("steps", "tiling"),
    [
        ({}, {}),
        ({"working_size": 20}, {}),
        ({"mirror": True}, {}),
        ({"working_size": 20, "half_share": 0.25}, {}),
        ({}, {"tile": 32, "overlap": 8}),
        ({"fusion": FUSION}, {"tile": 32, "overlap": 8}),
        (
            {"working_size": 20, "fusion": FUSION},
            {"tile": 32, "overlap": 8},
        ),
    ],
)
def test_integers_are_the_same_rounded(dtype, steps, tiling):
    generator = np.random.default_rng(0)
    largest = np.iinfo(dtype).max
    image = generator.integers(0, largest + 1, (75, 50, 1)).astype(dtype)
    low, high = largest // 10, largest // 2
    colorizer = Colorizer(normalized, Steps(4, **steps), **tiling)
    result = colorizer.integers(image, low, high)
    assert result.dtype == dtype
    expected = colorizer(ranges.to_unit(image, low, high)) * largest
    assert np.abs(result - expected).max() < 0.51


def test_integers_keep_one_channel_of_a_translation():
    image = np.array([[[10], [20], [30]]], np.uint8)
    negative = Colorizer(lambda nir: 1 - nir, channels=1)
    result = negative.integers(image, 10, 30)
    np.testing.assert_array_equal(result[..., 0], [[255, 128, 0]])


def test_integers_are_images():
    with pytest.raises(ValueError, match="expected uint8 or uint16, got float"):
        Colorizer(Recorder()).integers(random_nir(4, 4), 0, 1)


# load_export


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tile": 15}, "tile=15: expected at least 16 pixels"),
        ({"tile": 64, "overlap": 33}, "overlap=33: expected 0 to 32 pixels"),
        ({"tile": 64, "overlap": -1}, "overlap=-1: expected 0 to 32 pixels"),
    ],
)
def test_tiles_that_cannot_be_are_refused(tiny_export, settings, message):
    with pytest.raises(InputError, match=message):
        models.load_export(tiny_export, **settings)


@pytest.mark.parametrize("runtime", ["litert", "saved_model"])
def test_an_export_colorizes_sizes_in_any_order(tiny_export, runtime):
    colorize = models.load_export(tiny_export, runtime)
    for size in [(8, 8), (1, 1), (13, 22), (8, 8), (64, 12)]:
        nir = random_nir(*size)
        np.testing.assert_allclose(colorize(nir), nir * GAINS, atol=1e-6)


@pytest.mark.parametrize("runtime", ["litert", "saved_model"])
def test_another_path_of_an_export_on_request(tiny_export, runtime):
    translate = models.load_export(tiny_export, runtime, path="g2n")
    gray = random_nir(9, 8)
    np.testing.assert_allclose(translate(gray), gray / 2, atol=1e-6)


def test_a_path_that_the_export_has_not_is_named(tiny_export):
    expected = f"path 'g2c': {tiny_export} .* one of n2c, g2n$"
    with pytest.raises(InputError, match=expected):
        models.load_export(tiny_export, path="g2c")


def test_litert_allocates_only_when_the_size_changes(tiny_export, monkeypatch):
    sizes = []
    resize = Interpreter.resize_tensor_input
    monkeypatch.setattr(
        Interpreter,
        "resize_tensor_input",
        lambda self, index, shape: (
            sizes.append(tuple(shape)),
            resize(self, index, shape),
        ),
    )
    colorize = models.load_export(tiny_export, "litert")
    for height in (8, 8, 7, 12, 12):  # 7 is padded to 8
        colorize(random_nir(height, 8))
    assert sizes == [(1, 8, 8, 1), (1, 12, 8, 1)]


def test_litert_goes_on_after_a_size_that_fails(export_copy):
    edit_card(export_copy, size_multiple=1)  # not true: the model needs 4
    colorize = models.load_export(export_copy, "litert")
    nir = random_nir(8, 8)
    colorize(nir)
    with pytest.raises(InputError, match="cannot run at 9 x 10 pixels"):
        colorize(random_nir(9, 10))
    np.testing.assert_allclose(colorize(nir), nir * GAINS, atol=1e-6)


def test_auto_takes_what_the_export_has(export_copy):
    shutil.rmtree(export_copy / "saved_model")
    nir = random_nir(8, 8)
    rgb = models.load_export(export_copy)(nir)
    np.testing.assert_allclose(rgb, nir * GAINS, atol=1e-6)


def test_threads_that_have_no_effect_are_refused(export_copy):
    with pytest.raises(InputError, match=r"^--threads=2: .*INTRAOP_"):
        models.load_export(export_copy, "saved_model", threads=2)
    models.load_export(export_copy, "litert", threads=2)
    with pytest.raises(InputError, match="runtime 'lite': expected one of au"):
        models.load_export(export_copy, "lite")
    for threads in (0, -1):
        with pytest.raises(
            InputError, match=f"threads={threads}: expected 1 or"
        ):
            models.load_export(export_copy, threads=threads)


def test_the_card_asks_for_the_fusion(export_copy):
    fusion = {
        "bilateral_diameter": 5,
        "bilateral_sigma_color": 0.1,
        "bilateral_sigma_space": 2.0,
        "wls_lambda": 1.0,
        "wls_alpha": 1.2,
        "wls_epsilon": 1e-4,
    }
    edit_card(export_copy, fusion=fusion)
    nir = random_nir(21, 30)
    expected = bfwls.fuse(nir, nir * GAINS, BfwlsParameters(**fusion))
    assert np.abs(expected - nir * GAINS).max() > 0.05
    rgb = models.load_export(export_copy)(nir)
    np.testing.assert_allclose(rgb, expected, atol=1e-5)
    # It fuses color: a translation has none.
    translate = models.load_export(export_copy, path="g2n")
    np.testing.assert_allclose(translate(nir), nir / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fusion": {"lambda": 1}}, "'fusion': .*'lambda'"),
        (
            {
                "paths": {
                    "n2c": {
                        "source": "nir",
                        "target": "rgb",
                        "files": {"tflite": "card.json"},
                    }
                }
            },
            "card.json: not a TFLite file",
        ),
    ],
)
def test_a_bad_card_is_named(export_copy, changes, message):
    edit_card(export_copy, **changes)
    with pytest.raises(InputError, match=message) as error:
        models.load_export(export_copy)
    assert str(export_copy) in str(error.value)


def test_a_broken_saved_model_is_named(export_copy):
    model = export_copy / "saved_model"
    (data,) = (model / "variables").glob("variables.data-*")

    def message():
        with pytest.raises(InputError) as error:
            models.load_export(export_copy, "saved_model")
        return str(error.value)

    for content in (data.read_bytes()[:8], b""):
        data.write_bytes(content)
        assert message().startswith(f"{model}: not a SavedModel, or damaged")
    data.unlink()
    assert message().startswith(f"{model}: not a SavedModel, or damaged")
    for part in ("variables/variables.index", "saved_model.pb"):
        (model / part).unlink()
        assert message().startswith(f"{model / part}: missing; expected")


def test_a_signature_that_is_not_there_is_named(export_copy):
    paths = json.loads((export_copy / "card.json").read_text())["paths"]
    edit_card(export_copy, paths=paths | {"g2c": paths["g2n"]})
    with pytest.raises(InputError, match="saved_model: has no signature 'g2c'"):
        models.load_export(export_copy, "saved_model", path="g2c")


def test_a_file_of_one_size_is_run_by_name(export_copy):
    # The file of the other path under a name of its own.
    shutil.copy(export_copy / "model_g2n.tflite", export_copy / "fixed.tflite")
    card = json.loads((export_copy / "card.json").read_text())
    entry = {"file": "fixed.tflite", "kind": "float32", "height": 8, "width": 8}
    card["paths"]["g2n"]["files"]["tflite_fixed"] = [entry]
    edit_card(export_copy, paths=card["paths"])
    model = models.load_export(export_copy, file="fixed.tflite")
    gray = random_nir(8, 8)
    np.testing.assert_allclose(model(gray), gray / 2, atol=1e-6)
    with pytest.raises(InputError, match=r"file 'other\.tflite'"):
        models.load_export(export_copy, file="other.tflite")
    # What the file is anyway may be said; anything else would be ignored.
    same = {"runtime": "litert", "path": "g2n"}
    models.load_export(export_copy, file="fixed.tflite", **same)
    for other, message in (
        ({"path": "n2c"}, r"path 'n2c': .*fixed\.tflite is of the path g2n"),
        (
            {"runtime": "saved_model"},
            r"runtime 'saved_model': .* or litert",
        ),
    ):
        with pytest.raises(InputError, match=message):
            models.load_export(export_copy, file="fixed.tflite", **other)
