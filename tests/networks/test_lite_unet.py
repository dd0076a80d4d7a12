"""LiteUNet: its size, its place, and what it adds to an image."""

import keras
import numpy as np
import pytest
import smoke
import tensorflow as tf

from nircolor_tf.networks import lite_unet, make_network
from nircolor_tf.networks.lite_unet import LiteUNet, enlarge_from_corners


def make_lite(**changes):
    network = LiteUNet(
        **{
            "version": 0,
            "encoder_rate": 0.5,
            "pretrained": False,
            "filters": (8, 8, 4, 4, 4),
            "dropout": 0.0,
            "from_image": True,
            "output_channels": 3,
            "activation": "sigmoid",
        }
        | changes
    )
    network(keras.Input((None, None, 1)))
    return network


def test_golden_parameter_count():
    config = smoke.load_config("default", "").network
    network = make_network(config, "network")
    network(keras.Input((None, None, 1)))
    # Kernels, then scale, offset and two statistics of every norm; of the
    # skips 48, 24 and 16 channels and the image.
    decoder, features = 0, 120
    for skip, width in zip((48, 24, 16, 1), (96, 64, 32, 16), strict=True):
        decoder += 9 * (features + skip) * width + 4 * width
        features = width
    decoder += (9 * 16 + 1) * 3
    assert network.count_params() == 1_148_552 + decoder == 1_391_883


def test_untaught_it_gives_gray():
    network = make_lite()
    head = network.head.layers[-1]
    head.set_weights([np.zeros_like(weight) for weight in head.get_weights()])
    nir = np.random.default_rng(0).random((1, 32, 64, 1), np.float32)
    expected = np.repeat(nir.clip(0.02, 0.98), 3, axis=-1)
    np.testing.assert_allclose(network(nir), expected, atol=1e-6)


def test_what_is_halved_five_times_comes_back_to_its_place():
    # Halved as in the encoder, by boxes that displace nothing of themselves,
    # and enlarged: a ramp stays where it is, but for the edges, which the
    # padding darkens.
    ramp = tf.range(512.0)[None, :, None, None] / 512
    ramp = tf.repeat(ramp, 512, axis=2)
    for image in (ramp, tf.transpose(ramp, (0, 2, 1, 3))):
        features = image
        for kernel in (3, 3, 5, 3, 5):
            box = tf.ones((kernel, kernel, 1, 1)) / kernel**2
            features = tf.nn.conv2d(features, box, 2, "SAME")
        for _ in range(5):
            features = enlarge_from_corners(features)
        pixels = 512 * (features - image).numpy()[0, 224:288, 224:288, 0]
        assert np.abs(pixels).max() < 0.1


def test_enlarging_by_hand():
    features = tf.constant([[2.0, 4.0]])[..., None, None]
    features = tf.transpose(features, (0, 2, 1, 3))
    row = enlarge_from_corners(features).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(row, [[2, 2, 3, 4], [2, 2, 3, 4]])


def test_the_gradient_of_enlarging_is_that_of_its_formula():
    generator = np.random.default_rng(0)
    features = tf.constant(generator.random((2, 3, 4, 2)), tf.float32)
    upstream = tf.constant(generator.random((2, 6, 8, 2)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(features)
        loss = tf.reduce_sum(enlarge_from_corners(features) * upstream)
    gradient = tape.gradient(loss, features).numpy()
    # It is linear: the gradient of a pixel is the response to it.
    for place in np.ndindex(2, 3, 4, 2):
        impulse = np.zeros(features.shape, np.float32)
        impulse[place] = 1
        response = enlarge_from_corners(tf.constant(impulse))
        expected = np.sum(response * upstream)
        assert gradient[place] == pytest.approx(expected, abs=1e-5)


def test_weights_are_loaded_where_it_is_asked_for(monkeypatch):
    loaded = []
    monkeypatch.setattr(
        lite_unet.efficientnet_weights,
        "load",
        lambda encoder, version: loaded.append((encoder, version)),
    )
    make_lite().load_pretrained()
    assert not loaded
    network = make_lite(pretrained=True)
    network.load_pretrained()
    assert loaded == [(network.encoder, 0)]
