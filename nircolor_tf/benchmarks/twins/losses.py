"""The losses of the twins' steps, see nircolor_tf/losses."""

import math

import numpy as np
import torch
from torch.nn import functional

from nircolor_tf.losses.mixed import K_1, K_2, REACH, SIGMAS
from nircolor_tf.losses.windows import gauss

_LUMA = (0.299, 0.587, 0.114)


def luminance(rgb: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) -> (B, 1, H, W)."""
    weights = torch.tensor(_LUMA, device=rgb.device).view(1, 3, 1, 1)
    return (rgb * weights).sum(1, keepdim=True)


def deceive(logits: torch.Tensor) -> torch.Tensor:
    """What a generator minimises, least squares."""
    return (logits - 1).square().mean()


def tell_apart(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """What a discriminator minimises, least squares."""
    return (real - 1).square().mean() + fake.square().mean()


def zhao_mix(
    prediction: torch.Tensor,
    truth: torch.Tensor,
    value_range: tuple[float, float],
    alpha: float,
) -> torch.Tensor:
    """MS-SSIM and L1, see losses/mixed.py; (B, C, H, W) both."""
    low, high = value_range
    span, middle = high - low, (low + high) / 2
    c_1, c_2 = (K_1 * span) ** 2, (K_2 * span) ** 2
    first, second = prediction - middle, truth - middle
    moments = torch.cat(
        [first, second, first * second, first**2 + second**2], 1
    )
    contrast = 1.0
    for sigma in SIGMAS:
        mean_p, mean_t, product, squares = _blur(moments, sigma).chunk(4, 1)
        covariance = product - mean_p * mean_t
        variances = squares - mean_p**2 - mean_t**2
        contrast = contrast * (2 * covariance + c_2) / (variances + c_2)
    mean_p, mean_t = mean_p + span / 2, mean_t + span / 2
    light = (2 * mean_p * mean_t + c_1) / (mean_p**2 + mean_t**2 + c_1)
    error = _blur((prediction - truth).abs(), SIGMAS[-1])
    return (
        alpha * (1 - (light * contrast).mean())
        + (1 - alpha) * error.mean() / span
    )


def _blur(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """A Gaussian window around every pixel, cut off at the border."""
    reach = min(REACH, math.ceil(6 * sigma))
    profile = gauss(np.arange(-reach, reach + 1), sigma)
    taps = torch.tensor(profile, dtype=image.dtype, device=image.device)
    rows, columns = taps.view(1, 1, -1, 1), taps.view(1, 1, 1, -1)
    inside = torch.ones_like(image[:1, :1])
    for kernel, padding in ((rows, (reach, 0)), (columns, (0, reach))):
        channels = image.shape[1]
        image = functional.conv2d(
            image,
            kernel.expand(channels, -1, -1, -1),
            padding=padding,
            groups=channels,
        )
        inside = functional.conv2d(inside, kernel, padding=padding)
    return image / inside
