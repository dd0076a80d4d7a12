"""UNet256: the symmetric codec with skip connections."""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared


class UNet256(keras.Model):
    """The plain U-Net of ATCycleGAN's baseline and ColorNet's SCD.

    Every level is one k4 s2 convolution down and one transposed convolution
    up; eight levels take 256x256 to 1x1. Encoder: LeakyReLU(0.2) ->
    convolution -> norm, the first a plain convolution and the innermost
    without norm. Decoder: ReLU -> transposed convolution -> norm.

    Source: Isola et al., pix2pix, CVPR 2017, appendix 6.1, as used by Yang &
    Chen, VCIP 2020, section II.

    Args:
        filters: Channels of the first level; 64 in the paper. They double up
            to eight times that.
        levels: Halvings; 8 in the paper.
        norm: 'instance' (the paper) or 'batch'.
        output_channels: 3 for rgb, 1 for nir.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    def __init__(
        self,
        *,
        filters: int,
        levels: int,
        norm: str,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2**levels
        widths = [filters * min(2**level, 8) for level in range(levels)]
        make_norm = shared.NORMS[norm]
        self.downs = [
            layers.Conv2D(
                width, 4, 2, padding="same", kernel_initializer=_init()
            )
            for width in widths
        ]
        self.down_norms = [make_norm() for _ in widths[1:-1]]
        self.ups = [
            layers.Conv2DTranspose(
                width, 4, 2, padding="same", kernel_initializer=_init()
            )
            for width in (*widths[-2::-1], output_channels)
        ]
        self.up_norms = [make_norm() for _ in widths[1:]]
        self.leaky_relu = shared.leaky_relu()
        self.relu = layers.ReLU()
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** levels.
        """
        features = self.downs[0](image)
        skips = [features]
        for level, down in enumerate(self.downs[1:]):
            features = down(self.leaky_relu(features))
            if level < len(self.down_norms):
                features = self.down_norms[level](features, training=training)
            skips.append(features)
        features = skips.pop()
        for up, norm in zip(self.ups[:-1], self.up_norms, strict=True):
            features = norm(up(self.relu(features)), training=training)
            features = ops.concatenate([skips.pop(), features], axis=-1)
        return self.output_activation(self.ups[-1](self.relu(features)))


def _init() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
