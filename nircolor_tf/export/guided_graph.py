"""`inference/guided.py` as TensorFlow ops, for a server."""

import tensorflow as tf

from nircolor_tf.export import image_ops
from nircolor_tf.inference.steps import GuidedParameters


def enlarge(
    images: tf.Tensor,
    small: tf.Tensor,
    change: tf.Tensor,
    parameters: GuidedParameters,
) -> tf.Tensor:
    """Enlarges the change of small images, guided by the images.

    Args:
        images: (B, H, W, 1).
        small: (B, h, w, 1), the same, shrunk.
        change: (B, h, w, C).
        parameters: Of the windows.

    Returns:
        (B, H, W, C).
    """
    side = 2 * int(parameters.radius) + 1

    def mean(images):
        # At the edge it is the mean of the pixels that there are.
        return tf.nn.avg_pool2d(images, side, 1, "SAME")

    gray_mean, change_mean = mean(small), mean(change)
    variance = tf.maximum(mean(small**2) - gray_mean**2, 0.0)
    covariance = mean(small * change) - gray_mean * change_mean
    slope = covariance / (variance + parameters.epsilon)
    offset = change_mean - slope * gray_mean
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    slope, offset = (
        image_ops.enlarge(mean(part), height, width) for part in (slope, offset)
    )
    return slope * images + offset
