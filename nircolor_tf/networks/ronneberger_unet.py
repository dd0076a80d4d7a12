"""Ronneberger's U-Net: the symmetric codec (SCD) of ColorNet's Table 2."""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared


class RonnebergerUNet(keras.Model):
    """Two 3x3 convolutions a level, max-pooling down, up-convolutions.

    Source: Ronneberger, Fischer & Brox, U-Net, MICCAI 2015, Figure 1, with the
    BatchNorm and ReLU of Ma et al., Applied Sciences 2022 (ColorNet), section
    3.1.1, whose 'symmetric codec' it is.

    Departures and choices: the convolutions are padded, so that the output has
    the size of the input and no skip is cropped; convolutions before a
    BatchNorm have no bias. A last activation makes the image.

    Args:
        filters: Channels at full size; 64 in the paper. Every halving doubles
            them.
        levels: Halvings; 4 in the paper.
        output_channels: 3 for rgb.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        levels: int,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2**levels
        widths = [filters * 2**level for level in range(levels + 1)]
        self.downs = [shared.double_conv_bn_relu(width) for width in widths]
        self.pool = layers.MaxPooling2D()
        self.up_convolutions = [
            layers.Conv2DTranspose(
                width, 2, 2, padding="same", kernel_initializer="he_normal"
            )
            for width in widths[-2::-1]
        ]
        self.ups = [
            shared.double_conv_bn_relu(width) for width in widths[-2::-1]
        ]
        self.head = keras.Sequential(
            [
                layers.Conv2D(output_channels, 1),
                shared.output_activation(activation),
            ]
        )

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** levels.
        """
        skips = [self.downs[0](image, training=training)]
        for down in self.downs[1:]:
            skips.append(down(self.pool(skips[-1]), training=training))
        features = skips.pop()
        for enlarge, up in zip(self.up_convolutions, self.ups, strict=True):
            joined = [skips.pop(), enlarge(features)]
            features = up(ops.concatenate(joined, axis=-1), training=training)
        return self.head(features)
