import dataclasses
import json
import math

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards
from nircolor_tf.inference.fusion import COLORNET
from nircolor_tf.inference.steps import GuidedParameters, Steps

N2C = {"source": "nir", "target": "rgb", "files": {"tflite": "model.tflite"}}
FIXED = {"file": "8x4.tflite", "kind": "int8", "height": 8, "width": 4}
ERROR = {"file": "error.tflite", "factor": 1.0}
CARD = {
    "format": 1,
    "name": "tiny",
    "method": "supervised",
    "size_multiple": 4,
    "working_size": None,
    "fusion": None,
    "paths": {"n2g2c": N2C, "n2c": N2C},
}


def write_card(folder, **changes):
    (folder / "card.json").write_text(json.dumps(CARD | changes))


def test_the_first_path_is_the_default(tmp_path):
    write_card(tmp_path)
    card = cards.read_card(tmp_path)
    assert cards.find_path(tmp_path, card, None) == ("n2g2c", N2C)
    assert cards.find_path(tmp_path, card, "n2c") == ("n2c", N2C)
    assert cards.signature(card, "n2g2c") == "serving_default"
    assert cards.signature(card, "n2c") == "n2c"


def test_the_steps_are_read_as_they_were_written(tmp_path):
    steps = Steps(
        4,
        working_size=128,
        mirror=True,
        fusion=COLORNET,
        guided=GuidedParameters(radius=4, epsilon=5e-4),
        half_share=0.25,
        least_mean=0.375,
        stretch=True,
        whiten=True,
    )
    translation = N2C | {"target": "gray"}
    paths = {"paths": {"n2c": N2C, "n2g": translation}}
    write_card(tmp_path, **cards.describe_steps(steps), **paths)
    card = cards.read_card(tmp_path)
    assert cards.steps(tmp_path, card, "n2c") == steps
    # Only color is fused and whitened.
    without = dataclasses.replace(steps, fusion=None, whiten=False)
    assert cards.steps(tmp_path, card, "n2g") == without


def test_an_older_card_neither_mirrors_nor_guides(tmp_path):
    write_card(tmp_path)
    card = cards.read_card(tmp_path)
    later = {"half_share", "least_mean", "stretch", "whiten"}
    assert not ({"mirror", "guided"} | later) & card.keys()
    assert cards.steps(tmp_path, card, "n2c") == Steps(4)


def with_fixed(*entries):
    files = N2C["files"] | {"tflite_fixed": list(entries)}
    return {"paths": {"n2g2c": N2C, "n2c": N2C | {"files": files}}}


def test_a_file_of_one_size_is_found_by_name(tmp_path):
    other = FIXED | {"file": "2x2.tflite"}
    write_card(tmp_path, **with_fixed(other, FIXED))
    card = cards.read_card(tmp_path)
    assert cards.find_fixed(tmp_path, card, "8x4.tflite") == "n2c"
    with pytest.raises(
        InputError, match=r"file 'model.tflite': .* 2x2.tflite, 8x4.tflite"
    ):
        cards.find_fixed(tmp_path, card, "model.tflite")
    with pytest.raises(InputError, match="it has: none"):
        cards.find_fixed(tmp_path, CARD, "8x4.tflite")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "'format': 2"),
        (
            {"name": "../tiny"},
            "'name': '../tiny'; expected letters, digits, blank",
        ),
        ({"name": ".."}, "'name': '..'; expected letters"),
        ({"name": 'a"b\nc'}, r"""'name': 'a"b\\nc'; expected letters"""),
        ({"name": "a\n"}, r"'name': 'a\\n'; expected letters"),
        ({"error": {**ERROR, "factor": math.nan}}, "'error.factor': nan; ex"),
        ({"error": {**ERROR, "factor": math.inf}}, "'error.factor': inf; ex"),
        ({"error": {**ERROR, "factor": 0}}, "'error.factor': 0; expected a n"),
        ({"error": {**ERROR, "factor": -1}}, "'error.factor': -1; expected a"),
        ({"error": {**ERROR, "factor": True}}, "'error.factor': True; expect"),
        ({"size_multiple": True}, "'size_multiple': True; expected a whole"),
        ({"sha256": []}, "'sha256': \\[\\]; expected digests by file"),
        (
            {"paths": {"n2c": N2C | {"files": {"onnx": "/elsewhere/a.onnx"}}}},
            "'paths.n2c.files.onnx': '/elsewhere/a.onnx'; expected a file in",
        ),
        (
            with_fixed(FIXED | {"file": "../8x4.tflite"}),
            "'paths.n2c.files.tflite_fixed.0.file': '../8x4.tflite'; expected",
        ),
        ({"size_multiple": 0}, "'size_multiple': 0; expected at least 1"),
        ({"size_multiple": 2**40}, "'size_multiple': .* at most 4096 pixels"),
        ({"size_multiple": "8"}, "'size_multiple': '8'; expected a whole"),
        ({"mirror": "no"}, "'mirror': 'no'; expected true or false"),
        ({"guided": 4}, "'guided': 4; expected null or the parameters"),
        ({"least_mean": None}, "'least_mean': None; expected a number, 0 to"),
        ({"least_mean": -0.5}, "'least_mean': -0.5; expected a number, 0 to"),
        ({"stretch": 1}, "'stretch': 1; expected true or false"),
        ({"whiten": None}, "'whiten': None; expected true or false"),
        ({"half_share": "1"}, "'half_share': '1'; expected a number, 0 to 1"),
        ({"half_share": True}, "'half_share': True; expected a number, 0"),
        ({"half_share": 1.5}, "'half_share': 1.5; expected 0 to 1"),
        ({"half_share": math.nan}, "'half_share': nan; expected 0 to 1"),
        (
            {"half_share": 0.5, "working_size": 1},
            "'half_share': 0.5; .*0 where 'working_size', 1, cannot be halved",
        ),
        ({"paths": {}}, "'paths': .*at least one"),
        ({"paths": {"n2c": "nir"}}, "'paths.n2c': 'nir'; expected an object"),
        (
            {"paths": {"n2c": {"source": "nir"}}},
            "'paths.n2c.target' is missing",
        ),
        (
            {"paths": {"n2c": N2C | {"source": "rgb"}}},
            "'paths.n2c.source': 'rgb'; expected nir or gray",
        ),
        (
            {"paths": {"n2c": N2C | {"target": "red"}}},
            "'paths.n2c.target': 'red'; expected rgb, gray or nir",
        ),
        (
            {"paths": {"n2c": N2C | {"files": ["a"]}}},
            r"'paths.n2c.files': \['a'\]; expected for example",
        ),
        (
            with_fixed("8x4.tflite"),
            r"'paths.n2c.files.tflite_fixed': \['8x4.tflite'\]; expected a",
        ),
        (
            with_fixed(FIXED, FIXED | {"width": "4"}),
            r"'paths.n2c.files.tflite_fixed.1.width': '4'; expected a whole",
        ),
    ],
)
def test_a_bad_card_is_named(tmp_path, changes, message):
    write_card(tmp_path, **changes)
    with pytest.raises(InputError, match=rf"card.json: key {message}") as error:
        cards.read_card(tmp_path)
    assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("name", ["unet_256+a-b.c", "3 Länder", "_"])
def test_what_an_export_may_be_called(tmp_path, name):
    write_card(tmp_path, name=name, error=ERROR)
    assert cards.read_card(tmp_path)["name"] == name


@pytest.mark.parametrize("radius", [math.inf, math.nan, None, 2**40])
def test_a_parameter_that_is_no_size_is_named(tmp_path, radius):
    write_card(tmp_path, guided={"radius": radius, "epsilon": 1e-3})
    card = cards.read_card(tmp_path)
    with pytest.raises(InputError, match=r"card.json: key 'guided': "):
        cards.steps(tmp_path, card, "n2c")


def test_a_missing_or_broken_card_is_named(tmp_path):
    file = tmp_path / "card.json"
    file.write_text('{"format": 1, "name": "x"}')
    with pytest.raises(InputError, match=r"card.json: key 'method' is missing"):
        cards.read_card(tmp_path)
    file.write_text("[]")
    with pytest.raises(InputError, match=r"card.json: not a card"):
        cards.read_card(tmp_path)
    file.write_text("{")
    with pytest.raises(InputError, match=r"card.json: not a JSON file"):
        cards.read_card(tmp_path)
    file.unlink()
    with pytest.raises(InputError, match=r"card.json: no such file"):
        cards.read_card(tmp_path)
    with pytest.raises(InputError, match=r"gone: no such export folder"):
        cards.read_card(tmp_path / "gone")


def test_a_file_that_is_not_named_or_not_there(tmp_path):
    with pytest.raises(
        InputError, match=r"'paths\.n2c\.files' names no 'saved_model'"
    ):
        cards.model_file(tmp_path, CARD, "n2c", "saved_model")
    with pytest.raises(InputError, match=r"model.tflite: missing, though"):
        cards.model_file(tmp_path, CARD, "n2c", "tflite")


def test_the_shipped_card_is_one(repository):
    folder = repository / "saved_models" / "default"
    card = cards.read_card(folder)
    for kind in ("tflite", "saved_model"):
        assert cards.model_file(folder, card, "n2c", kind).exists()
