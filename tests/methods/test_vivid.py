"""Vivid: golden numbers, and what its game sees and changes.

The contract that every method keeps is in test_methods.py.
"""

import contract
import numpy as np
import pytest
import smoke
import tensorflow as tf
from keras import ops

from nircolor_tf import losses
from nircolor_tf.training import build


def conv(inputs, outputs):
    """A k4 convolution with a bias."""
    return 16 * inputs * outputs + outputs


def test_golden_parameter_counts():
    method = build.make_method(smoke.load_config("vivid", ""))
    default = build.make_method(smoke.load_config("default", ""))
    # NIR and three channels of color; 32 filters, spectral norms' vectors.
    judge = sum(
        conv(inputs, outputs)
        for inputs, outputs in ((4, 32), (32, 64), (64, 128), (128, 256))
    )
    expected = judge + conv(256, 1) + 64 + 128 + 256
    assert method.color_discriminator.count_params() == expected
    assert method.colorizer.count_params() == default.colorizer.count_params()


@pytest.fixture(scope="module")
def method():
    return contract.shared_method("vivid", "smoke")


@pytest.fixture
def batch(method):
    return contract.make_batch(method, ("paired",))


def test_losses_by_hand(method, batch):
    totals, scalars = method.train_losses(batch)
    weights = method.config.loss
    pixel = sum(
        weights[term] * scalars[f"colorizer/{term}"]
        for term in ("l1", "l2", "chroma", "mix")
    )
    np.testing.assert_allclose(
        totals["colorizer_optimizer"],
        pixel + weights.gan * scalars["colorizer/gan"],
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        totals["color_discriminator_optimizer"],
        scalars["color_discriminator/gan"],
        rtol=1e-6,
    )
    # Least squares: (D(fake) - 1)^2, of a discriminator that sees no gray.
    rgb = batch["rgb"]
    chroma = method.config.gan.chroma_gain * (rgb - losses.luminance(rgb))
    logits = method.color_discriminator(
        ops.concatenate([batch["nir"], chroma], axis=-1)
    )
    # Its norms were estimated once more in `train_losses`, before this.
    np.testing.assert_allclose(
        scalars["color_discriminator/real_logits"], ops.mean(logits), rtol=1e-4
    )


def test_the_game_changes_no_luminance(method, batch):
    rgb = tf.Variable(batch["rgb"])
    with tf.GradientTape() as tape:
        images = method._discriminator_input(batch["nir"], rgb)
        logits = method.color_discriminator(images, training=False)
        loss = method.gan.generator(logits)
    gradient = tape.gradient(loss, rgb).numpy()
    assert np.abs(gradient).max() > 0
    # A gray that is added to every pixel is a step that costs nothing.
    np.testing.assert_allclose(gradient.sum(-1), 0, atol=1e-9)
