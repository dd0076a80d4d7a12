"""Image files in and out of a server's graph: PNG and JPEG, 8 and 16 bit.

They give the same as `images/` with OpenCV, as TensorFlow ops.
"""

import tensorflow as tf

from nircolor_tf.images.conversions import GRAY_TOLERANCE
from nircolor_tf.images.ranges import DEPTHS

# The first bytes of a PNG file, and the place of its bit depth.
_PNG_START = (0x89, 0x50, 0x4E, 0x47)
_PNG_DEPTH_AT = 24


def decode(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a PNG or JPEG image, gray or of three equal channels.

    White is that of bin/colorize.py --range=auto: for a 16-bit image the
    largest level of the smallest camera, of 8 to 16 bit, that holds its values.

    Args:
        encoded: The bytes of one file, a scalar.

    Returns:
        (1, H, W, 1) float32 in [0, 1]; and whether the file has 16 bit.

    Raises:
        tf.errors.InvalidArgumentError: It is no such file.
    """
    start = tf.io.decode_raw(encoded, tf.uint8, fixed_length=_PNG_DEPTH_AT + 1)
    is_png = tf.reduce_all(start[: len(_PNG_START)] == _PNG_START)
    deep = is_png & (start[_PNG_DEPTH_AT] == 16)
    # decode_png scales the levels to the type that it returns;
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


def encode_png(image: tf.Tensor, deep: tf.Tensor) -> tf.Tensor:
    """Encodes an image.

    Args:
        image: (H, W, 1 or 3) in [0, 1].
        deep: Whether the file is to have 16 bit, not 8.

    Returns:
        The bytes of a PNG file, a scalar.
    """

    def write(dtype):
        levels = tf.round(image * dtype.max)
        return tf.io.encode_png(tf.cast(levels, dtype))

    return tf.cond(deep, lambda: write(tf.uint16), lambda: write(tf.uint8))
