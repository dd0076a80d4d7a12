"""The optimizer that all methods train with."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.training.optimizers import make_adam

RATES = (1e-2, 3e-3, 0.0, 1e-3)


def run(optimizer) -> list[np.ndarray]:
    """Weights and moments after some steps on two variables."""
    numbers = np.random.default_rng(0)
    weights = [
        keras.Variable(numbers.normal(size=shape)) for shape in ((7, 5), (3,))
    ]
    optimizer.build(weights)
    for rate in RATES:
        optimizer.learning_rate.assign(rate)
        gradients = [
            keras.ops.convert_to_tensor(numbers.normal(size=w.shape), "float32")
            for w in weights
        ]
        optimizer.apply(gradients, weights)
    return [
        keras.ops.convert_to_numpy(v) for v in (*weights, *optimizer.variables)
    ]


@pytest.mark.parametrize("weight_decay", [0.0, 0.05])
def test_same_updates_and_variables_as_keras(weight_decay):
    settings = {"beta_1": 0.5, "beta_2": 0.98, "epsilon": 1e-6}
    ours = run(
        make_adam(ConfigDict({**settings, "weight_decay": weight_decay}))
    )
    kind = keras.optimizers.AdamW if weight_decay else keras.optimizers.Adam
    decay = {"weight_decay": weight_decay} if weight_decay else {}
    theirs = run(kind(0.0, **settings, **decay))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_replicas_update_their_copies_by_the_sum_of_their_gradients(
    two_replicas,
):
    settings = {"beta_1": 0.5, "beta_2": 0.98, "epsilon": 1e-6}
    settings["weight_decay"] = 0.05
    expected = run(keras.optimizers.AdamW(0.0, **settings))
    numbers = np.random.default_rng(0)
    values = [numbers.normal(size=shape) for shape in ((7, 5), (3,))]
    with two_replicas.scope():
        weights = [keras.Variable(value) for value in values]
        optimizer = make_adam(ConfigDict(settings))
        optimizer.build(weights)

    def update(gradients):
        number = tf.distribute.get_replica_context().replica_id_in_sync_group
        share = tf.where(number == 0, 0.25, 0.75)
        optimizer.apply([share * each for each in gradients], weights)

    step = tf.function(lambda *args: two_replicas.run(update, args=args))
    for rate in RATES:
        optimizer.learning_rate.assign(rate)
        step(
            [
                tf.constant(numbers.normal(size=value.shape), tf.float32)
                for value in values
            ]
        )
    variables = [*weights, *optimizer.variables]
    for variable, value in zip(variables, expected, strict=True):
        for copy in two_replicas.experimental_local_results(variable.value):
            np.testing.assert_allclose(copy, value, rtol=1e-5, atol=1e-7)


def test_one_step_worked_by_hand():
    # m = 0.5 g, v = 0.02 g^2, unbiased g and g^2: a step of rate g / |g|.
    settings = {"beta_1": 0.5, "beta_2": 0.98, "epsilon": 0.0}
    optimizer = make_adam(ConfigDict({**settings, "weight_decay": 0.0}))
    weight = keras.Variable([1.0, -2.0])
    optimizer.build([weight])
    optimizer.learning_rate.assign(0.25)
    optimizer.apply([keras.ops.convert_to_tensor([4.0, -0.01])], [weight])
    np.testing.assert_allclose(weight, [0.75, -1.75], rtol=1e-5)
