"""DCGAN's two networks: strided convolutions, BatchNorm, no skips."""

import keras
from keras import layers

from nircolor_tf.errors import InputError
from nircolor_tf.networks import layers as shared

# Multiples of `filters`, one per halving: 64-128-256-512.
WIDTHS = (1, 2, 4, 8)


class DCGANGenerator(keras.Model):
    """Four k4 s2 convolutions down, four transposed ones up, tanh.

    BatchNorm and LeakyReLU(0.2) after every one but the last. There are no
    skips: detail must pass through 1/16 of the size.

    Source: Suarez et al., PAAMS 2017, section 3 and Figure 1, with the widths
    of Radford et al., ICLR 2016.

    Args:
        filters: Channels of the first level; they double up to eight times
            that.
        initial_std: Standard deviation of the initial kernels; 0.0081 in the
            paper.
    """

    size_multiple = 2 ** len(WIDTHS)

    build = shared.build_when_called

    def __init__(self, *, filters: int, initial_std: float):
        super().__init__()
        widths = [filters * width for width in WIDTHS]
        downs = [
            layers.Conv2D(width, use_bias=False, **_shape(initial_std))
            for width in widths
        ]
        ups = [
            layers.Conv2DTranspose(width, use_bias=False, **_shape(initial_std))
            for width in widths[-2::-1]
        ]
        self.blocks = keras.Sequential(
            [
                layer
                for convolution in downs + ups
                for layer in (
                    convolution,
                    shared.batch_norm(),
                    shared.leaky_relu(),
                )
            ]
        )
        self.head = layers.Conv2DTranspose(3, **_shape(initial_std))
        self.output_activation = shared.output_activation("tanh")

    def call(self, nir, training=False):
        """(B, H, W, 1) -> (B, H, W, 3) in (-1, 1); multiples of 16."""
        features = self.blocks(nir, training=training)
        return self.output_activation(self.head(features))


class DCGANDiscriminator(keras.Model):
    """The generator's convolutions down, then one fully connected logit.

    BatchNorm after every convolution but the first. The fully connected end
    fixes the image size: that of the first call.

    Source: Suarez et al., PAAMS 2017, section 3 and Figure 1; its sigmoid is
    in the loss (nircolor_tf.losses).

    Args:
        filters: Channels of the first level; they double up to eight times
            that.
        initial_std: Standard deviation of the initial kernels; 0.0081 in the
            paper.
    """

    def __init__(self, *, filters: int, initial_std: float):
        super().__init__()
        first, *deeper = (filters * width for width in WIDTHS)
        self.blocks = keras.Sequential(
            [
                layers.Conv2D(first, **_shape(initial_std)),
                shared.leaky_relu(),
            ]
        )
        for width in deeper:
            self.blocks.add(
                layers.Conv2D(width, use_bias=False, **_shape(initial_std))
            )
            self.blocks.add(shared.batch_norm())
            self.blocks.add(shared.leaky_relu())
        self.flatten = layers.Flatten()
        # Logits stay float32 under mixed precision.
        self.head = layers.Dense(
            1,
            kernel_initializer=_normal(initial_std),
            dtype="float32",
        )

    def build(self, shape):
        """Keeps the size that the fully connected end is made for."""
        self.size = tuple(shape[1:3])

    def call(self, image, training=False):
        """(B, size, size, C) -> logits (B, 1).

        Raises:
            InputError: Not the size of the first call.
        """
        height, width = image.shape[1:3]
        if (height, width) != self.size:
            raise InputError(
                f"this discriminator judges {self.size[0]}x{self.size[1]} px, "
                f"got {height}x{width}; expected images of config.data.crop"
            )
        features = self.blocks(image, training=training)
        return self.head(self.flatten(features))


def _shape(initial_std: float) -> dict:
    return {
        "kernel_size": 4,
        "strides": 2,
        "padding": "same",
        "kernel_initializer": _normal(initial_std),
    }


def _normal(initial_std: float) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=initial_std)
