"""Edge-preserving smoothing by weighted least squares, solved exactly.

The reference for `wls.smooth`: the same system, factorised as a sparse
matrix in float64. It is slow and needs SciPy. The equations and their source
are in `wls.py`.
"""

import numpy as np

from nircolor_tf.errors import InputError
from nircolor_tf.inference import wls


def smooth(
    images: np.ndarray, strength: float, alpha: float, epsilon: float
) -> np.ndarray:
    """Smooths images by sparse factorisation: the reference.

    Args:
        images: (N, H, W) in [0, 1], each smoothed along its own edges.
        strength: Farbman's lambda, >= 0; larger is smoother.
        alpha: Sensitivity to gradients, 1.2 to 2 in Farbman et al.
        epsilon: Keeps logarithm and division finite; 1e-4 in their code.

    Returns:
        (N, H, W) float64 in [0, 1].

    Raises:
        InputError: The images are not three-dimensional, or SciPy is not
            installed.
    """
    wls.check_images(images)
    try:
        from scipy.sparse.linalg import splu  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise InputError(
            "the exact WLS solver needs SciPy: pip install scipy, or choose "
            "the separable solver"
        ) from error

    def solve(image):
        # Symmetric positive definite, so without pivoting.
        factors = splu(
            _system(image, strength, alpha, epsilon).tocsc(),
            permc_spec="MMD_AT_PLUS_A",
            diag_pivot_thresh=0.0,
            options={"SymmetricMode": True},
        )
        return factors.solve(image.ravel()).reshape(image.shape)

    return np.stack([solve(image) for image in images.astype(np.float64)])


def _system(image, strength, alpha, epsilon):
    """I + lambda L of an image, as a sparse array (Farbman et al., eq. 5)."""
    from scipy import sparse  # noqa: PLC0415 - an extra

    nodes = np.arange(image.size).reshape(image.shape)
    first = np.concatenate([nodes[:-1].ravel(), nodes.T[:-1].ravel()])
    second = np.concatenate([nodes[1:].ravel(), nodes.T[1:].ravel()])
    weights = np.concatenate(
        [
            wls.edge_weights(image, alpha, epsilon).ravel(),
            wls.edge_weights(image.T, alpha, epsilon).ravel(),
        ]
    )
    edges = sparse.coo_array(
        (-strength * weights, (first, second)), (image.size, image.size)
    )
    edges = edges + edges.T
    return edges + sparse.diags_array(1 - edges.sum(axis=1))
