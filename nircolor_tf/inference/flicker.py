"""Flicker of colorized videos: its reduction, and a number for it.

A model that sees one frame at a time gives the same thing another color when
the noise or the exposure changes. `Smoother` evens that out:

    smoother = Smoother(0.8)
    for nir in frames:
        rgb = smoother(colorizer(nir), nir)

It is blind to how the colors were made, as Bonneel et al., "Blind video
temporal consistency" (ACM Transactions on Graphics 34(6), 2015), and like
theirs takes the coarse image from the frames before, moved along with the
things in it, and the fine detail from the frame itself. Fine detail cannot
leave a ghost.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from nircolor_tf.inference import resizing

# Strength that the commands and the page take.
SMOOTHING = 0.8

# The shorter side of the coarse image, pixels.
_SIDE = 128

# NIR, relative to the frame's mean, differs by this between two things rather
# than between two frames of one thing. The frame before then counts 1/e.
_DIFFERENCE = 0.06

# Where less of the frame before fits, it is a cut, and nothing is carried over.
_LEAST_FIT = 0.5

# OpenCV finds the motion in images from this shorter side on, pixels. In lower
# ones that are wide it reads beyond the image, which ends the process.
_LEAST_FLOW_SIDE = 32

# `flicker` looks at this shorter side, so that the sensor's noise averages
# out, and where NIR, relative to the frame's mean, changes by no more.
_FLICKER_SIDE = 64
_STILL = 0.04


class _Coarse(NamedTuple):
    """A frame, shrunk.

    Attributes:
        nir: (h, w) float32, 1 on average: the camera's exposure may change.
        color: (h, w, C) float32 in [0, 1], evened out.
    """

    nir: np.ndarray
    color: np.ndarray


class Smoother:
    """Evens out the coarse color and brightness of a video, frame by frame.

    Each pixel is mixed with its place in the frame before, which optical flow
    on NIR finds; the worse NIR fits, the smaller the share of the frame before.
    At a cut it starts anew.

    Args:
        smoothing: Share of the frames before, in [0, 1); 0 changes nothing.
            Half of a lasting change is there after log(1/2) / log(smoothing)
            frames: 3 at 0.8.
    """

    def __init__(self, smoothing: float):
        self._smoothing = smoothing
        self._before: _Coarse | None = None
        self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def __call__(self, frame: np.ndarray, nir: np.ndarray) -> np.ndarray:
        """Returns the next frame, evened out.

        Args:
            frame: Colorized, (H, W, C) float32 in [0, 1]; all of one size.
            nir: The NIR image of the frame, (H, W, 1) float32 in [0, 1].

        Returns:
            (H, W, C) float32 in [0, 1].
        """
        if self._smoothing == 0:
            return frame
        height, width = frame.shape[:2]
        coarse = _Coarse(
            _relative(nir, _SIDE), resizing.shrink_to_side(frame, _SIDE)
        )
        color = coarse.color
        if self._before is not None:
            before = self._moved(self._before, coarse.nir)
            change = (coarse.nir - before.nir) / _DIFFERENCE
            fit = np.exp(-(change**2))
            if fit.mean() >= _LEAST_FIT:
                share = self._smoothing * fit[..., None]
                color = color + share * (before.color - color)
        self._before = _Coarse(coarse.nir, color)
        correction = cv2.resize(color - coarse.color, (width, height))
        return (frame + correction.reshape(frame.shape)).clip(0, 1)

    def _moved(self, before: _Coarse, nir: np.ndarray) -> _Coarse:
        """Moves the frame before to where its things are now."""
        height, width = nir.shape
        if min(height, width) < _LEAST_FLOW_SIDE:
            return before
        flow = self._flow.calc(_levels(nir), _levels(before.nir), None)
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        there = np.dstack([columns, rows]).astype(np.float32) + flow

        def moved(image):
            return cv2.remap(
                image,
                there,
                None,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            ).reshape(image.shape)

        return _Coarse(moved(before.nir), moved(before.color))


def flicker(frames: Sequence[np.ndarray], nirs: Sequence[np.ndarray]) -> float:
    """How much color and brightness change where the scene does not.

    The mean absolute difference between a pixel and the same pixel in the
    frame before, over all channels, frames and pixels whose NIR, relative to
    the frame's mean, stayed the same within 4 %. Frames are shrunk to a
    shorter side of 64 pixels before, so that sensor noise, which is no
    flicker, averages out. It is the warping error of Lai et al., "Learning
    blind video temporal consistency" (ECCV 2018), without warping: moving
    pixels are left out, so that no optical flow is judged along with the
    colors.

    Args:
        frames: (H, W, C) float32 in [0, 1], in order, at least two.
        nirs: (H, W, 1) float32 in [0, 1], the NIR image of each frame.

    Returns:
        In [0, 1]; 0 is none. Times 255 it is in 8-bit levels.

    Raises:
        ValueError: Fewer than two frames, not as many of both, or no pixel
            that stayed the same.
    """
    if len(frames) < 2 or len(frames) != len(nirs):
        raise ValueError(
            "expected at least two frames and as many of NIR, got "
            f"{len(frames)} and {len(nirs)}"
        )
    colors = np.stack(
        [resizing.shrink_to_side(frame, _FLICKER_SIDE) for frame in frames]
    )
    relative = np.stack([_relative(nir, _FLICKER_SIDE) for nir in nirs])
    still = np.abs(np.diff(relative, axis=0)) <= _STILL
    if not still.any():
        raise ValueError("the NIR of every pixel changes in every frame")
    return float(np.abs(np.diff(colors, axis=0))[still].mean())


def _relative(nir: np.ndarray, side: int) -> np.ndarray:
    """Shrinks NIR and divides it by its mean: (h, w)."""
    small = resizing.shrink_to_side(nir, side)[..., 0]
    return small / max(small.mean(), np.finfo(np.float32).tiny)


def _levels(nir: np.ndarray) -> np.ndarray:
    """8-bit levels for OpenCV's flow, the mean in the middle of them."""
    return (nir * 127.5).clip(0, 255).astype(np.uint8)
