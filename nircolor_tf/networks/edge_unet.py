"""A small U-Net for cameras: quantizes to 8 bit and runs in milliseconds."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers, ops

from nircolor_tf.networks import layers as shared
from nircolor_tf.networks.unet import EDGE_LEVELS

# What the network subtracts from an image in [0, 1], to center it.
_MIDDLE = 0.5

# How much of the pixels i - 1, i, i + 1 is in each of the enlarged pixels
# 2 i - 1, 2 i, 2 i + 1, 2 i + 2.
_BILINEAR = np.array(
    [[0.75, 0.25, 0], [0.25, 0.75, 0], [0, 0.75, 0.25], [0, 0.25, 0.75]],
    np.float32,
)
# The same for the three taps of a convolution at 2 i and of one at 2 i + 1.
_TAPS = np.stack([_BILINEAR[:3], _BILINEAR[1:]])


class EdgeUNet(keras.Model):
    """U-Net of convolutions, BatchNorm and ReLU, enlarged by sub-pixels.

    Made for 8-bit arithmetic: BatchNorm folds into the convolutions, ReLU
    needs no table, and two things are computed in another form than they are
    described, `CenteredConv2D` and `BilinearHead`.
    Most of the computing is done at a quarter of the size and below; the
    image itself joins the features again at full size, so that its detail is
    not lost.

    Departures and choices: all of it [ours]. The sub-pixel convolution
    follows Shi et al., CVPR 2016; the last two steps up are bilinear, because
    sub-pixels left a grid there. The finest levels pad by repeating the edge:
    zeros left a tinted frame of 3 px. Kernels of 4x4 halve around 2 i + 1/2, as
    sub-pixels and bilinear steps enlarge, so that nothing is displaced.

    Args:
        aligned: Whether kernels of 4x4 halve; False only for weights of the
            older form, 3x3, which halves around 2 i or 2 i + 1 and joins
            features that lie up to 16 px beside.
        filters: Channels at 1/2, 1/4, ... of the size.
        detail_filters: Channels at full size.
        dropout: Fraction of channels dropped at the deepest level in
            training.
        output_channels: 3 for rgb.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        aligned: bool,
        filters: Sequence[int],
        detail_filters: int,
        dropout: float,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2 ** len(filters)
        halving = (4 if aligned else 3, 2)
        # The first level is wide and has one convolution only.
        self.downs = [
            keras.Sequential(
                _conv_bn_relu(width, depth, *halving)
                + _conv_bn_relu(width, depth)
                if depth
                else _conv_bn_relu(width, depth, *halving, CenteredConv2D)
            )
            for depth, width in enumerate(filters)
        ]
        self.dropout = layers.SpatialDropout2D(dropout)
        # From the bottom up to half the size.
        depths = range(len(filters) - 2, -1, -1)
        self.enlarge = [
            keras.Sequential(_enlarge(filters[depth], depth))
            for depth in depths
        ]
        self.ups = [
            keras.Sequential(_conv_bn_relu(filters[depth], depth))
            for depth in depths
        ]
        self.head = BilinearHead(detail_filters, output_channels)
        self.pad = shared.MirrorPadding2D(1, "symmetric")
        self.image_head = CenteredConv2D(output_channels, 3, use_bias=False)
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** len(filters).
        """
        skips = [image - _MIDDLE]
        for down in self.downs:
            skips.append(down(skips[-1], training=training))
        features = self.dropout(skips.pop(), training=training)
        for enlarge, up in zip(self.enlarge, self.ups, strict=True):
            features = [enlarge(features), skips.pop()]
            features = ops.concatenate(features, axis=-1)
            features = up(features, training=training)
        # One convolution of both would be the same, but in 8 bit all inputs of
        # a concatenation share one scale, of which the image gets few levels.
        rgb = self.head(features)
        rgb += self.image_head(self.pad(skips.pop()))
        return self.output_activation(rgb)


class SubPixels2D(layers.Layer):
    """Makes four channels one of twice the height and width."""

    def call(self, features):
        """(B, H, W, 4 C) -> (B, 2 H, 2 W, C)."""
        return ops.depth_to_space(features, 2)


class CenteredConv2D(layers.Conv2D):
    """Convolves an image from which its middle value was subtracted.

    The result is that of the image itself. In 8 bit it is not: the weights of
    an edge filter no longer sum to 0, and their error times the brightness of
    the image is added everywhere. Around 0 that is little.
    """

    def call(self, centered):
        """(B, H, W, C) -> as Conv2D; 'valid' padding only."""
        missing = _MIDDLE * ops.sum(self.kernel, axis=(0, 1, 2))
        return super().call(centered) + missing


class BilinearHead(layers.Layer):
    """1x1 convolution, bilinear enlargement, 3x3 convolution.

    All of that is linear, and is computed as one 3x3 convolution before
    depth_to_space. In 8 bit that rounds once in place of six times. The
    edge is repeated, before as after enlarging.

    Args:
        detail_filters: Channels between both convolutions.
        output_channels: 3 for rgb.
    """

    def __init__(self, detail_filters: int, output_channels: int):
        super().__init__()
        self.detail = layers.Conv2D(detail_filters, 1)
        self.convolution = layers.Conv2D(output_channels, 3)

    def build(self, shape):
        """Makes the weights; `shape` is that of the features."""
        self.detail.build(shape)
        self.convolution.build((*shape[:-1], self.detail.filters))

    def call(self, features):
        """(B, H, W, C) -> (B, 2 H, 2 W, output_channels)."""
        last = self.convolution.kernel
        kernel = ops.einsum(
            "pyv,qxw,yxdo,cd->vwcpqo",
            _TAPS,
            _TAPS,
            last,
            self.detail.kernel[0, 0],
        )
        kernel = ops.reshape(kernel, (*kernel.shape[:3], -1))
        bias = self.convolution.bias + ops.einsum(
            "yxdo,d->o", last, self.detail.bias
        )
        result = ops.conv(
            shared.repeat_edge(features), ops.cast(kernel, features.dtype)
        )
        return ops.depth_to_space(result + ops.tile(bias, 4), 2)


def _enlarge(filters: int, depth: int) -> list[layers.Layer]:
    if depth:
        return [layers.Conv2D(4 * filters, 1), SubPixels2D()]
    return [layers.Conv2D(filters, 1), shared.BilinearUpsampling2D()]


def _conv_bn_relu(
    filters: int,
    depth: int,
    kernel: int = 3,
    strides: int = 1,
    convolution: type[layers.Conv2D] = layers.Conv2D,
) -> list[layers.Layer]:
    repeat_edge = depth < EDGE_LEVELS
    return [
        *([shared.MirrorPadding2D(1, "symmetric")] if repeat_edge else []),
        convolution(
            filters,
            kernel,
            strides,
            padding="valid" if repeat_edge else "same",
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        shared.batch_norm(),
        layers.ReLU(),
    ]
