"""What inference.py and data/ do to images, as TensorFlow ops for a server.

The resizes are OpenCV's, because TensorFlow's have other kernels: its cubic is
another one, and its area does not shrink by any factor.

Batches are (B, H, W, C) float32, of any height and width.
"""

import tensorflow as tf

from nircolor_tf.images.conversions import GRAY_TOLERANCE
from nircolor_tf.images.ranges import DEPTHS

# The parameter of OpenCV's cubic kernel.
_CUBIC = -0.75

# OpenCV leaves out what covers less of a pixel.
_LEAST_COVER = 1e-3

_PNG_START = (0x89, 0x50, 0x4E, 0x47)
_PNG_DEPTH_AT = 24


def reflected(index: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Turns indices beyond 0..size - 1 back into it: numpy's 'reflect'."""
    period = tf.maximum(2 * (size - 1), 1)
    index %= period
    return tf.minimum(index, period - index)


def grown(images: tf.Tensor, multiple: int) -> tf.Tensor:
    """Grows images at the bottom and at the right, by reflection.

    Args:
        images: (B, H, W, C).
        multiple: The result's height and width are the next multiples.
    """
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        index = reflected(tf.range(-(-size // multiple) * multiple), size)
        images = tf.gather(images, index, axis=axis)
    return images


def shrunk(images: tf.Tensor, side: int) -> tf.Tensor:
    """Shrinks images whose shorter side is longer, as cv2.INTER_AREA.

    Args:
        images: (B, H, W, C).
        side: What the shorter side becomes, pixels.
    """
    sizes = tf.cast(tf.shape(images)[1:3], tf.float64)
    shorter = tf.reduce_min(sizes)
    scale = tf.minimum(side / shorter, 1)
    height, width = tf.unstack(tf.cast(tf.round(sizes * scale), tf.int32))
    rows = _cover(tf.shape(images)[1], height)
    columns = _cover(tf.shape(images)[2], width)
    narrow = tf.einsum("oi,bhic->bhoc", columns, images)
    return tf.einsum("oi,biwc->bowc", rows, narrow)


def _cover(size: tf.Tensor, smaller: tf.Tensor) -> tf.Tensor:
    """(smaller, size) weights: how much a pixel covers of each larger one."""
    scale = tf.cast(size / smaller, tf.float32)
    starts = tf.range(smaller, dtype=tf.float32)[:, None] * scale
    pixels = tf.range(size, dtype=tf.float32)
    ends = tf.minimum(starts + scale, pixels + 1)
    cover = ends - tf.maximum(starts, pixels)
    return tf.where(cover > _LEAST_COVER, cover, 0.0) / scale


def enlarged(images: tf.Tensor, height: tf.Tensor, width: tf.Tensor):
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


def decoded(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a PNG or JPEG image, gray or of three equal channels.

    As bin/colorize.py --range=auto: of a 16-bit image, white is the most that
    the smallest camera of 8 to 16 bit can give that holds its values.

    Args:
        encoded: The bytes of one file, a scalar.

    Returns:
        (1, H, W, 1) float32 in [0, 1]; and whether the file has 16 bit.

    Raises:
        tf.errors.InvalidArgumentError: These are no such bytes.
    """
    start = tf.io.decode_raw(encoded, tf.uint8, fixed_length=_PNG_DEPTH_AT + 1)
    is_png = tf.reduce_all(start[: len(_PNG_START)] == _PNG_START)
    deep = is_png & (start[_PNG_DEPTH_AT] == 16)
    # decode_png scales what it reads to the type it is asked for;
    # decode_jpeg reads PNG as well, and takes the DCT that OpenCV takes.
    levels = tf.cond(
        deep,
        lambda: tf.cast(tf.io.decode_png(encoded, dtype=tf.uint16), tf.int32),
        lambda: tf.cast(
            tf.io.decode_jpeg(encoded, dct_method="INTEGER_ACCURATE"), tf.int32
        ),
    )
    gray = _gray(levels, tf.where(deep, 65535, 255))
    white = tf.constant([2**bits - 1 for bits in DEPTHS])
    white = white[tf.reduce_sum(tf.cast(tf.reduce_max(gray) > white, tf.int32))]
    image = tf.cast(gray, tf.float32) / tf.cast(white, tf.float32)
    return image[None, ..., None], deep


def _gray(levels: tf.Tensor, largest: tf.Tensor) -> tf.Tensor:
    """(H, W, 1 to 4) -> (H, W); drops alpha, the second or fourth."""
    count = tf.where(tf.shape(levels)[2] >= 3, 3, 1)
    colors = levels[..., :count]
    spread = tf.reduce_max(
        tf.reduce_max(colors, axis=-1) - tf.reduce_min(colors, axis=-1)
    )
    allowed = tf.cast(GRAY_TOLERANCE * tf.cast(largest, tf.float32), tf.int32)
    check = tf.debugging.assert_less_equal(
        spread,
        allowed,
        message="an RGB image where NIR or gray is expected; its channels "
        "differ by more levels than a JPEG's rounding",
    )
    with tf.control_dependencies([check]):
        return tf.identity(colors[..., count // 2])


def encoded_png(image: tf.Tensor, deep: tf.Tensor) -> tf.Tensor:
    """Encodes an image.

    Args:
        image: (H, W, 1 or 3) in [0, 1].
        deep: Whether the file is to have 16 bit, not 8.

    Returns:
        The bytes of a PNG file, a scalar.
    """

    def encode(dtype):
        levels = tf.round(image * dtype.max)
        return tf.io.encode_png(tf.cast(levels, dtype))

    return tf.cond(deep, lambda: encode(tf.uint16), lambda: encode(tf.uint8))
