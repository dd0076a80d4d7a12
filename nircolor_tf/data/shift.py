"""Measures how far the NIR and the RGB image of a pair are displaced."""

import cv2
import numpy as np

REACH = 8


def measure_shift(nir: np.ndarray, rgb: np.ndarray) -> tuple[int, int]:
    """Measures the translation between the two images of a pair.

    Edges lie at the same places in both bands, whatever their sign, so the
    magnitudes of the gradients are compared: the shift with the highest
    normalized correlation wins.

    Args:
        nir: float32 (H, W, 1) in [0, 1].
        rgb: float32 (H, W, 3) in [0, 1].

    Returns:
        (shift_x, shift_y) in whole pixels within +-REACH: how far the content
        of the NIR lies to the right of, and below, that of the RGB. (0, 0)
        for images without structure or smaller than 5 * REACH.
    """
    if min(nir.shape[:2]) < 5 * REACH:
        return 0, 0
    nir_edges = edges(nir[..., 0])
    rgb_edges = edges(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    inner = nir_edges[REACH:-REACH, REACH:-REACH]
    if inner.std() < 1e-6 or rgb_edges.std() < 1e-6:
        return 0, 0
    scores = cv2.matchTemplate(rgb_edges, inner, cv2.TM_CCOEFF_NORMED)
    y, x = np.unravel_index(np.argmax(scores), scores.shape)
    return int(REACH - x), int(REACH - y)


def edges(image: np.ndarray) -> np.ndarray:
    """Returns what NIR and color share: (H, W) -> (H, W) float32.

    Args:
        image: Gray values, uint8, uint16 or float32.
    """
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0)
    magnitude = cv2.magnitude(
        cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    )
    # The root keeps a few hard edges from deciding alone.
    return np.sqrt(magnitude)
