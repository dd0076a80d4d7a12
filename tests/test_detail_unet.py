"""The shipped network: its size, its norms, what it adds to an image."""

import keras
import numpy as np
import pytest

from nircolor_tf.networks import layers
from nircolor_tf.networks.unet import DetailUNet

# BatchNorm has scale, offset and two statistics; InstanceNorm nothing.
PER_CHANNEL = {"batch": 4, "instance": 0}


def build(**changes):
    network = DetailUNet(
        **{
            "filters": 4,
            "max_filters": 8,
            "levels": 3,
            "dropout": 0.0,
            "from_image": False,
            "norm": "batch",
            "output_channels": 3,
            "activation": "sigmoid",
        }
        | changes
    )
    network(keras.Input((None, None, 1)))
    return network


def derive_parameters(levels, norm):
    """Counts those of 32 channels that double up to 128."""

    def convolution(kernel, inputs, outputs, normed=True):
        extra = PER_CHANNEL[norm] if normed else 1
        return kernel**2 * inputs * outputs + extra * outputs

    all_normed = norm == "batch"
    widths = [1, 32, 64, *[128] * (levels - 2)]
    total = 0
    for level in range(1, levels + 1):
        below, width = widths[level - 1 : level + 1]
        normed = all_normed or level < levels
        total += convolution(4, below, width, normed)
        total += convolution(3, width, width, normed)
    # From the bottom up: what comes from below joins the skip.
    features = 128
    for width in widths[-2:0:-1]:
        total += convolution(3, features + width, width)
        features = width
    return (
        total
        + convolution(3, features + 1, 16, all_normed)
        + convolution(3, 16, 3, normed=False)
    )


@pytest.mark.parametrize(
    ("levels", "norm", "golden"),
    [(6, "batch", 2_621_699), (7, "instance", 3_319_635)],
)
def test_golden_parameter_counts(levels, norm, golden):
    assert derive_parameters(levels, norm) == golden
    network = build(filters=32, max_filters=128, levels=levels, norm=norm)
    assert network.count_params() == golden


def test_instance_norm_leaves_a_bottom_of_one_pixel_alone():
    """One pixel less its mean is 0: the bottom would know nothing."""
    network = build(norm="instance")
    images = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    bottoms = np.asarray(
        keras.Sequential([*network.downs])(images, training=False)
    )
    assert bottoms.shape == (2, 1, 1, 8)
    assert np.abs(bottoms[0] - bottoms[1]).max() > 0.01


def test_brightness_and_contrast_are_left_to_the_finest_level():
    """What InstanceNorm takes from all others; BatchNorm does not."""
    image = np.random.default_rng(0).random((1, 16, 16, 1), np.float32)
    for norm, same in (("instance", True), ("batch", False)):
        down = build(norm=norm).downs[0]
        first, second = (
            np.asarray(down(x, training=False))
            for x in (image, 0.5 * image + 0.2)
        )
        assert np.allclose(first, second, atol=1e-2) == same


def test_untaught_it_gives_gray():
    network = build(from_image=True)
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
