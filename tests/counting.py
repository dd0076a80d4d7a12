"""Counts the multiply-accumulates of a network from what passes through it."""

import contextlib
import math
from unittest import mock

import keras
import numpy as np
from keras import layers


def count_macs(network: keras.Model, image_shape: tuple[int, ...]) -> int:
    """Runs a network once and adds up its convolutions, however nested.

    A convolution applies its kernel once for each output pixel, a transposed
    one once for each input pixel; padding counts as if it were data. Biases,
    norms, activations and fixed interpolations are not multiply-accumulates
    of learned weights and count nothing.

    Args:
        network: With convolutions and transposed convolutions only;
            depthwise, separable and dense layers are not counted.
        image_shape: (H, W, C).

    Returns:
        Multiply-accumulates for one image.
    """
    counts = []

    def hook(layer_class, pixels_of):
        call = layer_class.call

        def counting(layer, inputs):
            outputs = call(layer, inputs)
            pixels = math.prod(pixels_of(inputs, outputs).shape[1:3])
            counts.append(pixels * math.prod(layer.kernel.shape))
            return outputs

        return mock.patch.object(layer_class, "call", counting)

    # Built first: building may call layers too.
    network(keras.Input(image_shape))
    with contextlib.ExitStack() as stack:
        for layer_class, pixels_of in (
            (layers.Conv2D, lambda inputs, outputs: outputs),
            (layers.Conv2DTranspose, lambda inputs, outputs: inputs),
        ):
            stack.enter_context(hook(layer_class, pixels_of))
        network(np.zeros((1, *image_shape), np.float32))
    return sum(counts)
