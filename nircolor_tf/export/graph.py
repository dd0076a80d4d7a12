"""The TensorFlow back end: the steps of inference in one graph, for a server.

It gives the same as `inference/colorizer.py` in NumPy, but takes batches, and
every image whole. `inference/steps.py` describes the steps.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf

from nircolor_tf.export import bfwls_graph, guided_graph, image_ops
from nircolor_tf.inference.steps import Steps


def colorize(
    network: Callable[[tf.Tensor], tf.Tensor], steps: Steps, images: tf.Tensor
) -> tf.Tensor:
    """Colorizes images of one size, or translates them.

    Args:
        network: (B, h, w, 1) in [0, 1], of the sizes that it takes ->
            (B, h, w, C) in [0, 1].
        steps: Of inference, around the network.
        images: (B, H, W, 1) in [0, 1], of any size.

    Returns:
        (B, H, W, C) float32 in [0, 1].

    Raises:
        InputError: The steps hold a fusion that a graph cannot compute.
    """
    if steps.least_mean:
        images = image_ops.brighten(images, steps.least_mean)
    if steps.working_size is None:
        result = _run_network(network, steps, images)
    else:
        small = image_ops.shrink(
            images, steps.working_size, steps.shrunk_multiple
        )
        change = _run_network(network, steps, small) - small
        change = _enlarge(steps, images, small, change)
        result = tf.clip_by_value(images + change, 0.0, 1.0)
    if steps.fusion is not None:
        result = bfwls_graph.fuse(images, result, steps.fusion)
    return result


def estimate_error(
    network: Callable[[tf.Tensor], tf.Tensor], steps: Steps, images: tf.Tensor
) -> tf.Tensor:
    """Estimates the error of colored images of one size.

    Args:
        network: (B, h, w, 4), of the sizes that it takes -> (B, h, w, 1).
        steps: Of inference, around the network.
        images: (B, H, W, 4), NIR and its colors, in [0, 1], of any size.

    Returns:
        (B, H, W, 1) float32.
    """
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    steps = dataclasses.replace(
        steps.at_one_size().for_target("gray"), mirror=False
    )
    if steps.least_mean:
        nir = image_ops.brighten(images[..., :1], steps.least_mean)
        images = tf.concat([nir, images[..., 1:]], axis=-1)
    if steps.working_size is None:
        return _run_network(network, steps, images)
    small = image_ops.shrink(images, steps.working_size, steps.shrunk_multiple)
    error = _run_network(network, steps, small)
    return image_ops.enlarge(error, height, width)


def _enlarge(
    steps: Steps, images: tf.Tensor, small: tf.Tensor, change: tf.Tensor
) -> tf.Tensor:
    """Enlarges the change of small images to the size of the images."""
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    if steps.guided is None:
        return image_ops.enlarge(change, height, width)
    # A line does not go through every point: only what was shrunk has one.
    return tf.cond(
        tf.reduce_all(tf.shape(small) == tf.shape(images)),
        lambda: change,
        lambda: guided_graph.enlarge(images, small, change, steps.guided),
    )


def _run_network(
    network: Callable[[tf.Tensor], tf.Tensor], steps: Steps, images: tf.Tensor
) -> tf.Tensor:
    """Runs the network at one or two sizes, and whitens."""
    result = _run_at_sizes(network, steps, images)
    return image_ops.whiten(images, result) if steps.whiten else result


def _run_at_sizes(
    network: Callable[[tf.Tensor], tf.Tensor], steps: Steps, images: tf.Tensor
) -> tf.Tensor:
    result = _run_at(network, steps, images)
    if not steps.half_share:
        return result
    half = image_ops.shrink(
        images, steps.half_working_size, steps.shrunk_multiple
    )
    change = _run_at(network, steps, half) - half
    of_half = images + _enlarge(steps, images, half, change)
    return (1 - steps.half_share) * result + steps.half_share * of_half


def _run_at(
    network: Callable[[tf.Tensor], tf.Tensor], steps: Steps, images: tf.Tensor
) -> tf.Tensor:
    """Pads, runs the network and crops."""
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    padded = image_ops.pad(images, steps)
    result = network(padded)
    if steps.mirror:
        mirrored = network(tf.reverse(padded, axis=[2]))
        result = (result + tf.reverse(mirrored, axis=[2])) / 2
    return result[:, :height, :width]
