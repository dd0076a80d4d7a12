"""Images in memory, as sources of examples.

Each image is decoded once and kept as the integers of its file; which of them
are black and white is applied to the image that an example takes, so that no
bit is lost. All pixels lie in one tensor: an iterator that is dropped while it
waits for Python can hang, and one is dropped at the end of every phase.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import augment, example_images
from nircolor_tf.data.example_images import StoredImage
from nircolor_tf.data.examples import Source
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.value_range import to_range

# Keeps the draws of data sets that are read together apart.
_STREAM = 1_000_003


class ImageCache(Source):
    """Images decoded once and kept in memory as integers.

    Args:
        images: Of each what is stored of it, one behind the other in its
            channels; all of one size.
        stream: Caches of different streams draw independently.
    """

    def __init__(self, images: Sequence[Sequence[StoredImage]], stream: int):
        self._stream = stream
        self.count = len(images)
        values = [
            np.concatenate([part.values for part in parts], axis=-1)
            for parts in images
        ]
        self._channels = values[0].shape[-1]
        ends = np.cumsum([image.size for image in values])
        with tf.device("CPU:0"):
            # One type for all: the smallest that holds every value.
            self._pixels = tf.constant(
                np.concatenate([image.ravel() for image in values])
            )
            self._ends = tf.constant(ends)
            self._shapes = tf.constant([image.shape for image in values])
            self._lows, self._highs = (
                tf.constant([_per_channel(parts, end) for parts in images])
                for end in ("low", "high")
            )

    def image(self, index) -> tf.Tensor:
        """Image `index`, (H, W, C), float32 in [0, 1]."""
        shape, end = self._shapes[index], self._ends[index]
        size = tf.cast(tf.reduce_prod(shape), end.dtype)
        image = tf.reshape(self._pixels[end - size : end], shape)
        image = tf.ensure_shape(image, (None, None, self._channels))
        low, high = self._lows[index], self._highs[index]
        unit = (tf.cast(image, tf.float32) - low) / (high - low)
        return tf.clip_by_value(unit, 0, 1)

    def example(self, number, config, seed):
        """What `augmented` makes of the image with this number."""
        seed = seed + self._stream * _STREAM
        image = self._image(number, seed)
        example_seed = tf.stack([seed, tf.cast(number, tf.int32)])
        return {
            name: to_range(part, config.value_range)
            for name, part in self.augmented(
                image, example_seed, config
            ).items()
        }

    def augmented(
        self, image, seed, config: ConfigDict
    ) -> dict[str, tf.Tensor]:
        """Augments one image in [0, 1] into the parts of an example."""
        raise NotImplementedError

    def _image(self, number, seed: int):
        """The image that comes as the given number since the start."""
        epoch, position = number // self.count, number % self.count
        index = tf.random.experimental.index_shuffle(
            tf.cast(position, tf.int32),
            seed=tf.stack([seed, tf.cast(epoch, tf.int32)]),
            max_index=self.count - 1,
        )
        return self.image(index)


class PairCache(ImageCache):
    """Pairs, as (H, W, 4): NIR, then RGB."""

    def __init__(self, examples: Sequence[Example]):
        super().__init__(
            example_images.read_all(
                examples, example_images.read_nir, example_images.read_rgb
            ),
            stream=0,
        )

    def augmented(self, image, seed, config):
        """Returns nir (crop, crop, 1) and rgb (crop, crop, 3)."""
        nir, rgb = augment.augment(image[..., :1], image[..., 1:], seed, config)
        return {"nir": nir, "rgb": rgb}


class PhotoCache(ImageCache):
    """Color photos, as (H, W, 3); of a pair, its RGB image."""

    def __init__(self, examples: Sequence[Example]):
        super().__init__(
            example_images.read_all(examples, example_images.read_rgb),
            stream=1,
        )

    def augmented(self, image, seed, config):
        """Returns rgb (crop, crop, 3)."""
        return {"rgb": augment.augment_photo(image, seed, config)}


class ImitationCache(PhotoCache):
    """Color photos, to be read as pairs."""

    def augmented(self, image, seed, config):
        """Returns nir (crop, crop, 1), imitated, and rgb (crop, crop, 3)."""
        seeds = tf.unstack(
            tf.random.experimental.stateless_split(seed, num=2), axis=0
        )
        nir = augment.random_imitation(image, seeds[0])
        nir, rgb = augment.augment(nir, image, seeds[1], config)
        return {"nir": nir, "rgb": rgb}


def _per_channel(parts: Sequence[StoredImage], end: str) -> np.ndarray:
    """The 'low' or 'high' of every channel, float32."""
    return np.concatenate(
        [
            np.full(part.values.shape[-1], getattr(part, end), np.float32)
            for part in parts
        ]
    )
