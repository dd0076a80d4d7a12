"""A model that has seen the scenes of a test image gets no clean number."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from small_split import COUNT, measure_split

from nircolor_tf import files
from nircolor_tf.data import manifest, training_data
from nircolor_tf.errors import InputError
from nircolor_tf.report import tables


def gray(_, nir):
    return np.repeat(nir, 3, axis=-1)


def read_csv(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def seen(data):
    """Makes the record of a model that was trained on these images."""

    def record(*numbers):
        names = [f"image_{i:02}" for i in numbers]
        return training_data.TrainingData(
            tuple(
                training_data.TrainingImage(
                    name=name,
                    role="pair",
                    protocol="folder",
                    scene="",
                    **{
                        kind: files.sha256(data / kind / f"{name}.png")[:16]
                        for kind in ("nir", "rgb")
                    },
                )
                for name in names
            )
        )

    return record


def test_a_model_trained_on_the_scenes_gets_no_clean_number(
    measure, model, tmp_path, seen
):
    # Image 4 is of the scene of image 5, whose number is not in the record.
    model(gray, seen(4))
    with pytest.raises(InputError, match="image_05") as raised:
        measure("model")
    assert "2 of the 12 images show a scene of the training data" in str(
        raised.value
    )
    assert "--contaminated=drop" in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def test_contaminated_numbers_say_so_everywhere(measure, model, seen):
    model(gray, seen(4))
    evaluation, folder = measure("model", contaminated="mark")
    assert len(evaluation.results[0].images) == COUNT
    text = tables.format_report(evaluation)
    assert "model (CONTAMINATED)" in text
    assert "image_04 (= image_04), image_05 (image_04)" in text
    (line,) = read_csv(folder / "table.csv")
    assert line["training_data"] == "contaminated"
    run = json.loads((folder / "summary.json").read_text())["runs"][0]
    assert run["training_data"] == "contaminated"
    assert "image_05" in run["training_data_text"]


def test_contaminated_images_can_be_left_out(measure, model, seen):
    model(gray, seen(4, 9))
    evaluation, folder = measure("model", contaminated="drop")
    left = set(evaluation.results[0].images)
    assert len(left) == 8
    assert not left & {f"image_0{i}" for i in (4, 5, 8, 9)}
    text = tables.format_report(evaluation)
    assert "CONTAMINATED" not in text
    assert "4 images left out, clean on the rest" in text
    (line,) = read_csv(folder / "table.csv")
    assert line["training_data"] == "clean, 4 images left out"
    model(gray, seen(*range(COUNT)))
    with pytest.raises(InputError, match="no image is left"):
        measure("model", contaminated="drop")


@pytest.mark.parametrize(
    ("protocol", "trained", "other", "state"),
    [
        # Crops of VCIP may show mountain_0001, which crop is not known.
        ("vcip-strict", "country_0000", "testing_0003", "unknown"),
        # No crop of VCIP shows a town.
        ("epfl", "mountain_0001", "urban_0001", "clean"),
    ],
)
def test_what_is_left_may_be_unknown(
    data, model, tmp_path, protocol, trained, other, state
):
    examples = manifest.read_manifest(data / "manifest.csv")
    tested = [
        dataclasses.replace(example, name=name, protocol=protocol, scene="")
        for example, name in zip(examples, (trained, other), strict=False)
    ]
    manifest.write_manifest(tmp_path / "manifest.csv", tested)
    seen = [
        training_data.TrainingImage(
            name=name, role="pair", protocol=seen_as, scene="", nir="", rgb=rgb
        )
        for name, seen_as, rgb in (
            (trained, protocol, tested[0].rgb_sha256[:16]),
            ("country_0001", "vcip-strict", 16 * "0"),
            ("mountain_0001", "epfl", 16 * "1"),
        )
    ]
    model(gray, training_data.TrainingData(tuple(seen)))
    evaluation = measure_split(
        ["model"], tmp_path, tmp_path / "out", contaminated="drop"
    )
    (result,) = evaluation.results
    assert [*result.images] == [other]
    assert (result.state, result.dropped) == (state, 1)
    assert result.training_data == f"{state}, 1 images left out"
    why = " (VCIP's pairs and photos of" if state == "unknown" else ";"
    text = tables.format_report(evaluation)
    assert f"1 images left out, {state} on the rest{why}" in text
    assert ("model (?)" in text) == (state == "unknown")


def test_vcip_official_is_measured_and_called_contaminated(
    data, model, tmp_path
):
    """Its own training pairs are in the scenes of its test images."""
    official = {
        "image_00": ("mountain_0001", "train"),
        "image_01": ("testing_0003", "test"),  # identical, by the shipped list
        "image_02": ("testing_0001", "test"),
    }
    examples = manifest.read_manifest(data / "manifest.csv")
    manifest.write_manifest(
        tmp_path / "manifest.csv",
        [
            dataclasses.replace(
                example,
                name=official[example.name][0],
                split=official[example.name][1],
                protocol="vcip-official",
                scene="",
            )
            for example in examples
            if example.name in official
        ],
    )
    model(gray)
    evaluation = measure_split(["model"], tmp_path, tmp_path / "out")
    expected = "testing_0003 (= mountain_0001"
    assert "vcip-official, whoever trains on its pairs: contaminated" in (
        evaluation.warning
    )
    assert expected in tables.format_report(evaluation)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert expected in summary["data"]["warning"]
    # A model that was trained on these pairs, too, is measured and marked.
    pairs = training_data.collect(
        manifest.read_manifest(tmp_path / "manifest.csv"), False, "val"
    )
    model(gray, pairs)
    evaluation = measure_split(["model"], tmp_path, tmp_path / "out")
    assert "model (CONTAMINATED)" in tables.format_report(evaluation)
    assert len(evaluation.results[0].images) == 2


def test_an_unknown_past_is_not_called_clean(measure, data):
    evaluation, folder = measure(str(data / "near"))
    assert "near (?)" in tables.format_report(evaluation)
    (line,) = read_csv(folder / "table.csv")
    assert line["training_data"] == "unknown"
