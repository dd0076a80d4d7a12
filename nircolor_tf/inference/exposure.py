"""The gain on an image that is too dark.

Networks have learned from well exposed photos. A dark one, of dusk or of a
camera with a short shutter, is brightened before anything else sees it, so
that its colors come out as bright as those of other photos.
`export/image_ops.py` does the same in TensorFlow.
"""

import numpy as np

from nircolor_tf.inference.resizing import Decode
from nircolor_tf.inference.steps import BRIGHT_PERCENT, LARGEST_GAIN, SAMPLES


def brighten(image: np.ndarray, decode: Decode, least_mean: float) -> Decode:
    """Returns how to decode windows of an image, brightened where needed.

    Args:
        image: (H, W, 1).
        decode: For windows of the image.
        least_mean: As of `Steps`.
    """
    gain = find_gain(image, decode, least_mean)
    if gain == 1:
        return decode
    return lambda part: np.minimum(np.float32(gain) * decode(part), 1)


def find_gain(image: np.ndarray, decode: Decode, least_mean: float) -> float:
    """Returns the factor on the gray values of an image, at least 1.

    Args:
        image: (H, W, 1).
        decode: For windows of the image.
        least_mean: As of `Steps`.
    """
    if not least_mean:
        return 1.0
    step = max(1, min(image.shape[:2]) // SAMPLES)
    grays = np.sort(decode(image[::step, ::step]), axis=None)
    bright = float(grays[BRIGHT_PERCENT * (grays.size - 1) // 100])
    mean = float(grays.mean(dtype=np.float64))
    largest = 1 / max(bright, 1 / LARGEST_GAIN)
    return max(1.0, min(least_mean / max(mean, 1e-9), largest))
