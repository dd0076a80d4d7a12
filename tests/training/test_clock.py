"""The minutes that a training records are those that passed."""

import pytest

from nircolor_tf.training import evaluator, loop, restore, trainer, writer

STEP, EVALUATION = 60.0, 600.0


@pytest.fixture
def clock(monkeypatch):
    """Time passes in steps and evaluations, and in nothing else."""
    now = [0.0]

    def passing(function, seconds):
        def called(*arguments):
            now[0] += seconds
            return function(*arguments)

        return called

    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])
    for owner, name, seconds in (
        (writer.Writer, "advance", STEP),
        (evaluator.Evaluator, "evaluate", EVALUATION),
    ):
        changed = passing(getattr(owner, name), seconds)
        monkeypatch.setattr(owner, name, changed)
    return now


def test_no_phase_and_no_evaluation_is_lost(
    clock, toy_config, tmp_path, one_replica
):
    # Phases of two steps; most end without evaluation or save.
    toy_config.train.evaluate_every = toy_config.train.checkpoint_every = 5
    for stop_at in (2, None):
        trainer.train(toy_config, tmp_path, one_replica, stop_at)
    method, latest = restore.load_method(tmp_path, "latest")
    steps = method.count_steps()
    assert steps == 8
    assert clock[0] == 8 * STEP + 2 * EVALUATION
    assert latest["minutes"] == pytest.approx(clock[0] / 60)
