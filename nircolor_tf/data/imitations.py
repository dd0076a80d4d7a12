"""Makes NIR images whose colors nobody knows, from images at hand.

A teacher colors them (`distill.py`); or they form pairs with the photos that
they are made of (`augment.py`). All of it is [ours].
"""

import cv2
import numpy as np

from nircolor_tf.images import conversions

# Of red, green and blue: the channel mix by which photographers imitate
# infrared, in which leaves are bright and skies dark.
INFRARED = np.float32([[-0.4], [1.9], [-0.5]])

# Of a variation: sides as parts of the image's; factors of the difference to
# the mean; the largest gamma, and the inverse of the least.
_SIDES, _CONTRASTS, _GAMMA = (0.55, 1.0), (0.6, 1.4), 1.4


def vary(nir: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns a part of an image, enlarged, mirrored or not, otherwise lit.

    Args:
        nir: (H, W, 1) float32 in [0, 1].
        generator: What is drawn from.

    Returns:
        The same shape and range.
    """
    height, width = nir.shape[:2]
    part = generator.uniform(*_SIDES)
    rows, columns = round(part * height), round(part * width)
    top = generator.integers(height - rows + 1)
    left = generator.integers(width - columns + 1)
    nir = nir[top : top + rows, left : left + columns]
    nir = cv2.resize(nir, (width, height), interpolation=cv2.INTER_CUBIC)
    if generator.random() < 0.5:
        nir = nir[:, ::-1]
    nir = nir.mean() + (nir - nir.mean()) * generator.uniform(*_CONTRASTS)
    return _random_gamma(nir[..., None], generator)


def imitate_nir(rgb: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns what may pass for the NIR image of a color photo.

    Args:
        rgb: (H, W, 3) float32 in [0, 1].
        generator: What is drawn from.

    Returns:
        (H, W, 1) float32 in [0, 1].
    """
    infrared = (rgb @ INFRARED).clip(0, 1)
    share = generator.random()
    return _random_gamma(
        share * infrared + (1 - share) * conversions.to_gray(rgb), generator
    )


def _random_gamma(
    image: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    exponent = _GAMMA ** generator.uniform(-1, 1)
    return (image.clip(0, 1) ** exponent).astype(np.float32)
