"""LiteUNet for 8 bit: the same in float32, and less lost in 8."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from nircolor_tf.export import eight_bit, signatures, tflite
from nircolor_tf.networks.lite_unet import LiteUNet


@pytest.fixture(scope="module")
def network():
    """Its encoder's features are ten times as large as its decoder's."""
    keras.utils.set_random_seed(0)
    network = LiteUNet(
        version=0,
        encoder_rate=0.5,
        pretrained=False,
        filters=(8, 8, 8, 8, 8),
        dropout=0.1,
        from_image=True,
        output_channels=3,
        activation="sigmoid",
    )
    network(keras.Input((None, None, 1)))
    generator = np.random.default_rng(0)
    for up, size in zip(network.ups, (0.1, 0.1, 0.1, 0.1, 1), strict=True):
        *_, norm, _, _ = up.layers
        gamma, beta, mean, variance = norm.get_weights()
        norm.set_weights(
            [
                size * generator.uniform(0.5, 1.5, gamma.shape),
                size * generator.normal(0, 0.3, beta.shape),
                generator.normal(0, 0.3, mean.shape),
                generator.uniform(0.5, 2, variance.shape),
            ]
        )
    for up in network.ups[1:]:
        *_, convolution, _, _, _ = up.layers
        (kernel,) = convolution.get_weights()
        kernel[:, :, :8] *= 10
        convolution.set_weights([kernel])
    return network


def images(count=12, side=64):
    generator = np.random.default_rng(1)
    small = generator.random((count, 8, 8, 1), np.float32)
    return tf.image.resize(small, (side, side), "bicubic").numpy().clip(0, 1)


def traced(network):
    spec = tf.TensorSpec((None, 64, 64, 1))
    return tf.function(network).get_concrete_function(spec)


def test_it_computes_the_same(network):
    batch = images()
    expected = network(batch).numpy()
    before = traced(network)
    with eight_bit.substituted(network):
        within = traced(network)
    np.testing.assert_allclose(network(batch).numpy(), expected, atol=0)
    np.testing.assert_allclose(
        within(tf.constant(batch)).numpy(), expected, atol=1e-5
    )
    convolutions = [
        sum(node.type == "Conv2D" for node in graph.graph.get_operations())
        for graph in (before, within)
    ]
    assert convolutions[1] - convolutions[0] == 5


@pytest.mark.slow  # two files of 8 bit are written
def test_each_part_of_a_join_keeps_its_scale(network, tmp_path):
    batch = images()
    expected = network(batch).numpy()
    errors = []
    for context in (eight_bit.substituted, contextlib.nullcontext):
        folder = tmp_path / context.__name__
        with context(network):
            function = signatures.trace(
                lambda nir: {"rgb": network(nir)},
                tf.TensorSpec((1, 64, 64, 1), tf.float32, "nir"),
            )
            signatures.write({signatures.DEFAULT: function}, str(folder))
        inputs = [{"nir": image[None]} for image in batch]
        file = folder / "model.tflite"
        file.write_bytes(tflite._convert(str(folder), "int8", inputs))
        predict = tflite.LitertModel(file, 1).predict
        results = np.concatenate([predict(image[None]) for image in batch])
        errors.append(np.mean((results - expected) ** 2))
    assert errors[0] < errors[1] / 2
