"""Sources of examples that are made of images: pairs, photos, imitations.

The pixels of an example come as the integers of its files, from memory or from
shards (`pixels.py`, `shards.py`). Only the box that a crop needs is scaled to
[0, 1], by the levels of its image that are black and white, so that no bit is
lost and no pixel is scaled in vain.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import augment
from nircolor_tf.data.examples import Source
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.pixels import MEMORY, PixelStore
from nircolor_tf.data.storage import CHANNELS
from nircolor_tf.data.value_range import to_range

# Keeps the draws of data sets that are read together apart.
_STREAM = 1_000_003


class ImageSource(Source):
    """Images, each once per epoch, in an order that each epoch has anew.

    In a `Mixture` some of an epoch's images come, by chance.

    Args:
        examples: Of a manifest.
        kinds: Which images of an example, of `storage.CHANNELS`; they lie one
            behind the other in the channels.
        stream: Sources of different streams draw independently.
        store: Where the pixels come from.

    Raises:
        InputError: An image is bad, or not in the store.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        kinds: Sequence[str],
        stream: int,
        store: PixelStore,
    ):
        self._stream = stream
        self.count = len(examples)
        self._pixels = store.open(examples, kinds)
        with tf.device("CPU:0"):
            self._lows, self._highs = (
                tf.constant(_levels(examples, kinds, end))
                for end in ("low", "high")
            )

    def image(self, index) -> tf.Tensor:
        """Image `index`, (H, W, C), float32 in [0, 1]."""
        return self._unit(index, self._pixels.read(index))

    def example(self, number, config, seed):
        """What `augmented` makes of the image with this number."""
        seed = seed + self._stream * _STREAM
        index = self._index(number, seed)
        parts = self.augmented(
            self._pixels.read(index),
            functools.partial(self._unit, index),
            tf.stack([seed, tf.cast(number, tf.int32)]),
            config,
        )
        return {
            name: to_range(part, config.value_range)
            for name, part in parts.items()
        }

    def augmented(
        self, stored, to_unit: Callable, seed, config: ConfigDict
    ) -> dict[str, tf.Tensor]:
        """Augments one image into the parts of an example.

        Args:
            stored: (H, W, C), integers.
            to_unit: Makes a box of it float32 in [0, 1].
            seed: (2,) int32.
            config: config.data.
        """
        raise NotImplementedError

    def _index(self, number, seed: int):
        """Which image comes as the given number since the start.

        Each comes once in an epoch. Of 40 images TensorFlow's shuffle prefers
        some orders, of 290 it does not.
        """
        epoch, position = number // self.count, number % self.count
        return tf.random.experimental.index_shuffle(
            tf.cast(position, tf.int32),
            seed=tf.stack([seed, tf.cast(epoch, tf.int32)]),
            max_index=self.count - 1,
        )

    def _unit(self, index, box):
        low, high = (
            levels[index] if levels.shape.rank else levels
            for levels in (self._lows, self._highs)
        )
        unit = (tf.cast(box, tf.float32) - low) / (high - low)
        return tf.clip_by_value(unit, 0, 1)


class PairSource(ImageSource):
    """Pairs, as (H, W, 4): NIR, then RGB."""

    def __init__(self, examples: Sequence[Example], store: PixelStore = MEMORY):
        super().__init__(examples, ("nir", "rgb"), 0, store)

    def augmented(self, stored, to_unit, seed, config):
        """Returns nir (crop, crop, 1) and rgb (crop, crop, 3)."""
        nir, rgb = augment.augment(stored, seed, config, to_unit)
        return {"nir": nir, "rgb": rgb}


class PhotoSource(ImageSource):
    """Color photos, as (H, W, 3); of a pair, its RGB image."""

    def __init__(self, examples: Sequence[Example], store: PixelStore = MEMORY):
        super().__init__(examples, ("rgb",), 1, store)

    def augmented(self, stored, to_unit, seed, config):
        """Returns rgb (crop, crop, 3)."""
        return {"rgb": augment.augment_photo(stored, seed, config, to_unit)}


class ImitationSource(ImageSource):
    """Color photos, to be read as pairs."""

    def __init__(self, examples: Sequence[Example], store: PixelStore = MEMORY):
        super().__init__(examples, ("rgb",), 2, store)

    def augmented(self, stored, to_unit, seed, config):
        """Returns nir (crop, crop, 1), imitated, and rgb (crop, crop, 3)."""
        seeds = tf.unstack(
            tf.random.experimental.stateless_split(seed, num=2), axis=0
        )

        def to_pair(box):
            rgb = to_unit(box)
            nir = augment.random_imitation(rgb, seeds[0])
            return tf.concat([nir, rgb], axis=-1)

        nir, rgb = augment.augment(stored, seeds[1], config, to_pair)
        return {"nir": nir, "rgb": rgb}


def _levels(
    examples: Sequence[Example], kinds: Sequence[str], end: str
) -> np.ndarray:
    """The 'low' or 'high' of every image and channel, (N, C) float32.

    One number where all are equal: TensorFlow is slow with rows of four.
    """
    levels = np.array(
        [
            [
                getattr(example, f"{kind}_{end}")
                for kind in kinds
                for _ in range(CHANNELS[kind])
            ]
            for example in examples
        ],
        np.float32,
    )
    return levels if np.ptp(levels) else levels[0, 0]
