"""Checkerboards: what repeats every 2, 4 or 8 pixels and was not in NIR.

A network that enlarges its features treats the pixels of a cell unequally; on
smooth images the cells show as a grid. Transposed convolutions do so whose
stride does not divide the kernel: A. Odena, V. Dumoulin, C. Olah:
Deconvolution and Checkerboard Artifacts, Distill, 2016.
"""

import cv2
import keras
import numpy as np
import pytest

from nircolor_tf.inference import models
from nircolor_tf.networks.unet import DetailUNet

# Pixels; periods of 2 and 4 repeat after 8, too.
PERIOD, BLOCK = 8, 32

# Of 8 bit: what rounding may do itself.
HALF_A_LEVEL = 0.5


def grid(image):
    """How strong the strongest grid is, in 8-bit levels.

    A moving average over one period holds nothing of a grid; taken away twice,
    it takes polynomials up to the third degree along. What is left is averaged
    in blocks over pixels at the same place of a cell of 8x8 pixels. The result
    is the RMS of such a cell, of the worst channel and block; a block's width
    at the borders of the image, which have flaws of their own, is left out.

    Args:
        image: (H, W, C) in [0, 1].
    """
    taps = np.array([0.5, *[1] * (PERIOD - 1), 0.5]) / PERIOD
    rest = 255 * np.float64(image)
    for _ in range(2):
        rest -= cv2.sepFilter2D(rest, -1, taps, taps).reshape(rest.shape)
    rest = rest[BLOCK:-BLOCK, BLOCK:-BLOCK]
    rows, columns = (side // BLOCK for side in rest.shape[:2])
    cells = rest.reshape(
        rows, BLOCK // PERIOD, PERIOD, columns, BLOCK // PERIOD, PERIOD, -1
    ).mean(axis=(1, 4))
    return np.sqrt(np.square(cells).mean(axis=(1, 3))).max()


def smooth_images(width=256):
    """NIR images that show nothing fine, (256, width, 1) in [0, 1]."""
    rows, columns = np.mgrid[:256, :width]
    ramp = (rows / 255 + columns / (width - 1)) / 2
    blobs = np.random.default_rng(0).random((256, width))
    blobs = cv2.GaussianBlur(blobs, (0, 0), 16)
    images = {
        "flat": np.full((256, width), 0.5),
        "ramp": ramp,
        "blobs": (blobs - blobs.min()) / np.ptp(blobs),
    }
    return {name: np.float32(i)[..., None] for name, i in images.items()}


def grids(colorize, width=256):
    """{image: grid} of what a model makes of the smooth images."""
    images = smooth_images(width)
    return {name: grid(colorize(image)) for name, image in images.items()}


def untrained(network):
    """A network as a function of one image."""
    return lambda image: np.array(network(image[None], training=False))[0]


@pytest.mark.parametrize("name", smooth_images())
def test_smooth_images_have_none(name):
    assert grid(smooth_images()[name]) < 0.05


@pytest.mark.parametrize(
    "pattern",
    [
        [[1, -1], [-1, 1]],
        [[1], [-1]],
        [[1, 1, -1, -1]],
        [[1] * 4 + [-1] * 4] * 4 + [[-1] * 4 + [1] * 4] * 4,
    ],
    ids=["checkerboard", "rows", "columns of 4", "checkerboard of 8"],
)
def test_a_grid_is_seen_with_its_amplitude(pattern):
    image = smooth_images()["blobs"].astype(np.float64)
    pattern = np.array(pattern)
    repeats = [256 // side for side in pattern.shape]
    levels = HALF_A_LEVEL * np.tile(pattern, repeats)[..., None]
    assert grid(image + levels / 255) == pytest.approx(HALF_A_LEVEL, rel=0.05)
    # In one corner of the image only.
    levels[:, 64:], levels[64:] = 0, 0
    assert grid(image + levels / 255) == pytest.approx(HALF_A_LEVEL, rel=0.2)


def test_texture_that_is_no_grid_counts_little():
    noise = np.random.default_rng(1).normal(0, 1 / 255, (256, 256, 3))
    # The mean of 16 cells.
    assert grid(0.5 + noise) == pytest.approx(1 / 4, rel=0.3)


@pytest.mark.parametrize(
    ("file", "limit"),
    [
        (None, HALF_A_LEVEL),
        ("model_128x176_dynamic.tflite", HALF_A_LEVEL),
        # Features of 8 bit are rounded alike in every cell.
        ("model_128x176_int8.tflite", 1.5),
    ],
)
def test_the_shipped_model_makes_none(repository, file, limit):
    folder = repository / "saved_models" / "default"
    # At 128 px they are as wide as the files of one size.
    found = grids(models.load_export(folder, file=file), 2 * 176)
    assert max(found.values()) < limit


@pytest.mark.parametrize("seed", [0, 1])
def test_bilinear_enlarging_makes_none_and_transposed_convolutions_do(seed):
    keras.utils.set_random_seed(seed)
    network = DetailUNet(
        filters=8,
        max_filters=32,
        levels=5,
        dropout=0.0,
        from_image=False,
        output_channels=3,
        activation="sigmoid",
    )
    assert max(grids(untrained(network)).values()) < HALF_A_LEVEL
    network.upsample = lambda features: keras.layers.Conv2DTranspose(
        features.shape[-1], 3, 2, padding="same"
    )(features)
    assert min(grids(untrained(network)).values()) > 2 * HALF_A_LEVEL
