"""The report's pictures: which images are shown, and what is drawn."""

import base64
import json

import cv2
import numpy as np
import pytest
from small_split import measure_split

from nircolor_tf.errors import InputError
from nircolor_tf.images import grid, image_files
from nircolor_tf.images.image_files import read_image
from nircolor_tf.report import page, report, sheet


@pytest.fixture(scope="module")
def written(data, tmp_path_factory):
    """A report on two runs; image 0 is missing from the second."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "far").mkdir()
    for path in sorted((data / "far").iterdir())[1:]:
        (folder / "far" / path.name).write_bytes(path.read_bytes())
    drawn, contents = {}, {}
    with pytest.MonkeyPatch.context() as monkeypatch:
        image_grid, write = grid.image_grid, report.html.write

        def draw(rows, labels, headings):
            drawn.update(rows=rows, labels=labels, headings=headings)
            return image_grid(rows, labels, headings)

        monkeypatch.setattr(grid, "image_grid", draw)
        monkeypatch.setattr(
            report.html,
            "write",
            lambda path, mapping: (
                contents.update(mapping) or write(path, mapping)
            ),
        )
        measure_split(
            [str(data / "near"), str(folder / "far")],
            data,
            folder / "report",
            gallery=4,
        )
    return folder / "report", drawn, contents


def load(kind, index, folder):
    return image_files.read_image(folder / kind / f"image_{index:02}.png")


def test_the_sheet_shows_worst_median_and_best(written, data):
    folder, drawn, _ = written
    assert drawn["headings"] == ["NIR", "near", "far", "true color"]
    shown = [0, 1, 2, 5, 6, 7, 9, 10, 11]
    for i, row, label in zip(
        shown, drawn["rows"], drawn["labels"], strict=True
    ):
        assert f"image_{i:02}   PSNR " in label
        nir, near, far, rgb = row
        np.testing.assert_array_equal(nir[..., 0], load("nir", i, data))
        np.testing.assert_array_equal(near, load("near", i, data))
        np.testing.assert_array_equal(rgb, load("rgb", i, data))
        if i:
            np.testing.assert_array_equal(far, load("far", i, data))
        else:
            assert (far == 255).all()
    roles = [label.split()[0] for label in drawn["labels"]]
    assert roles == ["worst"] * 3 + ["median"] * 3 + ["best"] * 3
    assert read_image(folder / "worst_median_best.png").shape[2] == 3


@pytest.mark.parametrize("count", [1, 9, 10, 11, 12, 40])
def test_no_image_is_shown_twice(count):
    ranks = [rank for rank, _ in sheet.ranks(count)]
    assert ranks == sorted(set(ranks))
    assert len(ranks) == min(count, 9)
    assert (ranks[0], ranks[-1]) == (0, count - 1)


def test_the_gallery_shows_the_worst_images(written):
    *_, contents = written
    # By the mean over the runs that have it; image 0 has the better one only.
    names = [image["name"] for image in contents["images"]]
    assert names == [f"image_0{i}" for i in (1, 2, 3, 0)]
    assert contents["omitted"] == 8
    image = contents["images"][0]
    assert set(image["runs"]) == {"near", "far"}
    assert image["scene"] == "0"
    assert image["runs"]["near"]["metrics"]["std/psnr"] == pytest.approx(
        20 * np.log10(255 / 11)
    )


def decode(uri):
    data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"))
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return bgr[..., ::-1]


def test_pictures_and_error_maps_are_those_of_the_run(written, data):
    *_, contents = written
    image = contents["images"][0]
    for uri, kind in (
        (image["truth"], "rgb"),
        (image["runs"]["far"]["prediction"], "far"),
    ):
        # WebP blurs the colors of noise; their means stay.
        difference = decode(uri).mean((0, 1)) - load(kind, 1, data).mean((0, 1))
        assert np.abs(difference).max() < 4
    palette = cv2.applyColorMap(
        np.arange(256, dtype=np.uint8)[None], cv2.COLORMAP_INFERNO
    )[0, :, ::-1]
    for run, levels in (("near", 11), ("far", 21)):
        # Off by `levels` of 255 everywhere; the scale ends at a half.
        color = palette[round(255 * levels / 255 / 0.5)]
        shown = decode(image["runs"][run]["error"]).reshape(-1, 3)
        assert np.abs(shown.mean(axis=0) - color).max() < 4


def test_the_page_says_what_it_is_about(written):
    _, _, contents = written
    assert contents["about"]["data"] == "folder, split test"
    assert contents["about"]["images"] == "12 of 6 scenes"
    near, far = contents["runs"]
    assert (near["count"], far["count"]) == (12, 11)
    assert near["failures"] == []
    assert far["failures"][0]["image"] == "image_00"
    assert near["contamination"]["state"] == "unknown"
    assert near["mean"].keys() == contents["metrics"].keys()
    assert near["interval"]["std/psnr"][0] < near["mean"]["std/psnr"]
    assert contents["metrics"]["hkbu/ssim"]["label"] == "SSIM"
    assert contents["robustness"] is None
    # Numbers of the papers, as reported.
    first = contents["reported"][0]
    assert (first["method"], first["psnr"]) == ("CoColor", 23.54)
    json.dumps(contents, allow_nan=False)


def test_a_card_may_hold_what_json_does_not():
    card = {"loss": float("nan"), "sizes": [(1, float("inf"))]}
    assert page._without_infinities(card) == {
        "loss": "nan",
        "sizes": [[1, "inf"]],
    }


def test_no_file_of_another_report_is_replaced(tmp_path):
    report.check_new(tmp_path / "none")
    (tmp_path / "notes.txt").touch()
    report.check_new(tmp_path)
    (tmp_path / "summary.json").touch()
    with pytest.raises(InputError, match=r"summary.json: exists already; choo"):
        report.check_new(tmp_path)


def test_the_files_of_a_report(written):
    folder, *_ = written
    assert {path.name for path in folder.iterdir()} == {
        "report.html",
        "table.csv",
        "table.md",
        "per_image.csv",
        "summary.json",
        "worst_median_best.png",
    }
