"""Edge-preserving smoothing by weighted least squares (WLS).

The smooth image u of an image g minimises (Farbman et al. 2008, eq. 3 to 5)

    sum_p (u_p - g_p)^2 + strength * sum_{p,q neighbours} w_pq (u_p - u_q)^2
    w_pq = 1 / (|l_p - l_q|^alpha + epsilon),  l = log(g + epsilon),

which is the linear system (I + strength * L) u = g with L the Laplacian of the
4-neighbour grid whose edges weigh w: large steps of the log luminance weigh
little and survive, small ones are smoothed away.

`smooth` solves it by rows and columns in turn. `wls_exact.py` solves the same
system exactly and is tens of times slower.

References:
    Z. Farbman, R. Fattal, D. Lischinski, R. Szeliski: Edge-Preserving
    Decompositions for Multi-Scale Tone and Detail Manipulation, SIGGRAPH 2008.
    D. Min et al.: Fast Global Image Smoothing Based on Weighted Least Squares,
    IEEE Transactions on Image Processing 23(12), 2014.
    D. W. Peaceman, H. H. Rachford: The Numerical Solution of Parabolic and
    Elliptic Differential Equations, J. SIAM 3(1), 1955.
"""

import math

import cv2
import numpy as np

from nircolor_tf.errors import InputError

# Of the vertical and the horizontal half of each sweep. The small ones carry
# information far, the large ones remove the streaks that the 1-D solves leave;
# 1/2, set by hand, reproduces constant images exactly. The others come of a
# search over photos, drawn scenes, noise and flat shapes at strengths of 0.3
# and 1. On photos the three are 1 to 2 dB closer to the exact solution than the
# four of geomspace(0.5, 10, 4) there, and level at 0.1; on blurred noise up to
# 5 dB further, of 63, and on flat shapes 4, of 37, at strengths of 3 and more.
SHIFTS = ((0.5, 0.5), (7.5, 13.0), (1.8, 1.8))


def smooth(
    images: np.ndarray, strength: float, alpha: float, epsilon: float
) -> np.ndarray:
    """Smooths images by 1-D systems along columns and rows in turn.

    As in Min et al. 2014, L is split into its vertical and horizontal parts
    and every line is a tridiagonal system. Theirs applies
    prod_t (I + s_t L_h)^-1 (I + s_t L_v)^-1, which is not the solution of the
    2-D system for any s_t (and whose s_t add up to strength / 2, so that it
    smooths half as much as the system asks for). This is the iteration of
    Peaceman and Rachford instead: the same solves, but they do converge
    to it. With V = I/2 + strength L_v, H = I/2 + strength L_h, and the shifts
    a and b, one sweep is

        (a + V) u' = g + (a - H) u
        (b + H) u  = g + (b - V) u'.

    Args:
        images: (N, H, W) in [0, 1], each smoothed along its own edges.
        strength: Farbman's lambda, >= 0; larger is smoother.
        alpha: Sensitivity to gradients, 1.2 to 2 in Farbman et al.
        epsilon: Keeps logarithm and division finite; 1e-4 in their code.

    Returns:
        (N, H, W) float32. PSNR to `wls_exact`, worst and median of 30
        photos, alpha 1.2: 61 and 64 dB at a strength of 0.1, 56 and 60 dB at
        0.3, 51 and 55 dB at 1, 46 and 50 dB at 3, 42 and 48 dB at 10.

    Raises:
        InputError: The images are not three-dimensional.
    """
    check_images(images)
    # The solver walks along the first axis, so that each of its steps works
    # on contiguous memory: image rows here, image columns below.
    source = np.ascontiguousarray(images.transpose(1, 0, 2), np.float32)
    vertical, horizontal = (
        _Lines(edge_weights(lines, alpha, epsilon), strength)
        for lines in (source, _turned(source))
    )
    solution, right_side = np.zeros((2, *source.shape), np.float32)
    last_shift = 0.0
    for down, across in SHIFTS:
        # (down - H) u without multiplying by H: the last solve says that
        # (last_shift + H) u was its right side.
        _reflect(right_side, source, last_shift + down, solution)
        solution = vertical.solve(right_side, down + 0.5)
        _reflect(right_side, source, down + across, solution)
        solution = _turned(horizontal.solve(_turned(right_side), across + 0.5))
        last_shift = across
    return solution.transpose(1, 0, 2)


def check_images(images: np.ndarray) -> None:
    """Refuses anything but a stack of images.

    Raises:
        InputError: The images are not (N, H, W).
    """
    if images.ndim != 3:
        raise InputError(
            f"WLS smooths (N, H, W) images; found the shape {images.shape}"
        )


def _reflect(
    right_side: np.ndarray,
    source: np.ndarray,
    shift: float,
    solution: np.ndarray,
) -> None:
    """right_side = source + shift * solution - right_side, in two passes."""
    flat = (len(source), -1)
    moved = cv2.scaleAdd(solution.reshape(flat), shift, source.reshape(flat))
    np.subtract(moved.reshape(source.shape), right_side, out=right_side)


def _turned(lines: np.ndarray) -> np.ndarray:
    """(H, N, W) to contiguous (W, N, H) and back."""
    turned = np.empty(lines.shape[::-1], lines.dtype)
    for place in range(lines.shape[1]):
        turned[:, place] = cv2.transpose(lines[:, place])
    return turned


def edge_weights(lines: np.ndarray, alpha: float, epsilon: float) -> np.ndarray:
    """Returns the weights between neighbours along the first axis.

    Args:
        lines: (K, ...) in [0, 1].
        alpha: Sensitivity to gradients.
        epsilon: Keeps logarithm and division finite.

    Returns:
        (K - 1, ...), of the same type.
    """
    log = cv2.log(lines.reshape(len(lines), -1) + lines.dtype.type(epsilon))
    if len(log) < 2:
        return np.empty_like(lines[1:])
    weights = cv2.absdiff(log[1:], log[:-1])
    # A quarter of the time of NumPy's power, but not for powers that are too
    # small for a normal float32.
    cv2.max(weights, 1e-36 ** (1 / alpha), dst=weights)
    cv2.pow(weights, alpha, dst=weights)
    weights += epsilon
    np.reciprocal(weights, out=weights)
    return weights.reshape(-1, *lines.shape[1:])


class _Lines:
    """Systems (scale I + L) u = values along the first axis, one per line.

    All lines are solved at once by the Thomas algorithm, each of whose steps
    takes one row of all lines. Its pivot scale + w[i-1] + w[i]
    - w[i-1]^2 / pivot[i-1] is kept as a sum of positive terms, `rest` + w[i],
    because the difference costs float32 most of its digits where weights are
    1e4: w - w^2 / pivot = rest * w / pivot.

    Args:
        weights: (K - 1, ...) float32, of the edges between neighbours;
            changed.
        strength: Factor on the weights in L.
    """

    def __init__(self, weights: np.ndarray, strength: float):
        rows, lines = len(weights) + 1, math.prod(weights.shape[1:])
        self._shape = (rows, *weights.shape[1:])
        weights = weights.reshape(rows - 1, lines)
        weights *= np.float32(strength)
        # No neighbour follows the last row.
        self._weights = [*weights, np.zeros(lines, np.float32)]
        self._couplings = np.empty((rows, lines), np.float32)
        # Kept: new memory is slower than the sums that go into it.
        self._solution = np.empty_like(self._couplings)

    def solve(self, values: np.ndarray, scale: float) -> np.ndarray:
        """Solves the systems.

        Args:
            values: (K, ...) float32, right sides.
            scale: Above 0.

        Returns:
            (K, ...) float32; the next call overwrites it.
        """
        solution = self._solution
        scales = np.full_like(solution[0], scale)
        rest, right, pivot, product = np.zeros((4, len(scales)), np.float32)
        coupling = rest
        for weight, value, next_coupling, row in zip(
            self._weights,
            values.reshape(solution.shape),
            self._couplings,
            solution,
            strict=True,
        ):
            np.multiply(rest, coupling, out=rest)
            np.add(rest, scales, out=rest)
            np.add(rest, weight, out=pivot)
            np.multiply(right, coupling, out=right)
            np.add(right, value, out=right)
            np.divide(right, pivot, out=row)
            np.divide(weight, pivot, out=next_coupling)
            coupling = next_coupling
        below = scales * 0
        for coupling, row in zip(
            reversed(self._couplings), reversed(solution), strict=True
        ):
            np.multiply(coupling, below, out=product)
            np.add(row, product, out=row)
            below = row
        return solution.reshape(self._shape)
