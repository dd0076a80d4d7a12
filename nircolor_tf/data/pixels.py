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
        ends = np.cumsum([math.prod(shape) for shape in shapes])
        # Filled image by image; TensorFlow copies the whole set once.
        pixels = np.empty(ends[-1], storage.stored_type(examples))
        images = read_each(examples, kinds)
        for end, image in zip(ends, images, strict=True):
            pixels[end - image.size : end] = image.ravel()
        with tf.device("CPU:0"):
            self._pixels = tf.constant(pixels)
            self._ends = tf.constant(ends)
            self._shapes = tf.constant(shapes)

    def read(self, index):
        shape, end = self._shapes[index], self._ends[index]
        size = tf.cast(tf.reduce_prod(shape), end.dtype)
        image = tf.reshape(self._pixels[end - size : end], shape)
        return tf.ensure_shape(image, (None, None, self._channels))


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
