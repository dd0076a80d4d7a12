"""PatchGAN: a discriminator that judges every patch of an image."""

import keras
from keras import layers, ops

from nircolor_tf.errors import InputError
from nircolor_tf.networks import layers as shared


class PatchGAN(keras.Model):
    """Judges overlapping patches of 70x70 pixels.

    Convolutions k4, padded by 1, strides 2, 2, 2, 1, 1, LeakyReLU(0.2)
    between them; the last gives one logit per patch: 30x30 of them for a
    256x256 image. The three in the middle are normalised, the first and the
    last are not.

    Source: Isola et al., pix2pix, CVPR 2017, appendix 6.1.2; Zhu et al.,
    CycleGAN, ICCV 2017, appendix 7.2 ('instance'); the submission of Yang &
    Chen to VCIP 2020's challenge ('spectral').

    Args:
        filters: Channels of the first convolution; 64 in the papers. They
            double up to eight times that.
        norm: How the three convolutions in the middle are normalised:
            'instance' or 'spectral'.

    Raises:
        InputError: Another norm.
    """

    build = shared.build_when_called
    # Pixels; of a smaller image it has no patch.
    minimum_size = 24

    def __init__(self, *, filters: int, norm: str):
        super().__init__()
        if norm not in _MIDDLE:
            raise InputError(
                f"config.discriminator.norm is {norm!r}; expected one of "
                f"{', '.join(sorted(_MIDDLE))}"
            )
        middle = [
            block
            for width, strides in (
                (2 * filters, 2),
                (4 * filters, 2),
                (8 * filters, 1),
            )
            for block in _MIDDLE[norm](width, strides)
        ]
        self.blocks = keras.Sequential(
            [
                layers.ZeroPadding2D(1),
                layers.Conv2D(filters, 4, 2, kernel_initializer=_init()),
                shared.leaky_relu(),
                *middle,
                layers.ZeroPadding2D(1),
            ]
        )
        # Logits stay float32 under mixed precision.
        self.head = layers.Conv2D(
            1, 4, kernel_initializer=_init(), dtype="float32"
        )

    def call(self, image, training=False):
        """(B, H, W, C) -> logits (B, H / 8 - 2, W / 8 - 2, 1).

        With `training` the spectral norms are estimated anew: pass it once a
        step, on the concatenation of real and fake images.
        """
        return self.head(self.blocks(image, training=training))


class SpectralNormConv2D(layers.Layer):
    """Convolution, without padding, whose kernel is divided by its norm.

    The norm is the largest singular value of the kernel as a matrix (k k C,
    filters), found by one power iteration per call in training. The gradient
    passes through it, and the stored kernel is the one before the division:
    keras.layers.SpectralNormalization overwrites it, so that the optimizer
    would work on another parameter than the paper's.

    Source: Miyato et al., Spectral Normalization for GANs, ICLR 2018,
    algorithm 1.
    """

    def __init__(self, filters: int, kernel: int, strides: int):
        super().__init__()
        self.filters, self.size, self.strides = filters, kernel, strides

    def build(self, shape):
        """Makes kernel, bias and the vector for (B, H, W, C)."""
        self.kernel = self.add_weight(
            shape=(self.size, self.size, shape[-1], self.filters),
            initializer=_init(),
            # The norm needs more digits than bfloat16 has.
            autocast=False,
            name="kernel",
        )
        self.bias = self.add_weight(
            shape=(self.filters,), initializer="zeros", name="bias"
        )
        # Every replica computes the same vector from the same kernel.
        self.vector = self.add_weight(
            shape=(self.filters,),
            initializer=keras.initializers.RandomNormal(),
            trainable=False,
            aggregation="only_first_replica",
            autocast=False,
            name="vector",
        )

    def call(self, features, training=False):
        """(B, H, W, C) -> (B, (H - k) / s + 1, (W - k) / s + 1, filters)."""
        matrix = ops.reshape(self.kernel, (-1, self.filters))
        vector = _unit(ops.convert_to_tensor(self.vector))
        if training:
            fixed = ops.stop_gradient(matrix)
            left = _unit(ops.matmul(fixed, vector))
            vector = _unit(ops.matmul(left, fixed))
            self.vector.assign(vector)
        norm = ops.norm(ops.matmul(matrix, vector))
        kernel = ops.cast(self.kernel / norm, self.compute_dtype)
        features = ops.conv(
            features, kernel, strides=self.strides, padding="valid"
        )
        return features + self.bias


def _spectral(filters: int, strides: int) -> tuple[layers.Layer, ...]:
    return (
        layers.ZeroPadding2D(1),
        SpectralNormConv2D(filters, 4, strides),
        shared.leaky_relu(),
    )


def _instance(filters: int, strides: int) -> tuple[layers.Layer, ...]:
    return (
        layers.ZeroPadding2D(1),
        layers.Conv2D(filters, 4, strides, kernel_initializer=_init()),
        shared.instance_norm(),
        shared.leaky_relu(),
    )


_MIDDLE = {"spectral": _spectral, "instance": _instance}


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)


def _init() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=0.02)
