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

from itertools import pairwise

import numpy as np

from nircolor_tf.errors import InputError

# Rising from 1/2, the value that reproduces constant images exactly: the
# small shifts carry information far, the large ones remove the streaks that
# the 1-D solves leave. Twice as many sweeps would gain 1 to 4 dB.
SHIFTS = np.geomspace(0.5, 10, 4, dtype=np.float32)


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
    to it. With V = I/2 + strength L_v, H = I/2 + strength L_h, one sweep is

        (shift + V) u' = g + (shift - H) u
        (shift + H) u  = g + (shift - V) u'.

    Args:
        images: (N, H, W) in [0, 1], each smoothed along its own edges.
        strength: Farbman's lambda, >= 0; larger is smoother.
        alpha: Sensitivity to gradients, 1.2 to 2 in Farbman et al.
        epsilon: Keeps logarithm and division finite; 1e-4 in their code.

    Returns:
        (N, H, W) float32. PSNR to `wls_exact`, worst and median of 31
        photos, alpha 1.2: 54 and 61 dB at a strength of 0.3, 48 and 55 dB at
        1, 43 and 50 dB at 3, 40 and 46 dB at 10.

    Raises:
        InputError: The images are not three-dimensional.
    """
    check_images(images)
    # The solver walks along the first axis, so that each of its steps works
    # on contiguous memory: image rows here, image columns below.
    source = np.ascontiguousarray(images.transpose(1, 0, 2), np.float32)
    vertical = strength * edge_weights(source, alpha, epsilon)
    horizontal = strength * edge_weights(_turned(source), alpha, epsilon)
    solution = right_side = np.zeros_like(source)
    for last_shift, shift in pairwise([np.float32(0), *SHIFTS]):
        scale = shift + np.float32(0.5)
        # (shift - H) u without multiplying by H: the last solve says that
        # (last_shift + H) u was its right side.
        right_side = source + (last_shift + shift) * solution - right_side
        solution = _solve_lines(right_side / scale, vertical / scale)
        right_side = source + 2 * shift * solution - right_side
        solution = _turned(
            _solve_lines(_turned(right_side) / scale, horizontal / scale)
        )
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


def _turned(lines: np.ndarray) -> np.ndarray:
    """(H, N, W) to contiguous (W, N, H) and back."""
    return np.ascontiguousarray(lines.transpose(2, 1, 0))


def edge_weights(lines: np.ndarray, alpha: float, epsilon: float) -> np.ndarray:
    """Returns the weights between neighbours along the first axis.

    Args:
        lines: (K, ...) in [0, 1].
        alpha: Sensitivity to gradients.
        epsilon: Keeps logarithm and division finite.

    Returns:
        (K - 1, ...), of the same type.
    """
    steps = np.abs(np.diff(np.log(lines + epsilon), axis=0))
    return 1 / (steps**alpha + epsilon)


def _solve_lines(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Solves (I + L) u = values along the first axis, all lines at once.

    The Thomas algorithm. Its pivot 1 + w[i-1] + w[i] - w[i-1]^2 / pivot[i-1]
    is kept as a sum of positive terms, `rest` + w[i], because the difference
    costs float32 most of its digits where weights are 1e4.

    Args:
        values: (K, ...) right sides.
        weights: (K - 1, ...) weights of L between neighbours.

    Returns:
        (K, ...), same type.
    """
    weights = np.concatenate([weights, np.zeros_like(values[:1])])
    solution = np.empty_like(values)
    couplings = np.empty_like(values)
    rest = np.ones_like(values[0])
    product = np.empty_like(rest)
    pivot = rest + weights[0]
    np.divide(values[0], pivot, out=solution[0])
    np.divide(weights[0], pivot, out=couplings[0])
    for i in range(1, len(values)):
        rest /= pivot
        rest *= weights[i - 1]
        rest += 1
        np.add(rest, weights[i], out=pivot)
        np.multiply(weights[i - 1], solution[i - 1], out=product)
        product += values[i]
        np.divide(product, pivot, out=solution[i])
        np.divide(weights[i], pivot, out=couplings[i])
    for i in range(len(values) - 2, -1, -1):
        np.multiply(couplings[i], solution[i + 1], out=product)
        solution[i] += product
    return solution
