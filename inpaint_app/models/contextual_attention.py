"""Contextual attention: Yu, Lin, Yang, Shen, Lu, Huang, "Generative Image Inpainting with Contextual Attention",
CVPR 2018, sections 3 and 4 (architecture in its supplement).

A coarse network fills the hole, a refinement network looks at the result through two branches, one of dilated
convolutions and one that copies: for each place it matches 3×3 patches of the hole's features against those of the
known part, sharpens by softmax, lets neighbours agree (propagation left-right, then top-down), and rebuilds the
place from the matched patches. Deviations from the paper:

- `width` (32 in the paper) is an option; so is `prefill`, what the coarse network sees in the hole ("mean", or the
  smooth "pyramid" fill, to which both networks then add). With "smooth" it sees what the image holds there, blurred,
  and adds to that: the mosaic variant of report 001, which restores a pixelated region.
- Patches that touch the hole get no attention at all; the authors' code gives them a score of 0 before the softmax and
  removes their share after it, so that the attention of a place did not sum to 1.
- The mask may differ from image to image of a batch.
"""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.models.attention import ContextualAttention
from inpaint_app.models.glcic import around_hole
from inpaint_app.models.prefill import PREFILLS


class CoarseToFine(nn.Module):
    """Both generators. Sides must be divisible by 8; trained at one size, it runs at any.

    width: channels of the first layer. attend: False leaves the attention layer out, for comparison.
    """

    def __init__(
        self,
        width: int = 32,
        prefill: Literal["mean", "pyramid", "smooth"] = "mean",
        attend: bool = True,
    ) -> None:
        super().__init__()
        self.prefill, w = prefill, width
        self.coarse = nn.Sequential(*_down(5, w), *_dilated(4 * w), *_across(4 * w), *_up(4 * w, w))
        self.hallucinate = nn.Sequential(*_down(5, w), *_dilated(4 * w))
        # The attending branch ends in ReLU before the matching, as the authors' code has it.
        self.before = nn.Sequential(*_down(5, w)[:-1], nn.ReLU())
        self.attention = ContextualAttention() if attend else None
        self.after = nn.Sequential(*_across(4 * w))
        self.merge = nn.Sequential(_Convolution(8 * w, 4 * w), _Convolution(4 * w, 4 * w), *_up(4 * w, w))

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, H, W) in -1..1, mask (B, 1, H, W) with 1 = hole → coarse and refined fill, about -1..1."""
        start = PREFILLS[self.prefill](image, mask)
        coarse = self._finish(self.coarse(_input(start, mask)), start)
        completed = (coarse * mask + image * (1 - mask)).clamp(-1, 1)
        seen = _input(completed, mask)
        features = self.before(seen)  # (B, 4w, H/4, W/4)
        if self.attention is not None:
            features = self.attention(features, mask)
        merged = torch.cat([self.hallucinate(seen), self.after(features)], 1)  # (B, 8w, H/4, W/4)
        return coarse, self._finish(self.merge(merged), start)

    def _finish(self, output: Tensor, start: Tensor) -> Tensor:
        return output.float().clamp(-1, 1) if self.prefill == "mean" else start + output.float()


class Critic(nn.Module):
    """A WGAN critic: 5×5 convolutions of stride 2, no normalisation, one number (the paper's supplement).

    local: looks at the square of half the side around the hole instead of the whole.
    """

    def __init__(self, size: int = 128, width: int = 64, local: bool = False) -> None:
        super().__init__()
        self.side = size // 2 if local else size
        self.local = local
        layers: list[nn.Module] = []
        channels = 3
        for factor in (1, 2, 4, 4):
            layers += [nn.Conv2d(channels, width * factor, 5, 2, 2), nn.LeakyReLU(0.2)]
            channels = width * factor
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * (self.side // 16) ** 2, 1))

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) → (B, 1): higher is more real."""
        seen = around_hole(image, mask, self.side) if self.local else image
        judged: Tensor = self.layers(seen)
        return judged.float()


class _Convolution(nn.Module):
    """Convolution with mirrored edges and ELU."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        padding = dilation * (kernel - 1) // 2
        self.convolution = nn.Conv2d(
            inputs, outputs, kernel, stride, padding, dilation, padding_mode="reflect"
        )
        # Mirroring needs more pixels than it pads; tiny features are padded with zeros instead.
        self.padding = padding

    def forward(self, features: Tensor) -> Tensor:
        layer = self.convolution
        if min(features.shape[2:]) > self.padding:
            return F.elu(layer(features))
        return F.elu(F.conv2d(features, layer.weight, layer.bias, layer.stride, self.padding, layer.dilation))


def _input(image: Tensor, mask: Tensor) -> Tensor:
    """Image, a channel of ones that tells where the padding begins, and the mask: (B, 5, H, W)."""
    return torch.cat([image, torch.ones_like(mask), mask], 1)


def _down(inputs: int, w: int) -> list[nn.Module]:
    """(B, inputs, H, W) → (B, 4w, H/4, W/4)."""
    return [
        _Convolution(inputs, w, 5),
        _Convolution(w, 2 * w, 3, 2),
        _Convolution(2 * w, 2 * w),
        _Convolution(2 * w, 4 * w, 3, 2),
        _Convolution(4 * w, 4 * w),
        _Convolution(4 * w, 4 * w),
    ]


def _dilated(width: int) -> list[nn.Module]:
    return [_Convolution(width, width, dilation=rate) for rate in (2, 4, 8, 16)]


def _across(width: int) -> list[nn.Module]:
    return [_Convolution(width, width), _Convolution(width, width)]


def _up(inputs: int, w: int) -> list[nn.Module]:
    """(B, inputs, H/4, W/4) → (B, 3, H, W)."""
    return [
        nn.Upsample(scale_factor=2, mode="nearest"),
        _Convolution(inputs, 2 * w),
        _Convolution(2 * w, 2 * w),
        nn.Upsample(scale_factor=2, mode="nearest"),
        _Convolution(2 * w, w),
        _Convolution(w, w // 2),
        nn.Conv2d(w // 2, 3, 3, 1, 1),
    ]
