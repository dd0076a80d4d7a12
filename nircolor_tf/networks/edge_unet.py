"""A small U-Net for cameras: quantizes to 8 bit and runs in milliseconds."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared
from nircolor_tf.networks.unet import EDGE_LEVELS


class EdgeUNet(keras.Model):
    """U-Net of convolutions, BatchNorm and ReLU, enlarged by sub-pixels.

    Made for 8-bit weights: BatchNorm folds into the convolutions and ReLU
    needs no table. Full 8-bit arithmetic still costs too much when trained
    (docs/deployment.md).
    Most of the computing is done at a quarter of the size and below; the
    image itself joins the features again at full size, so that its detail is
    not lost.

    Departures and choices: all of it [ours]. The sub-pixel convolution
    follows Shi et al., CVPR 2016; the last step up is bilinear, because
    sub-pixels left a grid there. The finest levels pad by repeating the edge:
    zeros left a tinted frame of 3 px.

    Args:
        filters: Channels at 1/2, 1/4, ... of the size.
        detail_filters: Channels at full size.
        dropout: Fraction of channels dropped at the deepest level in
            training.
        output_channels: 3 for rgb.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    def __init__(
        self,
        *,
        filters: Sequence[int],
        detail_filters: int,
        dropout: float,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2 ** len(filters)
        # The first level is wide and has one convolution only.
        self.downs = [
            keras.Sequential(
                _conv_bn_relu(width, 2, depth)
                + (_conv_bn_relu(width, 1, depth) if depth else [])
            )
            for depth, width in enumerate(filters)
        ]
        self.dropout = layers.SpatialDropout2D(dropout)
        # From the bottom up to half the size.
        depths = range(len(filters) - 2, -1, -1)
        self.enlarge = [layers.Conv2D(4 * filters[d], 1) for d in depths]
        self.ups = [
            keras.Sequential(_conv_bn_relu(filters[depth], 1, depth))
            for depth in depths
        ]
        self.detail = keras.Sequential(
            [layers.Conv2D(detail_filters, 1), shared.BilinearUpsampling2D()]
        )
        self.pad = shared.MirrorPadding2D(1, "symmetric")
        self.head = layers.Conv2D(output_channels, 3)
        self.image_head = layers.Conv2D(output_channels, 3, use_bias=False)
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** len(filters).
        """
        skips = [image]
        for down in self.downs:
            skips.append(down(skips[-1], training=training))
        features = self.dropout(skips.pop(), training=training)
        for enlarge, up in zip(self.enlarge, self.ups, strict=True):
            features = ops.depth_to_space(enlarge(features), 2)
            features = ops.concatenate([features, skips.pop()], axis=-1)
            features = up(features, training=training)
        # One convolution of both would be the same, but in 8 bit all inputs of
        # a concatenation share one scale, of which the image gets few levels.
        rgb = self.head(self.pad(self.detail(features)))
        rgb += self.image_head(self.pad(skips.pop()))
        return self.output_activation(rgb)


def _conv_bn_relu(filters: int, strides: int, depth: int) -> list[layers.Layer]:
    repeat_edge = depth < EDGE_LEVELS
    return [
        *([shared.MirrorPadding2D(1, "symmetric")] if repeat_edge else []),
        layers.Conv2D(
            filters,
            3,
            strides,
            padding="valid" if repeat_edge else "same",
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        shared.batch_norm(),
        layers.ReLU(),
    ]
