"""The pixels that a training reads, kept in memory.

A store opens the images of examples, which are then read by their number:

    images = MEMORY.open(examples, ("nir", "rgb"))
    images.read(index)                   (H, W, 4), uint8 or uint16

`Memory` keeps all of them in one tensor; `shards.Shards` reads them from files
as they are needed. Both give the same integers. Neither calls Python from the
input pipeline: an iterator that is dropped while it waits for Python can hang,
and one is dropped at the end of every phase.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import tensorflow as tf

from nircolor_tf.data import example_images, storage
from nircolor_tf.data.manifest import Example

# Integers; in bytes, a multiple of Eigen's largest packet of 64.
_UNIT = 64
_READERS = {"nir": example_images.read_nir, "rgb": example_images.read_rgb}


class Images:
    """Images of one number of channels, opened to be read by their number."""

    def read(self, index) -> tf.Tensor:
        """Image `index`, (H, W, C), uint8 or uint16 as it is stored."""
        raise NotImplementedError


class PixelStore:
    """Where the pixels of examples are."""

    def open(self, examples: Sequence[Example], kinds: Sequence[str]) -> Images:
        """Opens images of examples.

        Args:
            examples: Of a manifest, one or more.
            kinds: Which images of each, of
                `storage.CHANNELS`: 'rgb', or 'nir' and
                'rgb', one behind the other in the channels.

        Raises:
            InputError: An image is bad, or not in the store.
        """
        raise NotImplementedError


class Memory(PixelStore):
    """Every image is decoded once and kept."""

    def open(self, examples, kinds):
        """Reads all files. Each is the one that was prepared, or is named."""
        return _Kept(examples, kinds)


MEMORY = Memory()


class _Kept(Images):
    def __init__(self, examples: Sequence[Example], kinds: Sequence[str]):
        self._channels = storage.channels_of(kinds)
        shapes = [(one.height, one.width, self._channels) for one in examples]
        sizes = [math.prod(shape) for shape in shapes]
        starts = _aligned_starts(sizes)
        # Filled image by image; TensorFlow copies the whole set once.
        pixels = np.zeros(starts[-1] + sizes[-1], storage.stored_type(examples))
        images = read_each(examples, kinds)
        for start, image in zip(starts, images, strict=True):
            pixels[start : start + image.size] = image.ravel()
        with tf.device("CPU:0"):
            self._pixels = tf.constant(pixels)
            self._starts = tf.constant(starts)
            self._shapes = tf.constant(shapes, tf.int64)

    def read(self, index):
        shape, start = self._shapes[index], self._starts[index]
        pixels = self._pixels[start : start + tf.reduce_prod(shape)]
        image = tf.reshape(pixels, shape)
        return tf.ensure_shape(image, (None, None, self._channels))


def _aligned_starts(sizes: Sequence[int]) -> np.ndarray:
    """Where images of so many integers begin, one behind the other, int64.

    TensorFlow copies a slice that begins between its units of memory: a whole
    image for each crop of it.
    """
    padded = [-(-size // _UNIT) * _UNIT for size in sizes[:-1]]
    return np.cumsum([0, *padded], dtype=np.int64)


def read_each(
    examples: Iterable[Example], kinds: Sequence[str]
) -> Iterable[np.ndarray]:
    """Yields the images of each example, (H, W, C) as they are stored.

    Args:
        examples: Of a manifest.
        kinds: As of `PixelStore.open`.

    Raises:
        InputError: After the last one, if files are bad; it names them.
    """
    readers = [_READERS[kind] for kind in kinds]
    for images in example_images.read_each(examples, *readers):
        yield np.concatenate([image.values for image in images], axis=-1)
