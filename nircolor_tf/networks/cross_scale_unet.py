"""ATCycleGAN's generator: UNet256 with cross-scale dense connections."""

import keras
from keras import layers, ops

from nircolor_tf.errors import InputError
from nircolor_tf.networks import layers as shared


class CrossScaleUNet(keras.Model):
    """UNet256 whose last two decoders also see two coarser ones, enlarged.

    Every level is one k4 s2 convolution down and one transposed convolution
    up; eight levels take 256x256 to 1x1. Encoder: LeakyReLU(0.2) ->
    convolution -> InstanceNorm, the first a plain convolution and the
    innermost without norm. Decoder: ReLU -> transposed convolution ->
    InstanceNorm. With x1..x8 the encoders' outputs and y7..y1 the decoders',
    each of which takes the skip and the decoder below, the last two take more:

        y1     = d(x2, up4(y4), y2)
        output = d(x1, up8(y4), up4(y3), y1)

    up4 and up8 align corners: toward the borders what they join with finer
    features lies up to 7 px (of 256) beside it, in the middle not at all.

    Source: Yang & Chen, VCIP 2020, section II-B, Figure 2. Of their submission
    to its challenge, not of the paper: aligned corners, no norm at the
    innermost level, LeakyReLU before a convolution, weights from N(0, 0.02).

    Args:
        filters: Channels of the first level; 64 in the paper. They double up
            to eight times that.
        levels: Halvings; 8 in the paper, at least 5.
        output_channels: 3 for rgb, 1 for nir.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).

    Raises:
        InputError: Fewer than five levels.
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
        if levels < 5:
            raise InputError(
                f"config.network.levels is {levels}; expected at least 5, for "
                "the connections from y4"
            )
        self.size_multiple = 2**levels
        widths = [filters * min(2**level, 8) for level in range(levels)]
        self.downs = [
            layers.Conv2D(
                width, 4, 2, padding="same", kernel_initializer=_init()
            )
            for width in widths
        ]
        self.down_norms = [shared.instance_norm() for _ in widths[1:-1]]
        self.ups = [
            layers.Conv2DTranspose(
                width, 4, 2, padding="same", kernel_initializer=_init()
            )
            for width in (*widths[-2::-1], output_channels)
        ]
        self.up_norms = [shared.instance_norm() for _ in widths[1:]]
        self.leaky_relu = shared.leaky_relu()
        self.relu = layers.ReLU()
        self.up4 = shared.AlignedUpsampling2D(4)
        self.up8 = shared.AlignedUpsampling2D(8)
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** levels.
        """
        del training  # InstanceNorm behaves alike in both modes.
        *skips, features = self._encode(image)
        decoded = {}
        levels = range(len(skips), 0, -1)
        for level, up, norm in zip(
            levels, self.ups[:-1], self.up_norms, strict=True
        ):
            decoded[level] = norm(up(self.relu(features)))
            features = ops.concatenate(
                [
                    skips[level - 1],
                    *self._coarser(level, decoded),
                    decoded[level],
                ],
                axis=-1,
            )
        return self.output_activation(self.ups[-1](self.relu(features)))

    def _coarser(self, level: int, decoded: dict) -> list:
        """What joins the decoder's output of a level, of coarser ones."""
        if level == 2:
            return [self.up4(decoded[4])]
        if level == 1:
            return [self.up8(decoded[4]), self.up4(decoded[3])]
        return []

    def _encode(self, image):
        """Returns x1 to the innermost."""
        outputs = [self.downs[0](image)]
        for down, norm in zip(
            self.downs[1:], [*self.down_norms, lambda x: x], strict=True
        ):
            outputs.append(norm(down(self.leaky_relu(outputs[-1]))))
        return outputs


def _init() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
