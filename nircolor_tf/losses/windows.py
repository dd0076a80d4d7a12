"""Gaussian windows, as SSIM and edges are seen through."""

import numpy as np
from keras import ops


def blur(image, window: int, sigma: float):
    """A Gaussian of window x window pixels, without padding."""
    offsets = np.arange(window) - window // 2
    profile = gauss(offsets, sigma).astype("float32")
    channels = image.shape[-1]
    for shape in ((window, 1, 1, 1), (1, window, 1, 1)):
        kernel = np.tile(profile.reshape(shape), (1, 1, channels, 1))
        image = ops.depthwise_conv(image, kernel, padding="valid")
    return image


def gauss(offsets: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian at these offsets, in pixels; sums to 1."""
    values = np.exp(-(offsets**2) / (2 * sigma**2))
    return values / values.sum()
