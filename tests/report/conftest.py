"""Evaluations that the tables of results are made of."""

import csv
import json
import shutil

import pytest
from small_split import measure_split, write_split
from table_files import ROWS

from nircolor_tf.report import result_rows
from nircolor_tf.training import config_files


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
