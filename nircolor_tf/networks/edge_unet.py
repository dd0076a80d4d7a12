"""A small U-Net for cameras: quantizes to 8 bit and runs in milliseconds."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared


class EdgeUNet(keras.Model):
    """U-Net of convolutions, BatchNorm and ReLU, enlarged by sub-pixels.

    Made for full 8-bit quantization: BatchNorm folds into the convolutions
    (InstanceNorm loses 12 dB and more in 8 bit), ReLU needs no table, and
    every operation has an 8-bit kernel in LiteRT. Most of the computing is
    done at a quarter of the size and below; the image itself joins the
    features again at full size, so that its detail is not lost.

    Departures and choices: all of it [ours]. The sub-pixel convolution
    follows Shi et al., CVPR 2016.

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
                [_conv_bn_relu(width, 3, 2)]
                + ([_conv_bn_relu(width, 3, 1)] if depth else [])
            )
            for depth, width in enumerate(filters)
        ]
        self.dropout = layers.SpatialDropout2D(dropout)
        widths = [detail_filters, *filters[:-1]]
        self.enlarge = [layers.Conv2D(4 * width, 1) for width in widths[::-1]]
        self.ups = [_conv_bn_relu(width, 3, 1) for width in widths[:0:-1]]
        self.head = layers.Conv2D(output_channels, 3, padding="same")
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** len(filters).
        """
        skips = [image]
        for down in self.downs:
            skips.append(down(skips[-1], training=training))
        features = self.dropout(skips.pop(), training=training)
        for enlarge, up in zip(self.enlarge, [*self.ups, None], strict=True):
            features = ops.depth_to_space(enlarge(features), 2)
            features = ops.concatenate([features, skips.pop()], axis=-1)
            if up is not None:
                features = up(features, training=training)
        return self.output_activation(self.head(features))


def _conv_bn_relu(filters: int, kernel: int, strides: int) -> layers.Layer:
    return keras.Sequential(
        [
            layers.Conv2D(
                filters,
                kernel,
                strides,
                padding="same",
                use_bias=False,
                kernel_initializer="he_normal",
            ),
            shared.batch_norm(),
            layers.ReLU(),
        ]
    )
