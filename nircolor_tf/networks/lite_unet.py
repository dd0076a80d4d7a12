"""A U-Net that knows from ImageNet what it sees."""

from collections.abc import Sequence

import keras
from keras import layers, ops

from nircolor_tf.networks import efficientnet_weights
from nircolor_tf.networks import layers as shared
from nircolor_tf.networks.efficientnet import EfficientNetLite
from nircolor_tf.networks.unet import EDGE_LEVELS


class LiteUNet(keras.Model):
    """EfficientNet-Lite down, a decoder with skips up, the image at the end.

    Not from a paper. A few hundred pairs do not tell a network what sky,
    leaves, water and walls look like; the encoder has seen 1.3 million
    photos. It keeps its own learning rate. The decoder, of new weights,
    enlarges by `CornerUpsampling2D`, so that nothing is displaced, and has
    BatchNorm and LeakyReLU after its convolutions. The three finest levels
    pad by repeating the edge, as in `DetailUNet`.

    Args:
        version: Of EfficientNet-Lite: 0, 1 or 2.
        encoder_rate: Factor of the encoder's learning rate, above 0.
        pretrained: Whether the encoder starts from ImageNet's weights.
        filters: Channels of the decoder at 1/16, 1/8, 1/4, 1/2 and the full
            size; of four, the encoder ends at 1/16.
        dropout: Fraction of channels dropped in training at the bottom and in
            the decoder up to an eighth of the size.
        from_image: As of `DetailUNet`.
        output_channels: 3 for rgb.
        activation: 'sigmoid': images are in (0, 1).
    """

    build = shared.build_when_called

    def __init__(
        self,
        *,
        version: int,
        encoder_rate: float,
        pretrained: bool,
        filters: Sequence[int],
        dropout: float,
        from_image: bool,
        output_channels: int,
        activation: str,
    ):
        # The image joins the prediction uncast: the result is float32.
        super().__init__(autocast=False)
        self.size_multiple = 2 ** len(filters)
        self.version, self.pretrained = version, pretrained
        self.image_to_logits = None
        if from_image:
            self.image_to_logits = shared.InverseActivation(activation)
        self.encoder = EfficientNetLite(version, encoder_rate, len(filters))
        self.upsample = CornerUpsampling2D()
        self.dropout = layers.SpatialDropout2D(dropout)
        depths = reversed(range(len(filters)))
        self.ups = [
            keras.Sequential(
                [
                    *_conv_bn_act(width, depth),
                    layers.SpatialDropout2D(dropout if depth > 2 else 0.0),
                ]
            )
            for depth, width in zip(depths, filters, strict=True)
        ]
        self.head = keras.Sequential(
            [
                shared.MirrorPadding2D(1, "symmetric"),
                layers.Conv2D(output_channels, 3),
            ]
        )
        self.output_activation = shared.output_activation(activation)

    def call(self, image, training=False):
        """(B, H, W, 1) -> (B, H, W, output_channels).

        H and W are multiples of `size_multiple`.
        """
        detail = ops.cast(image, self.compute_dtype)
        skips = [detail, *self.encoder(detail)]
        features = self.dropout(skips.pop(), training=training)
        for up in self.ups:
            enlarged = self.upsample(features)
            features = self.join(up, enlarged, skips.pop(), training)
        result = self.head(features)
        if self.image_to_logits is not None:
            result = ops.cast(result, "float32") + self.image_to_logits(image)
        return self.output_activation(result)

    def join(self, up, enlarged, skip, training=False):
        """One level of the decoder, of the one below and of the encoder's.

        Args:
            up: Of `ups`.
            enlarged: (B, H, W, C).
            skip: (B, H, W, D).
            training: As of a call.

        Returns:
            (B, H, W, filters).
        """
        joined = ops.concatenate([enlarged, skip], axis=-1)
        return up(joined, training=training)

    def load_pretrained(self) -> None:
        """Gives the encoder ImageNet's weights.

        Raises:
            InputError: They cannot be had.
        """
        if self.pretrained:
            efficientnet_weights.load(self.encoder, self.version)


class CornerUpsampling2D(layers.Layer):
    """Doubles height and width; pixel i becomes pixel 2 i + 1.

    The inverse of a convolution of stride 2 that pads at the bottom and at
    the right alone. The pixels between are means of their neighbors, the
    first row and column those beside them.
    """

    def call(self, features):
        """(B, H, W, C) -> (B, 2 H, 2 W, C)."""
        return enlarge_from_corners(features)


@ops.custom_gradient
def enlarge_from_corners(features):
    """Doubles height and width; its gradient is one convolution."""

    def backward(*args, upstream=None):
        gradient = args[0] if upstream is None else upstream
        for axis in (1, 2):
            # The first pixel stands twice before the first of the features.
            before = (slice(None),) * axis
            first = gradient[(*before, slice(1))]
            rest = gradient[(*before, slice(1, None))]
            parts = [2 * first, rest, ops.zeros_like(first)]
            gradient = ops.concatenate(parts, axis)
        return shared.halve_by_neighbors(gradient)

    rows = ops.concatenate([features[:, :1], features], axis=1)
    quarters = []
    for row in ((rows[:, :-1] + rows[:, 1:]) / 2, features):
        padded = ops.concatenate([row[:, :, :1], row], axis=2)
        quarters.append((padded[:, :, :-1] + padded[:, :, 1:]) / 2)
        quarters.append(row)
    quarters = ops.concatenate(quarters, axis=-1)
    return ops.depth_to_space(quarters, 2), backward


def _conv_bn_act(filters: int, depth: int) -> list[layers.Layer]:
    repeat_edge = depth < EDGE_LEVELS
    return [
        *([shared.MirrorPadding2D(1, "symmetric")] if repeat_edge else []),
        layers.Conv2D(
            filters,
            3,
            padding="valid" if repeat_edge else "same",
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        shared.batch_norm(),
        shared.leaky_relu(),
    ]
