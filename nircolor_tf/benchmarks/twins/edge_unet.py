"""The student for cameras, see networks/edge_unet.py."""

from collections.abc import Sequence

import torch
from torch import nn

from nircolor_tf.benchmarks.twins import layers


class EdgeUNet(nn.Module):
    """U-Net of convolutions, BatchNorm and ReLU, enlarged by sub-pixels.

    What ours computes in another form for 8-bit arithmetic is computed here
    as it is described.

    Args:
        channels: Of the image.
        aligned: As of ours, like the rest.
        filters: At 1/2, 1/4, ... of the size.
        detail_filters: Channels at full size.
        dropout: Share of the channels.
        output_channels: 3 for rgb.
        activation: 'sigmoid' or 'tanh'.
    """

    def __init__(
        self,
        *,
        channels: int,
        aligned: bool,
        filters: Sequence[int],
        detail_filters: int,
        dropout: float,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        before, downs = channels, []
        halving = (4 if aligned else 3, 2)
        for depth, width in enumerate(filters):
            blocks = _conv_bn_relu(before, width, depth, *halving)
            if depth:
                blocks += _conv_bn_relu(width, width, depth)
            downs.append(nn.Sequential(*blocks))
            before = width
        self.downs = nn.ModuleList(downs)
        depths = range(len(filters) - 2, -1, -1)
        self.enlarge = nn.ModuleList(
            _SubPixels(filters[depth + 1], filters[depth])
            if depth
            else _Bilinear(filters[depth + 1], filters[depth])
            for depth in depths
        )
        self.ups = nn.ModuleList(
            nn.Sequential(
                *_conv_bn_relu(2 * filters[depth], filters[depth], depth)
            )
            for depth in depths
        )
        self.head = _Head(filters[0], detail_filters, output_channels)
        self.image_head = nn.Sequential(
            nn.ReplicationPad2d(1),
            nn.Conv2d(channels, output_channels, 3, bias=False),
        )
        self.dropout = nn.Dropout2d(dropout)
        self.output_activation = layers.ACTIVATIONS[activation]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (B, output_channels, H, W)."""
        skips = [image]
        for down in self.downs:
            skips.append(down(skips[-1]))
        features = self.dropout(skips.pop())
        for enlarge, up in zip(self.enlarge, self.ups, strict=True):
            features = up(torch.cat([enlarge(features), skips.pop()], 1))
        result = self.head(features) + self.image_head(image)
        return self.output_activation(result.float())


class _SubPixels(nn.Sequential):
    """1x1 convolution, and four channels are one of twice the size."""

    def __init__(self, before: int, width: int):
        super().__init__(nn.Conv2d(before, 4 * width, 1), nn.PixelShuffle(2))

    def take_layout(self) -> None:
        """TensorFlow has the four of a channel far apart, PyTorch beside."""
        for tensor in self[0].state_dict().values():
            apart = tensor.unflatten(0, (4, -1))
            tensor.copy_(apart.transpose(0, 1).flatten(0, 1))


class _Bilinear(nn.Module):
    """1x1 convolution and bilinear enlargement."""

    def __init__(self, before: int, width: int):
        super().__init__()
        self.convolution = nn.Conv2d(before, width, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return layers.double(self.convolution(features))


class _Head(nn.Module):
    """1x1 convolution, bilinear enlargement, 3x3 convolution."""

    def __init__(self, before: int, detail: int, output_channels: int):
        super().__init__()
        self.detail = _Bilinear(before, detail)
        self.convolution = nn.Sequential(
            nn.ReplicationPad2d(1), nn.Conv2d(detail, output_channels, 3)
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.convolution(self.detail(features))


def _conv_bn_relu(
    before: int, width: int, depth: int, kernel: int = 3, strides: int = 1
) -> list[nn.Module]:
    return [
        *layers.padded_convolution(before, width, depth, kernel, strides),
        layers.batch_norm(width),
        nn.ReLU(),
    ]
