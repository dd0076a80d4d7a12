"""The ensemble: the mean of its members, each with its own loss."""

import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf import losses
from nircolor_tf.methods.ensemble import Ensemble


@pytest.fixture(scope="module")
def method():
    return Ensemble(smoke.load_config("ensemble", "smoke"))


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    return {
        "nir": tf.constant(rng.random((2, 32, 32, 1), np.float32)),
        "rgb": tf.constant(rng.random((2, 32, 32, 3), np.float32)),
    }


def test_the_result_is_the_mean_of_the_members(method, batch):
    nir = batch["nir"]
    members = [method.networks[name](nir) for name in method.config.members]
    assert len(members) == 3
    np.testing.assert_allclose(method(nir), np.mean(members, axis=0), atol=1e-6)
    # Other starting weights, other results.
    assert np.abs(members[1] - members[2]).max() > 0.01


def test_sizes_have_to_suit_every_member():
    config = smoke.load_config("ensemble", "smoke")
    with config.unlocked():
        config.members.first.levels = 3
        config.members.second.levels = 5
    assert Ensemble(config).size_multiple == 32


def test_a_member_learns_from_its_own_error_alone(method, batch):
    with tf.GradientTape(persistent=True) as tape:
        total = method.train_losses(batch)[0]["members_optimizer"]
        first = losses.pixel(
            method.networks["first"](batch["nir"], training=True),
            batch,
            method.config.loss,
            (0.0, 1.0),
        )[0]
    # Dropout would be drawn anew for each of the two.
    assert method.config.members.first.dropout == 0.0
    kernel = method.networks["first"].downs[0].layers[1].kernel.value
    np.testing.assert_allclose(
        tape.gradient(total, kernel), tape.gradient(first, kernel), atol=1e-6
    )
