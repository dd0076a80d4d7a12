"""A history of generated images, from which a discriminator is shown some."""

import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.methods.base import Method
from nircolor_tf.training import cluster


def make_pools(
    method: Method, strategy: tf.distribute.Strategy
) -> dict[str, "ImagePool"]:
    """Gives a method the pools it declares; call it under the scope.

    Args:
        method: Its config gives gan.pool_size, the images of each pool of each
            replica (0 for no pools), and data.crop.
        strategy: The scope's.

    Returns:
        The pools, by name.

    Raises:
        InputError: A pool is smaller than a replica's batch.
    """
    if not method.pools:
        return {}
    config, size = method.config, method.config.gan.pool_size
    batch = config.data.batch_size // strategy.num_replicas_in_sync
    if size != 0 and size < batch:
        raise InputError(
            f"config.gan.pool_size is {size}; expected 0, or at least a "
            f"device's batch of {batch}"
        )
    if not size:
        return {}
    crop, pools = config.data.crop, {}
    for index, (name, pool) in enumerate(method.pools.items()):
        pools[name] = pool.exchange = ImagePool(
            size, (crop, crop, pool.channels), config.seed + index, strategy
        )
    return pools


class ImagePool:
    """A buffer of past generated images, one per replica.

    It fills up first. From then on an image is, with probability 1/2, put
    into the pool in exchange for a random older one, which the discriminator
    sees in its place; otherwise it passes through.

    Source: Shrivastava et al., CVPR 2017, section 2.3, as in CycleGAN (Zhu
    et al., ICCV 2017, section 4). The draws are a function of the seed, the
    replica and the number of images seen, so that a resumed run repeats them.

    Args:
        size: Images per replica; at least the replica's batch.
        shape: Of one image, (H, W, C).
        seed: Of the draws; another pool, another seed.
        strategy: Under whose scope it is made.

    Attributes:
        variables: What a checkpoint has to hold: images and number of images
            seen, of each replica of this process.
    """

    def __init__(
        self,
        size: int,
        shape: tuple[int, int, int],
        seed: int,
        strategy: tf.distribute.Strategy,
    ):
        self._size, self._seed, self._strategy = size, seed, strategy
        self._images = _local(tf.zeros((size, *shape)))
        self._seen = _local(tf.zeros((), tf.int32))
        # Replica by replica, so that those of another number of replicas are
        # missing or left over rather than taken for one another.
        self.variables = [
            variable
            for of_replica in zip(
                strategy.experimental_local_results(self._images),
                strategy.experimental_local_results(self._seen),
                strict=True,
            )
            for variable in of_replica
        ]

    @tf.function
    def gather(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns images and counts of all replicas, of all processes.

        Every process calls it.

        Returns:
            (replicas, size, H, W, C) and (replicas,).
        """
        return (
            cluster.gather(self._strategy, self._images.read_value),
            cluster.gather(self._strategy, self._seen.read_value),
        )

    def __call__(self, images):
        """Exchanges a replica's images, (B, H, W, C), for as many others."""
        count = images.shape[0]
        slots = self._slots()[:count]
        stored = tf.gather(self._images, slots)
        full = slots < self._seen
        swap = full & (self._draws(1)[:count] < 0.5)
        mask = tf.reshape(swap, (count, 1, 1, 1))
        stores = tf.reshape(swap | ~full, (count, 1, 1, 1))
        self._images.assign(
            tf.tensor_scatter_nd_update(
                self._images, slots[:, None], tf.where(stores, images, stored)
            )
        )
        self._seen.assign_add(count)
        return tf.where(mask, stored, images)

    def _slots(self):
        """All slots in random order, those still empty first and in order."""
        slots = tf.range(self._size)
        empty_first = tf.cast(slots, tf.float32) - self._size
        return tf.argsort(
            tf.where(slots < self._seen, self._draws(0), empty_first)
        )

    def _draws(self, purpose: int):
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        seed = tf.random.experimental.stateless_fold_in(
            tf.stack([self._seed, purpose]), replica
        )
        seed = tf.random.experimental.stateless_fold_in(seed, self._seen)
        return tf.random.stateless_uniform([self._size], seed)


def _local(value) -> tf.Variable:
    """A variable of which every replica has its own."""
    return tf.Variable(
        value,
        trainable=False,
        synchronization=tf.VariableSynchronization.ON_READ,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )


class PoolCopy:
    """A pool as a checkpoint holds it: the replicas of all processes.

    Of those of other processes it keeps copies.

    Args:
        pool: Of this process.
        strategy: The pool's; this is made outside of its scope.

    Attributes:
        variables: As the pool's, but of all replicas, in their order. To
            restore them restores the pool.
    """

    def __init__(self, pool: ImagePool, strategy: tf.distribute.Strategy):
        self._pool = pool
        own = cluster.replica_numbers(strategy)
        self._others = {
            number: [
                tf.Variable(tf.zeros(variable.shape, variable.dtype))
                for variable in pool.variables[:2]
            ]
            for number in range(strategy.num_replicas_in_sync)
            if number not in own
        }
        pairs = dict(zip(own, _in_pairs(pool.variables), strict=True))
        pairs |= self._others
        self.variables = [
            variable for number in sorted(pairs) for variable in pairs[number]
        ]

    def update(self) -> None:
        """Fetches what other processes have; every process calls it."""
        if not self._others:
            return
        images, seen = self._pool.gather()
        for number, (images_copy, seen_copy) in self._others.items():
            images_copy.assign(images[number])
            seen_copy.assign(seen[number])


def _in_pairs(variables: list[tf.Variable]) -> list[tuple]:
    return list(zip(variables[::2], variables[1::2], strict=True))
