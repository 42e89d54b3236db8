"""GLCIC: Iizuka, Simo-Serra, Ishikawa, "Globally and Locally Consistent Image Completion", SIGGRAPH 2017, section 3
and tables 1 to 3.

A completion network of dilated convolutions at a quarter of the size, and a discriminator that joins what it sees in
the whole with what it sees around the hole. Deviations from the paper: `width` (64 in the paper) is an option, the
discriminator takes squares of `size` (256 in the paper, its local part 128) with as many layers as halve them down to
4 px, the output is tanh in -1..1 where the paper has a sigmoid in 0..1, and `prefill="pyramid"` lets the network add
to a smooth fill.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from inpaint_app.models.prefill import PREFILLS


class CompletionNetwork(nn.Module):
    """Fills squares whose sides are divisible by 4; trained at one size, it runs at any."""

    def __init__(self, width: int = 64, prefill: Literal["mean", "pyramid"] = "mean") -> None:
        super().__init__()
        self.prefill = prefill
        w = width
        self.layers = nn.Sequential(
            _layer(4, w, 5),
            _layer(w, 2 * w, 3, 2),  # H/2
            _layer(2 * w, 2 * w),
            _layer(2 * w, 4 * w, 3, 2),  # H/4
            _layer(4 * w, 4 * w),
            _layer(4 * w, 4 * w),
            *(_layer(4 * w, 4 * w, dilation=rate) for rate in (2, 4, 8, 16)),
            _layer(4 * w, 4 * w),
            _layer(4 * w, 4 * w),
            _up(4 * w, 2 * w),  # H/2
            _layer(2 * w, 2 * w),
            _up(2 * w, w),  # H
            _layer(w, w // 2),
            nn.Conv2d(w // 2, 3, 3, 1, 1),
        )

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, H, W) in -1..1, mask (B, 1, H, W) with 1 = hole → fill (B, 3, H, W), about -1..1."""
        start = PREFILLS[self.prefill](image, mask)
        output: Tensor = self.layers(torch.cat([start, mask], 1)).float()
        return start + output if self.prefill == "pyramid" else torch.tanh(output)


class GlobalLocalDiscriminator(nn.Module):
    """Two towers of 5×5 convolutions of stride 2, one on the whole, one around the hole, joined by a linear layer."""

    def __init__(self, size: int = 128, width: int = 64) -> None:
        super().__init__()
        self.side = size // 2
        self.whole, seen_whole = _tower(size, width)
        self.part, seen_part = _tower(self.side, width)
        self.join = nn.Linear(seen_whole + seen_part, 1)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) → logits (B, 1): positive looks real."""
        seen = torch.cat([self.whole(image), self.part(around_hole(image, mask, self.side))], 1)
        judged: Tensor = self.join(seen)
        return judged.float()


def _layer(inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1) -> nn.Module:
    padding = dilation * (kernel - 1) // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _up(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


def _tower(size: int, width: int) -> tuple[nn.Module, int]:
    """Convolutions down to 4 px and a linear layer, and how many numbers come out."""
    layers: list[nn.Module] = []
    channels, outputs = 3, width
    while size > 4:
        layers += [nn.Conv2d(channels, outputs, 5, 2, 2), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
        channels, outputs, size = outputs, min(2 * outputs, 8 * width), size // 2
    numbers = 16 * width
    layers += [nn.Flatten(), nn.Linear(channels * size * size, numbers), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers), numbers


def around_hole(image: Tensor, mask: Tensor, side: int) -> Tensor:
    """Cut a side × side square around the middle of each hole's bounding box, moved inside the image.

    image (B, C, H, W), mask (B, 1, H, W) with 1 = hole → (B, C, side, side). Without a hole: the image's middle.
    """
    height, width = image.shape[2:]
    rows = _start(mask.amax((1, 3)), height, side)[:, None] + torch.arange(side, device=image.device)
    columns = _start(mask.amax((1, 2)), width, side)[:, None] + torch.arange(side, device=image.device)
    which = torch.arange(len(image), device=image.device)[:, None, None]
    return image.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def _start(touched: Tensor, length: int, side: int) -> Tensor:
    """touched (B, length) with 1 where the hole is → first index (B,) of the square."""
    places = torch.arange(length, device=touched.device)
    hit = touched > 0.5
    first = torch.where(hit, places, length).amin(1)
    last = torch.where(hit, places, -1).amax(1)
    middle = torch.where(hit.any(1), (first + last + 1) // 2, length // 2)
    return (middle - side // 2).clamp(0, length - side)
