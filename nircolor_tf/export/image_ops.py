"""The padding and the resizes of inference, as TensorFlow ops for a server.

They give the same as `inference/resizing.py` with OpenCV. TensorFlow's own
resizes have other kernels: its cubic is another one, and its area does not
shrink by any factor.

Batches are (B, H, W, C) float32, of any height and width.
"""

import tensorflow as tf

from nircolor_tf.images import conversions
from nircolor_tf.inference.steps import (
    BRIGHT_PERCENT,
    LARGEST_GAIN,
    SAMPLES,
    WHITE_LUMINANCE,
    WHITE_NIR,
    Steps,
    next_multiple,
)

# The parameter of OpenCV's cubic kernel.
_CUBIC = -0.75

# OpenCV leaves out a pixel that covers less of another.
_LEAST_COVER = 1e-3


def reflect(index: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Turns indices beyond 0..size - 1 back into it: numpy's 'reflect'."""
    period = tf.maximum(2 * (size - 1), 1)
    index %= period
    return tf.minimum(index, period - index)


def pad(images: tf.Tensor, steps: Steps) -> tf.Tensor:
    """Pads images at the bottom and at the right, by reflection.

    Args:
        images: (B, h, w, C).
        steps: Their `padded_size` is the height and width of the result.
    """
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        padded = next_multiple(size, steps.size_multiple)
        index = reflect(tf.range(padded), size)
        images = tf.gather(images, index, axis=axis)
    return images


def brighten(images: tf.Tensor, least_mean: float) -> tf.Tensor:
    """Brightens each image that is too dark, as `inference/exposure.py`.

    Args:
        images: (B, H, W, 1).
        least_mean: As of `Steps`, above 0.
    """
    shorter = tf.minimum(tf.shape(images)[1], tf.shape(images)[2])
    step = tf.maximum(1, shorter // SAMPLES)
    samples = images[:, ::step, ::step]
    grays = tf.sort(tf.reshape(samples, (tf.shape(images)[0], -1)))
    bright = grays[:, BRIGHT_PERCENT * (tf.shape(grays)[1] - 1) // 100]
    largest = 1 / tf.maximum(bright, 1 / LARGEST_GAIN)
    mean = tf.maximum(tf.reduce_mean(grays, axis=1), 1e-9)
    gain = tf.maximum(1.0, tf.minimum(least_mean / mean, largest))
    return tf.minimum(gain[:, None, None, None] * images, 1.0)


def whiten(images: tf.Tensor, colors: tf.Tensor) -> tf.Tensor:
    """Takes the color from what is bright in both, as `inference/whitening.py`.

    Args:
        images: (B, H, W, 1).
        colors: (B, H, W, 3).
    """
    gray = tf.tensordot(colors, conversions.LUMA, 1)
    share = _ramp(images, *WHITE_NIR) * _ramp(gray, *WHITE_LUMINANCE)
    return colors + share * (gray - colors)


def _ramp(values: tf.Tensor, low: float, high: float) -> tf.Tensor:
    part = tf.clip_by_value((values - low) / (high - low), 0.0, 1.0)
    return part**2 * (3 - 2 * part)


def shrink(images: tf.Tensor, side: int, multiple: int = 1) -> tf.Tensor:
    """Shrinks images whose shorter side is too long, as cv2.INTER_AREA.

    The size is that of `steps.fit_shorter_side`.

    Args:
        images: (B, H, W, C).
        side: Limit of the shorter side, pixels.
        multiple: Of the sides of what is shrunk, pixels.
    """
    sizes = tf.cast(tf.shape(images)[1:3], tf.float64)
    shorter = tf.reduce_min(sizes)
    shrunk = tf.round(sizes * (side / shorter))
    nearest = tf.round(shrunk / multiple) * multiple
    nearest -= multiple * tf.cast(nearest > sizes, tf.float64)
    shrunk = tf.where(nearest > 0, nearest, shrunk)
    sizes = tf.where(shorter > side, shrunk, sizes)
    height, width = tf.unstack(tf.cast(sizes, tf.int32))
    rows = _cover(tf.shape(images)[1], height)
    columns = _cover(tf.shape(images)[2], width)
    narrow = tf.einsum("oi,bhic->bhoc", columns, images)
    return tf.einsum("oi,biwc->bowc", rows, narrow)


def _cover(size: tf.Tensor, smaller: tf.Tensor) -> tf.Tensor:
    """(smaller, size) weights: how much a pixel covers of each larger one."""
    # As OpenCV: thousands of pixels leave float32 few digits behind the point.
    scale = size / smaller
    starts = tf.range(smaller, dtype=tf.float64)[:, None] * scale
    pixels = tf.range(size, dtype=tf.float64)
    ends = tf.minimum(starts + scale, pixels + 1)
    cover = ends - tf.maximum(starts, pixels)
    cover = tf.where(cover > _LEAST_COVER, cover, tf.zeros_like(cover))
    return tf.cast(cover / scale, tf.float32)


def enlarge(images: tf.Tensor, height: tf.Tensor, width: tf.Tensor):
    """Enlarges images as cv2.INTER_CUBIC.

    Args:
        images: (B, h, w, C).
        height: Of the result, at least h.
        width: Likewise, at least w.
    """
    return _cubic(_cubic(images, 1, height), 2, width)


def _cubic(images: tf.Tensor, axis: int, size: tf.Tensor) -> tf.Tensor:
    """Enlarges one axis: each result is the sum of four weighted pixels."""
    smaller = tf.shape(images)[axis]
    positions = (tf.range(size, dtype=tf.float64) + 0.5) * (smaller / size)
    positions = tf.cast(positions - 0.5, tf.float32)
    base = tf.floor(positions)
    shape = [1, 1, 1, 1]
    shape[axis] = -1
    result = 0.0
    for tap in range(-1, 3):
        index = tf.clip_by_value(tf.cast(base, tf.int32) + tap, 0, smaller - 1)
        weights = _cubic_kernel(tf.abs(positions - base - tap))
        part = tf.gather(images, index, axis=axis)
        result += tf.reshape(weights, shape) * part
    return result


def _cubic_kernel(distance: tf.Tensor) -> tf.Tensor:
    """The cubic convolution kernel of Keys (1981), pixels -> weight."""
    near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance**2 + 1
    far = _CUBIC * (((distance - 5) * distance + 8) * distance - 4)
    return tf.where(distance <= 1, near, far)
