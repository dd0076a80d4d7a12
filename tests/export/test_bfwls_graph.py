"""BFWLS as TensorFlow ops against BFWLS in NumPy and OpenCV."""

import dataclasses

import cv2
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import bfwls_graph
from nircolor_tf.inference import bfwls
from nircolor_tf.inference.fusion import COLORNET, BfwlsParameters

STRONG = BfwlsParameters(
    bilateral_diameter=15,
    bilateral_sigma_color=0.02,
    bilateral_sigma_space=1.5,
    wls_lambda=3.0,
    wls_alpha=1.8,
    wls_epsilon=1e-4,
)


def pair(height, width, seed):
    """NIR with flat black and white parts, and color."""
    generator = np.random.default_rng(seed)
    nir = cv2.GaussianBlur(generator.random((height, width)), None, 1)
    nir = np.clip(4 * nir - 1.5, 0, 1)[..., None]
    noise = generator.random((height, width, 3))
    rgb = np.clip(nir * [1, 0.5, 0.7] + 0.2 * noise - 0.1, 0, 1)
    return nir.astype(np.float32), rgb.astype(np.float32)


@pytest.mark.parametrize("parameters", [COLORNET, STRONG])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (4, 3), (37, 50)])
def test_a_batch_is_fused_as_each_image_by_itself(size, parameters):
    pairs = [pair(*size, seed) for seed in (0, 1)]
    nir, rgb = (np.stack(images) for images in zip(*pairs, strict=True))
    fused = tf.function(bfwls_graph.fuse)(nir, rgb, parameters).numpy()
    for index in (0, 1):
        expected = bfwls.fuse(nir[index], rgb[index], parameters)
        np.testing.assert_allclose(fused[index], expected, atol=1e-5)
    if size == (37, 50):
        assert np.abs(fused - rgb).max() > 0.05


def test_the_exact_solver_is_refused():
    exact = dataclasses.replace(STRONG, wls_solver="exact")
    nir, rgb = pair(4, 4, 0)
    with pytest.raises(InputError, match="wls_solver='exact': expected 'sep"):
        bfwls_graph.fuse(nir[None], rgb[None], exact)
