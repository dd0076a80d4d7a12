"""ResNet encoder (18, 34) and CycleGAN's ResNet generator."""

import keras
from keras import layers

from nircolor_tf.networks import layers as shared

# He et al. 2016, Table 1: residual blocks per stage.
BLOCKS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}


class Shortcut(layers.Layer):
    """1x1 convolution with stride and BatchNorm.

    The stride is a slice before the convolution: TensorFlow 2.21 with oneDNN
    writes past the end of its buffers in the gradient of a strided 1x1
    convolution ('corrupted double-linked list', then a crash).
    """

    build = shared.build_when_called

    def __init__(self, filters: int, strides: int):
        super().__init__()
        self.strides = strides
        self.convolution = layers.Conv2D(
            filters, 1, use_bias=False, kernel_initializer="he_normal"
        )
        self.norm = shared.batch_norm()

    def call(self, features, training=False):
        """(B, H, W, C) -> (B, H / strides, W / strides, filters)."""
        features = features[:, :: self.strides, :: self.strides]
        return self.norm(self.convolution(features), training=training)


class BasicBlock(layers.Layer):
    """Residual block of two 3x3 convolutions (He et al. 2016, Figure 5 left).

    Args:
        filters: Output channels.
        strides: Of the first convolution; 2 halves height and width.
        project: Whether the shortcut is a 1x1 convolution.
    """

    build = shared.build_when_called

    def __init__(self, filters: int, strides: int, project: bool):
        super().__init__()
        self.first = shared.conv_bn_relu(filters, 3, strides)
        self.second = shared.PaddedConv2D(filters, 3, 1)
        self.norm = shared.batch_norm()
        self.shortcut = Shortcut(filters, strides) if project else None
        self.relu = layers.ReLU()

    def call(self, features, training=False):
        """(B, H, W, C) -> (B, H / strides, W / strides, filters)."""
        shortcut = features
        if self.shortcut is not None:
            shortcut = self.shortcut(features, training=training)
        residual = self.second(self.first(features, training=training))
        return self.relu(self.norm(residual, training=training) + shortcut)


class ResNetEncoder(keras.Model):
    """The convolutional part of ResNet-18 or -34, returning every scale.

    Source: He et al., Deep Residual Learning, CVPR 2016, Table 1.

    Args:
        depth: 18 or 34.
        filters: Channels of the first stage; ResNet has 64.
        stem_strides: Of the 7x7 convolution: 2 in ResNet and LinkNet, 1 in
            ColorNet's ACD ('one less down-sampling').
    """

    build = shared.build_when_called

    def __init__(self, *, depth: int, filters: int, stem_strides: int):
        super().__init__()
        self.stem = shared.conv_bn_relu(filters, 7, stem_strides)
        self.pool = keras.Sequential(
            # Zero padding is safe for a maximum taken after a ReLU.
            [layers.ZeroPadding2D(1), layers.MaxPooling2D(3, 2)]
        )
        self.stages = []
        for stage, blocks in enumerate(BLOCKS[depth]):
            strides = 1 if stage == 0 else 2
            self.stages.append(
                [
                    BasicBlock(
                        filters * 2**stage,
                        strides if block == 0 else 1,
                        project=block == 0 and stage > 0,
                    )
                    for block in range(blocks)
                ]
            )

    def call(self, image, training=False):
        """Encodes an image.

        Args:
            image: (B, H, W, C).
            training: Whether BatchNorm uses and updates batch statistics.

        Returns:
            Five feature maps, from the stem's to the last stage's.
        """
        features = self.stem(image, training=training)
        scales = [features]
        features = self.pool(features)
        for stage in self.stages:
            for block in stage:
                features = block(features, training=training)
            scales.append(features)
        return scales


class ResidualBlock(layers.Layer):
    """CycleGAN's block: reflection-padded 3x3, InstanceNorm, no last ReLU."""

    build = shared.build_when_called

    def __init__(self, filters: int):
        super().__init__()
        self.body = keras.Sequential(
            [
                shared.MirrorPadding2D(1, "reflect"),
                _convolution(filters, 3),
                shared.instance_norm(),
                layers.ReLU(),
                shared.MirrorPadding2D(1, "reflect"),
                _convolution(filters, 3),
                shared.instance_norm(),
            ]
        )

    def call(self, features):
        """(B, H, W, filters) -> the same shape."""
        return features + self.body(features)


class ResNetGenerator(keras.Model):
    """CycleGAN's generator: c7s1-64, d128, d256, R256s, u128, u64, c7s1-3.

    Source: Zhu et al., CycleGAN, ICCV 2017, appendix 7.2; Johnson et al. 2016.

    Args:
        filters: Channels of the first convolution; the paper has 64.
        blocks: Residual blocks; 9 for 256x256 and larger.
        aligned: Whether the decoder's pixels lie on the encoder's; False only
            for what was trained before they did.
        output_channels: 3 for rgb.
        activation: 'tanh' (the paper) or 'sigmoid'.
    """

    # Multiples of 4 pass, but 4 itself is too small to pad by reflection.
    size_multiple = 8
    build = shared.build_when_called

    def __init__(
        self,
        *,
        filters: int,
        blocks: int,
        aligned: bool,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.encoder = keras.Sequential(
            [
                shared.MirrorPadding2D(3, "reflect"),
                _convolution(filters, 7),
                *_norm_relu(),
                layers.ZeroPadding2D(1),
                _convolution(2 * filters, 3, 2),
                *_norm_relu(),
                layers.ZeroPadding2D(1),
                _convolution(4 * filters, 3, 2),
                *_norm_relu(),
            ]
        )
        self.blocks = [ResidualBlock(4 * filters) for _ in range(blocks)]
        self.decoder = keras.Sequential(
            [
                _transposed_convolution(2 * filters, aligned),
                *_norm_relu(),
                _transposed_convolution(filters, aligned),
                *_norm_relu(),
                shared.MirrorPadding2D(3, "reflect"),
                _convolution(output_channels, 7),
                shared.output_activation(activation),
            ]
        )

    def call(self, image, training=False):
        """(B, H, W, C) -> (B, H, W, output_channels), multiples of 4."""
        del training  # InstanceNorm behaves alike in both modes.
        features = self.encoder(image)
        for block in self.blocks:
            features = block(features)
        return self.decoder(features)


def _norm_relu() -> tuple[layers.Layer, layers.Layer]:
    return shared.instance_norm(), layers.ReLU()


def _convolution(filters: int, kernel: int, strides: int = 1) -> layers.Layer:
    return layers.Conv2D(
        filters,
        kernel,
        strides,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
    )


def _transposed_convolution(filters: int, aligned: bool) -> layers.Layer:
    options = {
        "kernel_initializer": keras.initializers.RandomNormal(stddev=0.02)
    }
    if aligned:
        return shared.PaddedConv2DTranspose(filters, **options)
    return layers.Conv2DTranspose(filters, 3, 2, padding="same", **options)
