"""Transposed convolutions computed as sub-pixel convolutions.

A transposed convolution of stride s whose kernel is m s wide equals an
ordinary m x m convolution to s * s times the channels, followed by
depth_to_space: the same multiplications, in the form that runtimes are fast
at. With many channels it is computed as one matrix product, whose parts are
added. Training keeps the transposed convolution of the papers.

Source: Shi et al., Is the deconvolution layer the same as a convolutional
layer?, 2016, https://arxiv.org/abs/1609.07009
"""

import contextlib
import itertools
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

# In bytes of float32.
LARGE_KERNEL = 4 * 2**20


@contextlib.contextmanager
def substituted(model: keras.Model) -> Iterator[None]:
    """A context in which a model computes sub-pixel convolutions.

    They replace the transposed convolutions with 'same' padding whose stride
    divides the kernel's size; others would multiply by zeros. A graph traced
    in the context reads copies of the kernels, re-ordered once.

    Args:
        model: Built, in float32; with all the networks in it.
    """
    # Keras has no public way to the layers of layers.
    layers = [
        layer for layer in model._flatten_layers() if _is_replaceable(layer)
    ]
    for layer in layers:
        layer.call = _sub_pixel_call(layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def reordered(kernel: np.ndarray, stride: int) -> np.ndarray:
    """Converts the kernel of a transposed convolution to a sub-pixel kernel.

    Args:
        kernel: (m s, m s, C out, C in).
        stride: s.

    Returns:
        (m, m, C in, s s C out).
    """
    width, _, outputs, inputs = kernel.shape
    taps = width // stride
    # Pixel s i of the output sees the input's pixels i, i - 1, ... at the
    # kernel's 0, s, ...: backwards.
    split = kernel.reshape(taps, stride, taps, stride, outputs, inputs)
    split = split[::-1, :, ::-1].transpose(0, 2, 5, 1, 3, 4)
    return split.reshape(taps, taps, inputs, stride * stride * outputs)


def _is_replaceable(layer: keras.Layer) -> bool:
    return (
        type(layer) is keras.layers.Conv2DTranspose
        and layer.padding == "same"
        and layer.data_format == "channels_last"
        and layer.dilation_rate == (1, 1)
        and len({*layer.kernel_size}) == len({*layer.strides}) == 1
        and layer.strides[0] > 1
        and layer.kernel_size[0] % layer.strides[0] == 0
    )


def _sub_pixel_call(layer: keras.layers.Conv2DTranspose) -> Callable:
    stride = layer.strides[0]
    border = layer.kernel_size[0] // stride - 1
    # 'same' cuts this much at the top and the left, and the remainder of the
    # border at the bottom and the right.
    start = stride * border // 2
    stop = start - stride * border or None
    kernel = reordered(layer.kernel.numpy(), stride)
    form = _product if _is_fast_as_product(kernel) else _convolution
    convolve = form(kernel)

    def call(features):
        features = convolve(features)
        features = tf.nn.depth_to_space(features, stride)
        features = features[:, start:stop, start:stop]
        if layer.use_bias:
            features = tf.nn.bias_add(features, layer.bias.value)
        return layer.activation(features)

    return call


def _is_fast_as_product(kernel: np.ndarray) -> bool:
    """Whether oneDNN or LiteRT are faster at it, at no cost in memory.

    Of large kernels they compute a product in half to nine tenths of the time
    of a convolution, and the images are small there. The parts of others take
    more memory than the image does, but for the few channels of a network's
    output.
    """
    taps, _, inputs, outputs = kernel.shape
    return kernel.nbytes >= LARGE_KERNEL or taps**2 * outputs <= inputs


def _convolution(kernel: np.ndarray) -> Callable:
    """Of (B, H, W, C in) and (m, m, C in, C): (B, H + m - 1, W + m - 1, C)."""
    border = len(kernel) - 1
    sides = (border, border)
    variable = tf.Variable(kernel)

    def convolve(features):
        features = tf.pad(features, ((0, 0), sides, sides, (0, 0)))
        return tf.nn.conv2d(features, variable, 1, "VALID")

    return convolve


def _product(kernel: np.ndarray) -> Callable:
    """The same, as the sum of m x m parts of one matrix product."""
    taps, _, inputs, outputs = kernel.shape
    variable = tf.Variable(kernel.transpose(2, 0, 1, 3).reshape(inputs, -1))

    def convolve(features):
        shape = tf.shape(features)
        features = tf.reshape(features, (-1, inputs))
        features = tf.matmul(features, variable)
        size = (shape[0], shape[1], shape[2], taps**2 * outputs)
        features = tf.reshape(features, size)
        parts = tf.split(features, taps**2, axis=-1)
        # The kernel's first row is shifted down the most.
        shifts = [(taps - 1 - shift, shift) for shift in range(taps)]
        sides = itertools.product(shifts, shifts)
        # LiteRT's add_n would be slow.
        return sum(
            tf.pad(part, ((0, 0), rows, columns, (0, 0)))
            for part, (rows, columns) in zip(parts, sides, strict=True)
        )

    return convolve
