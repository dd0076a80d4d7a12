"""One data set in 8, 12 and 16 bit: the same numbers, everywhere.

The images have 16 levels, 17 apart in 8 bit, which each depth holds exactly.
"""

import dataclasses

import numpy as np
import pytest
from ml_collections import ConfigDict
from small_split import measure_split
from smoke import load_config
from stubs import tiny_method

from nircolor_tf.data import (
    distill,
    example_images,
    manifest,
    synthetic,
    training_data,
)
from nircolor_tf.data import prepare as preparation
from nircolor_tf.data.image_sources import PairSource
from nircolor_tf.errors import InputError
from nircolor_tf.export import samples
from nircolor_tf.images import image_files
from nircolor_tf.inference import folders
from nircolor_tf.inference.colorizer import Colorizer
from nircolor_tf.report import pictures
from nircolor_tf.training.evaluator import Evaluator

# Name -> the step from one of the 16 levels to the next.
STEPS = {"8": np.uint8(17), "12": np.uint16(273), "16": np.uint16(4369)}
COUNT = 10


def teacher(nir):
    return nir * np.float32([1, 0.5, 0.25])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """The prepared sets by depth; gives the folder of their folders."""
    folder = tmp_path_factory.mktemp("depths")
    for depth, step in STEPS.items():
        for kind in ("nir", "rgb"):
            (folder / depth / kind).mkdir(parents=True)
        for index in range(COUNT):
            for kind, image in zip(
                ("nir", "rgb"), synthetic.make_pair(index, 64, 64), strict=True
            ):
                levels = image // 17
                levels[0, 0] = 15  # the largest value of every file
                image_files.write_image(
                    folder / depth / kind / f"{index}.png", levels * step
                )
        preparation.prepare(folder / depth, "folder", folder / depth)
    return folder


@pytest.fixture(params=["12", "16"])
def both(data, request):
    """The folders of the 8-bit set and of a deeper one."""
    return data / "8", data / request.param


@pytest.fixture(scope="module")
def measured():
    """What was measured of a folder: the set of 8 bit is compared twice."""
    return {}


def read(folder):
    return manifest.read_manifest(folder / "manifest.csv")


def test_levels_scenes_splits_and_shifts(both):
    eight, deep = map(read, both)
    high = 15 * int(STEPS[both[1].name])
    assert {one.nir_high for one in deep} == {high}
    assert {one.rgb_high for one in deep} == {high}
    for first, second in zip(eight, deep, strict=True):
        for column in ("name", "split", "scene", "shift_x", "shift_y"):
            assert getattr(first, column) == getattr(second, column)


def test_batches(both):
    config = load_config("landscapes", "smoke").data
    first, second = (
        next(
            PairSource(manifest.select(read(folder), "train"))
            .batches(config, 3, 5)
            .as_numpy_iterator()
        )
        for folder in both
    )
    for kind in ("nir", "rgb"):
        np.testing.assert_array_equal(first[kind], second[kind])


def test_validation_in_training(both, measured):
    method, config = (
        tiny_method("landscapes"),
        load_config("landscapes", "smoke"),
    )
    numbers = []
    for folder in both:
        if (key := ("validation", folder)) not in measured:
            evaluator = Evaluator(method, read(folder)[:2], config.evaluate)
            measured[key] = evaluator.evaluate()
        numbers.append(measured[key])
    assert numbers[0][0] == numbers[1][0]
    for name, grid in numbers[0][1].items():
        np.testing.assert_array_equal(grid, numbers[1][1][name])


def test_evaluation_and_its_pictures(both, measured, model, tmp_path):
    model(lambda name, nir: teacher(nir))
    for folder in both:
        if folder not in measured:
            measured[folder] = measure_split(
                ["model"],
                folder,
                tmp_path / folder.name,
                split="train",
                baselines=True,
                robustness=1,
                contaminated="mark",
            )
    first, second = (measured[folder] for folder in both)
    assert len(first.results) == 3
    for result, other in zip(first.results, second.results, strict=True):
        assert result.means == other.means
        assert result.curves == other.curves
    run = first.results[0].run
    for pair in zip(first.examples, second.examples, strict=True):
        shown = [pictures.source_and_truth(example, run) for example in pair]
        for one, other in zip(*shown, strict=True):
            np.testing.assert_array_equal(one, other)


def test_distilled_pairs(both, tmp_path):
    distilled = []
    for folder in both:
        output = tmp_path / folder.name
        distill.distill(
            teacher,
            training_data.NOTHING,
            folder / "manifest.csv",
            output,
            distill.Options(0.5, 1, False, 1),
        )
        distilled.append(manifest.select(read(output), "train"))
    assert len(distilled[0]) > COUNT
    for first, second in zip(*distilled, strict=True):
        for reader in (example_images.read_nir, example_images.read_rgb):
            # Rounded to 8 bit there, to 16 here, NIR and then its colors.
            np.testing.assert_allclose(
                reader(first).unit, reader(second).unit, atol=0.76 / 255
            )


def test_samples_of_a_manifest_and_of_a_folder(both, monkeypatch):
    monkeypatch.setattr(samples, "CHECKS", 1)
    for representative in (False, True):
        first, second = (
            samples.read(
                ConfigDict(
                    {
                        "data": {"manifest": str(folder / "manifest.csv")},
                        "evaluate": {"split": "val"},
                    }
                ),
                "nir",
                folder / "nir" if representative else "",
                3,
            )
            for folder in both
        )
        assert first.origin == second.origin == "val"
        for kind in ("representative", "checks"):
            images = getattr(first, kind), getattr(second, kind)
            for one, other in zip(*images, strict=True):
                np.testing.assert_array_equal(one, other)


def test_what_colorizing_shows_the_network(both, tmp_path):
    seen = []

    def predict(image):
        seen.append(image[0])
        return np.repeat(image, 3, axis=-1)

    for folder in both:
        folders.colorize_path(
            Colorizer(predict), folder / "nir", tmp_path / folder.name
        )
        for image, example in zip(seen, read(folder), strict=True):
            expected = example_images.read_nir(example).unit
            np.testing.assert_array_equal(image, expected)
        seen.clear()


def test_a_truth_that_changed_is_not_measured(data, model, tmp_path):
    changed = tmp_path / "changed"
    examples = read(data / "8")
    rgb = image_files.read_rgb(examples[0].rgb)
    image_files.write_image(tmp_path / "0.png", rgb[::-1])
    changed.mkdir()
    broken = [
        *examples[1:],
        dataclasses.replace(examples[0], rgb=str(tmp_path / "0.png")),
    ]
    manifest.write_manifest(changed / "manifest.csv", broken)
    split = examples[0].split
    model(lambda name, nir: teacher(nir))
    evaluation = measure_split(
        ["model"], changed, tmp_path / "report", split=split
    )
    (result,) = evaluation.results
    assert list(result.failures) == [examples[0].name]
    assert "is no longer the file" in result.failures[examples[0].name]
    assert "0.png: is no longer the file" in "\n".join(evaluation.problems)
    if split == "train":
        with pytest.raises(InputError, match=r"0\.png: is no longer the file"):
            distill.distill(
                teacher,
                training_data.NOTHING,
                changed / "manifest.csv",
                tmp_path / "out",
                distill.Options(0.5, 0, False, 1),
            )
