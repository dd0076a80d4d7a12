"""MPFNet's network: one U-Net per scale, from coarse to fine."""

import keras
from keras import layers, ops

from nircolor_tf.errors import InputError
from nircolor_tf.networks import layers as shared


class MPFNet(keras.Model):
    """Predicts an image at a quarter, half and full size, each from the last.

    At each scale a 3x3 convolution of the shrunk image, joined with the
    features of the coarser scale, goes through a U-Net (FEB); a supervised
    module (SCCM) predicts the image of that scale and passes the features up.

    Source: Yang, Chen & Yang, VCIP 2022, section II-A, Figure 2.

    Departures and choices, where the paper is silent:
        - [ours] Filters, levels and reduction; equal at every scale.
        - [ours] The image shrinks by averages of 2x2 pixels.
        - [ours] The cross-scale skip: bilinear enlargement, concatenation
          with the finer scale's 3x3 convolution, 1x1 convolution.
        - [ours] Weights from N(0, 0.02), biases zero; LeakyReLU's slope 0.2.

    Args:
        filters: Channels at the full size of each scale; 64. They double up
            to eight times that.
        levels: Halvings within each scale; 4.
        scales: Sizes, 1 to 3; 3 in the paper.
        reduction: Of the channels within the coordinate attention; 16.
        attention: With coordinate attention (the paper) or without.
        sccm: With an SCCM at each scale (the paper), or with one convolution
            at the finest.
        output_channels: 3 for rgb, 1 for nir and gray.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).

    Raises:
        InputError: Scales other than 1 to 3, or no level.
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        levels: int,
        scales: int,
        reduction: int,
        attention: bool,
        sccm: bool,
        output_channels: int,
        activation: str,
    ):
        # The image joins the predictions uncast: they are float32.
        super().__init__(autocast=False)
        if scales not in (1, 2, 3):
            raise InputError(
                f"config.network.scales is {scales}; expected 1, 2 or 3"
            )
        if levels < 1:
            raise InputError(
                f"config.network.levels is {levels}; expected at least 1"
            )
        self.size_multiple = 2 ** (levels + scales - 1)
        self.stems = [_conv(filters, 3) for _ in range(scales)]
        self.upsamples = [
            shared.BilinearUpsampling2D() for _ in range(scales - 1)
        ]
        self.joins = [_conv(filters, 1) for _ in range(scales - 1)]
        self.blocks = [
            FeatureEmbeddingBlock(filters, levels, reduction, attention)
            for _ in range(scales)
        ]
        self.sccms = [
            SupervisedColorConsistency(
                filters,
                output_channels,
                activation,
                finest=scale == scales - 1,
            )
            for scale in range(scales if sccm else 0)
        ]
        if not sccm:
            self.head = _conv(output_channels, 3)
            self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """Returns the predictions, the coarsest first.

        Args:
            image: (B, H, W, 1) in the activation's range; H, W multiples of
                size_multiple, which InstanceNorm at the bottom sees as 1 px.
            training: Without effect: InstanceNorm behaves alike in both modes.

        Returns:
            (B, H/4, W/4, C), (B, H/2, W/2, C) and (B, H, W, C) of three
            scales, C = output_channels; only the last without SCCM.
        """
        del training
        images = [image]
        for _ in self.joins:
            images.insert(0, ops.average_pool(images[0], 2))
        predictions = []
        for scale, image_s in enumerate(images):
            stem = self.stems[scale](image_s)
            if scale == 0:
                features = stem
            else:
                enlarged = self.upsamples[scale - 1](features)
                joined = ops.concatenate([enlarged, stem], axis=-1)
                features = self.joins[scale - 1](joined)
            features = self.blocks[scale](features)
            if self.sccms:
                prediction, features = self.sccms[scale](features, image_s)
                predictions.append(prediction)
        if not self.sccms:
            predictions.append(self.output_activation(self.head(features)))
        return tuple(predictions)


class FeatureEmbeddingBlock(layers.Layer):
    """FEB: a U-Net with coordinate attention in every block but the bottom.

    Encoder block: LeakyReLU(0.2) -> k4 s2 convolution -> RCAB ->
    InstanceNorm. Decoder block: the same with a transposed convolution; it
    takes the encoder's output of that size and the decoder block before.
    Bottleneck: LeakyReLU -> 3x3 convolution.

    Source: Yang, Chen & Yang, VCIP 2022, section II-A, Figure 2(c).

    Departures and choices, where the paper is silent:
        - [ours] A LeakyReLU in the bottleneck too, and no norm.
        - [ours] The block's own features are added to its output, so that
          detail need not pass through the convolutions of stride 2.

    Args:
        filters: Channels of the input, the output and the first level.
        levels: Halvings.
        reduction: See ResidualCoordinateAttention.
        attention: Whether the blocks have it.
    """

    def __init__(
        self, filters: int, levels: int, reduction: int, attention: bool
    ):
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(levels)]
        self.downs = [
            EmbeddingBlock(layers.Conv2D, width, reduction, attention)
            for width in widths
        ]
        self.leaky_relu = shared.leaky_relu()
        self.bottleneck = _conv(widths[-1], 3)
        self.ups = [
            EmbeddingBlock(layers.Conv2DTranspose, width, reduction, attention)
            for width in (*widths[-2::-1], filters)
        ]

    def build(self, shape):
        """Builds every block for (B, H, W, filters)."""
        skips = [shape]
        for down in self.downs:
            down.build(skips[-1])
            skips.append(_with(shape, down.width))
        decoded = skips.pop()
        self.bottleneck.build(decoded)
        for up in self.ups:
            up.build(decoded)
            decoded = _with(shape, up.width + skips.pop()[-1])

    def call(self, features):
        """(B, H, W, filters) -> the same shape."""
        skips = [features]
        for down in self.downs:
            skips.append(down(skips[-1]))
        decoded = self.bottleneck(self.leaky_relu(skips.pop()))
        for up in self.ups[:-1]:
            decoded = ops.concatenate([skips.pop(), up(decoded)], axis=-1)
        return self.ups[-1](decoded) + skips.pop()


class EmbeddingBlock(layers.Layer):
    """LeakyReLU -> k4 s2 convolution -> RCAB -> InstanceNorm.

    Args:
        convolution: Conv2D or Conv2DTranspose.
        width: Channels of the output.
        reduction: See ResidualCoordinateAttention.
        attention: Whether it has it.
    """

    def __init__(
        self,
        convolution: type[layers.Layer],
        width: int,
        reduction: int,
        attention: bool,
    ):
        super().__init__()
        self.width = width
        self.leaky_relu = shared.leaky_relu()
        self.convolution = convolution(
            width, 4, 2, padding="same", kernel_initializer=_init()
        )
        self.attention = (
            ResidualCoordinateAttention(width, reduction)
            if attention
            else layers.Identity()
        )
        self.norm = shared.instance_norm()

    def build(self, shape):
        """Builds for (B, H, W, C)."""
        self.convolution.build(shape)
        for layer in (self.attention, self.norm):
            layer.build(_with(shape, self.width))

    def call(self, features):
        """(B, H, W, C) -> (B, H / 2, W / 2, width), or twice the size."""
        features = self.convolution(self.leaky_relu(features))
        return self.norm(self.attention(features))


class ResidualCoordinateAttention(layers.Layer):
    """RCAB: x + x * a_h * a_w, one weight for each row and for each column.

    The means over the width and over the height share a 1x1 convolution and
    hard-swish; then each has a 1x1 convolution and sigmoid of its own.

    Source: Yang, Chen & Yang, VCIP 2022, Figure 2(b); Hou et al., Coordinate
    Attention for Efficient Mobile Network Design, CVPR 2021, eq. 4 to 9.

    Departures and choices, where the paper is silent:
        - [ours] No BatchNorm after the shared convolution, which Hou et al.
          have: InstanceNorm, the network's only norm, follows the attention.
        - [ours] No convolution but those of the attention.

    Args:
        channels: Of the features.
        reduction: The shared convolution has channels / reduction, at least
            8 as in Hou et al.
    """

    def __init__(self, channels: int, reduction: int):
        super().__init__()
        self.squeezed = max(8, channels // reduction)
        self.shared = _conv(self.squeezed, 1)
        self.of_rows = _conv(channels, 1, activation="sigmoid")
        self.of_columns = _conv(channels, 1, activation="sigmoid")

    def build(self, shape):
        """Builds for (B, H, W, channels)."""
        self.shared.build(shape)
        for layer in (self.of_rows, self.of_columns):
            layer.build(_with(shape, self.squeezed))

    def call(self, features):
        """(B, H, W, channels) -> the same shape."""
        rows = ops.mean(features, axis=2)
        columns = ops.mean(features, axis=1)
        means = ops.concatenate([rows, columns], axis=1)[:, :, None]
        squeezed = ops.hard_silu(self.shared(means))
        height = ops.shape(features)[1]
        row_weights = self.of_rows(squeezed[:, :height])
        column_weights = self.of_columns(squeezed[:, height:])
        column_weights = ops.transpose(column_weights, (0, 2, 1, 3))
        return features + features * row_weights * column_weights


class SupervisedColorConsistency(layers.Layer):
    """SCCM: predicts the image of a scale, which gates the features.

        prediction = activation(conv3x3(features) + image)
        passed up  = features + conv1x1(features) * sigmoid(conv1x1(prediction))

    Source: Yang, Chen & Yang, VCIP 2022, section II-A; supervised attention
    of Zamir et al., MPRNet, CVPR 2021.

    Departures and choices, where the paper is silent:
        - [ours] All of it: the paper only says 'inspired by' Mehri et al.,
          WACV 2021, whose MPRNet is another and predicts at no inner scale.
          The supervised module of this name is Zamir's.
        - [ours] 3x3 for the prediction; all are 1x1 in Zamir et al.
        - [ours] The activation keeps the prediction in range. It compresses
          the image; the convolution has to make up for it.

    Args:
        filters: Channels of the features.
        output_channels: Of the prediction.
        activation: 'sigmoid' for (0, 1), 'tanh' for (-1, 1).
        finest: Whether no finer scale takes features: no gate then.
    """

    def __init__(
        self,
        filters: int,
        output_channels: int,
        activation: str,
        *,
        finest: bool,
    ):
        # The sum with the image stays float32 under mixed precision.
        super().__init__(autocast=False)
        self.residual = _conv(output_channels, 3)
        self.output_activation = shared.output_activation(activation)
        self.finest = finest
        if not finest:
            self.value = _conv(filters, 1)
            self.gate = _conv(filters, 1, activation="sigmoid")
        self.output_channels = output_channels

    def build(self, shape):
        """Builds for features of (B, H, W, filters)."""
        self.residual.build(shape)
        if not self.finest:
            self.value.build(shape)
            self.gate.build(_with(shape, self.output_channels))

    def call(self, features, image):
        """Features (B, H, W, filters) and image (B, H, W, 1).

        Returns:
            The prediction, (B, H, W, output_channels), and the features to
            pass up.
        """
        residual = ops.cast(self.residual(features), "float32")
        prediction = self.output_activation(residual + image)
        if not self.finest:
            features += self.value(features) * self.gate(prediction)
        return prediction, features


def _conv(
    filters: int, kernel: int, activation: str | None = None
) -> layers.Layer:
    return layers.Conv2D(
        filters,
        kernel,
        padding="same",
        activation=activation,
        kernel_initializer=_init(),
    )


def _with(shape, channels: int) -> tuple:
    """The shape of features with this many channels."""
    return (*shape[:-1], channels)


def _init() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
