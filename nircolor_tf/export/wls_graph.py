"""Edge-preserving smoothing by weighted least squares, as TensorFlow ops.

`inference/wls.py` has the equations and their source.
"""

import tensorflow as tf

from nircolor_tf.inference import wls


def smooth(
    images: tf.Tensor, strength: float, alpha: float, epsilon: float
) -> tf.Tensor:
    """Smooths images as wls.smooth.

    Args:
        images: (N, H, W) in [0, 1], each smoothed along its own edges.
        strength: Farbman's lambda, >= 0; larger is smoother.
        alpha: Sensitivity to gradients.
        epsilon: Keeps logarithm and division finite.

    Returns:
        (N, H, W) float32.
    """
    # TensorFlow's solver subtracts, which costs float32 most of its digits
    # where weights are 1e4.
    source = tf.cast(images, tf.float64)
    vertical = strength * _edge_weights(_turned(source), alpha, epsilon)
    horizontal = strength * _edge_weights(source, alpha, epsilon)
    solution = right_side = tf.zeros_like(source)
    last_shift = 0.0
    for down, across in wls.SHIFTS:
        right_side = source + (last_shift + down) * solution - right_side
        turned = _solve_rows(_turned(right_side), vertical, down + 0.5)
        right_side = source + (down + across) * _turned(turned) - right_side
        solution = _solve_rows(right_side, horizontal, across + 0.5)
        last_shift = across
    return tf.cast(solution, tf.float32)


def _turned(images: tf.Tensor) -> tf.Tensor:
    return tf.transpose(images, (0, 2, 1))


def _edge_weights(images: tf.Tensor, alpha: float, epsilon: float) -> tf.Tensor:
    """Weights (N, H, W - 1) between neighbors in a row."""
    log = tf.math.log(images + epsilon)
    return 1 / (tf.abs(log[..., 1:] - log[..., :-1]) ** alpha + epsilon)


def _solve_rows(
    values: tf.Tensor, weights: tf.Tensor, scale: float
) -> tf.Tensor:
    """Solves (scale I + L) u = values along the rows.

    Args:
        values: (N, H, W) right sides.
        weights: (N, H, W - 1) weights of L between neighbors.
        scale: Above 0.

    Returns:
        (N, H, W).
    """
    to_next = tf.pad(weights, ((0, 0), (0, 0), (0, 1)))
    to_last = tf.pad(weights, ((0, 0), (0, 0), (1, 0)))
    return tf.linalg.tridiagonal_solve(
        tf.stack([-to_next, scale + to_next + to_last, -to_last], axis=2),
        values,
        partial_pivoting=False,
    )
