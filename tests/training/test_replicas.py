"""The contract of every method on two replicas, and on four."""

import contract
import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.training import optimizers

# Two replicas take a while to compile. This one has synchronized BatchNorm.
QUICK = (("landscapes", "smoke"),)


@pytest.mark.parametrize(("name", "variant"), smoke.experiments(QUICK))
def test_interrupted_and_resumed_equals_uninterrupted(
    name, variant, tmp_path, pairs_manifest, two_replicas
):
    config = contract.smaller_config(name, variant, pairs_manifest)
    contract.check_resume(config, tmp_path, two_replicas)


@pytest.mark.parametrize(("name", "variant"), smoke.experiments(QUICK))
def test_one_and_two_replicas_are_equal(
    name, variant, one_replica, two_replicas, monkeypatch
):
    assert_equal_steps(name, variant, [one_replica, two_replicas], monkeypatch)


# Four replicas are traced in their turn, a minute each.
@pytest.mark.slow
@pytest.mark.parametrize(("name", "variant"), smoke.SMOKE)
def test_two_and_four_replicas_are_equal(
    name, variant, two_replicas, four_replicas, monkeypatch
):
    assert_equal_steps(
        name, variant, [two_replicas, four_replicas], monkeypatch
    )


def assert_equal_steps(name, variant, strategies, monkeypatch):
    monkeypatch.setattr(
        optimizers, "make_adam", lambda settings: keras.optimizers.SGD(0.0)
    )
    # Two replicas draw the same masks for a half of the batch each, one
    # replica another for each image; each has a pool of its own: nothing to
    # compare.
    changes = {
        key: 0
        for key, _ in smoke.flatten(smoke.load_config(name, variant))
        if key.endswith((".dropout", ".pool_size"))
    }
    # At 32 px LinkNet's BatchNorm sees one pixel an image at the bottom:
    # two numbers normalise to +-1, and rounding decides the sign.
    changes |= {"data.crop": 64, "data.batch_size": 4}
    if name == "landscapes":  # in a third of the time
        changes["network.levels"] = 2
    one, other = (
        states_after_each_phase(
            contract.make_training(name, variant, strategy, **changes), strategy
        )
        for strategy in strategies
    )
    for phase, state in one.items():
        assert_same_updates(one["start"], state, other[phase], phase)


def states_after_each_phase(training, strategy):
    """What every network holds after a step of a phase, taken from the start.

    One step each, as what a step rounds grows in the next: 80 times in a
    CycleGAN, whose InstanceNorm sees nearly constant images while it is
    untrained. A second step is equal too: all of the state is.
    """
    networks = training.method.networks
    start = {name: each.get_weights() for name, each in networks.items()}
    states = {"start": state_of(networks)}
    for phase in contract.distinct_phases(training.method):
        for name, network in networks.items():
            network.set_weights(start[name])
        batch = contract.make_batch(training.method, phase.data, count=4)
        dataset = tf.data.Dataset.from_tensors(batch).unbatch()
        dataset = dataset.batch(4, drop_remainder=True)
        batches = iter(strategy.experimental_distribute_dataset(dataset))
        contract.step_of(training, phase, rate=0.01)(next(batches))
        assert_same_copies(networks, strategy)
        assert phase.name not in states
        states[phase.name] = state_of(networks)
    return states


def state_of(networks):
    """Weights apart from statistics, which change by other amounts."""
    parts = ("trainable_variables", "non_trainable_variables")
    return {
        (name, part): [variable.numpy().copy() for variable in variables]
        for name, network in networks.items()
        for part in parts
        if (variables := getattr(network, part))
    }


def assert_same_copies(networks, strategy):
    for network in networks.values():
        for variable in network.variables:
            first, *others = strategy.experimental_local_results(variable.value)
            for other in others:
                np.testing.assert_array_equal(first, other, variable.path)


def assert_same_updates(start, one, other, phase):
    """Summed instead of averaged gradients differ by the whole update."""
    for part in start:
        update, difference = (
            contract.largest_difference({"": first[part]}, {"": second[part]})
            for first, second in ((start, one), (one, other))
        )
        assert difference <= 0.01 * update, (phase, part, difference, update)
