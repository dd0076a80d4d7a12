"""From decoded images to batches: cache, shuffle, augment, batch.

Everything random is a function of (seed, number of the example since the
start of training), so that a resumed run sees the batches it would have seen.
"""

from collections.abc import Collection, Sequence

import numpy as np
import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import augment, manifest
from nircolor_tf.data.manifest import Example
from nircolor_tf.errors import InputError
from nircolor_tf.images import conversions, image_files

# Keeps the draws of data sets that are read together apart.
_STREAM = 1_000_003
# And the draw of which of them it is.
_MIXTURE = 500_009


def open_source(
    name: str, examples: Sequence[Example], config: ConfigDict
) -> "Source":
    """Reads the data set that a phase names.

    Args:
        name: 'paired' for the pairs of the split 'train'; 'unpaired' for
            color images drawn without regard to any NIR image.
        examples: Of the manifest.
        config: config.data; `unpaired_from` says what 'unpaired' is made of:
            'photos' (the split 'unpaired'), 'pairs' (the RGB images of the
            split 'train'), or both. With a `photo_probability` some examples
            of 'paired' are photos with imitated NIR.

    Raises:
        InputError: A split is empty, or an image is bad.
    """
    has_photos = any(example.split == "unpaired" for example in examples)
    if name == "paired":
        pairs = PairCache(manifest.select(examples, "train"))
        share = config.photo_probability
        if not share:
            return pairs
        _check_photos(has_photos, "photo_probability", share, "0.0")
        photos = ImitationCache(manifest.select(examples, "unpaired"))
        return Mixture(pairs, photos, share)
    if "photos" in config.unpaired_from:
        chosen = tuple(config.unpaired_from)
        other = "\"('pairs',)\""
        _check_photos(has_photos, "unpaired_from", chosen, other)
    splits = {"photos": "unpaired", "pairs": "train"}
    return PhotoCache(
        [
            example
            for source in config.unpaired_from
            for example in manifest.select(examples, splits[source])
        ]
    )


def _check_photos(has_photos: bool, key: str, value, other: str) -> None:
    if not has_photos:
        raise InputError(
            f"config.data.{key} is {value}, but the manifest has no photos; "
            "give bin/prepare_data.py an --unpaired folder of them, or train "
            f"with --config.data.{key}={other}"
        )


def reads_photos(names: Collection[str], config: ConfigDict) -> bool:
    """Returns whether one of these data sets opens photos without NIR.

    Args:
        names: As `open_source` takes them.
        config: config.data.
    """
    if "paired" in names and config.photo_probability:
        return True
    return "unpaired" in names and "photos" in config.unpaired_from


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
        # One tensor of all pixels, not a Python function that picks an image:
        # an iterator that is dropped while it waits for Python can hang, and
        # one is dropped at the end of every phase.
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


def to_range(unit, value_range: tuple[float, float]):
    """Maps [0, 1] to `value_range`."""
    low, high = value_range
    return unit * (high - low) + low


def from_range(values, value_range: tuple[float, float]):
    """Maps `value_range` to [0, 1]."""
    low, high = value_range
    return (values - low) / (high - low)


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
