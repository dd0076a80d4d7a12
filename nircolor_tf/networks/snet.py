"""S-Net: a U-Net, then a shallow one that sharpens its edges."""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared


class SNet(keras.Model):
    """Two U-Nets in a row; drawn out, their path has the shape of an S.

    The first colorizes. The second, the paper's assistant network, is a
    shallow encoder-decoder that enhances the edges and improves the output;
    both are trained as one.

    Source: Dong, Kamata & Breckon, Infrared Image Colorization using a
    S-Shape Network, ICIP 2018, by its abstract and by Ma et al., Applied
    Sciences 2022 (ColorNet), section 2.2, whose Table 1 compares with it. No
    more of the paper was at hand, so all else is [ours]:

    - Both have Ronneberger et al.'s blocks (U-Net, MICCAI 2015) with
      BatchNorm: two 3x3 convolutions a level, max-pooling down, bilinear up,
      concatenation with the skip.
    - The assistant network sees the first one's output and the image, whose
      edges are the ones to keep.
    - What it gives is added to the first one's output, before the activation.
    - The paper's loss is not known here: configs/supervised.py has L1.
    - Widths, and that the assistant network halves the size once, are those
      of a re-implementation, github.com/endrol/NIR-colorization.

    Args:
        filters: Channels at full size. Every halving doubles them, up to
            eight times that.
        levels: Halvings of the first U-Net.
        assistant_levels: Halvings of the second, at most `levels`.
        output_channels: 3 for rgb.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        levels: int,
        assistant_levels: int,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2**levels
        self.colorizer = Codec(filters, levels, output_channels)
        self.assistant = Codec(filters, assistant_levels, output_channels)
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** levels.
        """
        coarse = self.colorizer(image, training=training)
        joined = ops.concatenate([coarse, image], axis=-1)
        fine = self.assistant(joined, training=training)
        return self.output_activation(coarse + fine)


class Codec(layers.Layer):
    """Encoder and decoder with skip connections, without last activation.

    Args:
        filters: As in SNet.
        levels: Halvings.
        output_channels: As in SNet.
    """

    build = shared.build_when_called

    def __init__(self, filters: int, levels: int, output_channels: int):
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(levels + 1)]
        self.downs = [shared.double_conv_bn_relu(width) for width in widths]
        self.pool = layers.MaxPooling2D()
        self.upsample = shared.BilinearUpsampling2D()
        self.ups = [
            shared.double_conv_bn_relu(width) for width in widths[-2::-1]
        ]
        self.head = layers.Conv2D(output_channels, 1)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels)."""
        skips = [self.downs[0](image, training=training)]
        for down in self.downs[1:]:
            skips.append(down(self.pool(skips[-1]), training=training))
        features = skips.pop()
        for up in self.ups:
            joined = [skips.pop(), self.upsample(features)]
            features = up(ops.concatenate(joined, axis=-1), training=training)
        return self.head(features)
