"""A batch in parts takes the step of the whole batch, in less memory."""

import contract
import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf
from keras import layers
from ml_collections import ConfigDict

from nircolor_tf import losses
from nircolor_tf.methods import METHODS
from nircolor_tf.methods.base import Method, Phase
from nircolor_tf.training import accumulation, build, memory, optimizers

STEPS = 3


class Plain(Method):
    """A convolution and an InstanceNorm: no statistics of a batch."""

    def __init__(self, config):
        super().__init__(config, size_multiple=1)
        network = keras.Sequential(
            [layers.GroupNormalization(groups=-1), layers.Conv2D(3, 3)]
        )
        self.colorizer = self.add_network(
            "colorizer", network, channels=1, inference=True
        )
        self.add_optimizer("optimizer", ("colorizer",), ConfigDict())

    def phases(self):
        names = ("optimizer",), ("paired",)
        return (Phase("only", STEPS, self.losses_of, *names, {}),)

    def losses_of(self, batch):
        fake = self.colorizer(batch["nir"], training=True)
        loss = losses.l2(fake, batch["rgb"][:, 1:-1, 1:-1])
        return {"optimizer": loss}, {"colorizer/l2": loss}


@pytest.fixture
def sgd(monkeypatch):
    monkeypatch.setitem(METHODS, "plain", Plain)
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(0.0)
    )


def train(config, strategy):
    """Returns the weights and averages before and after some steps."""
    training = build.make_training(config, strategy)
    method = training.method
    start = contract.weights_of(method.networks)
    for phase in contract.distinct_phases(method):
        step = contract.step_of(training, phase, rate=0.1)
        batch = contract.make_batch(method, phase.data, count=8)
        size = config.data.batch_size
        dataset = tf.data.Dataset.from_tensors(batch).repeat()
        dataset = dataset.unbatch().batch(size, drop_remainder=True)
        batches = iter(strategy.experimental_distribute_dataset(dataset))
        scalars = [step(next(batches)) for _ in range(STEPS)]
    values = {k: [float(one[k]) for one in scalars] for k in scalars[0]}
    averages = [value.numpy() for value in training.averages.variables]
    iterations = [
        int(o.iterations.numpy()) for o in training.optimizers.values()
    ]
    assert set(iterations) == {STEPS}
    end = {**contract.weights_of(method.networks), "averages": averages}
    return start, end, values


def assert_equal(config, strategies):
    """Batches in 1, 2 and 4 parts end alike, on each of the strategies."""
    results = []
    for parts, strategy in strategies:
        config.train.accumulate = parts
        results.append(train(config, strategy))
    start, end, scalars = results[0]
    averages = {k: v for k, v in end.items() if k != "averages"}
    update = contract.largest_difference(start, averages)
    for _, other, other_scalars in results[1:]:
        assert contract.largest_difference(end, other) < 1e-4 * update
        for name, values in scalars.items():
            if not name.endswith("/gradient_norm"):
                assert values == pytest.approx(other_scalars[name], rel=1e-4)


def test_parts_make_the_step_of_the_whole(sgd, one_replica, two_replicas):
    config = smoke.smoke_config("supervised", "unet256,smoke")
    with config.unlocked():
        config.method = "plain"
    config.data.batch_size, config.data.crop = 8, 16
    config.rate.peak = 0.1
    strategies = ((1, one_replica), (4, one_replica), (2, two_replicas))
    assert_equal(config, strategies)


@pytest.mark.slow
def test_parts_of_a_paper_make_its_step(sgd, one_replica, two_replicas):
    config = smoke.smoke_config("supervised", "unet256,smoke")
    config.data.batch_size = 4
    strategies = ((1, one_replica), (4, one_replica), (2, two_replicas))
    assert_equal(config, strategies)


@pytest.mark.slow
def test_a_training_in_parts_is_resumed(tmp_path, pairs_manifest, one_replica):
    config = smoke.smoke_config("landscapes", "smoke", pairs_manifest)
    config.train.accumulate = 2
    contract.check_resume(config, tmp_path, one_replica)


def test_the_mean_by_hand():
    batch = {"nir": np.arange(6.0)[:, None], "rgb": np.ones((6, 1))}

    def function(part):
        assert part["nir"].shape == part["rgb"].shape == (2, 1)
        first = part["nir"][0, 0]
        return {"first": first, "squares": [first**2]}

    mean = accumulation.mean_over_parts(function, batch, 3)
    assert float(mean["first"]) == (0 + 2 + 4) / 3
    assert float(mean["squares"][0]) == pytest.approx((0 + 4 + 16) / 3)


@pytest.mark.slow
def test_the_memory_is_that_of_a_part():
    config = smoke.smoke_config("supervised", "unet256,smoke")
    config.data.batch_size, config.data.crop = 8, 128
    steps = []
    for parts in (1, 4):
        config.train.accumulate = parts
        (phase,) = memory.estimate(config)
        steps.append(phase.step)
    # The gradients and their sums are as large as those of the whole batch.
    assert steps[1] < 0.5 * steps[0]
