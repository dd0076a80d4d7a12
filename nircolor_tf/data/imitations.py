"""Makes NIR images whose colors nobody knows, from images at hand.

A teacher colors them (`distill.py`); or they form pairs with the photos that
they are made of (`augment.py`). All of it is [ours].

No camera tells from a color photo what its NIR would be, but pairs tell how
the one goes with the other: leaves are brighter than snow, skies are dark. So
each pair gives a mix, by which its NIR follows from its colors as nearly as it
can, and a photo gets a mix of one of them, by chance.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import cv2
import numpy as np

Pair = TypeVar("Pair")

# A few hundred pairs tell as much as thousands.
_PAIRS = 500
# Pairs are compared at this shorter side, px, where it is no matter that they
# are displaced a little and that leaves have shades.
_SIDE = 64
# How strongly a mix is held to that of all pairs: what it costs to depart from
# it on the colors of all pairs, of what it costs to miss the NIR of its own.
_HOLD = 0.1
# What coefficients of 1 cost, of what it costs to miss the NIR of all pairs.
_RIDGE = 1e-4

# Of a variation: sides as parts of the image's; factors of the difference to
# the mean; the largest gamma, and the inverse of the least.
_SIDES, _CONTRASTS, _GAMMA = (0.55, 1.0), (0.6, 1.4), 1.4
# Rows and columns of the terms of a quadratic form of four.
_UPPER = np.triu_indices(4)


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
    return vary_gamma(nir[..., None], generator)


def choose_some(pairs: Sequence[Pair]) -> list[Pair]:
    """Returns as many as mixes are fitted to, evenly spaced."""
    count = min(len(pairs), _PAIRS)
    return [pairs[i] for i in np.linspace(0, len(pairs) - 1, count, dtype=int)]


def fit_mixes(pairs: Iterable[np.ndarray]) -> np.ndarray:
    """Finds how the NIR of each pair follows from its colors.

    Args:
        pairs: One or more, each (H, W, 4) float32 in [0, 1], NIR before RGB.

    Returns:
        (N, 4, 4) float32, symmetric: each the quadratic form of (1, red, green,
        blue) that comes nearest to the NIR of its pair, and to the form of all
        pairs on the colors of all (ridge regression). Rounded, so that another
        machine's last digits are the same.
    """
    moments = np.array([_moments(pair) for pair in pairs])
    colors, products = moments[..., :-1], moments[..., -1:]
    all_colors = colors.mean(axis=0)
    common = np.linalg.solve(
        all_colors + _RIDGE * np.eye(len(all_colors)), products.mean(axis=0)
    )
    # Of pairs with few colors many mixes are as good: the shortest change.
    own = np.linalg.pinv(colors + _HOLD * all_colors, hermitian=True) @ (
        products - colors @ common
    )
    coefficients = (common + own)[..., 0].round(4)
    mixes = np.zeros((len(coefficients), 4, 4), np.float32)
    left, right = _UPPER
    mixes[:, left, right] += coefficients / 2
    mixes[:, right, left] += coefficients / 2
    return mixes


def imitate_nir(rgb: np.ndarray, mix: np.ndarray) -> np.ndarray:
    """Returns what may pass for the NIR image of a color photo.

    Args:
        rgb: (H, W, 3) float32 in [0, 1].
        mix: (4, 4), one of `fit_mixes`.

    Returns:
        (H, W, 1) float32 in [0, 1].
    """
    terms = _with_one(rgb)
    return ((terms @ mix) * terms).sum(axis=-1, keepdims=True).clip(0, 1)


def vary_gamma(image: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns an image, float32 in [0, 1], otherwise exposed."""
    exponent = _GAMMA ** generator.uniform(-1, 1)
    return (image.clip(0, 1) ** exponent).astype(np.float32)


def _moments(pair: np.ndarray) -> np.ndarray:
    """Of a pair's colors among themselves and with its NIR: (10, 11)."""
    scale = min(1.0, _SIDE / min(pair.shape[:2]))
    small = cv2.resize(pair, None, None, scale, scale, cv2.INTER_AREA)
    terms = _with_one(small[..., 1:].reshape(-1, 3).astype(np.float64))
    left, right = _UPPER
    terms = terms[:, left] * terms[:, right]
    nir = small[..., :1].reshape(-1, 1)
    return terms.T @ np.concatenate([terms, nir], axis=1) / len(nir)


def _with_one(rgb: np.ndarray) -> np.ndarray:
    return np.concatenate([np.ones_like(rgb[..., :1]), rgb], axis=-1)
