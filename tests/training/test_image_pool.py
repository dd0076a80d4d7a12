"""The history of fakes: what goes in, what comes out, and when."""

import numpy as np
import tensorflow as tf

from nircolor_tf.training.image_pool import ImagePool

SHAPE = (2, 3, 1)


def make_pool(strategy, size=4, seed=0):
    with strategy.scope():
        return ImagePool(size, SHAPE, seed, strategy)


def show_to(pool, strategy):
    """A function that shows a pool of one replica images of these numbers."""

    @tf.function
    def call(images):
        return strategy.run(pool, args=(images,))

    def show(numbers):
        numbers = np.asarray(numbers, np.float32)[:, None, None, None]
        batch = np.broadcast_to(numbers, (len(numbers), *SHAPE))
        images = call(tf.constant(batch)).numpy()
        # Whole images, never parts of two.
        assert images.shape == batch.shape
        assert np.all(images == images[:, :1, :1])
        return images[:, 0, 0, 0].astype(int).tolist()

    return show


def inside(pool):
    """The numbers of the images in a pool of one replica."""
    return [int(image[0, 0, 0]) for image in pool.variables[0].numpy()]


def test_it_fills_up_first(one_replica):
    pool = make_pool(one_replica)
    show = show_to(pool, one_replica)
    assert [show([number]) for number in (1, 2, 3, 4)] == [[1], [2], [3], [4]]
    assert inside(pool) == [1, 2, 3, 4]


def test_then_half_are_exchanged_for_an_older_one(one_replica):
    pool = make_pool(one_replica)
    show = show_to(pool, one_replica)
    for number in range(1, 5):
        show([number])
    held, slots = {1, 2, 3, 4}, []
    for number in range(5, 405):
        before = inside(pool)
        (shown,) = show([number])
        if shown == number:
            assert inside(pool) == before
            continue
        assert shown in held
        held = (held - {shown}) | {number}
        assert set(inside(pool)) == held
        slots.append(before.index(shown))
    # Four standard deviations of 400 fair coins, then of dice with four sides.
    assert abs(len(slots) - 200) < 40
    for slot in range(4):
        assert abs(slots.count(slot) - len(slots) / 4) < 25


def test_a_batch_uses_distinct_slots(one_replica):
    pool = make_pool(one_replica, size=5)
    show = show_to(pool, one_replica)
    assert show([1, 2, 3]) == [1, 2, 3]
    # Two slots are empty: two images stay, the third meets an old one.
    *passed, third = show([4, 5, 6])
    assert passed == [4, 5]
    assert third in (1, 2, 3, 6)
    assert {4, 5} < set(inside(pool))
    gone, both_old = {third}, 0
    for first in range(7, 307, 3):
        shown = show([first, first + 1, first + 2])
        # Never the same one twice: what was taken out is gone.
        assert len(set(shown)) == 3
        assert not gone & set(shown)
        gone |= set(shown)
        assert set(inside(pool)) == set(range(1, first + 3)) - gone
        both_old += sum(number < first for number in shown) > 1
    assert both_old > 30


def test_draws_follow_from_the_seed_and_what_was_seen(one_replica):
    def run(pool, first):
        show = show_to(pool, one_replica)
        return [show([number]) for number in range(first, first + 40)]

    pool, again, other, restored = (
        make_pool(one_replica, seed=seed) for seed in (3, 3, 4, 3)
    )
    shown = run(pool, 1)
    assert run(again, 1) == shown
    assert run(other, 1) != shown
    for mine, saved in zip(restored.variables, pool.variables, strict=True):
        mine.assign(saved)
    assert run(restored, 41) == run(pool, 41)


def test_every_replica_has_its_own(two_replicas, tmp_path):
    pool = make_pool(two_replicas)

    @tf.function
    def call(number):
        def on_replica():
            replica = tf.distribute.get_replica_context()
            sign = 1 - 2 * replica.replica_id_in_sync_group
            images = tf.fill((1, *SHAPE), tf.cast(sign * number, tf.float32))
            return pool(images)[0, 0, 0, 0]

        return two_replicas.run(on_replica)

    shown = np.array(
        [
            two_replicas.experimental_local_results(call(tf.constant(number)))
            for number in range(1, 61)
        ]
    )
    # Negative numbers stay on the second, which draws otherwise.
    assert (shown[:, 0] > 0).all()
    assert (shown[:, 1] < 0).all()
    assert shown[:4].tolist() == [[n, -n] for n in (1, 2, 3, 4)]
    assert np.any(shown[:, 0] != -shown[:, 1])
    # All of it is in a checkpoint: images and counter, twice.
    path = tf.train.Checkpoint(pool=pool.variables).write(str(tmp_path / "c"))
    saved = [
        tf.train.load_variable(path, key)
        for key, _ in sorted(tf.train.list_variables(path))
        if key.startswith("pool/")
    ]
    first, second = (image[:, 0, 0, 0] for image in saved[::2])
    assert set(range(1, 61)) - set(shown[:, 0]) == set(first)
    assert set(range(-60, 0)) - set(shown[:, 1]) == set(second)
    assert [int(count) for count in saved[1::2]] == [60, 60]
