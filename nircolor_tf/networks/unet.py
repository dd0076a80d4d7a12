"""U-Nets: symmetric codecs with skip connections."""

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared

# Levels of DetailUNet, from the finest, that pad by repeating the edge.
EDGE_LEVELS = 3


class UNet256(keras.Model):
    """The plain U-Net of ATCycleGAN's baseline.

    Every level is one k4 s2 convolution down and one transposed convolution
    up; eight levels take 256x256 to 1x1. Encoder: LeakyReLU(0.2) ->
    convolution -> norm, the first a plain convolution and the innermost
    without norm. Decoder: ReLU -> transposed convolution -> norm.

    Source: Isola et al., pix2pix, CVPR 2017, appendix 6.1, as used by Yang &
    Chen, VCIP 2020, section II.

    Args:
        filters: Channels of the first level; 64 in the paper. They double up
            to `max_filters`.
        max_filters: Channels of the deepest levels; 512 in the paper.
        levels: Halvings; 8 in the paper.
        norm: 'instance' (the paper) or 'batch'.
        output_channels: 3 for rgb, 1 for nir.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        max_filters: int,
        levels: int,
        norm: str,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.size_multiple = 2**levels
        widths = [min(filters * 2**i, max_filters) for i in range(levels)]
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


class DetailUNet(keras.Model):
    """A small U-Net whose last level sees the NIR image itself.

    Not from a paper; configs/landscapes.py and the demo use it. Down: k4
    s2 convolution, then 3x3. Up: bilinear, concatenation with the skip, 3x3.
    BatchNorm and LeakyReLU after every convolution but the last. The last up
    level is concatenated with the input, so that detail need not pass through
    the network. Dropout of whole channels acts at the bottom and in the
    decoder up to an eighth of the size; replicas drop the same ones. The three
    finest levels pad by repeating the edge, since zeros left a colored frame of
    2 to 5 px; the deeper ones pad with zeros.

    Args:
        filters: Channels of the first level; they double up to
            `max_filters`.
        max_filters: Channels of the deepest levels.
        levels: Halvings.
        dropout: Fraction of channels dropped in training.
        from_image: Whether it predicts what to add to the image, of one
            channel, before the activation, so that it gives the NIR in gray
            where it knows nothing better.
        output_channels: 3 for rgb.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        max_filters: int,
        levels: int,
        dropout: float,
        from_image: bool,
        output_channels: int,
        activation: str,
    ):
        # The image joins the prediction uncast: the result is float32.
        super().__init__(autocast=False)
        self.size_multiple = 2**levels
        self.image_to_logits = None
        if from_image:
            self.image_to_logits = shared.InverseActivation(activation)
        widths = [min(filters * 2**i, max_filters) for i in range(levels)]
        self.downs = [
            keras.Sequential(
                [
                    *_conv_bn_act(width, 4, 2, depth),
                    *_conv_bn_act(width, 3, 1, depth),
                ]
            )
            for depth, width in enumerate(widths)
        ]
        self.upsample = shared.BilinearUpsampling2D()
        self.ups = [
            keras.Sequential(
                [
                    *_conv_bn_act(width, 3, 1, depth),
                    layers.SpatialDropout2D(dropout if depth > 2 else 0.0),
                ]
            )
            for depth, width in reversed(
                list(enumerate([filters // 2, *widths[:-1]]))
            )
        ]
        self.dropout = layers.SpatialDropout2D(dropout)
        self.head = keras.Sequential(
            [
                shared.MirrorPadding2D(1, "symmetric"),
                layers.Conv2D(output_channels, 3),
            ]
        )
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels).

        H and W are multiples of 2 ** levels.
        """
        skips = [ops.cast(image, self.compute_dtype)]
        for down in self.downs:
            skips.append(down(skips[-1], training=training))
        features = self.dropout(skips.pop(), training=training)
        for up in self.ups:
            joined = [self.upsample(features), skips.pop()]
            features = up(ops.concatenate(joined, axis=-1), training=training)
        result = self.head(features)
        if self.image_to_logits is not None:
            result = ops.cast(result, "float32") + self.image_to_logits(image)
        return self.output_activation(result)


def _conv_bn_act(
    filters: int, kernel: int, strides: int, depth: int
) -> list[layers.Layer]:
    repeat_edge = depth < EDGE_LEVELS
    return [
        *([shared.MirrorPadding2D(1, "symmetric")] if repeat_edge else []),
        layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="valid" if repeat_edge else "same",
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        shared.batch_norm(),
        shared.leaky_relu(),
    ]


def _init() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
