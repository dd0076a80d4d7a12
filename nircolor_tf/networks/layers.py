"""The layers that several networks share, with the papers' constants.

Keras' own defaults differ from what the papers (PyTorch) mean: epsilon 1e-3,
BatchNorm momentum 0.99, LeakyReLU slope 0.3.
"""

import keras
import numpy as np
from keras import layers, ops

ACTIVATIONS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}

# Part of an activation's range that is inverted.
INVERTED = (0.02, 0.98)


def build_when_called(layer: layers.Layer, shape: tuple) -> None:
    """The `build` of what is made of layers, which are built as it is called.

    Keras traces the `call` of a layer without `build` twice, once to build it,
    and one inside of it four times.
    """


def instance_norm() -> layers.Layer:
    """InstanceNorm without learned scale or offset, eps 1e-5."""
    return layers.GroupNormalization(
        groups=-1, epsilon=1e-5, center=False, scale=False
    )


def batch_norm() -> layers.Layer:
    """BatchNorm, eps 1e-5, momentum 0.9, one set of statistics for all GPUs.

    Statistics kept per replica would make a resumed run differ from an
    uninterrupted one.
    """
    synchronized = keras.backend.backend() == "tensorflow"
    return layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, synchronized=synchronized
    )


NORMS = {"instance": instance_norm, "batch": batch_norm}


def leaky_relu() -> layers.Layer:
    """LeakyReLU with slope 0.2."""
    return layers.LeakyReLU(negative_slope=0.2)


def output_activation(name: str) -> layers.Layer:
    """The last activation, kept float32 under mixed precision.

    Args:
        name: 'tanh' for outputs in (-1, 1), 'sigmoid' for (0, 1).
    """
    return layers.Activation(name, dtype="float32")


class InverseActivation(layers.Layer):
    """What the output activation makes an image of, in float32.

    Black and white, which it makes of no finite value, are clipped.

    Args:
        name: 'tanh' for images in (-1, 1), 'sigmoid' for (0, 1).
    """

    def __init__(self, name: str):
        super().__init__(dtype="float32")
        self.low, self.high = ACTIVATIONS[name]

    def call(self, image):
        """(B, H, W, C) -> the same shape, unbounded."""
        unit = (image - self.low) / (self.high - self.low)
        unit = ops.clip(unit, *INVERTED)
        logits = ops.log(unit) - ops.log(1 - unit)
        return logits if self.low == 0 else logits / 2


def conv_bn_relu(filters: int, kernel: int, strides: int = 1) -> layers.Layer:
    """Convolution without bias, padded as in PyTorch, BatchNorm, ReLU."""
    return keras.Sequential(
        [
            PaddedConv2D(filters, kernel, strides),
            batch_norm(),
            layers.ReLU(),
        ]
    )


def double_conv_bn_relu(filters: int) -> layers.Layer:
    """Two 3x3 convolutions, each with BatchNorm and ReLU: a U-Net's level."""
    return keras.Sequential(
        [conv_bn_relu(filters, 3), conv_bn_relu(filters, 3)]
    )


class PaddedConv2D(layers.Layer):
    """Convolution padded by (kernel - 1) / 2 on every side, without bias.

    Keras' 'same' pads a strided convolution at the right and bottom only,
    which would shift the pretrained weights of a ResNet by half a pixel.
    """

    build = build_when_called

    def __init__(self, filters: int, kernel: int, strides: int):
        super().__init__()
        self.pad = (
            layers.ZeroPadding2D((kernel - 1) // 2) if strides > 1 else None
        )
        self.convolution = layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same" if strides == 1 else "valid",
            use_bias=False,
            kernel_initializer="he_normal",
        )

    def call(self, features):
        """(B, H, W, C) -> (B, H / strides, W / strides, filters)."""
        if self.pad is not None:
            features = self.pad(features)
        return self.convolution(features)


class PaddedConv2DTranspose(layers.Conv2DTranspose):
    """Transposed 3x3 convolution of stride 2; pixel i lies at 2 i.

    The way back from `PaddedConv2D`: PyTorch's padding=1, output_padding=1.
    Keras' 'same' would put pixel i at 2 i + 1, a pixel beside the skip that
    joins it, and with every level twice as far.

    Args:
        filters: Channels of the output.
        options: Others of Conv2DTranspose.
    """

    def __init__(self, filters: int, **options):
        super().__init__(filters, 3, 2, padding="valid", **options)

    def call(self, features):
        """(B, H, W, C) -> (B, 2 H, 2 W, filters)."""
        return super().call(features)[:, 1:, 1:]

    def compute_output_shape(self, shape):
        """Of (B, H, W, C), where H and W may be None."""
        batch, *size, _ = shape
        doubled = [side and 2 * side for side in size]
        return (batch, *doubled, self.filters)


def repeat_edge(features):
    """Repeats the outermost pixels: (B, H, W, C) -> (B, H + 2, W + 2, C).

    The same as a symmetric padding of one pixel, but of operations that
    LiteRT's fast kernels have; a mirrored padding splits the graph.
    """
    rows = [features[:, :1], features, features[:, -1:]]
    features = ops.concatenate(rows, axis=1)
    columns = [features[:, :, :1], features, features[:, :, -1:]]
    return ops.concatenate(columns, axis=2)


@ops.custom_gradient
def repeat_edge_in_training(features):
    """`repeat_edge`, whose gradient takes a fraction of the time.

    That of a slice is an image of zeros with the slice in it, written by one
    thread; here what the padding repeated is added to where it came from.
    """

    def backward(*args, upstream=None):
        gradient = args[0] if upstream is None else upstream
        for axis in (1, 2):
            gradient = _fold_ends(gradient, axis)
        return gradient

    return repeat_edge(features), backward


def _fold_ends(padded, axis: int):
    """Adds the first and the last slice of an axis to those beside them."""
    before = (slice(None),) * axis
    first = padded[(*before, slice(1))]
    inner = padded[(*before, slice(1, -1))]
    last = padded[(*before, slice(-1, None))]
    nothing = ops.zeros_like(inner[(*before, slice(1, None))])
    return (
        inner
        + ops.concatenate([first, nothing], axis)
        + ops.concatenate([nothing, last], axis)
    )


class MirrorPadding2D(layers.Layer):
    """Pads height and width by `pad` mirrored pixels on every side.

    Args:
        pad: Pixels.
        mode: 'reflect' leaves the edge pixel out, 'symmetric' repeats it.
    """

    def __init__(self, pad: int, mode: str):
        super().__init__()
        self.pad, self.mode = pad, mode

    def call(self, features, training=False):
        """(B, H, W, C) -> (B, H + 2 pad, W + 2 pad, C)."""
        if (self.pad, self.mode) == (1, "symmetric"):
            if training:
                return repeat_edge_in_training(features)
            return repeat_edge(features)
        sides = (self.pad, self.pad)
        return ops.pad(features, ((0, 0), sides, sides, (0, 0)), mode=self.mode)


class BilinearUpsampling2D(layers.Layer):
    """Doubles height and width bilinearly (half-pixel centers).

    Written as weighted neighbours and depth_to_space, because
    keras.layers.UpSampling2D and ops.image.resize fail for unknown sizes in a
    graph, and a computed size would keep TFLite from planning its memory.
    """

    def call(self, features, training=False):
        """(B, H, W, C) -> (B, 2 H, 2 W, C)."""
        if training:
            return enlarge_bilinear_in_training(features)
        return enlarge_bilinear(features)


def enlarge_bilinear(features):
    """Doubles height and width: (B, H, W, C) -> (B, 2 H, 2 W, C)."""
    padded = repeat_edge(features)
    rows = (
        0.25 * padded[:, :-2] + 0.75 * padded[:, 1:-1],
        0.75 * padded[:, 1:-1] + 0.25 * padded[:, 2:],
    )
    quarters = []
    for row in rows:
        quarters.append(0.25 * row[:, :, :-2] + 0.75 * row[:, :, 1:-1])
        quarters.append(0.75 * row[:, :, 1:-1] + 0.25 * row[:, :, 2:])
    return ops.depth_to_space(ops.concatenate(quarters, axis=-1), 2)


@ops.custom_gradient
def enlarge_bilinear_in_training(features):
    """`enlarge_bilinear`, whose gradient is one convolution.

    The gradients of its slices took half of the training step of a U-Net.
    """

    def backward(*args, upstream=None):
        gradient = args[0] if upstream is None else upstream
        taps = np.outer([0.25, 0.75, 0.75, 0.25], [0.25, 0.75, 0.75, 0.25])
        kernel = np.tile(taps[:, :, None, None], (gradient.shape[-1], 1))
        return ops.depthwise_conv(
            repeat_edge(gradient),
            ops.convert_to_tensor(kernel, gradient.dtype),
            strides=2,
        )

    return enlarge_bilinear(features), backward


class EvenUpsampling2D(layers.Layer):
    """Doubles height and width bilinearly; pixel i becomes pixel 2 i.

    The way back from a convolution or a pooling of an odd window with stride 2
    that pads all sides alike, as PyTorch's do: such a window has its center at
    2 i. The pixels between are means of their neighbors, the last row and
    column those beside them.
    """

    def call(self, features):
        """(B, H, W, C) -> (B, 2 H, 2 W, C)."""
        return enlarge_from_even(features)


def halve_by_neighbors(gradient):
    """The gradient of a doubling whose new pixels are means of two neighbors.

    Args:
        gradient: (B, 2 H + 1, 2 W + 1, C), of the result and of what stands
            beyond its edge; the pixels of the features are its odd ones.

    Returns:
        (B, H, W, C).
    """
    taps = ops.convert_to_tensor([0.5, 1.0, 0.5], gradient.dtype)
    kernel = ops.tile(
        (taps[:, None] * taps)[:, :, None, None],
        (1, 1, gradient.shape[-1], 1),
    )
    return ops.depthwise_conv(gradient, kernel, strides=2)


@ops.custom_gradient
def enlarge_from_even(features):
    """Doubles height and width; its gradient is one convolution."""

    def backward(*args, upstream=None):
        gradient = args[0] if upstream is None else upstream
        for axis in (1, 2):
            # The last pixel stands twice after the last of the features.
            before = (slice(None),) * axis
            last = gradient[(*before, slice(-1, None))]
            rest = gradient[(*before, slice(-1))]
            parts = [ops.zeros_like(last), rest, 2 * last]
            gradient = ops.concatenate(parts, axis)
        return halve_by_neighbors(gradient)

    rows = ops.concatenate([features, features[:, -1:]], axis=1)
    quarters = []
    for row in (features, (rows[:, :-1] + rows[:, 1:]) / 2):
        padded = ops.concatenate([row, row[:, :, -1:]], axis=2)
        quarters.append(row)
        quarters.append((padded[:, :, :-1] + padded[:, :, 1:]) / 2)
    quarters = ops.concatenate(quarters, axis=-1)
    return ops.depth_to_space(quarters, 2), backward


class AlignedUpsampling2D(layers.Layer):
    """Enlarges bilinearly with the corners of both images aligned.

    Pixel i of the output lies at i (n - 1) / (factor n - 1) of the input,
    as with align_corners=True in PyTorch; tf.image.resize cannot do it. Each
    axis is a product with the matrix of its weights, which also works for
    sizes unknown in a graph.

    Args:
        factor: Of height and width.
    """

    def __init__(self, factor: int):
        super().__init__()
        self.factor = factor

    def call(self, features):
        """(B, H, W, C) -> (B, factor H, factor W, C)."""
        rows, columns = (
            self._weights(ops.shape(features)[axis]) for axis in (1, 2)
        )
        features = ops.einsum("ph,bhwc->bpwc", rows, features)
        return ops.einsum("qw,bpwc->bpqc", columns, features)

    def _weights(self, size):
        """(factor size, size): what each output takes of each input."""
        outputs = ops.cast(ops.arange(self.factor * size), "float32")
        inputs = ops.cast(ops.arange(size), "float32")
        step = ops.cast(size - 1, "float32") / ops.cast(
            self.factor * size - 1, "float32"
        )
        distance = ops.abs(outputs[:, None] * step - inputs[None])
        return ops.cast(ops.maximum(1.0 - distance, 0.0), self.compute_dtype)
