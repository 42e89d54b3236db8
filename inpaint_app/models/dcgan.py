"""DCGAN (Radford, Metz, Chintala 2015) and semantic inpainting with it (Yeh et al., "Semantic Image Inpainting with
Deep Generative Models", CVPR 2017, sections 3.1 to 3.3; report 003).

A generator learns to make photos from noise. To fill a hole, the noise is searched whose photo fits the known pixels,
those near the hole counting most, while the discriminator finds it real. Deviations: `widths` are an option; the
importance weight leaves out of its window what lies outside the image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Generator(nn.Module):
    """Noise (B, code) → photos (B, 3, S, S) in -1..1, S = 4 · 2^len(widths): 64 px with the paper's four widths."""

    def __init__(self, code: int = 100, widths: Sequence[int] = (512, 256, 128, 64)) -> None:
        super().__init__()
        self.code, self.size, self.first = code, 4 << len(widths), widths[0]
        self.project = nn.Linear(code, widths[0] * 16, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(inplace=True),
            ]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], 3, 4, 2, 1), nn.Tanh())

    def forward(self, code: Tensor) -> Tensor:
        """code (B, code), normal → (B, 3, S, S) in -1..1."""
        made: Tensor = self.layers(self.project(code).view(-1, self.first, 4, 4))
        return made.float()


def importance(mask: Tensor, window: int = 7) -> Tensor:
    """Weight of each known pixel: the share of hole pixels in the window around it (equation 4); 0 in the hole.

    mask (B, 1, H, W) with 1 = hole → the same shape, in 0..1.
    """
    near = F.avg_pool2d(mask, window, 1, window // 2, count_include_pad=False)
    return near * (1 - mask)


def search(
    generator: Generator,
    discriminator: nn.Module,
    image: Tensor,
    mask: Tensor,
    *,
    steps: int = 300,
    rate: float = 0.03,
    prior: float = 0.003,
    starts: int = 4,
    seed: int = 0,
    report: Callable[[float], None] = lambda share: None,
) -> Tensor:
    """The generator's photo that fits the known pixels best: (1, 3, S, S) in -1..1.

    image (1, 3, S, S) in -1..1, mask (1, 1, S, S) with 1 = hole. steps: of Adam (3000 in report 003). prior: factor
    λ of the discriminator's term. starts: noises searched beside each other, of which the best is kept. report: called
    with the share done, may raise to stop. Where nothing is known, the prior alone decides.
    """
    source = torch.Generator(device="cpu").manual_seed(seed)
    code = torch.randn(starts, generator.code, generator=source).to(image.device).requires_grad_(True)
    weight = importance(mask)
    weight = weight / weight.sum().clamp_min(1e-6)
    optimiser = torch.optim.Adam([code], rate, betas=(0.9, 0.99))
    loss = torch.zeros(starts)
    for step in range(steps):
        report(step / steps)
        made = generator(code)
        fit = ((made - image).abs() * weight).sum((1, 2, 3))  # the weighted context loss, equation 3
        # log(1 - D) with D = sigmoid(logit), equation 5
        unreal = -F.softplus(discriminator(made, mask.expand(starts, -1, -1, -1))).flatten(1).mean(1)
        loss = fit + prior * unreal
        (gradient,) = torch.autograd.grad(loss.sum(), code)
        code.grad = gradient
        optimiser.step()
    report(1.0)
    with torch.no_grad():
        best = loss.argmin()
        found: Tensor = generator(code[best : best + 1])
    return found
