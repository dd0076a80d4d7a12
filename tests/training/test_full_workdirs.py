"""A training whose disk is full for a while."""

import pytest
from full_disk import no_space
from toy_method import rows

from nircolor_tf import files
from nircolor_tf.errors import DiskFullError
from nircolor_tf.training import checkpoint_files, trainer
from nircolor_tf.training.evaluator import Evaluator


@pytest.fixture
def full(monkeypatch):
    """Names of checkpoints, and of CSV files, that find no room."""
    names = set()

    def refusing(write, position):
        def refuse(*arguments):
            path = arguments[position]
            if path.name in names:
                raise files.refusal(path, no_space())
            return write(*arguments)

        return refuse

    for owner, name, position in (
        (checkpoint_files, "write", 1),
        (files, "appending", 0),
    ):
        write = refusing(getattr(owner, name), position)
        monkeypatch.setattr(owner, name, write)
    return names


def test_a_full_disk_costs_no_step(
    toy_config, tmp_path, one_replica, full, monkeypatch, capsys
):
    toy_config.train.update(checkpoint_every=1, evaluate_every=2)
    scores = [1.0, 3.0, 2.0, 0.0]

    def evaluate(evaluator, is_stopped):
        if len(scores) == 1:  # there is room again at the end
            full.clear()
        return {"std/psnr": scores.pop(0)}, {}

    monkeypatch.setattr(Evaluator, "evaluate", evaluate)
    full.update(("ckpt-6", "best-2", "scalars.csv"))
    trainer.train(toy_config, tmp_path, one_replica)
    checkpoints = tmp_path / "checkpoints"
    assert {path.stem for path in checkpoints.glob("*.index")} == {
        *("ckpt-5", "ckpt-7", "ckpt-8", "best-4")
    }
    # Rows that found no room are written later.
    steps = {row["step"] for row in rows(tmp_path, "train")}
    assert steps == set("12345678")
    assert len(rows(tmp_path, "eval")) == 4
    said = capsys.readouterr()
    for name in ("ckpt-6", "best-2", "scalars.csv"):
        assert f"{name}: cannot be written: No space left" in said.out, name
    assert "tries again later" in said.out


def test_the_last_checkpoint_must_find_room(
    toy_config, tmp_path, one_replica, full
):
    full.add("ckpt-3")
    with pytest.raises(DiskFullError, match="ckpt-3: cannot be written"):
        trainer.train(toy_config, tmp_path, one_replica, stop_at=3)
    assert (tmp_path / "checkpoints" / "ckpt-2.index").exists()
    full.clear()
    trainer.train(toy_config, tmp_path, one_replica)
    assert (tmp_path / "checkpoints" / "ckpt-8.index").exists()
