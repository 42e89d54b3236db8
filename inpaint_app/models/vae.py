"""The variational autoencoder of report 002 (Kingma and Welling 2014), with encoders after AlexNet, VGG and ResNet.

The encoder sees the image with its hole and gives a normal distribution over codes, the decoder makes the image from a
code. Deviations: the report has 256 px and names only the AlexNet-type's output, 4×4×512; here every encoder ends in
4×4 whatever the size, widths are an option, and the mask is a fourth channel. The adversarial version of the report is
this network, or its encoder and decoder, trained with a discriminator: a recipe, not another module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from inpaint_app.models.prefill import fill_mean

Encoder = Literal["alexnet", "vgg", "resnet"]


class VariationalAutoencoder(nn.Module):
    """Fills squares of side 4 · 2^len(widths).

    encoder: "alexnet" (5×5, then 3×3 convolutions of stride 2), "vgg" (two 3×3 and a maximum pooling a stage) or
    "resnet" (a residual block of stride 2 a stage). bottleneck: length of the code (500, 2000, 4000 in the report).
    """

    def __init__(
        self,
        encoder: Encoder = "alexnet",
        bottleneck: int = 4000,
        widths: Sequence[int] = (32, 64, 128, 256, 512),
    ) -> None:
        super().__init__()
        self.size = 4 << len(widths)
        stage = {"alexnet": _alexnet, "vgg": _vgg, "resnet": _Residual}[encoder]
        inputs = [4, *widths[:-1]]
        self.encoder = nn.Sequential(
            *(stage(number, i, o) for number, (i, o) in enumerate(zip(inputs, widths, strict=True)))
        )
        self.shape = (widths[-1], 4, 4)
        self.encode = nn.Linear(widths[-1] * 16, 2 * bottleneck)
        self.decode = nn.Linear(bottleneck, widths[-1] * 16)
        decoder: list[nn.Module] = []
        channels = widths[-1]
        for width in reversed(widths[:-1]):
            decoder += [
                nn.ConvTranspose2d(channels, width, 4, 2, 1),
                nn.BatchNorm2d(width),
                nn.LeakyReLU(0.2, inplace=True),
            ]
            channels = width
        self.decoder = nn.Sequential(*decoder, nn.ConvTranspose2d(channels, 3, 4, 2, 1), nn.Tanh())

    def distribution(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) → mean and log variance of the code, (B, bottleneck)."""
        features = self.encoder(torch.cat([fill_mean(image, mask), mask * 2 - 1], 1))  # (B, C, 4, 4)
        mean, log_variance = self.encode(features.flatten(1)).float().chunk(2, 1)
        return mean, log_variance.clamp(-10, 10)

    def generate(self, code: Tensor) -> Tensor:
        """code (B, bottleneck) → image (B, 3, S, S) in -1..1."""
        made: Tensor = self.decoder(self.decode(code).view(-1, *self.shape))
        return made.float()

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """The fill of the code's mean, without noise: the same every time."""
        return self.generate(self.distribution(image, mask)[0])


def _alexnet(number: int, inputs: int, outputs: int) -> nn.Module:
    kernel = 5 if number == 0 else 3
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, 2, kernel // 2),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.2, inplace=True),
    )


def _vgg(number: int, inputs: int, outputs: int) -> nn.Module:
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [
            nn.Conv2d(channels, outputs, 3, 1, 1),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


class _Residual(nn.Module):
    """Two 3×3 convolutions, the first of stride 2, around a 1×1 shortcut of stride 2 (He et al. 2016).

    The shortcut's stride is taken by indexing, which is the same: torch 2.13 crashes on CPUs in the gradient of a
    strided 1×1 convolution of four channels in channels_last.
    """

    def __init__(self, number: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        added: Tensor = self.layers(features) + self.shortcut(features[..., ::2, ::2])
        return nn.functional.leaky_relu(added, 0.2)
