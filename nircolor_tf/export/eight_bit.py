"""LiteUNet in a form that 8 bit takes, with the same result in float32.

In 8 bit a tensor has one scale. Where a decoder joins its features, below 10,
with those of the encoder, up to 50, the scale of the larger leaves the smaller
a dozen levels. A convolution of both is the sum of a convolution of each: every
part keeps its own scale. BatchNorm is put into the kernels before.
"""

import contextlib
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from nircolor_tf.networks.lite_unet import LiteUNet


@contextlib.contextmanager
def substituted(model: keras.Model) -> Iterator[None]:
    """A context in which the LiteUNets of a model compute so.

    A graph traced in the context holds the changed kernels as constants.

    Args:
        model: Built, in float32; with all the networks in it.
    """
    # Keras has no public way to the layers of layers.
    networks = [
        layer for layer in model._flatten_layers() if type(layer) is LiteUNet
    ]
    for network in networks:
        network.join = _separate_join(network)
    try:
        yield
    finally:
        for network in networks:
            del network.join


def _separate_join(network: LiteUNet) -> Callable:
    """Returns `LiteUNet.join` as the sum of two convolutions."""
    folded = {id(up): _folded(up) for up in network.ups}

    def join(up, enlarged, skip, training=False):
        del training
        kernel, bias = folded[id(up)]
        *paddings, convolution, _, activation, _ = up.layers
        border, channels = convolution.padding.upper(), enlarged.shape[-1]
        total = bias
        for part, weights in (
            (enlarged, kernel[:, :, :channels]),
            (skip, kernel[:, :, channels:]),
        ):
            padded = part
            for padding in paddings:
                padded = padding(padded)
            total = total + tf.nn.conv2d(padded, weights, 1, border)
        return activation(total)

    return join


def _folded(up: keras.Sequential) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of a convolution and the BatchNorm after it."""
    *_, convolution, norm, _, _ = up.layers
    kernel, gamma, beta, mean, variance = (
        weights.numpy()
        for weights in (
            convolution.kernel,
            *(norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance),
        )
    )
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return kernel * scale, beta - mean * scale
