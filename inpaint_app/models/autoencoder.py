"""The autoencoder of report 001, "the very first thought": the blanked image in, the image out, mean squared error.

Deviations: the report gives no layers; these are the context encoder's halvings without its bottleneck and without the
mask channel, which is what makes it the plain baseline: it has to guess from the picture where the hole is.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from inpaint_app.models.prefill import fill_mean


class Autoencoder(nn.Module):
    """Fills squares whose sides are divisible by 2^len(widths)."""

    def __init__(self, widths: Sequence[int] = (32, 64, 128, 256, 256)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in widths:
            layers += [
                nn.Conv2d(channels, width, 4, 2, 1),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            channels = width
        for width in reversed(widths[:-1]):
            layers += [
                nn.ConvTranspose2d(channels, width, 4, 2, 1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            channels = width
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(channels, 3, 4, 2, 1), nn.Tanh())

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, H, W) in -1..1, mask (B, 1, H, W) with 1 = hole → (B, 3, H, W) in -1..1."""
        fill: Tensor = self.layers(fill_mean(image, mask))
        return fill.float()
