"""Gaussian windows, as SSIM and edges are seen through."""

import math

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


def blur_within(image, sigma: float, reach: int):
    """A Gaussian window around every pixel, cut off at the image's border.

    What is left of a window there sums to 1 again.

    Args:
        image: (B, H, W, C) with H and W known.
        sigma: Of the Gaussian, px.
        reach: Pixels to each side of the window's center.

    Returns:
        (B, H, W, C).
    """
    # Beyond six sigma float32 holds nothing of it.
    reach = min(reach, math.ceil(6 * sigma))
    profile = gauss(np.arange(-reach, reach + 1), sigma)
    height, width, channels = image.shape[1:]
    inside = np.outer(_inside(height, profile), _inside(width, profile))
    for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
        kernel = np.tile(profile.reshape(shape), (1, 1, channels, 1))
        image = ops.depthwise_conv(
            image, kernel.astype("float32"), padding="same"
        )
    return image / inside[None, :, :, None].astype("float32")


def _inside(size: int, profile: np.ndarray) -> np.ndarray:
    """How much of the window around each of `size` pixels lies on them."""
    reach = len(profile) // 2
    return np.convolve(np.ones(size), profile)[reach : reach + size]


def gauss(offsets: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian at these offsets, in pixels; sums to 1."""
    values = np.exp(-(offsets**2) / (2 * sigma**2))
    return values / values.sum()
