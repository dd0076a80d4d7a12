"""MPFNet's network, see networks/mpfnet.py."""

import torch
from torch import nn
from torch.nn import functional

from nircolor_tf.benchmarks.twins import layers


class MPFNet(nn.Module):
    """Predicts an image at a quarter, half and full size, each from the last.

    Args:
        channels: Of the image.
        filters: As of ours, like the rest.
        levels: Halvings within each scale.
        scales: Sizes.
        reduction: Of the channels within the attention.
        attention: True.
        sccm: True.
        output_channels: 3 for rgb.
        activation: 'sigmoid' or 'tanh'.

    Raises:
        ValueError: It is an ablation.
    """

    def __init__(
        self,
        *,
        channels: int,
        filters: int,
        levels: int,
        scales: int,
        reduction: int,
        attention: bool,
        sccm: bool,
        output_channels: int,
        activation: str,
    ):
        super().__init__()
        if not (attention and sccm):
            raise ValueError("expected attention and SCCM, as in the paper")
        self.stems = nn.ModuleList(
            nn.Conv2d(channels, filters, 3, padding=1) for _ in range(scales)
        )
        self.joins = nn.ModuleList(
            nn.Conv2d(2 * filters, filters, 1) for _ in range(scales - 1)
        )
        self.blocks = nn.ModuleList(
            _FeatureEmbedding(filters, levels, reduction) for _ in range(scales)
        )
        self.sccms = nn.ModuleList(
            _ColorConsistency(
                filters, output_channels, activation, scale == scales - 1
            )
            for scale in range(scales)
        )

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """(B, C, H, W) -> the predictions, the coarsest first."""
        images = [image]
        for _ in self.joins:
            images.insert(0, functional.avg_pool2d(images[0], 2))
        predictions, features = [], None
        for scale, image_s in enumerate(images):
            stem = self.stems[scale](image_s)
            if features is not None:
                joined = torch.cat([layers.double(features), stem], 1)
                stem = self.joins[scale - 1](joined)
            features = self.blocks[scale](stem)
            prediction, features = self.sccms[scale](features, image_s)
            predictions.append(prediction)
        return tuple(predictions)


class _FeatureEmbedding(nn.Module):
    """A U-Net with coordinate attention in every block but the bottom."""

    def __init__(self, filters: int, levels: int, reduction: int):
        super().__init__()
        widths = [filters * min(2**level, 8) for level in range(levels)]
        self.downs = nn.ModuleList(
            _Block(nn.Conv2d, before, width, reduction)
            for before, width in zip(
                [filters, *widths[:-1]], widths, strict=True
            )
        )
        self.bottleneck = nn.Conv2d(widths[-1], widths[-1], 3, padding=1)
        ups, before = [], widths[-1]
        for width in (*widths[-2::-1], filters):
            ups.append(_Block(nn.ConvTranspose2d, before, width, reduction))
            before = 2 * width
        self.ups = nn.ModuleList(ups)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        skips = [features]
        for down in self.downs:
            skips.append(down(skips[-1]))
        decoded = self.bottleneck(functional.leaky_relu(skips.pop(), 0.2))
        for up in self.ups[:-1]:
            decoded = torch.cat([skips.pop(), up(decoded)], 1)
        return self.ups[-1](decoded) + skips.pop()


class _Block(nn.Module):
    """LeakyReLU -> k4 s2 convolution -> RCAB -> InstanceNorm."""

    def __init__(
        self, convolution: type, before: int, width: int, reduction: int
    ):
        super().__init__()
        self.convolution = convolution(before, width, 4, 2, 1)
        self.attention = _CoordinateAttention(width, reduction)
        self.norm = layers.instance_norm(width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        features = self.convolution(functional.leaky_relu(features, 0.2))
        return self.norm(self.attention(features))


class _CoordinateAttention(nn.Module):
    """RCAB: x + x * a_h * a_w, a weight for each row and each column."""

    def __init__(self, width: int, reduction: int):
        super().__init__()
        squeezed = max(8, width // reduction)
        self.shared = nn.Conv2d(width, squeezed, 1)
        self.of_rows = nn.Conv2d(squeezed, width, 1)
        self.of_columns = nn.Conv2d(squeezed, width, 1)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        rows = features.mean(3, keepdim=True)
        columns = features.mean(2, keepdim=True).transpose(2, 3)
        means = torch.cat([rows, columns], 2)
        squeezed = functional.hardswish(self.shared(means))
        height = features.shape[2]
        row_weights = torch.sigmoid(self.of_rows(squeezed[:, :, :height]))
        column_weights = torch.sigmoid(self.of_columns(squeezed[:, :, height:]))
        gates = row_weights * column_weights.transpose(2, 3)
        return features + features * gates


class _ColorConsistency(nn.Module):
    """SCCM: predicts the image of a scale, which gates the features."""

    def __init__(
        self, filters: int, output_channels: int, activation: str, finest: bool
    ):
        super().__init__()
        self.residual = nn.Conv2d(filters, output_channels, 3, padding=1)
        self.value = self.gate = None
        if not finest:
            self.value = nn.Conv2d(filters, filters, 1)
            self.gate = nn.Conv2d(output_channels, filters, 1)
        self.output_activation = layers.ACTIVATIONS[activation]

    def forward(
        self, features: torch.Tensor, image: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        residual = self.residual(features).float()
        prediction = self.output_activation(residual + image)
        if self.gate is not None:
            gate = torch.sigmoid(self.gate(prediction))
            features = features + self.value(features) * gate
        return prediction, features
