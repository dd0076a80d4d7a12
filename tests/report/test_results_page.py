"""docs/results.md and the README's table: the numbers are those of the files.

The evaluations are real, of images; only who made the images is pretended.
"""

import csv
import json
import re
import statistics
import subprocess
import sys

from table_files import CONFIG, ROWS, change, read

from nircolor_tf.report import (
    results_page,
)
from nircolor_tf.training import config_files

README = "# Title\n\n<!-- results -->\nbefore\n<!-- /results -->\n\nEnd.\n"


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
    (numbers,) = cells(text, "far")
    assert numbers == expected_cells(files / "val", "far", ("std",))
    # Only the rows that the README is to show.
    assert not cells(text, "near")


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
