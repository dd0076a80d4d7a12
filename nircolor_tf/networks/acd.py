"""ColorNet's boxes: the asymmetric codec (ACD) and GLFFNet.

Source: Ma et al., Applied Sciences 2022, Figures 2-5.
"""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared
from nircolor_tf.networks.resnet import ResNetEncoder


class GLFFNet(layers.Layer):
    """Global and local feature fusion (Figure 5).

    The local branch keeps the size; the global branch halves it, so that one
    3x3 convolution sees further. Both give half the channels and are
    concatenated. The paper does not say how the global map gets the local one's
    size: [ours] bilinearly.

    Args:
        channels: Of the encoder's last map; 512 in the paper.
        aligned: As of `ACD`.
    """

    build = shared.build_when_called

    def __init__(self, channels: int, aligned: bool):
        super().__init__()
        self.local_branch = shared.conv_bn_relu(channels // 2, 3)
        self.global_branch = keras.Sequential(
            [
                shared.conv_bn_relu(channels, 3, 2),
                shared.conv_bn_relu(channels // 2, 3),
            ]
        )
        self.upsample = _upsampling(aligned)

    def call(self, features, training=False):
        """(B, H, W, channels) -> the same shape; H and W even."""
        local_map = self.local_branch(features, training=training)
        global_map = self.global_branch(features, training=training)
        return ops.concatenate([local_map, self.upsample(global_map)], axis=-1)


class UpBlock(layers.Layer):
    """Bilinear x2, concatenation with the skip, two 3x3 convolutions.

    Figure 4b; the U-Net decoder block with bilinear up-sampling. [ours] Two
    convolutions, as in Ronneberger et al.; pixel i becomes pixel 2 i, where the
    encoder's strides put it.
    """

    build = shared.build_when_called

    def __init__(self, filters: int, aligned: bool):
        super().__init__()
        self.upsample = _upsampling(aligned)
        self.body = shared.double_conv_bn_relu(filters)

    def call(self, features, skip, training=False):
        """(B, H, W, C), (B, 2 H, 2 W, S) -> (B, 2 H, 2 W, filters)."""
        joined = ops.concatenate([self.upsample(features), skip], axis=-1)
        return self.body(joined, training=training)


class ACD(keras.Model):
    """Residual encoder, optional GLFFNet, U-Net decoder (Figures 2 and 3).

    [ours] The decoder's widths: 4, 2, 1 and 1 times `filters`.

    Args:
        depth: Of the ResNet encoder, 18 or 34.
        filters: Channels of the first stage; 64 in the paper (512 / 8).
        glffnet: Whether GLFFNet stands between encoder and decoder; without
            it this is the ablation 'ACD only'.
        aligned: Whether the decoder's pixels lie on the encoder's; False only
            for what was trained before they did.
        output_channels: 3 for rgb.
        activation: 'tanh' in the paper.
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        depth: int,
        filters: int,
        glffnet: bool,
        aligned: bool,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 32 if glffnet else 16
        self.encoder = ResNetEncoder(
            depth=depth, filters=filters, stem_strides=1
        )
        self.glffnet = GLFFNet(8 * filters, aligned) if glffnet else None
        self.bottleneck = shared.double_conv_bn_relu(8 * filters)
        self.up_blocks = [
            UpBlock(filters * factor, aligned) for factor in (4, 2, 1, 1)
        ]
        self.head = keras.Sequential(
            [
                layers.Conv2D(output_channels, 1),
                shared.output_activation(activation),
            ]
        )

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of `size_multiple`.
        """
        *skips, features = self.encoder(image, training=training)
        if self.glffnet is not None:
            features = self.glffnet(features, training=training)
        features = self.bottleneck(features, training=training)
        for up_block, skip in zip(self.up_blocks, skips[::-1], strict=True):
            features = up_block(features, skip, training=training)
        return self.head(features)


def _upsampling(aligned: bool) -> layers.Layer:
    if aligned:
        return shared.EvenUpsampling2D()
    return shared.BilinearUpsampling2D()
