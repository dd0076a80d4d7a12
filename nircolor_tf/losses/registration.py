"""Moves a displaced truth onto its NIR image, before any pixel loss."""

import itertools
import math

import numpy as np
from keras import ops

from nircolor_tf.errors import InputError
from nircolor_tf.losses.colors import luminance
from nircolor_tf.losses.windows import blur

# Noise is no edge; with a wider window small crops were aligned less well.
EDGE_WINDOW = 5
EDGE_SIGMA = 1.0


def align(prediction, truth, nir, shift: int):
    """Moves each truth onto its NIR image, before any pixel loss.

    As for ESA's PROBA-V score (Maertens et al., Astrodynamics 2019) and the
    loss of DeepSUM (Molini et al., IEEE TGRS 2020), each image has a
    displacement of its own, the best of all whole pixels up to `shift`. Those
    two take what comes nearest to the prediction, and so leave the network
    free to displace what it makes. Here the truth is aligned with the input,
    as in Zhang et al., Learning RAW-to-sRGB Mappings with Inaccurately Aligned
    Supervision, ICCV 2021: by edges, which NIR and color share although their
    tones differ.

    Args:
        prediction: (B, H, W, 3), made of `nir`.
        truth: (B, H, W, 3) in the same range, perhaps displaced.
        nir: (B, H, W, 1) in any range.
        shift: Pixels, as `check_shift` takes them.

    Returns:
        The truth, moved; (B, H, W, 3). Where nothing is known, up to `shift`
        pixels wide at the border, it is the prediction, without a gradient:
        what lies there counts as right.

    Raises:
        InputError: The images are too small for `shift`.
    """
    height, width = truth.shape[1:3]
    check_shift(shift, min(height, width))
    displacement = _displacement(nir, luminance(truth), shift)
    rows = (displacement[:, :1] + np.arange(height))[:, :, None, None]
    columns = (displacement[:, 1:] + np.arange(width))[:, None, :, None]
    known = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows = ops.clip(rows, 0, height - 1)
    columns = ops.clip(columns, 0, width - 1)
    truth = ops.take_along_axis(truth, rows, axis=1)
    truth = ops.take_along_axis(truth, columns, axis=2)
    return ops.where(known, truth, ops.stop_gradient(prediction))


def check_shift(shift: int, side: int) -> None:
    """Checks that images of this side can be aligned.

    What is compared has to be larger than what is searched.

    Args:
        shift: config.loss.shift, pixels; 0 aligns nothing.
        side: The shorter side of the images, pixels.

    Raises:
        InputError: `shift` is negative or too large.
    """
    largest = max((side - EDGE_WINDOW - 2) // 4, 0)
    if not 0 <= shift <= largest:
        raise InputError(
            f"config.loss.shift is {shift}; expected 0 to {largest} for "
            f"crops of {side} px"
        )


def _displacement(nir, gray, shift: int):
    """How far the content of `gray` lies below and to the right of NIR's.

    Their edges have the largest covariance there; nircolor_tf.data.shift
    measures whole photos much like this. What has no edges is not moved.

    Returns:
        (B, 2) int32, rows and columns, -shift to shift.
    """
    nir_edges, gray_edges = _edges(nir), _edges(gray)
    height, width = (side - 2 * shift for side in nir_edges.shape[1:3])
    inner = nir_edges[:, shift:, shift:][:, :height, :width]
    inner = inner - ops.mean(inner, axis=(1, 2), keepdims=True)
    # The smallest first: of equals argmax takes the first.
    moves = sorted(
        itertools.product(range(-shift, shift + 1), repeat=2),
        key=lambda move: math.hypot(*move),
    )
    scores = []
    for down, right in moves:
        cut = gray_edges[:, shift + down :, shift + right :]
        cut = cut[:, :height, :width]
        scores.append(ops.mean(inner * cut, axis=(1, 2, 3)))
    best = ops.argmax(ops.stack(scores, axis=-1), axis=-1)
    return ops.take(np.asarray(moves, "int32"), best, axis=0)


def _edges(image):
    """Root of the gradient's magnitude, of (B, H, W, 1), without the border."""
    smooth = blur(image, EDGE_WINDOW, EDGE_SIGMA)
    across = smooth[:, 1:-1, 2:] - smooth[:, 1:-1, :-2]
    down = smooth[:, 2:, 1:-1] - smooth[:, :-2, 1:-1]
    # The root keeps a few hard edges from deciding alone.
    return (ops.square(across) + ops.square(down)) ** 0.25
