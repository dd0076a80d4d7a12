"""ATCycleGAN's and CoColor's generator, see networks/cross_scale_unet.py."""

import torch
from torch import nn
from torch.nn import functional

from nircolor_tf.benchmarks.twins.layers import ACTIVATIONS, instance_norm


class CrossScaleUNet(nn.Module):
    """A U-Net whose last two decoders see two coarser ones, enlarged.

    Args:
        channels: Of the image.
        filters: As of ours, like the rest.
        levels: Halvings.
        output_channels: 3 for rgb.
        activation: 'sigmoid' or 'tanh'.
    """

    def __init__(
        self,
        *,
        channels: int,
        filters: int,
        levels: int,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(levels)]
        self.downs = nn.ModuleList(
            nn.Conv2d(before, width, 4, 2, 1)
            for before, width in zip(
                [channels, *widths[:-1]], widths, strict=True
            )
        )
        # Of what joins a decoder's output, besides the skip.
        coarser = {2: widths[3], 1: widths[3] + widths[2]}
        inputs = [widths[-1]] + [
            2 * widths[level - 1] + coarser.get(level, 0)
            for level in range(levels - 1, 0, -1)
        ]
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(before, width, 4, 2, 1)
            for before, width in zip(
                inputs, [*widths[-2::-1], output_channels], strict=True
            )
        )
        self.norms = nn.ModuleList(map(instance_norm, widths[1:-1]))
        self.up_norms = nn.ModuleList(map(instance_norm, widths[-2::-1]))
        self.output_activation = ACTIVATIONS[activation]

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (B, output_channels, H, W)."""
        *skips, features = self._encode(image)
        decoded = {}
        levels = range(len(skips), 0, -1)
        for level, up, norm in zip(
            levels, self.ups[:-1], self.up_norms, strict=True
        ):
            decoded[level] = norm(up(functional.relu(features)))
            joined = [skips[level - 1], decoded[level]]
            if level == 2:
                joined.insert(1, _enlarge(decoded[4], 4))
            elif level == 1:
                joined.insert(1, _enlarge(decoded[4], 8))
                joined.insert(2, _enlarge(decoded[3], 4))
            features = torch.cat(joined, 1)
        result = self.ups[-1](functional.relu(features))
        return self.output_activation(result.float())

    def _encode(self, image: torch.Tensor) -> list[torch.Tensor]:
        outputs = [self.downs[0](image)]
        for index, down in enumerate(self.downs[1:]):
            features = down(functional.leaky_relu(outputs[-1], 0.2))
            if index < len(self.norms):
                features = self.norms[index](features)
            outputs.append(features)
        return outputs


def _enlarge(features: torch.Tensor, factor: int) -> torch.Tensor:
    return functional.interpolate(
        features, scale_factor=factor, mode="bilinear", align_corners=True
    )
