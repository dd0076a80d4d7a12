"""Image files in and out of a server's graph: PNG and JPEG, 8 and 16 bit.

They give the same as `images/` with OpenCV, as TensorFlow ops.
"""

import tensorflow as tf

from nircolor_tf.export import (
    image_headers,
    jpeg_header,
    orientation,
    png_header,
)
from nircolor_tf.export.image_headers import Header
from nircolor_tf.images.conversions import GRAY_TOLERANCE
from nircolor_tf.images.ranges import DEPTHS

_WHITES = [2**bits - 1 for bits in DEPTHS]


def decode(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a PNG or JPEG image, gray or of three equal channels.

    Alpha is dropped. The image is turned upright, as its EXIF or XMP says.
    White is that of bin/colorize.py --range=auto: for a 16-bit image the
    largest level of the smallest camera, of 8 to 16 bit, that holds its values.

    Args:
        encoded: The bytes of one file, a scalar.

    Returns:
        (1, H, W, 1) float32 in [0, 1]; and whether the file has 16 bit.

    Raises:
        tf.errors.InvalidArgumentError: It is no such file, or is damaged.
    """
    size = tf.strings.length(encoded)
    data = tf.io.decode_raw(
        encoded, tf.uint8, fixed_length=size + image_headers.MARGIN
    )
    size = tf.cast(size, tf.int64)
    is_png = image_headers.begins(data, png_header.START)
    is_jpeg = image_headers.begins(data, jpeg_header.START)
    known = image_headers.require(
        is_png | is_jpeg,
        "expected a PNG or JPEG file, got {} bytes that are neither",
        size,
    )
    # TensorFlow's decoders take other formats as well.
    with tf.control_dependencies([known]):
        gray, header = tf.cond(
            is_png,
            lambda: _decode_png(data, size, encoded),
            lambda: _decode_jpeg(data, size, encoded),
        )
    white = tf.gather(_WHITES, _depth(tf.reduce_max(gray)))
    image = tf.cast(gray, tf.float32) / tf.cast(white, tf.float32)
    image = orientation.upright(image, orientation.read(header))
    return image[None, ..., None], header.bits == 16


def _decode_png(
    data: tf.Tensor, size: tf.Tensor, encoded: tf.Tensor
) -> tuple[tf.Tensor, Header]:
    """Returns levels, (H, W) int32, of 8 or 16 bit, and the header."""
    header = png_header.read(data, size)
    # decode_png scales the levels to the type that it returns.
    gray = tf.cond(
        header.bits == 16,
        lambda: _gray(tf.io.decode_png(encoded, dtype=tf.uint16)),
        lambda: _gray(tf.io.decode_png(encoded)),
    )
    return gray, header


def _decode_jpeg(
    data: tf.Tensor, size: tf.Tensor, encoded: tf.Tensor
) -> tuple[tf.Tensor, Header]:
    """As `_decode_png`."""
    header = jpeg_header.read(data, size, encoded)
    with tf.control_dependencies([header.bits]):
        # The DCT is the one that OpenCV takes.
        levels = tf.io.decode_jpeg(encoded, dct_method="INTEGER_ACCURATE")
    return _gray(levels), header


def _depth(level: tf.Tensor) -> tf.Tensor:
    """Index in `DEPTHS` of the smallest camera that has this level, int32."""
    return tf.reduce_sum(tf.cast(level > _WHITES, tf.int32))


def _gray(levels: tf.Tensor) -> tf.Tensor:
    """(H, W, 1 to 4) -> (H, W) int32; drops alpha, the second or fourth."""
    count = tf.where(tf.shape(levels)[2] >= 3, 3, 1)
    colors = levels[..., :count]
    # Unsigned differences of largest and smallest cannot wrap around.
    spread = tf.reduce_max(
        tf.reduce_max(colors, axis=-1) - tf.reduce_min(colors, axis=-1)
    )
    highest, spread = (
        tf.cast(level, tf.int32) for level in (tf.reduce_max(colors), spread)
    )
    tolerated = [round(GRAY_TOLERANCE * white) for white in _WHITES]
    check = image_headers.require(
        spread <= tf.gather(tolerated, _depth(highest)),
        "an RGB image where NIR or gray is expected: its channels differ by "
        "up to {} levels, more than the rounding of a JPEG; send the channel "
        "that is NIR as a gray image",
        spread,
    )
    with tf.control_dependencies([check]):
        return tf.cast(colors[..., count // 2], tf.int32)


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
