"""Images in memory, as sources of examples.

Each image is decoded once and kept as integers. All pixels lie in one tensor:
an iterator that is dropped while it waits for Python can hang, and one is
dropped at the end of every phase.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import augment
from nircolor_tf.data.examples import Source
from nircolor_tf.data.manifest import Example
from nircolor_tf.data.value_range import to_range
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

# Keeps the draws of data sets that are read together apart.
_STREAM = 1_000_003


class ImageCache(Source):
    """Images decoded once and kept in memory as integers.

    Args:
        images: (H, W, C) each, uint8 or uint16. Where some have 16 bits, all
            are brought to 16.
        stream: Caches of different streams draw independently.
    """

    def __init__(self, images: Sequence[np.ndarray], stream: int):
        self._stream = stream
        self.dtype = np.result_type(*{image.dtype for image in images})
        self.count = len(images)
        self._channels = images[0].shape[-1]
        pixels = [_with_dtype(image, self.dtype).ravel() for image in images]
        ends = np.cumsum([part.size for part in pixels])
        with tf.device("CPU:0"):
            self._pixels = tf.constant(np.concatenate(pixels))
            self._ends = tf.constant(ends)
            self._shapes = tf.constant([image.shape for image in images])

    def image(self, index) -> tf.Tensor:
        """Image `index`, (H, W, C), as integers."""
        shape, end = self._shapes[index], self._ends[index]
        size = tf.cast(tf.reduce_prod(shape), end.dtype)
        image = tf.reshape(self._pixels[end - size : end], shape)
        return tf.ensure_shape(image, (None, None, self._channels))

    def example(self, number, config, seed):
        """What `augmented` makes of the image with this number."""
        seed = seed + self._stream * _STREAM
        image = tf.cast(self._image(number, seed), tf.float32)
        image /= np.iinfo(self.dtype).max
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
            [_read_pair(example) for example in examples], stream=0
        )

    def augmented(self, image, seed, config):
        """Returns nir (crop, crop, 1) and rgb (crop, crop, 3)."""
        nir, rgb = augment.augment(image[..., :1], image[..., 1:], seed, config)
        return {"nir": nir, "rgb": rgb}


class PhotoCache(ImageCache):
    """Color photos, as (H, W, 3); of a pair, its RGB image."""

    def __init__(self, examples: Sequence[Example]):
        super().__init__(
            [
                _read(example, example.rgb, image_files.read_rgb)
                for example in examples
            ],
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


def _read_pair(example: Example) -> np.ndarray:
    nir = _read(example, example.nir, image_files.read_nir)
    rgb = _read(example, example.rgb, image_files.read_rgb)
    dtype = np.result_type(nir, rgb)
    return np.concatenate(
        [_with_dtype(nir, dtype), _with_dtype(rgb, dtype)], axis=-1
    )


def _read(example: Example, path: str, reader) -> np.ndarray:
    image = reader(path)
    expected = (example.height, example.width)
    if image.shape[:2] != expected:
        raise InputError(
            f"{path}: {image.shape[0]}x{image.shape[1]} px, but the "
            f"manifest says {expected[0]}x{expected[1]}; make it again "
            "with bin/prepare_data.py"
        )
    return image


def _with_dtype(image: np.ndarray, dtype) -> np.ndarray:
    if image.dtype == dtype:
        return image
    bits = 8 * np.dtype(dtype).itemsize
    return conversions.to_integers(conversions.to_float(image), bits)
