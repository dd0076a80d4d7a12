"""BFWLS as TensorFlow ops, so that a SavedModel holds it.

`inference/bfwls.py` has the equations and their source. Here the same filters
run on whole batches.
"""

import numpy as np
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import image_ops, wls_graph
from nircolor_tf.images import conversions
from nircolor_tf.inference.fusion import BfwlsParameters


def fuse(
    nir: tf.Tensor, rgb: tf.Tensor, parameters: BfwlsParameters
) -> tf.Tensor:
    """Replaces the luminance detail of colorized images by the NIR's.

    Args:
        nir: (B, H, W, 1) in [0, 1], the images that were colorized.
        rgb: (B, H, W, 3) in [0, 1], the output of a network for them.
        parameters: The filters' parameters.

    Returns:
        (B, H, W, 3) float32 in [0, 1].

    Raises:
        InputError: The parameters ask for the exact solver.
    """
    if parameters.wls_solver != "separable":
        raise InputError(
            f"wls_solver={parameters.wls_solver!r}: expected 'separable'; a "
            "SavedModel cannot hold another"
        )
    nir = nir[..., 0]
    luminance = tf.tensordot(rgb, conversions.LUMA[:, 0], axes=1)
    filtered = wls_graph.smooth(
        tf.concat([nir, luminance], axis=0),
        parameters.wls_lambda,
        parameters.wls_alpha,
        parameters.wls_epsilon,
    )
    nir_wls, luminance_wls = tf.split(filtered, 2)
    nir_bilateral = bilateral(
        nir,
        int(parameters.bilateral_diameter),
        parameters.bilateral_sigma_color,
        parameters.bilateral_sigma_space,
    )
    detail = nir - (nir_bilateral + nir_wls) / 2
    change = detail + luminance_wls - luminance
    return tf.clip_by_value(rgb + change[..., None], 0.0, 1.0)


def bilateral(
    images: tf.Tensor, diameter: int, sigma_color: float, sigma_space: float
) -> tf.Tensor:
    """Filters images as cv2.bilateralFilter.

    Args:
        images: (B, H, W) in [0, 1].
        diameter: Width of the round window in pixels, odd.
        sigma_color: Steps well above this stay sharp, in [0, 1].
        sigma_space: Spatial reach of the window in pixels.

    Returns:
        (B, H, W).
    """
    radius = diameter // 2
    rows, columns = np.mgrid[: 2 * radius + 1, : 2 * radius + 1]
    squares = (rows - radius) ** 2 + (columns - radius) ** 2
    inside = squares <= radius**2
    spatial = np.exp(squares / (-2 * sigma_space**2))
    taps = (
        tf.constant(rows[inside], tf.int32),
        tf.constant(columns[inside], tf.int32),
        tf.constant(spatial[inside], tf.float32),
    )
    bordered = images
    for axis in (1, 2):
        size = tf.shape(images)[axis]
        index = image_ops.reflect(tf.range(-radius, size + radius), size)
        bordered = tf.gather(bordered, index, axis=axis)

    def add(sums, tap):
        row, column, weight = tap
        near = tf.slice(bordered, [0, row, column], tf.shape(images))
        weights = weight * tf.exp(
            tf.square(near - images) / (-2 * sigma_color**2)
        )
        return sums[0] + weights * near, sums[1] + weights

    # One after the other: side by side the taps would hold an image each.
    start = (tf.zeros_like(images), tf.zeros_like(images))
    total, weights = tf.foldl(add, taps, start, parallel_iterations=1)
    return total / weights
