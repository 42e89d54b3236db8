"""The context encoder of report 000: seven halvings from 128 px to one, seven doublings back, and its judge.

Deviations: the mask is a fourth channel of the input, so that any hole can be filled. A 4×4 convolution of stride 2
and padding 1 on 2×2 features meets only the middle 2×2 of its kernel, so the last halving and the first doubling are
linear layers: the same sums, without the kernel's dead border. They carry no batch normalisation but in the doubling,
as in the report's table.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from inpaint_app.models.prefill import fill_mean


class SevenLayer(nn.Module):
    """Fills squares of side 2^len(widths); the report has 128 px and these widths."""

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512, 512, 512, 512)) -> None:
        super().__init__()
        self.size = 2 ** len(widths)
        *halving, code = widths
        encoder: list[nn.Module] = []
        channels = 4
        for number, width in enumerate(halving):
            encoder.append(nn.Conv2d(channels, width, 4, 2, 1))
            if number:
                encoder.append(nn.BatchNorm2d(width))
            encoder.append(nn.ReLU(inplace=True))
            channels = width
        self.encoder = nn.Sequential(*encoder)
        self.encode = nn.Linear(channels * 4, code)
        self.decode = nn.Linear(code, channels * 4)
        self.normalise = nn.BatchNorm2d(channels)
        decoder: list[nn.Module] = []
        for width in reversed(halving[:-1]):
            decoder += [
                nn.ConvTranspose2d(channels, width, 4, 2, 1),
                nn.BatchNorm2d(width),
                nn.ReLU(inplace=True),
            ]
            channels = width
        self.decoder = nn.Sequential(*decoder, nn.ConvTranspose2d(channels, 3, 4, 2, 1), nn.Tanh())

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) with 1 = hole → fill (B, 3, S, S) in -1..1."""
        features = self.encoder(torch.cat([fill_mean(image, mask), mask * 2 - 1], 1))  # (B, C, 2, 2)
        code = nn.functional.relu(self.encode(features.flatten(1)))  # (B, code): the report's 1×1
        back = self.decode(code).view(features.shape)
        fill: Tensor = self.decoder(nn.functional.relu(self.normalise(back)))
        return fill.float()


class PatchDiscriminator(nn.Module):
    """Report 000's judge: a map of logits, each for the patch of the image that it sees (Isola et al. 2017)."""

    def __init__(self, widths: Sequence[int] = (64, 128, 256, 512)) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for number, width in enumerate(widths):
            layers.append(nn.Conv2d(channels, width, 4, 2, 1))
            if number:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            channels = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, 4, 1, 0))

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, S, S) in -1..1 → logits (B, 1, S/16 - 3, S/16 - 3); the mask is not looked at."""
        judged: Tensor = self.layers(image)
        return judged.float()
