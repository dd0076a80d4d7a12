"""bin/card.py: what was measured of an export, in its card."""

import csv
import json
import shutil

import pytest
from small_split import measure_split

from nircolor_tf.errors import InputError
from nircolor_tf.inference import cards
from nircolor_tf.report import card_numbers


@pytest.fixture(scope="module")
def measured(data, tiny_export, tmp_path_factory):
    """An export, an evaluation of it, and one of something else."""
    folder = tmp_path_factory.mktemp("card_numbers")
    shutil.copytree(tiny_export, folder / "tiny")
    for name, run, robustness in (
        ("report", folder / "tiny", 2),
        ("another", data / "near", 0),
    ):
        measure_split([str(run)], data, folder / name, robustness=robustness)
    return folder


@pytest.fixture
def files(measured, tmp_path):
    """Copies of them; nobody knows what the export was trained on."""
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    change(tmp_path, lambda run: run["about"].update(folder="tiny"))
    return tmp_path


def change(folder, edit):
    path = folder / "report" / "summary.json"
    summary = json.loads(path.read_text())
    for run in summary["runs"]:
        edit(run)
    path.write_text(json.dumps(summary))
    return summary


def call_clean(run):
    run.update(training_data="clean", training_data_text="clean: none")


def test_the_card_has_the_numbers_of_the_evaluation(files, monkeypatch):
    monkeypatch.chdir(files)
    summary = change(files, call_clean)
    (run,) = summary["runs"]
    before = cards.read_card("tiny")
    for name in ("", "Elsewhere", ""):
        (entry,) = card_numbers.add_measurements("tiny", "report", name)
    card = cards.read_card("tiny")
    first, second = card.pop("measured")
    assert card == before
    # The same data is replaced, other data is added.
    assert (first["data"]["name"], second["data"]["name"]) == ("Elsewhere", "")
    assert second == entry
    assert entry["path"] == "n2c"
    assert entry["data"] == {
        "name": "",
        "protocol": "folder",
        "split": "test",
        "images": 12,
        "scenes": 6,
    }
    assert entry["mean"] == run["mean"]
    assert entry["interval"] == run["interval"]
    undisturbed = entry["robustness"]["noise"][0]
    assert undisturbed["strength"] == 0
    assert undisturbed["images"] == 2
    assert len(entry["robustness"]) == 7
    assert entry["robustness"]["jpeg"][0]["strength"] == "inf"


def test_an_export_with_numbers_in_its_card_can_be_measured_again(
    files, data, monkeypatch
):
    monkeypatch.chdir(files)
    change(files, call_clean)
    card_numbers.add_measurements("tiny", "report", "")
    measure_split(["tiny"], data, files / "again")
    assert (files / "again/report.html").exists()


def test_the_shipped_card_is_json_for_every_reader(repository):
    def refuse(word):
        pytest.fail(f"{word} is no JSON")

    text = (repository / "saved_models" / "default" / "card.json").read_text()
    card = json.loads(text, parse_constant=refuse)
    assert card["measured"][0]["data"]["images"] == 36


def test_an_evaluation_of_something_else_is_refused(files, monkeypatch):
    monkeypatch.chdir(files)
    before = (files / "tiny/card.json").read_text()
    with pytest.raises(InputError, match="another: has no run of the export"):
        card_numbers.add_measurements("tiny", "another", "")
    # As it was measured: nobody knows what it was trained on.
    with pytest.raises(InputError, match="'tiny': its numbers are not clean"):
        card_numbers.add_measurements("tiny", "report", "")
    change(files, call_clean)
    change(files, lambda run: run.update(images=11))
    with pytest.raises(InputError, match="'tiny': 11 of 12 images"):
        card_numbers.add_measurements("tiny", "report", "")
    assert (files / "tiny/card.json").read_text() == before


def test_numbers_of_the_model_before_are_refused(files, monkeypatch):
    monkeypatch.chdir(files)
    change(files, call_clean)
    before = (files / "tiny/card.json").read_text()
    with (files / "tiny/model.tflite").open("ab") as file:
        file.write(b"other weights")
    with pytest.raises(InputError, match="'tiny': tiny is no longer what was"):
        card_numbers.add_measurements("tiny", "report", "")
    assert (files / "tiny/card.json").read_text() == before
    # An older evaluation does not say which file it ran.
    change(files, lambda run: run["about"].pop("file"))
    card_numbers.add_measurements("tiny", "report", "")


def test_an_export_that_makes_gray_has_no_angle(files, monkeypatch):
    monkeypatch.chdir(files)
    change(files, call_clean)
    path = files / "report" / "robustness.csv"
    with path.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows({**line, "ae": ""} for line in lines)
    (entry,) = card_numbers.add_measurements("tiny", "report", "")
    assert set(entry["robustness"]["noise"][0]) == {
        "psnr",
        "ssim",
        "strength",
        "images",
    }
