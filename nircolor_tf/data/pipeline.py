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
        count = len(self.pairs)

        def load(number):
            epoch, position = number // count, number % count
            index = tf.random.experimental.index_shuffle(
                tf.cast(position, tf.int32),
                seed=tf.stack([seed, tf.cast(epoch, tf.int32)]),
                max_index=count - 1,
            )
            pair = tf.numpy_function(
                lambda i: self.pairs[i], [index], self.dtype, stateful=False
            )
            pair.set_shape((None, None, 4))
            return _example(pair, number)

        def _example(pair, number):
            pair = tf.cast(pair, tf.float32) / np.iinfo(self.dtype).max
            example_seed = tf.stack([seed, tf.cast(number, tf.int32)])
            nir, rgb = augment.augment(
                pair[..., :1], pair[..., 1:], example_seed, config
            )
            value_range = config.value_range
            return {
                "nir": to_range(nir, value_range),
                "rgb": to_range(rgb, value_range),
            }

        start = start_step * config.batch_size
        options = tf.data.Options()
        options.experimental_distribute.auto_shard_policy = (
            tf.data.experimental.AutoShardPolicy.OFF
        )
        return (
            tf.data.Dataset.range(start, np.iinfo(np.int64).max)
            .map(load, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
            .batch(config.batch_size, drop_remainder=True)
            .prefetch(tf.data.AUTOTUNE)
            .with_options(options)
        )


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
