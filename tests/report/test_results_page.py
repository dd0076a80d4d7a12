"""docs/results.md and the README's table: the numbers are those of the files.

The evaluations are real, of images; only who made the images is pretended.
"""

import csv
import json
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from small_split import measure_split, write_split

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import cost_files
from nircolor_tf.report import (
    merging,
    result_files,
    result_rows,
    results_page,
)
from nircolor_tf.training import config_files

CONFIG = "configs/supervised.py:unet256,cpu"
ROWS = [
    ("far", CONFIG, "DCGAN", ""),
    ("near", "configs/colornet.py:cpu", "", "Taught by far."),
]
README = "# Title\n\n<!-- results -->\nbefore\n<!-- /results -->\n\nEnd.\n"


def change(path, keys, value):
    """Changes one value of a JSON file."""
    contents = json.loads(path.read_text())
    *parents, last = keys
    place = contents
    for key in parents:
        place = place[key]
    place[last] = value
    path.write_text(json.dumps(contents))


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Two evaluations of two runs, on different data."""
    folder = tmp_path_factory.mktemp("measured")
    for scale, kind in ((1, "val"), (2, "other")):
        data = folder / f"data_{kind}"
        data.mkdir()
        write_split(data, scale)
        measure_split(
            [str(data / "near"), str(data / "far")],
            data,
            folder / kind,
            baselines=True,
            gallery=1,
        )
    return folder


@pytest.fixture
def files(measured, tmp_path, repository, monkeypatch):
    """What bin/results.py reads: the runs as if they were trainings."""
    monkeypatch.chdir(repository)
    costs = {"size": 256, "repeats": 5, "machine": "M", "reference": "far"}
    costs |= {"command": "bin/costs.py '--reference=the far'", "runs": {}}
    for kind in ("val", "other"):
        (tmp_path / kind).mkdir()
        path = tmp_path / kind / "summary.json"
        summary = json.loads((measured / kind / "summary.json").read_text())
        summary["command"] = f"bin/evaluate.py --output={kind}"
        summary["data"]["manifest"] = f"{kind}.csv"
        for run in summary["runs"][:2]:
            run["training_data"] = "clean"
            run["about"] = {
                "kind": "workdir",
                "folder": f"somewhere/{run['name']}",
                "path": "n2c",
                "checkpoint": "best, step 1200",
            }
        path.write_text(json.dumps(summary))
        shutil.copy(measured / kind / "per_image.csv", tmp_path / kind)
    for number, (label, config, *_) in enumerate(ROWS, start=1):
        costs["runs"][label] = {
            "about": {
                "kind": "workdir",
                "folder": f"somewhere/{label}",
                "path": "n2c",
                "checkpoint": "best, step 1200",
            },
            "commands": [
                f"bin/train.py --config={config} --workdir=somewhere/{label}",
                f"bin/train.py --workdir=somewhere/{label}",
            ],
            "config": json.loads(config_files.read(config).to_json()),
            "parameters": 1_234_567 * number,
            "seen": 128 * number,
            "macs": 2_340_000_000 * number,
            "fusion": number == 2,
            "pairs": 290,
            "photos": 2656,
            "best": {"step": 1200, "minutes": 31.4},
            "trained": {"step": 3456, "minutes": 38.6, "planned": 4000},
            "seconds": 0.1,
            "time_ratio": 1.26 * number,
        }
    (tmp_path / "costs.json").write_text(json.dumps(costs))
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([result_rows.COLUMNS, *ROWS])
    return tmp_path


def read(folder, other="Elsewhere={}/other"):
    return result_files.read_results(
        folder / "rows.csv",
        [str(folder / "val")],
        other.format(folder),
        [str(folder / "costs.json")],
    )


def cells(text, label):
    """The rows of that name in all tables, in order."""
    return [
        [cell.strip() for cell in line.split("|")[2:-1]]
        for line in text.splitlines()
        if line.startswith(f"| {label} |")
    ]


def expected_cells(folder, run, protocols):
    summary = json.loads((folder / "summary.json").read_text())
    (measured,) = [one for one in summary["runs"] if one["name"] == run]
    texts = []
    for protocol in protocols:
        for metric, digits in (("psnr", 2), ("ssim", 3), ("ae", 2)):
            key = f"{protocol}/{metric}"
            low, high = measured["interval"][key]
            texts.append(
                f"{measured['mean'][key]:.{digits}f} "
                f"[{low:.{digits}f}, {high:.{digits}f}]"
            )
    return texts


def test_every_number_is_that_of_a_file(files):
    page = results_page.format_page(read(files))
    numbers, cost, training, elsewhere = cells(page, "far")
    both = ("std", "hkbu")
    assert numbers[:6] == expected_cells(files / "val", "far", both)
    assert numbers[6] == "1.23 M"
    assert numbers[7].startswith("- / - / 9.86 (Suarez et al. 2017")
    assert elsewhere == expected_cells(files / "other", "far", both)
    assert elsewhere != numbers[:6]
    assert cost[:5] == ["supervised", "n2c", "unet256", "", "1.23 M"]
    assert cost[5:] == ["128 px", "2.34", "1.26"]
    config = config_files.read(CONFIG)
    batch, rate = str(config.data.batch_size), f"{config.rate.peak:g}"
    assert training[:5] == [f"`{CONFIG}`", "290", "2,656", batch, rate]
    assert training[5:] == ["3,456 of 4,000", "39", "1,200", "31"]
    assert cells(page, "near")[2][3] == "BFWLS"
    nothing, *_ = cells(page, "NIR as it is")
    assert nothing[:6] == expected_cells(files / "val", "NIR as it is", both)
    assert page.index("| far |") < page.index("| near |")
    assert "near: Taught by far." in page


def command_blocks(page):
    """The blocks of commands, each a list of one-line commands."""
    blocks = page.split("\n```\n")[1::2]
    return [block.replace(" \\\n   ", "").split("\n") for block in blocks]


def test_the_commands_are_those_of_the_files(files):
    page = results_page.format_page(read(files), "bin/results.py --rows=x")
    assert max(map(len, page.partition("## Commands")[2].splitlines())) <= 80
    assert "No command is recorded" not in page
    far, near, shared = command_blocks(page)
    for commands, (label, config, *_) in zip((far, near), ROWS, strict=True):
        assert commands == [
            f"bin/train.py --config={config} --workdir=somewhere/{label}",
            f"bin/train.py --workdir=somewhere/{label}",
        ]
    assert shared == [
        "bin/evaluate.py --output=val",
        "bin/evaluate.py --output=other",
        "bin/costs.py '--reference=the far'",
        "bin/results.py --rows=x",
    ]


def test_files_without_a_record_of_commands_say_so(files):
    """As older versions wrote them."""
    for kind in ("val", "other"):
        path = files / kind / "summary.json"
        summary = json.loads(path.read_text())
        del summary["command"]
        path.write_text(json.dumps(summary))
    path = files / "costs.json"
    costs = json.loads(path.read_text())
    del costs["runs"]["far"]["commands"]
    path.write_text(json.dumps(costs))
    page = results_page.format_page(read(files))
    assert "far:\n\nNo command is recorded.\n\nnear: Taught" in page
    _, shared = command_blocks(page)
    assert shared == ["bin/costs.py '--reference=the far'"]
    assert page.endswith("\n\nNo command is recorded in 2 of 3 files.\n")


def test_the_first_row_is_compared_with_each_other_one(files):
    page = results_page.format_page(read(files))
    assert "far less each other run, image by image" in page
    part = page[page.index("| less |") :]
    with (files / "val" / "per_image.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    for other in ("near", "NIR as it is"):
        for cell, key, digits in zip(
            cells(part, other)[0],
            ("std/psnr", "std/ssim", "std/ae"),
            (2, 3, 2),
            strict=True,
        ):
            means = [
                statistics.fmean(
                    float(line[key]) for line in lines if line["run"] == run
                )
                for run in ("far", other)
            ]
            difference = f"{means[0] - means[1]:+.{digits}f} ["
            assert cell.strip("*").startswith(difference)
            low, high = map(float, re.findall(r"[+-][\d.]+", cell)[1:])
            assert cell.startswith("**") == (low > 0 or high < 0)
    psnr, _, angle = cells(part, "near")[0]
    assert psnr.startswith("**-")
    assert angle.startswith("**+")


def test_a_run_without_an_angle_may_be_measured_beside_the_rows(files):
    path = files / "val" / "per_image.csv"
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    gray = [
        {**line, "run": "gray", "std/ae": "", "hkbu/ae": ""}
        for line in lines
        if line["run"] == "near"
    ]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(lines + gray)
    images = read(files).measured["images"]
    assert images["gray"]["std/ae"] == {}
    assert images["gray"]["std/psnr"] == images["near"]["std/psnr"]


def test_an_ensemble_names_all_its_networks(files):
    config = json.loads(config_files.read("configs/ensemble.py").to_json())
    change(files / "costs.json", ("runs", "far", "config"), config)
    _, cost, _ = cells(results_page.format_page(read(files, "")), "far")
    assert cost[:2] == ["ensemble", "n2c"]
    assert cost[2] == "detail_unet, detail_unet, detail_unet"


def test_the_short_table(files):
    text = results_page.format_summary(read(files))
    ((*numbers, parameters, _),) = cells(text, "near")
    assert numbers == expected_cells(files / "val", "near", ("std",))
    assert parameters == "2.47 M"


def test_twice_changes_nothing_and_a_failure_writes_nothing(files, repository):
    (files / "README.md").write_text(README)
    command = [
        sys.executable,
        str(repository / "bin" / "results.py"),
        f"--rows={files}/rows.csv",
        f"--evaluation={files}/val",
        f"--other=Elsewhere={files}/other",
        f"--costs={files}/costs.json",
        f"--output={files}/results.md",
        f"--readme={files}/README.md",
    ]
    subprocess.run(command, check=True, capture_output=True)
    written = [(files / n).read_text() for n in ("results.md", "README.md")]
    assert written[1].startswith("# Title\n\n<!-- results -->\nfolder, split")
    assert written[1].endswith("\n<!-- /results -->\n\nEnd.\n")
    assert "before" not in written[1]
    subprocess.run(command, check=True, capture_output=True)
    assert written == [
        (files / name).read_text() for name in ("results.md", "README.md")
    ]
    (files / "results.md").unlink()
    (files / "README.md").write_text("<!-- results --> only")
    failed = subprocess.run(
        command, check=False, capture_output=True, text=True
    )
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"error: {files}/README.md: expected")
    assert not (files / "results.md").exists()


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
            "far,configs/no.py,,",
            "row 'far': configs/no.py is not the config of any of its commands",
        ),
        (
            f'far,"{CONFIG} {CONFIG}",,',
            "names 2 configs; the run is of 1 trainings",
        ),
        (f'far,"{CONFIG}",Nobody,', "reported.csv has no method 'Nobody'"),
        ("far,configs/dcgan.py", "rows.csv, line 2: expected 4 columns"),
        ("far,,,\nfar,,,", "rows.csv: the row 'far' is there twice"),
        ("", "rows.csv: no rows"),
    ],
)
def test_bad_rows_are_named(files, row, message):
    (files / "rows.csv").write_text(f"label,config,reported,note\n{row}\n")
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
