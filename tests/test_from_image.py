"""A network that says what to change of the image, in logit space."""

import keras
import numpy as np
import pytest

from nircolor_tf.networks import layers
from nircolor_tf.networks.unet import DetailUNet


def test_untaught_it_gives_gray():
    network = DetailUNet(
        filters=4,
        max_filters=8,
        levels=3,
        dropout=0.0,
        from_image=True,
        output_channels=3,
        activation="sigmoid",
    )
    network(keras.Input((None, None, 1)))
    head = network.head.layers[-1]
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    nir = np.random.default_rng(0).random((1, 32, 32, 1), np.float32)
    # What is nearer than 0.02 to black or white is clipped.
    expected = np.repeat(nir.clip(0.02, 0.98), 3, axis=-1)
    np.testing.assert_allclose(network(nir), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "image", "expected"),
    [
        ("sigmoid", 0.75, np.log(3)),
        ("sigmoid", 1.0, np.log(49)),
        ("tanh", 0.5, np.arctanh(0.5)),
        ("tanh", -1.0, -np.arctanh(0.96)),
    ],
)
def test_inverse_activation(name, image, expected):
    inverse = layers.InverseActivation(name)
    result = inverse(np.float32([[image]])).numpy().item()
    assert result == pytest.approx(expected, rel=1e-5)
