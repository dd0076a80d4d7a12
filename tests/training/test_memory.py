"""The estimate of a training's memory, against counts by hand."""

import pytest
import smoke
import tensorflow as tf

from nircolor_tf.training import build, memory


def peak_bytes(function):
    """Of a function of 100 float32, which are 400 bytes."""
    traced = tf.function(function).get_concrete_function(tf.TensorSpec((100,)))
    return memory.peak_bytes(traced.graph)


def test_a_tensor_lives_until_its_last_reader():
    def chain(vector):
        tf.tile(vector, [1000])  # which no one needs
        flat = tf.exp(vector)
        square = tf.reshape(flat, (10, 10))  # the same bytes
        wide = tf.tile(square, (1, 3))  # 1200 more; the vector is gone
        return flat * tf.reduce_sum(wide)

    assert peak_bytes(chain) == 400 + 1200 + 4


@pytest.mark.parametrize(
    ("one_after_the_other", "expected"),
    [
        # Both wide ones, and the second's source.
        (False, 4000 + 4000 + 400),
        # A wide one, its source, and the vector, which the second reads.
        (True, 4000 + 400 + 400),
    ],
)
def test_what_is_ready_starts_whatever_the_order_of_the_program(
    one_after_the_other, expected
):
    def branches(vector):
        sums = []
        for factor in (2.0, 3.0):
            with tf.control_dependencies(sums if one_after_the_other else []):
                wide = tf.tile(vector * factor, [10])
                sums.append(tf.reduce_sum(wide))
        return sums[0] + sums[1]

    assert peak_bytes(branches) == expected


def test_a_function_that_is_called_is_not_passed_over():
    def condition(vector):
        return tf.cond(vector[0] > 0, lambda: vector, lambda: 2 * vector)

    with pytest.raises(NotImplementedError, match="StatelessIf"):
        peak_bytes(condition)


def test_what_a_training_keeps_and_what_recomputation_saves():
    steps = {}
    for recompute in (False, True):
        config = smoke.smoke_config("atcyclegan", "smoke")
        config.train.recompute = recompute
        config.data.crop = 128
        config.schedule.paired_epochs = 0
        config.schedule.alternating_epochs = 1
        config.schedule.decay_epochs = 0
        (phase,) = memory.estimate(config)
        steps[recompute] = phase.step
    assert phase.phase == "alternating, unpaired"

    method = build.make_method(config)
    networks = method.networks
    parameters = {n: x.count_params() for n, x in networks.items()}
    total = sum(parameters.values())
    assert phase.weights == 4 * total
    # Two moments of what is trained, not of the spectral norms' vectors (of
    # 16, 32 and 64 filters, twice); rate and number of steps of each of two.
    trained = total - 2 * (16 + 32 + 64)
    assert 0 <= phase.optimizers - 2 * 4 * trained <= 2 * (8 + 8)
    # The average, and two pools of three images.
    pools = 3 * 4 * 128 * 128 * (3 + 1) + 2 * 4
    assert phase.others == 4 * parameters["colorizer"] + pools
    assert phase.total == sum(
        (phase.weights, phase.optimizers, phase.others, phase.step)
    )
    assert steps[True] < 0.6 * steps[False]
