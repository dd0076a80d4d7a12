"""Layers of several twins, see networks/layers.py."""

import torch
from torch import nn
from torch.nn import functional

ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh}

# Levels, from the finest, that pad by repeating the edge.
EDGE_LEVELS = 3


def instance_norm(width: int) -> nn.Module:
    """InstanceNorm without learned scale or offset."""
    return nn.InstanceNorm2d(width, eps=1e-5)


def batch_norm(width: int) -> nn.Module:
    """BatchNorm; PyTorch's momentum is the share of what is new."""
    return nn.BatchNorm2d(width, eps=1e-5, momentum=0.1)


class SamePadding(nn.Module):
    """Pads as TensorFlow's 'same' for a size that the stride divides.

    Args:
        kernel: Side of the convolution that follows.
        strides: Of it.
    """

    def __init__(self, kernel: int, strides: int):
        super().__init__()
        both = kernel - strides
        self.sides = (both // 2, both - both // 2)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> the same, larger."""
        return functional.pad(features, 2 * self.sides)


def padded_convolution(before: int, width: int, depth: int) -> list[nn.Module]:
    """3x3, without bias; the finest levels repeat the edge."""
    repeat = depth < EDGE_LEVELS
    padding = nn.ReplicationPad2d(1) if repeat else SamePadding(3, 1)
    return [padding, nn.Conv2d(before, width, 3, bias=False)]


def double(features: torch.Tensor) -> torch.Tensor:
    """Doubles height and width bilinearly, half-pixel centers."""
    return functional.interpolate(features, scale_factor=2, mode="bilinear")
