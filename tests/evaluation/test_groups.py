"""Groups of images are reported apart and together."""

import dataclasses
import json

import numpy as np
import pytest
import small_split

from nircolor_tf.data import manifest, splits
from nircolor_tf.report import tables

SIZES = {"vcip": 6, "landscape": 4, "town": 2}


@pytest.fixture
def split(tmp_path):
    """The small split under names of scenes-strict."""
    folder = tmp_path / "split"
    folder.mkdir()
    small_split.write_split(folder)
    listed = splits.load_groups("scenes-strict")
    names = [
        name
        for group, count in SIZES.items()
        for name in [name for name in listed if listed[name] == group][:count]
    ]
    examples = manifest.read_manifest(folder / "manifest.csv")
    for run in ("near", "far"):
        for example, name in zip(examples, names, strict=True):
            image = folder / run / f"{example.name}.png"
            image.rename(image.with_stem(name))
    renamed = [
        dataclasses.replace(example, name=name, protocol="scenes-strict")
        for example, name in zip(examples, names, strict=True)
    ]
    manifest.write_manifest(folder / "manifest.csv", renamed)
    return folder


def test_groups_are_measured_together_and_apart(split, tmp_path):
    runs = [f"{split}/near", f"{split}/far"]
    evaluation = small_split.measure_split(runs, split, tmp_path / "report")
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert {
        group: numbers["images"] for group, numbers in summary["groups"].items()
    } == SIZES
    assert [group["scenes"] for group in summary["groups"].values()] == [
        *(3, 2, 1)
    ]
    near = evaluation.results[0]
    of_image = [*near.column("std/mae").values()]
    start = 0
    for group, count in SIZES.items():
        numbers = summary["groups"][group]["runs"][0]
        expected = np.mean(of_image[start : start + count])
        assert numbers["name"] == "near"
        assert numbers["mean"]["std/mae"] == pytest.approx(expected)
        start += count
    # Image by image near is better by 10 levels.
    differences = {
        (each["first"], each["second"], each["metric"]): each["difference"]
        for each in summary["groups"]["town"]["differences"]
    }
    assert differences["near", "far", "std/psnr"] > 10
    text = tables.format_report(evaluation)
    assert "landscape, 4 images of 2 scenes" in text
    assert text.count("near and the others, image by image (std):") == 4


def test_other_data_has_no_groups(tmp_path):
    small_split.write_split(tmp_path)
    evaluation = small_split.measure_split(
        [f"{tmp_path}/near"], tmp_path, tmp_path / "report"
    )
    summary = json.loads((tmp_path / "report" / "summary.json").read_text())
    assert summary["groups"] == {}
    assert "images of" in tables.format_report(evaluation).splitlines()[0]
