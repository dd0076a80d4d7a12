"""The papers' tables, on synthetic copies of the layouts of their data."""

import re

import numpy as np
import pytest

from nircolor_tf.data import manifest, synthetic
from nircolor_tf.errors import InputError
from nircolor_tf.images import image_files
from nircolor_tf.report import paper_tables

LEVELS = 12


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    image_files.write_image(path, image)


def make_pair(seed, height, width):
    """A synthetic pair that can be made brighter by LEVELS."""
    nir, rgb = synthetic.make_pair(seed, height, width)
    return nir, np.minimum(rgb, 255 - LEVELS)


def write_epfl(source):
    """Three photos, each of which holds one crop."""
    for seed in range(3):
        nir, rgb = make_pair(seed, 480, 500)
        for kind, image in (("nir", nir), ("rgb", rgb)):
            write(source / "field" / f"{seed}_{kind}.png", image)


def predict(name, folder, change):
    """Writes `change` of every truth of the test split; returns the folder."""
    table = paper_tables.PAPER_TABLES[name]
    paper_tables.prepare_data(table, folder / "source", folder / "out" / "data")
    examples = manifest.read_manifest(folder / "out" / "data" / "manifest.csv")
    for index, example in enumerate(manifest.select(examples, "test")):
        truth = image_files.read_rgb(example.rgb)
        write(
            folder / "runs" / "ours" / f"{example.name}.png",
            change(truth, index),
        )
    return folder / "runs" / "ours"


def brighter(truth, index):
    del index
    return (truth + LEVELS).astype(np.uint8)


def measure(name, folder, run):
    text = paper_tables.measure(
        name, folder / "source", folder / "out", [str(run)]
    )
    assert (folder / "out" / "paper_table.md").read_text() == text + "\n"
    assert (folder / "out" / "report.html").exists()
    (row,) = [x for x in text.splitlines() if x.startswith("| ours | this one")]
    return text, [cell.strip() for cell in row.strip("|").split("|")]


def test_the_table_of_vcip(tmp_path):
    source = tmp_path / "source"
    for seed, name in enumerate(("country_0000", "field_0000")):
        nir, rgb = make_pair(seed, 40, 40)
        write(source / "NIR" / f"{name}_nir.png", nir)
        write(source / "RGB-Registered" / f"{name}_rgb_reg.png", rgb)
    for seed in (2, 3):
        nir, rgb = make_pair(seed, 40, 40)
        write(source / "Testing" / "NIR" / f"000{seed}_nir.png", nir)
        write(source / "Testing" / "RGB" / f"000{seed}_rgb.png", rgb)
    run = predict("vcip", tmp_path, brighter)
    text, cells = measure("vcip", tmp_path, run)
    assert text.startswith("vcip-official, split test, 2 images, protocol hkbu")
    # Every pixel is off by as much.
    assert cells[2].startswith(f"{20 * np.log10(255 / LEVELS):.2f}")
    rows = [line for line in text.splitlines() if "contaminated" in line]
    assert any(
        "| CoColor |" in r and "| 23.54 | 0.69 | 2.68 |" in r for r in rows
    )
    assert any(
        "| MPFNet |" in r and "| 22.14 | 0.63 | 3.68 |" in r for r in rows
    )
    assert "8 are training pairs pixel by pixel" in rows[-1]


def test_the_table_of_epfl(tmp_path):
    write_epfl(tmp_path / "source")
    run = predict("epfl", tmp_path, brighter)
    text, cells = measure("epfl", tmp_path, run)
    # One crop of each photo, one photo in each split.
    assert text.startswith("epfl, split test, 1 images, protocol std")
    assert cells[2] == f"{LEVELS / 255:.4f}"
    assert "| 18.4421 | 0.6363 | - | MAE 0.0939" in text
    assert "763" in text.splitlines()[-1]
    # What the remark counts.
    assert 2 * 477 == 954
    assert (2 * 286 + 191, 286 + 191) == (763, 477)


def test_the_table_of_epfl_by_the_metrics_of_other_papers(tmp_path):
    write_epfl(tmp_path / "source")
    run = predict("epfl-hkbu", tmp_path, brighter)
    text, cells = measure("epfl-hkbu", tmp_path, run)
    assert text.startswith("epfl, split test, 1 images, protocol hkbu")
    assert cells[2].startswith(f"{20 * np.log10(255 / LEVELS):.2f}")
    for method, numbers in (
        ("CoColor", "20.14 | 0.61 | 4.79"),
        ("MPFNet", "20.61 | 0.61 | 4.16"),
        ("ATCycleGAN", "16.89 | 0.53 | 5.64"),
    ):
        assert re.search(rf"\| {method} \| .* {re.escape(numbers)} ", text)
    assert "do not say how they cut" in text.splitlines()[-1]


def test_the_table_of_urban_patches(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(3):
        nir = rng.integers(20, 230, (64, 96, 1), dtype=np.uint8)
        yellow = nir * np.array([1, 1, 0], np.uint8)
        for kind, image in (("nir", nir), ("rgb", yellow)):
            write(tmp_path / "source" / "urban" / f"{number}_{kind}.png", image)

    def red(truth, index):
        """45 degrees away from yellow; the first patch is right."""
        return truth * np.array([1, index == 0, 0], np.uint8)

    run = predict("urban", tmp_path, red)
    text, cells = measure("urban", tmp_path, run)
    assert text.startswith("epfl-patches, split test, 2 images")
    # Half of the pixels are off by 45 degrees, half by none.
    assert cells[2:4] == ["22.50", "22.50"]
    assert "| 9.86 | - | standard deviation 5.31" in text


def test_other_categories_are_refused(tmp_path):
    for name in ("urban", "field"):
        (tmp_path / "source" / name).mkdir(parents=True)
    with pytest.raises(
        InputError, match=r"has the folders field, urban; .*urban"
    ):
        paper_tables.measure(
            "urban", tmp_path / "source", tmp_path / "out", ["x"]
        )


def test_a_table_that_no_paper_has(tmp_path):
    with pytest.raises(InputError, match="'other': expected one of vcip, epfl"):
        paper_tables.measure("other", tmp_path, tmp_path, ["x"])


def test_the_data_of_another_table_are_refused(tmp_path):
    for seed in range(3):
        nir, rgb = make_pair(seed, 64, 128)
        for kind, image in (("nir", nir), ("rgb", rgb)):
            write(tmp_path / "source" / "urban" / f"{seed}_{kind}.png", image)
    run = predict("urban", tmp_path, brighter)
    with pytest.raises(
        InputError, match=r"protocol is epfl-patches, but .* of epfl; choose"
    ):
        paper_tables.measure(
            "epfl", tmp_path / "source", tmp_path / "out", [str(run)]
        )
