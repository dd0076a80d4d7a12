"""What the files of a table of results may not be, and how it is said."""

import json
import shutil
from pathlib import Path

import pytest
from table_files import CONFIG, change, read

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import cost_files
from nircolor_tf.report import (
    merging,
    result_files,
    result_rows,
    results_page,
)


@pytest.mark.parametrize(
    ("file", "keys", "value", "message"),
    [
        ("val", ("runs", 0, "name"), "x", "val: no run 'near'; there are x, f"),
        ("costs", ("runs",), {}, "costs.json: no run 'far'; run bin/costs.py"),
        (
            "val",
            ("runs", 1, "training_data"),
            "contaminated",
            "val: the run 'far' is contaminated: ",
        ),
        (
            "other",
            ("runs", 1, "training_data"),
            "clean, 3 images left out",
            "other: the run 'far' is clean, 3 images left out",
        ),
        ("val", ("runs", 0, "images"), 11, "run 'near' has 11 of 12 images"),
        ("val", ("runs", 0, "mean"), {}, "the run 'near' has no std/psnr"),
        ("val", ("data", "warning"), "seen", "no clean numbers: seen"),
        (
            "val",
            ("runs", 0, "about"),
            {"kind": "images"},
            "'near' is of kind 'images'; expected a workdir or an export",
        ),
        (
            "val",
            ("runs", 0, "about", "checkpoint"),
            "latest, step 9",
            "'near' is its latest checkpoint; expected the best",
        ),
        (
            "other",
            ("runs", 0, "about", "checkpoint"),
            "best, step 9",
            "other: the run 'near' is another one there: .*step 9",
        ),
        (
            "costs",
            ("runs", "near", "about", "path"),
            "g2c",
            "costs.json: the run 'near' is another one there: .*g2c",
        ),
    ],
)
def test_what_is_refused(files, file, keys, value, message):
    path = files / file / "summary.json"
    change(files / "costs.json" if file == "costs" else path, keys, value)
    with pytest.raises(InputError, match=message):
        read(files)


def test_evaluations_of_different_images_are_no_table(files):
    folders = [str(files / "val"), str(files / "other")]
    change(files / "other" / "summary.json", ("data", "protocol"), "epfl")
    with pytest.raises(
        InputError, match=r"other measured epfl, .*val folder, split test: 12"
    ):
        merging.read_evaluations(folders)
    shutil.rmtree(files / "other")
    shutil.copytree(files / "val", files / "other")
    with pytest.raises(InputError, match=r"Elsewhere=.*: the same data as"):
        read(files)


def test_as_many_other_images_are_no_table(files):
    shutil.copytree(files / "val", files / "more")
    path = files / "more" / "per_image.csv"
    names = {line.split(",")[1] for line in path.read_text().splitlines()[1:]}
    path.write_text(path.read_text().replace(min(names), "another"))
    folders = [str(files / name) for name in ("val", "more")]
    with pytest.raises(InputError, match=r"more measured other .*13 names in"):
        merging.read_evaluations(folders)


def test_models_measured_apart_are_one_table(files):
    """Each with its own files, and one that is in both."""
    page = results_page.format_page(read(files, ""))
    folders = [str(files / name) for name in ("val", "more")]
    costs = [str(files / name) for name in ("costs.json", "more.json")]
    shutil.copytree(files / "val", files / "more")
    shutil.copy(costs[0], costs[1])
    for folder, run in zip(folders, ("far", "near"), strict=True):
        path = Path(folder, "summary.json")
        summary = json.loads(path.read_text())
        summary["runs"] = [r for r in summary["runs"] if r["name"] != run]
        path.write_text(json.dumps(summary))
        path = Path(folder, "per_image.csv")
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(x for x in lines if not x.startswith(run)))
    change(Path(costs[1]), ("runs", "near", "time_ratio"), 7.0)
    change(Path(costs[0]), ("runs",), {})
    # Of the same images, by another name.
    change(files / "more" / "summary.json", ("data", "manifest"), "more.csv")
    results = result_files.read_results(files / "rows.csv", folders, "", costs)
    page = page.replace("2.52 |", "7.00 |")
    assert results_page.format_page(results) == page
    change(Path(costs[1]), ("reference",), "near")
    with pytest.raises(InputError, match=r"more.json: reference 'near', and"):
        cost_files.read(costs)
    change(files / "more" / "summary.json", ("runs", 1, "mean", "std/ae"), 9)
    with pytest.raises(InputError, match="'NIR as it is' is in another"):
        merging.read_evaluations(folders)
    (files / "more" / "per_image.csv").unlink()
    with pytest.raises(InputError, match=r"more/per_image.csv: no such file"):
        merging.read_evaluations(folders[1:])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "far,configs/no.py,,,",
            "row 'far': configs/no.py is not the config of any of its commands",
        ),
        (
            f'far,"{CONFIG} {CONFIG}",,,',
            "names 2 configs; the run is of 1 trainings",
        ),
        (f'far,"{CONFIG}",Nobody,,', "reported.csv has no method 'Nobody'"),
        ("far,configs/dcgan.py", "rows.csv, line 2: expected 5 columns"),
        ("far,,,,\nfar,,,,", "rows.csv: the row 'far' is there twice"),
        (
            "far,,,,no",
            "rows.csv, line 2, column readme: 'no'; expected 'yes' or nothing",
        ),
        ("", "rows.csv: no rows"),
    ],
)
def test_bad_rows_are_named(files, row, message):
    heading = ",".join(result_rows.COLUMNS)
    (files / "rows.csv").write_text(f"{heading}\n{row}\n")
    with pytest.raises(InputError, match=message):
        results_page.format_page(read(files))


def test_missing_and_old_files_are_named(files):
    with pytest.raises(InputError, match="--other=x: expected NAME=FOLDER"):
        read(files, other="x")
    contents = json.loads((files / "costs.json").read_text())
    del contents["machine"]
    (files / "costs.json").write_text(json.dumps(contents))
    with pytest.raises(InputError, match=r"costs.json: has no 'machine'; run"):
        read(files)
    (files / "costs.json").unlink()
    with pytest.raises(InputError, match=r"costs.json: no such file; .*costs"):
        read(files)
