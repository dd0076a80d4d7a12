"""The shipped default model, see networks/lite_unet.py and efficientnet.py."""

import math
from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from nircolor_tf.benchmarks.twins import layers
from nircolor_tf.networks.efficientnet import (
    STAGES,
    VERSIONS,
    Stage,
    round_filters,
)

_STEM_FILTERS = 32
_LAST_OF_SIZE = (0, 1, 2, 4, 6)
_MEAN, _DEVIATION = 127 / 255, 128 / 255
_INVERTED = (0.02, 0.98)


class LiteUNet(nn.Module):
    """EfficientNet-Lite down, a decoder with skips up.

    Args:
        channels: Of the image, 1.
        version: As of ours, like the rest.
        filters: Channels of the decoder.
        dropout: Share of the channels.
        from_image: Whether the image's logits are added.
        output_channels: 3 for rgb.
        activation: 'sigmoid'.
    """

    def __init__(
        self,
        *,
        channels: int,
        version: int,
        filters: Sequence[int],
        dropout: float,
        from_image: bool,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        self.encoder = _Encoder(channels, version, len(filters))
        # Of the image, and of the encoder's features but the coarsest.
        skips = [channels, *self.encoder.widths[:-1]]
        before = self.encoder.widths[-1]
        ups = []
        for width in filters:
            depth = len(filters) - 1 - len(ups)
            ups.append(
                nn.Sequential(
                    *layers.padded_convolution(
                        before + skips.pop(), width, depth
                    ),
                    layers.batch_norm(width),
                    nn.LeakyReLU(0.2),
                    nn.Dropout2d(dropout if depth > 2 else 0.0),
                )
            )
            before = width
        self.ups = nn.ModuleList(ups)
        self.head = nn.Sequential(
            nn.ReplicationPad2d(1), nn.Conv2d(before, output_channels, 3)
        )
        self.dropout = nn.Dropout2d(dropout)
        self.from_image = from_image
        self.output_activation = layers.ACTIVATIONS[activation]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W) -> (B, output_channels, H, W)."""
        skips = [image, *self.encoder(image)]
        features = self.dropout(skips.pop())
        for up in self.ups:
            joined = [_enlarge_from_corners(features), skips.pop()]
            features = up(torch.cat(joined, 1))
        result = self.head(features).float()
        if self.from_image:
            result = result + torch.logit(image.clamp(*_INVERTED))
        return self.output_activation(result)


class _Encoder(nn.Module):
    """An image -> features at as many sizes."""

    def __init__(self, channels: int, version: int, sizes: int):
        super().__init__()
        width, depth = VERSIONS[version]
        self.stem = _same(channels, _STEM_FILTERS, 3, 2)
        before, self.widths, stages = _STEM_FILTERS, [], []
        for index, stage in enumerate(STAGES[: _LAST_OF_SIZE[sizes - 1] + 1]):
            filters = round_filters(stage.filters * width)
            deeper = index not in (0, len(STAGES) - 1)
            count = math.ceil(stage.blocks * depth) if deeper else stage.blocks
            blocks = []
            for number in range(count):
                strides = 1 if number else stage.strides
                blocks.append(_Inverted(stage, before, filters, strides))
                before = filters
            stages.append(nn.Sequential(*blocks))
            if index in _LAST_OF_SIZE:
                self.widths.append(filters)
        self.stages = nn.ModuleList(stages)

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        features = functional.relu6(self.stem((image - _MEAN) / _DEVIATION))
        results = []
        for index, stage in enumerate(self.stages):
            features = stage(features)
            if index in _LAST_OF_SIZE:
                results.append(features)
        return results


class _Inverted(nn.Module):
    """1x1 convolution to more channels, depthwise, 1x1 to fewer."""

    def __init__(self, stage: Stage, before: int, filters: int, strides: int):
        super().__init__()
        inner = before * stage.expansion
        self.expand = None
        if stage.expansion > 1:
            self.expand = nn.Conv2d(before, inner, 1)
        self.depthwise = _same(inner, inner, stage.kernel, strides, inner)
        self.project = nn.Conv2d(inner, filters, 1)
        self.residual = strides == 1 and before == filters

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        inner = features
        if self.expand is not None:
            inner = functional.relu6(self.expand(inner))
        inner = functional.relu6(self.depthwise(inner))
        result = self.project(inner)
        return result + features if self.residual else result


def _same(
    before: int, filters: int, kernel: int, strides: int, groups: int = 1
) -> nn.Module:
    return nn.Sequential(
        layers.SamePadding(kernel, strides),
        nn.Conv2d(before, filters, kernel, strides, groups=groups),
    )


def _enlarge_from_corners(features: torch.Tensor) -> torch.Tensor:
    """Doubles height and width; pixel i becomes pixel 2 i + 1."""
    padded = functional.pad(features, (1, 0, 1, 0), mode="replicate")
    size = [2 * side + 1 for side in features.shape[2:]]
    enlarged = functional.interpolate(
        padded, size=size, mode="bilinear", align_corners=True
    )
    return enlarged[:, :, 1:, 1:]
