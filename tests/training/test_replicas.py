"""The contract of every method on two replicas, and on four."""

import contract
import keras
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.training import optimizers

# Two replicas take a while to compile. Of the quick ones, these have
# synchronized BatchNorm, and image pools of their own.
QUICK = (("landscapes", "smoke"), ("atcyclegan", "smoke"))
STEPS = 3
# A CycleGAN's InstanceNorm of nearly constant images, which is what an
# untrained one makes, multiplies rounding by 80 a step.
ONE_STEP = ("cyclegan",)


@pytest.mark.parametrize(("name", "variant"), smoke.experiments(QUICK))
def test_interrupted_and_resumed_equals_uninterrupted(
    name, variant, tmp_path, pairs_manifest, two_replicas
):
    config = contract.smaller_config(name, variant, pairs_manifest)
    contract.check_resume(config, tmp_path, two_replicas)


# Four replicas are traced in their turn: a minute each but for the smallest.
@pytest.mark.parametrize(
    ("name", "variant"), smoke.experiments((("landscapes", "smoke"),))
)
def test_one_two_and_four_replicas_are_equal(
    name, variant, one_replica, two_replicas, four_replicas, monkeypatch
):
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
    results = []
    for strategy in (one_replica, two_replicas, four_replicas):
        training = contract.make_training(name, variant, strategy, **changes)
        method = training.method
        start = contract.weights_of(method.networks)
        for phase in contract.distinct_phases(method):
            batch = contract.make_batch(method, phase.data, count=4)
            dataset = tf.data.Dataset.from_tensors(batch).repeat()
            dataset = dataset.unbatch().batch(4, drop_remainder=True)
            batches = iter(strategy.experimental_distribute_dataset(dataset))
            step = contract.step_of(training, phase, rate=0.01)
            for _ in range(1 if name in ONE_STEP else STEPS):
                step(next(batches))
        results.append(contract.weights_of(method.networks))
    # Summed instead of averaged gradients would differ by the whole update.
    update = contract.largest_difference(start, results[0])
    for result in results[1:]:
        difference = contract.largest_difference(results[0], result)
        assert difference < 0.01 * update
