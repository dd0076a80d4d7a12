"""The encoder of EfficientNet-Lite, which has learned ImageNet's 1,000 classes.

A stem and seven stages of inverted residual blocks (Sandler et al.,
MobileNetV2, CVPR 2018), scaled as Tan & Le (EfficientNet, ICML 2019) and, in
the form "Lite", without squeeze-and-excitation and with ReLU6:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite

Departures and choices, all [ours]: the batch norms are folded into the
convolutions before them, since batches of a few images would spoil their
statistics; the image has one channel, so the three kernels of the first
convolution are summed, as if it were repeated; what stands after the last
stage, for the classes, is left out.
"""

import dataclasses
import math

import keras
from keras import layers, ops

from nircolor_tf.networks import layers as shared

# Of an image in [0, 1]: (255 image - 127) / 128 is what the weights expect.
_MEAN, _DEVIATION = 127 / 255, 128 / 255


@dataclasses.dataclass(frozen=True)
class Stage:
    """Blocks that make features of one size.

    Attributes:
        blocks: How many, of version 0.
        kernel: Side of the depthwise convolutions, pixels.
        strides: Of the first block.
        expansion: Channels inside a block per channel of its input.
        filters: Channels of the result, of version 0.
    """

    blocks: int
    kernel: int
    strides: int
    expansion: int
    filters: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
_STEM_FILTERS = 32

# Version -> factor of the channels, factor of the blocks.
VERSIONS = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}

# Stages whose results are the last of their size: 1/2, 1/4, ... 1/32.
_LAST_OF_SIZE = (0, 1, 2, 4, 6)


class EfficientNetLite(keras.Model):
    """An image of one channel -> features at up to five sizes.

    A convolution of stride 2 pads at the bottom and at the right alone, as
    TensorFlow does: a feature at 1/2 lies at pixel 2 i + 1 of what it was made
    of, and so on down.

    Args:
        version: 0, 1 or 2.
        rate: Factor of the learning rate. Kernels are kept as many times
            larger as it is smaller, and multiplied by it in use: a step of
            Adam, which has one length for all, then moves them less (the
            equalized rate of Karras et al., ICLR 2018, to another end). New
            ones keep the size of the features (He et al., ICCV 2015).
        sizes: How many; what stands after the last of them is left out.
    """

    build = shared.build_when_called

    def __init__(self, version: int, rate: float, sizes: int):
        super().__init__()
        width, depth = VERSIONS[version]
        self.stem = ScaledConv2D(rate, 2, _STEM_FILTERS, 3, 2, padding="same")
        self.stages = []
        channels = _STEM_FILTERS
        for index, stage in enumerate(STAGES[: _LAST_OF_SIZE[sizes - 1] + 1]):
            filters = round_filters(stage.filters * width)
            # The first and the last stage are never made deeper.
            last = index in (0, len(STAGES) - 1)
            count = stage.blocks if last else math.ceil(stage.blocks * depth)
            blocks = []
            for number in range(count):
                strides = 1 if number else stage.strides
                blocks.append(
                    InvertedResidual(stage, channels, filters, strides, rate)
                )
                channels = filters
            self.stages.append(blocks)

    def call(self, image):
        """(B, H, W, 1) in [0, 1] -> features, (B, H / 2, W / 2, C) first.

        H and W are multiples of 2 ** sizes.
        """
        features = ops.relu6(self.stem((image - _MEAN) / _DEVIATION))
        results = []
        for index, blocks in enumerate(self.stages):
            for block in blocks:
                features = block(features)
            if index in _LAST_OF_SIZE:
                results.append(features)
        return results


class InvertedResidual(layers.Layer):
    """1x1 convolution to more channels, depthwise, 1x1 to fewer.

    Args:
        stage: To which it belongs.
        channels: Of its input.
        filters: Channels of its result.
        strides: Of the depthwise convolution.
        rate: As of `EfficientNetLite`.
    """

    build = shared.build_when_called

    def __init__(self, stage, channels, filters, strides, rate):
        super().__init__()
        self.expand = None
        if stage.expansion > 1:
            self.expand = ScaledConv2D(rate, 2, channels * stage.expansion, 1)
        self.depthwise = ScaledDepthwiseConv2D(
            rate, stage.kernel, strides, padding="same"
        )
        self.project = ScaledConv2D(rate, 1, filters, 1)
        self.residual = strides == 1 and channels == filters

    def call(self, features):
        """(B, H, W, channels) -> (B, H / strides, W / strides, filters)."""
        inner = features
        if self.expand is not None:
            inner = ops.relu6(self.expand(inner))
        inner = ops.relu6(self.depthwise(inner))
        result = self.project(inner)
        return result + features if self.residual else result


class ScaledConv2D(layers.Conv2D):
    """Convolution whose kernel and bias are multiplied by `rate` in use.

    Args:
        rate: Factor.
        gain: Of the variance, of new kernels: 2 before a ReLU, else 1.
        arguments: Of Conv2D, as are the options.
    """

    def __init__(self, rate: float, gain: float, *arguments, **options):
        new = keras.initializers.VarianceScaling(
            gain / rate**2, "fan_in", "untruncated_normal"
        )
        # In bfloat16 a rate of 0.2 would be 0.2002, in some 60 layers that no
        # norm follows: the product is rounded, not its factors.
        super().__init__(
            *arguments, kernel_initializer=new, autocast=False, **options
        )
        self.rate = rate

    def call(self, features):
        """As Conv2D."""
        result = ops.conv(
            features,
            ops.cast(self.rate * self.kernel, features.dtype),
            strides=self.strides,
            padding=self.padding,
        )
        return result + ops.cast(self.rate * self.bias, features.dtype)


class ScaledDepthwiseConv2D(layers.DepthwiseConv2D):
    """Depthwise convolution before a ReLU, multiplied by `rate` in use."""

    def __init__(self, rate: float, kernel: int, *arguments, **options):
        new = keras.initializers.RandomNormal(
            stddev=math.sqrt(2) / kernel / rate
        )
        super().__init__(
            kernel,
            *arguments,
            depthwise_initializer=new,
            autocast=False,
            **options,
        )
        self.rate = rate

    def call(self, features):
        """As DepthwiseConv2D."""
        result = ops.depthwise_conv(
            features,
            ops.cast(self.rate * self.kernel, features.dtype),
            strides=self.strides,
            padding=self.padding,
        )
        return result + ops.cast(self.rate * self.bias, features.dtype)


def round_filters(filters: float) -> int:
    """Returns the next multiple of 8, but never under nine tenths of it."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * filters else rounded
