"""float16: the scale of the losses, and steps that are skipped."""

import contract
import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf
import workers
from ml_collections import ConfigDict

from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.training import build, loss_scale, optimizers, trainer
from nircolor_tf.training.loss_scale import LossScale


class Line(Method):
    """A factor on the NIR, from 0 on; its loss is its mean times that of RGB.

    The loss of a new one is 0, whatever its gradient.
    """

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        self.layer = keras.layers.Conv2D(
            1, 1, use_bias=False, kernel_initializer="zeros"
        )
        network = keras.Sequential([self.layer])
        self.line = self.add_network(
            "line", network, channels=1, inference=True
        )
        self.add_optimizer("optimizer", ("line",), ConfigDict())

    def losses_of(self, batch):
        mean = tf.reduce_mean(self.line(batch["nir"], training=True))
        loss = tf.cast(mean, tf.float32) * tf.reduce_mean(batch["rgb"])
        return {"optimizer": loss}, {}

    def phase(self):
        return Phase("only", 1, self.losses_of, ("optimizer",), ("paired",), {})


@pytest.fixture
def sgd(monkeypatch):
    monkeypatch.setitem(METHODS, "toy", workers.Toy)
    monkeypatch.setitem(METHODS, "line", Line)
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(1.0)
    )


def test_the_factor_by_hand(monkeypatch):
    monkeypatch.setattr(loss_scale, "PATIENCE", 3)
    scale = LossScale()
    scale.value.assign(4.0)
    finite = [True, True, True, True, False, True, True, False, False, False]
    factors = []
    for value in finite:
        scale.update(tf.constant(value))
        factors.append(float(scale.value.numpy()))
    # It never leaves 1, and an overflow starts the count anew.
    assert factors == [4, 4, 8, 8, 4, 4, 4, 2, 1, 1]
    assert loss_scale.INITIAL == 2**15


# Keras' own looks at replica 0.
@pytest.mark.parametrize("bad", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_an_overflow_on_one_replica_skips_the_step_on_all(
    bad, sgd, pairs_manifest, two_replicas
):
    config = workers.config_of("toy:4", pairs_manifest, 2)
    with config.unlocked():
        config.method, config.train.precision = "line", "float16"
    training = build.make_training(config, two_replicas)
    method, scale = training.method, training.loss_scale
    kernel = method.layer.kernel.value
    step = contract.step_of(training, method.phase(), rate=1.0)

    def run(*gains):
        rgb = np.ones((2, 8, 8, 3), np.float32)
        batch = {
            "nir": np.full((2, 8, 8, 1), 0.5, np.float32),
            "rgb": rgb * np.reshape(gains, (2, 1, 1, 1)).astype(np.float32),
        }
        dataset = tf.data.Dataset.from_tensors(batch)
        dataset = two_replicas.experimental_distribute_dataset(dataset)
        return {k: float(v) for k, v in step(next(iter(dataset))).items()}

    def kernels():
        values = two_replicas.experimental_local_results(kernel)
        return [float(value.numpy().squeeze()) for value in values]

    gains = [1.0, 1.0]
    gains[bad] = 1e30
    scalars = run(*gains)
    assert scalars["optimizer/loss"] == 0
    assert scalars["optimizer/gradient_norm"] == 0
    assert scalars["loss_scale/skipped"] == 1
    assert scalars["loss_scale/factor"] == 2**15
    assert kernels() == [0, 0]
    assert training.optimizers["optimizer"].iterations == 0
    assert scale.value.numpy() == 2**14
    # d loss / d kernel is 0.5 times the gain; the rate is 1.
    scalars = run(1.0, 2.0)
    assert scalars["loss_scale/skipped"] == 0
    assert scalars["optimizer/gradient_norm"] == pytest.approx(0.75, rel=1e-3)
    assert kernels() == pytest.approx([-0.75, -0.75], rel=1e-3)
    assert training.optimizers["optimizer"].iterations == 1
    # With the smallest factor it is no overflow: the loop stops at the number.
    scale.value.assign(1.0)
    scalars = run(*gains)
    assert not np.isfinite(scalars["optimizer/gradient_norm"])
    assert kernels() == pytest.approx([-0.75, -0.75], rel=1e-3)


def test_the_factor_is_resumed(
    tmp_path, sgd, pairs_manifest, one_replica, monkeypatch
):
    monkeypatch.setattr(loss_scale, "PATIENCE", 3)
    config = workers.config_of("toy:4", pairs_manifest, 2)
    config.train.precision = "float16"
    trainer.train(config, tmp_path / "whole", one_replica)
    trainer.train(config, tmp_path / "parts", one_replica, stop_at=2)
    trainer.train(config, tmp_path / "parts", one_replica)
    whole, parts = (
        contract.everything(tmp_path / name) for name in ("whole", "parts")
    )
    assert whole.keys() == parts.keys()
    for key, value in whole.items():
        np.testing.assert_array_equal(value, parts[key], err_msg=key)
    factor, steps = (
        whole[f"loss_scale/{index}/.ATTRIBUTES/VARIABLE_VALUE"]
        for index in range(2)
    )
    assert (factor, steps) == (2**16, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant"), smoke.SMOKE)
def test_every_method_takes_steps_in_float16(name, variant, one_replica):
    config = smoke.smoke_config(name, variant)
    config.train.precision = "float16"
    training = build.make_training(config, one_replica)
    method = training.method
    for phase in contract.distinct_phases(method):
        start = trained_weights(method)
        batch = contract.make_batch(method, phase.data)
        step = contract.step_of(training, phase)
        # The factor may have to halve a few times before the first one.
        results = [step(batch) for _ in range(8)]
        for scalar, value in ((k, v) for r in results for k, v in r.items()):
            assert np.isfinite(value), scalar
        assert results[-1]["loss_scale/skipped"] == 0, phase.name
        moved = contract.largest_difference(start, trained_weights(method))
        assert 0 < moved < 0.1


def trained_weights(method):
    """Of every network, without statistics and random states."""
    return {
        name: [variable.numpy() for variable in network.trainable_variables]
        for name, network in method.networks.items()
    }
