"""Edge-preserving smoothing by weighted least squares, as TensorFlow ops.

`inference/wls.py` has the equations, their source and the way to solve them.
"""

import tensorflow as tf

from nircolor_tf.inference import wls

_LINES = tf.TensorSpec((None, None, None), tf.float32)


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
    # Lines run along the first axis: rows of all images below one another.
    source = tf.transpose(images, (1, 0, 2))
    vertical, horizontal = (
        strength * _edge_weights(lines, alpha, epsilon)
        for lines in (source, _turned(source))
    )
    solution = right_side = tf.zeros_like(source)
    last_shift = 0.0
    for down, across in wls.SHIFTS:
        right_side = source + (last_shift + down) * solution - right_side
        solution = _solve_lines(right_side, vertical, down + 0.5)
        right_side = source + (down + across) * solution - right_side
        solution = _turned(
            _solve_lines(_turned(right_side), horizontal, across + 0.5)
        )
        last_shift = across
    return tf.transpose(solution, (1, 0, 2))


def _turned(lines: tf.Tensor) -> tf.Tensor:
    """(H, N, W) to (W, N, H) and back."""
    return tf.transpose(lines, (2, 1, 0))


def _edge_weights(lines: tf.Tensor, alpha: float, epsilon: float) -> tf.Tensor:
    """Weights (K, ...) of each row and the next; 0 behind the last one."""
    log = tf.math.log(lines + epsilon)
    steps = tf.maximum(tf.abs(log[1:] - log[:-1]), 1e-36 ** (1 / alpha))
    # tf.pow takes four times as long.
    weights = 1 / (tf.exp(alpha * tf.math.log(steps)) + epsilon)
    return tf.pad(weights, ((0, 1), (0, 0), (0, 0)))


@tf.function(  # of any size, traced once for all its calls
    autograph=False,
    input_signature=(_LINES, _LINES, tf.TensorSpec((), tf.float32)),
)
def _solve_lines(
    values: tf.Tensor, weights: tf.Tensor, scale: tf.Tensor
) -> tf.Tensor:
    """Solves (scale I + L) u = values along the first axis.

    As `wls._Lines`: all lines step by step. tf.linalg.tridiagonal_solve takes
    one line after the other, and subtracts, which costs float32 most of its
    digits where weights are 1e4.

    Args:
        values: (K, ...) right sides.
        weights: (K, ...) as of `_edge_weights`.
        scale: Above 0.

    Returns:
        (K, ...).
    """
    solution = _substitute(*_eliminate(values, weights, scale))
    return tf.reshape(solution, tf.shape(values))


def _eliminate(
    values: tf.Tensor, weights: tf.Tensor, scale: tf.Tensor
) -> tuple[tf.TensorArray, tf.TensorArray]:
    """Returns what couples each row to the next, and the rest of it."""
    count = tf.shape(values)[0]
    weight_of, value_of = (
        tf.TensorArray(tf.float32, count).unstack(rows)
        for rows in (weights, values)
    )
    nothing = tf.zeros_like(values[0])

    def eliminate(index, rest, right, couplings, parts):
        rest += scale
        right += value_of.read(index)
        weight = weight_of.read(index)
        pivot = rest + weight
        coupling = weight / pivot
        return (
            index + 1,
            rest * coupling,
            right * coupling,
            couplings.write(index, coupling),
            parts.write(index, right / pivot),
        )

    *_, couplings, parts = tf.while_loop(
        lambda index, *_: index < count,
        eliminate,
        (0, nothing, nothing, *_rows(count, 2)),
        parallel_iterations=1,
    )
    return couplings, parts


def _substitute(couplings: tf.TensorArray, parts: tf.TensorArray) -> tf.Tensor:
    """Returns the solution, from the last row up."""
    count = parts.size()

    def substitute(index, below, solution):
        row = parts.read(index) + couplings.read(index) * below
        return index - 1, row, solution.write(index, row)

    nothing = tf.zeros_like(parts.read(0))
    _, _, solution = tf.while_loop(
        lambda index, *_: index >= 0,
        substitute,
        (count - 1, nothing, *_rows(count, 1)),
        parallel_iterations=1,
    )
    return solution.stack()


def _rows(count: tf.Tensor, arrays: int) -> list[tf.TensorArray]:
    return [tf.TensorArray(tf.float32, count) for _ in range(arrays)]
