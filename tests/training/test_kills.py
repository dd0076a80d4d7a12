"""Trainings that are killed again and again end as if they never were."""

import killing
import pytest
import smoke

from nircolor_tf.methods import METHODS


def test_three_kills(tmp_path, pairs_manifest):
    config = killing.small_config(pairs_manifest, steps=8)
    moments = [
        killing.Moment("save", 2, 0.5),
        killing.Moment("evaluation", 1, 0.5),
        killing.Moment("step", 1, 0.5),
    ]
    killing.train_and_kill(config, tmp_path, moments)


@pytest.mark.slow
def test_sixty_kills(tmp_path, pairs_manifest):
    config = killing.small_config(pairs_manifest, steps=100)
    moments = killing.draw_moments(0, 60, calls=(1, 1, 2))
    killing.train_and_kill(config, tmp_path, moments)


ONE_EACH = {
    smoke.load_config(*experiment).method: experiment
    for experiment in reversed(smoke.SMOKE)
}


def test_every_method_is_covered():
    assert ONE_EACH.keys() == METHODS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("method", ONE_EACH)
def test_kills_in_every_method(method, tmp_path, pairs_manifest):
    config = smoke.smoke_config(*ONE_EACH[method], pairs_manifest)
    config.train.update(evaluate_every=1, checkpoint_every=1)
    moments = killing.draw_moments(method, 5)
    killing.train_and_kill(config, tmp_path, moments)
