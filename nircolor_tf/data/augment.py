"""Augmentation; every draw is a function of its seed alone.

Images are (H, W, C) float32 in [0, 1]. The seeds are int32 tensors of shape
(2,), as the stateless random functions take them.
"""

import functools
from collections.abc import Callable

import tensorflow as tf
from ml_collections import ConfigDict

from nircolor_tf.data import imitations
from nircolor_tf.images import conversions


def augment(pair, seed, config: ConfigDict, to_unit: Callable = tf.identity):
    """Joint crop and mirror of both images, then another camera for the NIR.

    Of the NIR alone: contrast, gamma, exposure, noise, in this order.

    Args:
        pair: (H, W, 4), NIR before RGB.
        seed: (2,) int32; another example, another seed.
        config: config.data: crop, zoom, zoom_probability, mirror_probability,
            contrast, contrast_probability, gamma, exposure, noise.
        to_unit: As of `random_resized_crop`.

    Returns:
        nir (crop, crop, 1) and rgb (crop, crop, 3).
    """
    seeds = tf.unstack(
        tf.random.experimental.stateless_split(seed, num=6), axis=0
    )
    pair = random_resized_crop(
        pair,
        seeds[0],
        config.crop,
        config.zoom,
        config.zoom_probability,
        to_unit,
    )
    pair = random_mirror(pair, seeds[1], config.mirror_probability)
    nir, rgb = pair[..., :1], pair[..., 1:]
    nir = random_contrast(
        nir, seeds[2], config.contrast, config.contrast_probability
    )
    nir = random_gamma(nir, seeds[3], config.gamma)
    nir = random_exposure(nir, seeds[4], config.exposure)
    return random_noise(nir, seeds[5], config.noise), rgb


def augment_photo(
    rgb, seed, config: ConfigDict, to_unit: Callable = tf.identity
):
    """Crop and mirror of a photo without NIR, drawn as for a pair.

    Args:
        rgb: (H, W, 3).
        seed: (2,) int32; another photo, another seed.
        config: config.data, as for `augment`.
        to_unit: As of `random_resized_crop`.

    Returns:
        (crop, crop, 3).
    """
    seeds = tf.unstack(
        tf.random.experimental.stateless_split(seed, num=2), axis=0
    )
    rgb = random_resized_crop(
        rgb,
        seeds[0],
        config.crop,
        config.zoom,
        config.zoom_probability,
        to_unit,
    )
    return random_mirror(rgb, seeds[1], config.mirror_probability)


def random_imitation(rgb, seed):
    """Returns what may pass for the NIR image of a color photo.

    As `imitations.imitate_nir`, but its gamma is left to `augment`.

    Args:
        rgb: (H, W, 3).
        seed: (2,) int32.

    Returns:
        (H, W, 1).
    """
    share = tf.random.stateless_uniform([], seed)
    infrared = tf.tensordot(rgb, imitations.INFRARED, 1)
    gray = tf.tensordot(rgb, conversions.LUMA, 1)
    return share * tf.clip_by_value(infrared, 0.0, 1.0) + (1 - share) * gray


def random_resized_crop(
    image,
    seed,
    crop: int,
    zoom: tuple[float, float],
    probability: float,
    to_unit: Callable = tf.identity,
):
    """Cuts a random square box and resizes it to `crop`, bicubic, antialiased.

    The box has a side of crop / z pixels, z drawn from U(zoom) with the given
    probability and 1 otherwise, but never more than the image's shorter side.
    ATCycleGAN's 200x200 box resized to 256 is zoom 1.28; training at half
    resolution is a zoom below 1.

    Args:
        image: (H, W, C), float32 in [0, 1] or what `to_unit` takes.
        seed: (2,) int32.
        crop: Height and width of the result, px.
        zoom: Limits of z.
        probability: 0 to 1.
        to_unit: Makes the box one in [0, 1], (h, w, D), pixel by pixel.

    Returns:
        (crop, crop, D).
    """
    draws = tf.random.stateless_uniform([4], seed)
    low, high = zoom
    drawn = low + draws[0] * (high - low)
    factor = tf.where(draws[1] < probability, drawn, 1.0)
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    side = tf.cast(tf.round(crop / factor), tf.int32)
    side = tf.minimum(side, tf.minimum(height, width))
    top = _integer_below(draws[2], height - side + 1)
    left = _integer_below(draws[3], width - side + 1)
    box = to_unit(image[top : top + side, left : left + side])
    resized = tf.cond(
        side == crop, lambda: box, lambda: _resize(box, side, crop)
    )
    return tf.ensure_shape(resized, (crop, crop, box.shape[-1]))


def _resize(box, side, crop: int):
    """Resizes a square box, bicubic, antialiased, clipped to [0, 1]."""
    shrunk, enlarged = (
        functools.partial(
            tf.image.resize, box, (crop, crop), "bicubic", antialias=antialias
        )
        for antialias in (True, False)
    )
    # Enlarged, nothing is there to be antialiased, and the op without it takes
    # a third of the time.
    return tf.clip_by_value(tf.cond(side > crop, shrunk, enlarged), 0.0, 1.0)


def random_mirror(image, seed, probability: float):
    """Mirrors left and right with the given probability."""
    draw = tf.random.stateless_uniform([], seed)
    # A fraction of the time of image[:, ::-1].
    return tf.cond(
        draw < probability, lambda: tf.reverse(image, [1]), lambda: image
    )


def random_contrast(
    nir, seed, contrast: tuple[float, float], probability: float
):
    """Scales the difference to the image's mean by U(contrast), clipped."""
    draws = tf.random.stateless_uniform([2], seed)
    low, high = contrast
    factor = low + draws[0] * (high - low)
    mean = tf.reduce_mean(nir)
    changed = tf.clip_by_value(mean + (nir - mean) * factor, 0.0, 1.0)
    return tf.where(draws[1] < probability, changed, nir)


def random_gamma(nir, seed, gamma: tuple[float, float]):
    """Raises to the power of a number log-uniform in `gamma`; (1, 1) is off."""
    if tuple(gamma) == (1, 1):
        return nir
    return tf.pow(nir, _log_uniform(seed, gamma))


def random_exposure(nir, seed, exposure: tuple[float, float]):
    """Multiplies by a number log-uniform in `exposure`, clipped at white."""
    if tuple(exposure) == (1, 1):
        return nir
    return tf.minimum(nir * _log_uniform(seed, exposure), 1.0)


def random_noise(nir, seed, largest: float):
    """Adds Gaussian noise of a standard deviation from U(0, largest), clipped.

    Args:
        nir: (H, W, 1) in [0, 1].
        seed: (2,) int32.
        largest: In [0, 1]; 0 is off.
    """
    if not largest:
        return nir
    seeds = tf.unstack(
        tf.random.experimental.stateless_split(seed, num=2), axis=0
    )
    deviation = tf.random.stateless_uniform([], seeds[0], 0.0, largest)
    noise = tf.random.stateless_normal(tf.shape(nir), seeds[1])
    return tf.clip_by_value(nir + deviation * noise, 0.0, 1.0)


def _log_uniform(seed, limits: tuple[float, float]):
    low, high = limits
    return low * (high / low) ** tf.random.stateless_uniform([], seed)


def _integer_below(draw, count):
    """Maps a draw from [0, 1) to 0..count - 1."""
    integer = tf.cast(draw * tf.cast(count, tf.float32), tf.int32)
    return tf.minimum(integer, count - 1)
