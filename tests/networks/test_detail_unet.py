"""DetailUNet: its size, and what it adds to an image in logit space."""

import keras
import numpy as np
import pytest
import smoke

from nircolor_tf.networks import layers, make_network
from nircolor_tf.networks.unet import DetailUNet


def build(**changes):
    network = DetailUNet(
        **{
            "filters": 4,
            "max_filters": 8,
            "levels": 3,
            "dropout": 0.0,
            "from_image": False,
            "output_channels": 3,
            "activation": "sigmoid",
        }
        | changes
    )
    network(keras.Input((None, None, 1)))
    return network


def normed(kernel, inputs, outputs):
    """Convolution without bias, then scale, offset and two statistics."""
    return kernel**2 * inputs * outputs + 4 * outputs


def derive_parameters(deep):
    """Counts those of six levels that double from 32 up to `deep`."""
    widths = [32, 64, 128, deep, deep, deep]
    inputs = [1, *widths[:-1]]
    total = sum(
        normed(4, below, width) + normed(3, width, width)
        for below, width in zip(inputs, widths, strict=True)
    )
    # From the bottom up: what comes from below, the skip, what goes on.
    features = deep
    for width in (deep, deep, 128, 64):
        total += normed(3, features + width, width)
        features = width
    return (
        total
        + normed(3, 64 + 32, 32)
        + normed(3, 32 + 1, 16)
        + (9 * 16 + 1) * 3
    )


@pytest.mark.parametrize(
    ("variant", "deep", "golden"),
    [("", 192, 4_774_147), ("color", 128, 2_621_699)],
)
def test_golden_parameter_counts(variant, deep, golden):
    network = make_network(
        smoke.load_config("landscapes", variant).network, "network"
    )
    network(keras.Input((None, None, 1)))
    assert network.count_params() == derive_parameters(deep) == golden


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_untaught_it_gives_gray(policy):
    keras.config.set_dtype_policy(policy)
    try:
        network = build(from_image=True)
    finally:
        keras.config.set_dtype_policy("float32")
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
