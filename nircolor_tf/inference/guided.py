"""The change of a small image, as a function of that image.

Enlarged by itself, the change that a network makes to a shrunk image blurs
over edges: dark sky glows around a roof. In a small window it is close to a
line in the gray values, change = slope gray + offset (guided filter: He, Sun &
Tang, ECCV 2010). Slope and offset vary slowly, so they can be enlarged (He &
Sun, Fast Guided Filter, 2015), and the image at its own size, put into the
line, gives the change with its own edges.

Windows at the edge of the image hold the pixels that there are.
`export/guided_graph.py` does the same in TensorFlow.
"""

import cv2
import numpy as np

from nircolor_tf.inference.steps import GuidedParameters


def fit(
    small: np.ndarray, change: np.ndarray, parameters: GuidedParameters
) -> tuple[np.ndarray, np.ndarray]:
    """Fits a line to the change in every window; each pixel has their mean.

    Args:
        small: (h, w, 1), the gray values.
        change: (h, w, C).
        parameters: Of the windows.

    Returns:
        Slopes and offsets, (h, w, C) each.
    """
    side = 2 * int(parameters.radius) + 1

    def mean(image):
        total = _total(image, side)
        return total / _total(np.ones_like(image), side)

    gray_mean, change_mean = mean(small), mean(change)
    variance = mean(small**2) - gray_mean**2
    covariance = mean(small * change) - gray_mean * change_mean
    slope = covariance / (variance.clip(0) + parameters.epsilon)
    return mean(slope), mean(change_mean - slope * gray_mean)


def _total(image: np.ndarray, side: int) -> np.ndarray:
    """Sums over square windows, nothing beyond the edge: (h, w, C)."""
    result = cv2.boxFilter(
        image,
        cv2.CV_32F,
        (side, side),
        normalize=False,
        borderType=cv2.BORDER_CONSTANT,
    )
    return result.reshape(image.shape)
