"""LinkNet: a ResNet encoder with additive skips and light decoders."""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared
from nircolor_tf.networks.resnet import ResNetEncoder


class DecoderBlock(layers.Layer):
    """1x1 to a quarter, 3x3 transposed, 1x1 to `filters`.

    Source: Chaurasia & Culurciello 2017, Figure 3.
    """

    build = shared.build_when_called

    def __init__(
        self, channels: int, filters: int, strides: int, aligned: bool
    ):
        super().__init__()
        self.body = keras.Sequential(
            [
                shared.conv_bn_relu(channels // 4, 1),
                *_enlarged(channels // 4, strides, aligned),
                shared.conv_bn_relu(filters, 1),
            ]
        )

    def call(self, features, training=False):
        """(B, H, W, channels) -> (B, H strides, W strides, filters)."""
        return self.body(features, training=training)


class LinkNet(keras.Model):
    """LinkNet, an ablation baseline of ColorNet's Table 2.

    Source: Chaurasia & Culurciello, VCIP 2017, Figure 2. Convolutions before
    a BatchNorm have no bias. The last kernel, 2x2 as published, covers pixels
    2 i and 2 i + 1: what it makes lies half a pixel below and to the right,
    unless the convolution before it learns otherwise.

    Args:
        depth: Of the ResNet encoder; 18 in the paper.
        filters: Channels of the first stage; 64 in the paper.
        aligned: Whether a decoder's pixels lie on the encoder's; False only for
            what was trained before they did.
        output_channels: 3 for rgb.
        activation: 'tanh' or 'sigmoid'.
    """

    size_multiple = 32
    build = shared.build_when_called

    def __init__(
        self,
        *,
        depth: int,
        filters: int,
        aligned: bool,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.encoder = ResNetEncoder(
            depth=depth, filters=filters, stem_strides=2
        )
        self.decoders = [
            DecoderBlock(8 * filters, 4 * filters, 2, aligned),
            DecoderBlock(4 * filters, 2 * filters, 2, aligned),
            DecoderBlock(2 * filters, filters, 2, aligned),
            # The first encoder block does not halve, nor does this double.
            DecoderBlock(filters, filters, 1, aligned),
        ]
        self.head = keras.Sequential(
            [
                *_enlarged(filters // 2, 2, aligned),
                shared.conv_bn_relu(filters // 2, 3),
                layers.Conv2DTranspose(output_channels, 2, 2, padding="same"),
                shared.output_activation(activation),
            ]
        )

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels), multiples of 32."""
        _, *skips, features = self.encoder(image, training=training)
        for decoder, skip in zip(
            self.decoders, [*skips[::-1], None], strict=True
        ):
            features = decoder(features, training=training)
            if skip is not None:
                features = ops.add(features, skip)
        return self.head(features, training=training)


def _enlarged(
    filters: int, strides: int, aligned: bool
) -> tuple[layers.Layer, ...]:
    """Transposed 3x3 convolution, BatchNorm, ReLU."""
    options = {"use_bias": False, "kernel_initializer": "he_normal"}
    if strides == 2 and aligned:
        convolution = shared.PaddedConv2DTranspose(filters, **options)
    else:
        convolution = layers.Conv2DTranspose(
            filters, 3, strides, padding="same", **options
        )
    return convolution, shared.batch_norm(), layers.ReLU()
