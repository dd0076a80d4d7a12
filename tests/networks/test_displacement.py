"""No network displaces what it sees, and what it joins lies on each other.

With plain kernels, without norms, the sensitivity of a block of pixels to the
image has its center of gravity where the block is. A decoder that lies
beside its encoder moves it away, and so does what joins a skip beside it.
Maxima are averages here: of equal values TensorFlow takes the first.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_networks import COLORIZERS

from nircolor_tf import networks
from nircolor_tf.networks import layers

MPFNET = {
    "filters": 4,
    "levels": 2,
    "scales": 3,
    "reduction": 16,
    "attention": True,
    "sccm": True,
    "output_channels": 3,
    "activation": "sigmoid",
}
NAMES = (*COLORIZERS, "mpfnet")
# Of the result, px. LinkNet's last kernel, 2x2 as published, covers 2 i and
# 2 i + 1.
KNOWN = {"linknet": -0.5}
TOLERANCE = 0.1


class Joints:
    """keras.ops that keeps what a network concatenates or adds."""

    def __init__(self):
        self.pairs = []

    def __getattr__(self, name):
        return getattr(keras.ops, name)

    def concatenate(self, tensors, axis=0):
        # Four of one shape are the quarters of an enlarged map.
        quarters = len(tensors) == 4 and len({x.shape for x in tensors}) == 1
        if axis == -1 and not quarters:
            self.pairs.append(list(tensors))
        return keras.ops.concatenate(tensors, axis)

    def add(self, first, second):
        self.pairs.append([first, second])
        return keras.ops.add(first, second)


@pytest.fixture
def joints(monkeypatch):
    """What networks join; without norms and maxima."""
    monkeypatch.setattr(layers, "instance_norm", keras.layers.Identity)
    monkeypatch.setitem(layers.NORMS, "instance", keras.layers.Identity)
    averages = keras.layers.AveragePooling2D
    monkeypatch.setattr(
        keras.layers,
        "MaxPooling2D",
        lambda size=2, strides=None: averages(size, strides),
    )
    joints = Joints()
    for name in (
        "acd",
        "cross_scale_unet",
        "linknet",
        "lite_unet",
        "mpfnet",
        "ronneberger_unet",
        "snet",
        "unet",
    ):
        monkeypatch.setattr(getattr(networks, name), "ops", joints)
    return joints


def taps(size, strides):
    """What lets a line through: alone, or as a line of twice the length."""
    if strides == 1:
        return np.eye(1, size, size // 2)[0]
    # Every second of them sums to as much as the others.
    rows = [1.0]
    for _ in range(size - 1):
        rows = np.convolve(rows, [0.5, 0.5])
    return rows


def make_plain(name, **changes):
    """A tiny network whose kernels add nothing of their own."""
    arguments = MPFNET if name == "mpfnet" else COLORIZERS[name]
    network = networks.NETWORKS[name](**arguments | changes)
    network(keras.Input((None, None, 1)))
    for layer in network._flatten_layers():
        if len(getattr(getattr(layer, "kernel", None), "shape", ())) != 4:
            continue
        height, width, *channels = layer.kernel.shape
        kernel = np.outer(
            taps(height, layer.strides[0]), taps(width, layer.strides[1])
        )
        inputs = channels[0]
        if isinstance(layer, keras.layers.Conv2DTranspose):
            inputs = channels[1]
        elif isinstance(layer, keras.layers.DepthwiseConv2D):
            inputs = 1
        kernel = kernel[..., None, None] / inputs
        layer.kernel.assign(np.broadcast_to(kernel, layer.kernel.shape))
        if layer.use_bias:
            layer.bias.assign(0 * layer.bias)
    return network


def center_of_gravity(sensitivity):
    """Of (side, side): (row, column), px from the middle."""
    mass = np.abs(sensitivity)
    assert mass.sum() > 0
    positions = np.arange(len(mass)) - (len(mass) - 1) / 2
    return np.array(
        [(mass.sum(axis=axis) * positions).sum() for axis in (1, 0)]
    ) / (mass.sum())


def middle(features):
    """The sum of the middle fifth of rows and columns.

    It lies in the middle, so that what the edges take away cancels.
    """
    fifth = features.shape[0] // 5
    block = slice(2 * fifth, 3 * fifth)
    return tf.reduce_sum(features[block, block])


def find_centers(network, joints):
    """Where a network sees what it joins, and its result.

    Returns:
        Of each joint, the center of gravity of each of its maps, and that of
        the result.
    """
    # As many equal images as there are maps, so that one gradient tells all.
    count = 1 + sum(map(len, joints.pairs))
    joints.pairs.clear()
    side = 5 * network.size_multiple
    # Little, for a last activation that saturates; but no less than what
    # LiteUNet takes for 0, which its ReLU6 would not pass.
    gray = 0.5 if isinstance(network, networks.LiteUNet) else 0.1
    images = tf.fill((count, side, side, 1), gray)
    with tf.GradientTape() as tape:
        tape.watch(images)
        result = network(images, training=False)
        prediction = result[-1] if isinstance(result, tuple) else result
        maps = [each for pair in joints.pairs for each in pair] + [prediction]
        total = sum(middle(each[index]) for index, each in enumerate(maps))
    gradient = tape.gradient(total, images).numpy()[..., 0]
    centers = map(center_of_gravity, gradient[: len(maps)])
    return [[next(centers) for _ in pair] for pair in joints.pairs], next(
        centers
    )


def largest_gap(of_maps):
    """Between the centers of what is joined, px."""
    return max(
        (
            np.abs(other - first).max()
            for first, *others in of_maps
            for other in others
        ),
        default=0.0,
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_network_displaces_nothing(name, joints):
    of_maps, of_result = find_centers(make_plain(name), joints)
    expected = KNOWN.get(name, 0.0)
    np.testing.assert_allclose(of_result, expected, atol=TOLERANCE)
    assert largest_gap(of_maps) < TOLERANCE


def test_an_older_decoder_is_seen_to_displace(joints):
    """Pixel i lay at 2 i + 1: a pixel at half the size, two at a quarter."""
    _, of_result = find_centers(make_plain("resnet", aligned=False), joints)
    # So a pixel sees what lies so far above and to the left of it.
    np.testing.assert_allclose(of_result, -(1 + 2), atol=TOLERANCE)


def test_every_network_is_tested():
    discriminators = {"dcgan_discriminator", "patch_gan"}
    assert {*NAMES} | discriminators == networks.NETWORKS.keys()
