"""From decoded images to batches: cache, shuffle, augment, batch.

Everything random is a function of (seed, number of the example since the
start of training), so that a resumed run sees the batches it would have seen.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import augment, images
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError


class PairCache:
    """Pairs, decoded once and kept in memory as integers.

    Attributes:
        pairs: One (H, W, 4) array per example: NIR, then RGB; all uint8, or
            all uint16 when any file has 16 bits.
    """

    def __init__(self, examples: Sequence[Example]):
        dtype = (
            np.uint16
            if any(example.bits == 16 for example in examples)
            else np.uint8
        )
        self.pairs = [_read_pair(example, dtype) for example in examples]
        self.dtype = dtype

    def batches(
        self, config: ConfigDict, seed: int, start_step: int
    ) -> tf.data.Dataset:
        """An endless data set of augmented batches.

        Args:
            config: config.data.
            seed: Of the shuffle and of every augmentation.
            start_step: The first batch is that of this train step.

        Returns:
            Batches {'nir': (batch_size, crop, crop, 1), 'rgb': (..., 3)}
            float32 in config.value_range.
        """

        def example(number):
            pair = tf.cast(self._pair(number, seed), tf.float32)
            pair /= np.iinfo(self.dtype).max
            example_seed = tf.stack([seed, tf.cast(number, tf.int32)])
            nir, rgb = augment.augment(
                pair[..., :1], pair[..., 1:], example_seed, config
            )
            return {
                "nir": to_range(nir, config.value_range),
                "rgb": to_range(rgb, config.value_range),
            }

        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        start = start_step * config.batch_size
        numbers = tf.data.Dataset.range(start, np.iinfo(np.int64).max)
        examples = numbers.map(
            example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        batches = examples.batch(config.batch_size, drop_remainder=True)
        return batches.prefetch(tf.data.AUTOTUNE).with_options(options)

    def _pair(self, number, seed: int):
        """The pair that comes as the given number since the start."""
        count = len(self.pairs)
        epoch, position = number // count, number % count
        index = tf.random.experimental.index_shuffle(
            tf.cast(position, tf.int32),
            seed=tf.stack([seed, tf.cast(epoch, tf.int32)]),
            max_index=count - 1,
        )
        pair = tf.numpy_function(
            lambda i: self.pairs[i], [index], self.dtype, stateful=False
        )
        return tf.ensure_shape(pair, (None, None, 4))


def to_range(unit, value_range: tuple[float, float]):
    """Maps [0, 1] to `value_range`."""
    low, high = value_range
    return unit * (high - low) + low


def from_range(values, value_range: tuple[float, float]):
    """Maps `value_range` to [0, 1]."""
    low, high = value_range
    return (values - low) / (high - low)


def _read_pair(example: Example, dtype) -> np.ndarray:
    nir, rgb = images.read_nir(example.nir), images.read_rgb(example.rgb)
    expected = (example.height, example.width)
    for path, image in ((example.nir, nir), (example.rgb, rgb)):
        if image.shape[:2] != expected:
            raise InputError(
                f"{path}: {image.shape[0]}x{image.shape[1]} px, but the "
                f"manifest says {expected[0]}x{expected[1]}; make it again "
                "with bin/prepare_data.py"
            )
    bits = 8 * np.dtype(dtype).itemsize
    return np.concatenate(
        [
            image
            if image.dtype == dtype
            else images.to_integers(images.to_float(image), bits)
            for image in (nir, rgb)
        ],
        axis=-1,
    )
