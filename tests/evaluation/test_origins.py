"""Numbers belong to the model that was measured, not to its folder."""

import json
import shutil

import pytest

from nircolor_tf.errors import InputError
from nircolor_tf.evaluation import loaded_models, origins, run_names, runs
from nircolor_tf.inference import cards


@pytest.fixture
def export(tiny_export, tmp_path):
    """An export that bin/costs.py can load."""
    folder = shutil.copytree(tiny_export, tmp_path / "tiny")
    card = json.loads((folder / "card.json").read_text())
    card |= {"config": {}, "training": {"step": 5, "minutes": 1}}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def about(export):
    (name,) = run_names.parse_names([str(export)])
    return runs.open_run(name, "best")[0].about


def change_weights(folder, name="model.tflite"):
    with (folder / name).open("ab") as file:
        file.write(b"other")


def test_an_export_is_told_by_the_file_that_was_measured(repository):
    folder = repository / "saved_models" / "default"
    card = cards.read_card(folder)
    digest = card["sha256"]["model.tflite"][:16]
    assert origins.of_export(folder, card, None) == {
        "kind": "export",
        "folder": str(folder),
        "path": "n2c",
        "file": f"model.tflite, SHA-256 {digest}",
    }


def test_every_file_of_a_saved_model_tells_it(export):
    card = cards.read_card(export)
    del card["paths"]["n2c"]["files"]["tflite"]
    before = origins.of_export(export, card, "n2c")
    assert before["file"].startswith("saved_model, SHA-256 ")
    change_weights(export)
    assert origins.of_export(export, card, "n2c") == before
    for name in ("saved_model.pb", "variables/variables.index"):
        change_weights(export / "saved_model", name)
        after = origins.of_export(export, card, "n2c")
        assert not origins.agree(before, after)
        before = after


def test_another_model_in_the_folder_has_no_costs(export):
    then = about(export)
    older = {key: value for key, value in then.items() if key != "file"}
    for known in (then, older):
        assert loaded_models.load_model("one", known).about == then
    change_weights(export)
    with pytest.raises(InputError, match=r"'one': .*tiny is no longer what"):
        loaded_models.load_model("one", then)
    # An older evaluation does not say which file it ran.
    assert loaded_models.load_model("one", older).about != then
    with pytest.raises(InputError, match=r"path 'n2g': .* of n2c, g2n"):
        loaded_models.load_model("one", older | {"path": "n2g"})
