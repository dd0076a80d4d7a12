"""The step 'whiten': what is bright in NIR and in color is white [ours].

Snow, clouds and white walls reflect all of the light, leaves the infrared
alone, and dry sand less of either. A network that is not sure whether it sees
snow or a meadow paints a mean of both, cream.
"""

import numpy as np

from nircolor_tf.images import conversions
from nircolor_tf.inference.steps import WHITE_LUMINANCE, WHITE_NIR


def whiten(nir: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Takes the color from what is bright in both images.

    Args:
        nir: (H, W, 1) in [0, 1].
        rgb: (H, W, 3), its colors.

    Returns:
        (H, W, 3); luminance is that of `rgb`.
    """
    gray = conversions.to_gray(rgb)
    share = _ramp(nir, *WHITE_NIR) * _ramp(gray, *WHITE_LUMINANCE)
    return rgb + share * (gray - rgb)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below the one value, 1 above the other, smooth between (Hermite)."""
    part = ((values - low) / (high - low)).clip(0, 1)
    return part**2 * (3 - 2 * part)
