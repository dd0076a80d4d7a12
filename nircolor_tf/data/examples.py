"""Where the examples of a batch come from: sources of single examples.

A source gives the example that comes as a number since the start of training.
Everything random about it is a function of the seed and that number, so that a
resumed training sees the batches that it would have seen.
"""

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

# Keeps the draw of a mixture's source apart from the draws of its examples.
_MIXTURE = 500_009


class Source:
    """What batches come from."""

    def example(
        self, number, config: ConfigDict, seed: int
    ) -> dict[str, tf.Tensor]:
        """The example that comes as the given number since the start.

        Args:
            number: int64.
            config: config.data.
            seed: Of the shuffle and of every augmentation.

        Returns:
            Images, float32 in config.value_range.
        """
        raise NotImplementedError

    def batches(
        self, config: ConfigDict, seed: int, start_step: int
    ) -> tf.data.Dataset:
        """An endless data set of augmented batches.

        Args:
            config: config.data.
            seed: Of the shuffle and of every augmentation.
            start_step: The first batch is that of this train step.

        Returns:
            Batches of examples.
        """
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        start = start_step * config.batch_size
        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
        examples = numbers.map(
            lambda number: self.example(number, config, seed),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        batches = examples.batch(config.batch_size, drop_remainder=True)
        return batches.prefetch(tf.data.AUTOTUNE).with_options(options)


class Mixture(Source):
    """Examples of one source or, by chance, of another.

    Args:
        first: Where most examples come from.
        second: Where the others come from.
        probability: Of `second`, in [0, 1].
    """

    def __init__(self, first: Source, second: Source, probability: float):
        self._first, self._second = first, second
        self._probability = probability

    def example(self, number, config, seed):
        """As that of the source that is drawn."""
        place = tf.stack([seed + _MIXTURE, tf.cast(number, tf.int32)])
        return tf.cond(
            tf.random.stateless_uniform([], place) < self._probability,
            lambda: self._second.example(number, config, seed),
            lambda: self._first.example(number, config, seed),
        )
