"""The report's files: numbers that can be recomputed, images that are shown."""

import csv
import json

import numpy as np
import pytest

from nircolor_tf.data.images import read_image
from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import protocols, report

COLUMNS = ("NIR", "ours", "truth")


def _results(count, side=16):
    """Image i is off by count - i levels: the last ones are the best."""
    rng = np.random.default_rng(1)
    for i in range(count):
        truth = rng.integers(50, 200, (side, side + 4, 3), dtype=np.uint8)
        prediction = truth + np.uint8(count - i)
        yield f"image_{i:02}", truth[..., :1], prediction, truth


def _read_csv(folder):
    with (folder / "per_image.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_metric_of_every_protocol(tmp_path):
    report.write_report(tmp_path, _results(3), {}, COLUMNS)
    lines = _read_csv(tmp_path)
    for line, (name, _, prediction, truth) in zip(
        lines, _results(3), strict=True
    ):
        expected = {"name": name}
        for protocol in ("std", "hkbu"):
            for metric, value in protocols.measure(
                prediction, truth, protocol
            ).items():
                expected[f"{protocol}/{metric}"] = pytest.approx(
                    value, abs=1e-6
                )
        numbers = {key: float(line[key]) for key in line if key != "name"}
        assert {"name": line["name"], **numbers} == expected


def test_summary_holds_means_and_what_was_measured(tmp_path):
    about = {"model": "tiny", "split": "val", "manifest": "manifest.csv"}
    summary = report.write_report(
        tmp_path / "a" / "b", _results(2), about, COLUMNS
    )
    assert json.loads((tmp_path / "a/b/summary.json").read_text()) == summary
    assert summary["about"] == about
    assert summary["count"] == 2
    # Off by 2 and by 1 level of 255 everywhere.
    assert summary["mean"]["std"]["mae"] == pytest.approx(1.5 / 255)
    psnr = 20 * np.log10(255) - 10 * np.log10(2)
    assert summary["mean"]["hkbu"]["psnr"] == pytest.approx(psnr)
    # Images of one size: their pixels weigh the same.
    assert summary["mean"]["hkbu"]["ae_pixels_mean"] == pytest.approx(
        summary["mean"]["hkbu"]["ae"]
    )
    table = report.format_table(summary)
    assert f"{psnr:.4f}" in table
    assert f"{summary['mean']['hkbu']['ae_pixels_std']:.4f}" in table
    # Every number ends where the name above it does.
    header, *lines = table.splitlines()[:3]
    assert {len(line) for line in lines} == {len(header)}
    assert "mean over 2 images" in table


def test_infinite_psnr_is_valid_json(tmp_path):
    name, nir, _, truth = next(_results(1))
    summary = report.write_report(
        tmp_path, [(name, nir, truth, truth)], {}, COLUMNS
    )
    text = (tmp_path / "summary.json").read_text()
    assert "Infinity" not in text
    assert json.loads(text)["mean"]["std"]["psnr"] == "inf"
    assert "inf" in report.format_table(summary)


def test_sheet_shows_worst_median_and_best(tmp_path, monkeypatch):
    drawn = {}

    def spy(rows, labels, headings):
        drawn.update(rows=rows, labels=labels, headings=headings)
        return image_grid(rows, labels, headings)

    image_grid = report.image_grid
    monkeypatch.setattr(report, "image_grid", spy)
    report.write_report(tmp_path, _results(12), {}, COLUMNS)
    shown = [0, 1, 2, 5, 6, 7, 9, 10, 11]
    results = list(_results(12))
    for i, row, label in zip(
        shown, drawn["rows"], drawn["labels"], strict=True
    ):
        assert f"image_{i:02}" in label
        for tile, image in zip(row, results[i][1:], strict=True):
            np.testing.assert_array_equal(tile, image)
    roles = [label.split()[0] for label in drawn["labels"]]
    assert roles == ["worst"] * 3 + ["median"] * 3 + ["best"] * 3
    assert read_image(tmp_path / "worst_median_best.png").shape[2] == 3


def test_a_translation_has_no_angles_and_columns_of_its_own(
    tmp_path, monkeypatch
):
    drawn = {}
    monkeypatch.setattr(
        report,
        "image_grid",
        lambda rows, labels, headings: (
            drawn.update(labels=labels, headings=headings) or rows[0][0]
        ),
    )
    columns = ("gray", "our NIR", "true NIR")
    truth = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    results = [("one", truth, truth // 2, truth)]
    summary = report.write_report(tmp_path, results, {}, columns)
    assert set(summary["mean"]["std"]) == {"psnr", "ssim", "mae"}
    assert "std/ae" not in _read_csv(tmp_path)[0]
    assert drawn["headings"] == columns
    # 0..255 less its half, rounded down: 64 levels on average.
    assert drawn["labels"][0].endswith(f"   MAE {64 / 255:.3f}")
    assert "deg" not in drawn["labels"][0]


@pytest.mark.parametrize("count", [1, 9, 10, 11, 12, 40])
def test_no_image_is_shown_twice(count):
    ranks = [rank for rank, _ in report._chosen_ranks(count)]
    assert ranks == sorted(set(ranks))
    assert len(ranks) == min(count, 9)
    assert (ranks[0], ranks[-1]) == (0, count - 1)


def test_large_images_are_shrunk_in_the_sheet(tmp_path):
    report.write_report(tmp_path, _results(1, side=600), {}, COLUMNS)
    sheet = read_image(tmp_path / "worst_median_best.png")
    assert sheet.shape[1] < 3 * 270
    assert sheet.shape[0] < 320


def test_image_grid_places_every_tile():
    red = np.full((8, 10, 3), (255, 0, 0), np.uint8)
    gray = np.full((6, 6, 1), 128 * 257, np.uint16)
    grid = report.image_grid([[red, gray], [gray, red]], ["", ""], ["", ""])
    assert grid.dtype == np.uint8
    is_red = (grid == (255, 0, 0)).all(axis=-1)
    is_gray = (grid == 128).all(axis=-1)
    assert is_red.sum() == 2 * 80
    assert is_gray.sum() == 2 * 36
    # Red is left in the upper row and right in the lower one.
    red_rows, red_columns = np.nonzero(is_red)
    upper = red_rows < red_rows.mean()
    assert red_columns[upper].max() < red_columns[~upper].min()


def test_long_labels_are_not_cut():
    tile = np.zeros((4, 4, 1), np.uint8)
    short = report.image_grid([[tile]], ["x"], [""])
    long = report.image_grid([[tile]], ["x" * 50], [""])
    assert long.shape[1] > short.shape[1]
    assert (long[:, -3:] == 255).all()


def test_a_bad_image_is_named_and_leaves_the_old_report(tmp_path):
    report.write_report(tmp_path, _results(2), {}, COLUMNS)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    name, nir, prediction, truth = next(_results(1))
    results = [
        (name, nir, prediction, truth),
        ("broken", nir, prediction[1:], truth),
    ]
    with pytest.raises(InputError, match="broken: "):
        report.write_report(tmp_path, results, {}, COLUMNS)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_nothing_to_measure_or_nowhere_to_write(tmp_path):
    with pytest.raises(InputError, match="no images"):
        report.write_report(tmp_path, [], {}, COLUMNS)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: cannot be made a folder"):
        report.write_report(tmp_path / "file", _results(1), {}, COLUMNS)
