"""The discriminator, see networks/discriminators.py."""

import torch
from torch import nn
from torch.nn import functional


class PatchGAN(nn.Module):
    """Judges patches of 70x70 pixels, with spectral norm in the middle.

    Args:
        channels: Of the image.
        filters: Of the first convolution.
        norm: 'spectral'.

    Raises:
        ValueError: Another norm.
    """

    def __init__(self, *, channels: int, filters: int, norm: str):
        super().__init__()
        if norm != "spectral":
            raise ValueError(f"norm is {norm!r}; expected 'spectral'")
        self.blocks = nn.ModuleList(
            [
                nn.Conv2d(channels, filters, 4, 2, 1),
                SpectralConv2d(filters, 2 * filters, 4, 2, 1),
                SpectralConv2d(2 * filters, 4 * filters, 4, 2, 1),
                SpectralConv2d(4 * filters, 8 * filters, 4, 1, 1),
            ]
        )
        self.head = nn.Conv2d(8 * filters, 1, 4, 1, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> logits; in training norms are estimated anew."""
        features = image
        for block in self.blocks:
            features = functional.leaky_relu(block(features), 0.2)
        return self.head(features).float()


class SpectralConv2d(nn.Conv2d):
    """Convolution whose kernel is divided by its largest singular value.

    As torch.nn.utils.parametrizations.spectral_norm, whose two vectors are
    kept; ours keeps one.
    """

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.register_buffer("vector", torch.randn(self.out_channels))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> as Conv2d."""
        matrix = self.weight.flatten(1)
        vector = _unit(self.vector)
        if self.training:
            with torch.no_grad():
                vector = _unit(matrix @ _unit(vector @ matrix))
                self.vector.copy_(vector)
        norm = torch.linalg.vector_norm(vector @ matrix)
        return self._conv_forward(features, self.weight / norm, self.bias)


def _unit(vector: torch.Tensor) -> torch.Tensor:
    return vector / (torch.linalg.vector_norm(vector) + 1e-12)
