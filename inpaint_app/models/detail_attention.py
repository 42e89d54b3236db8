"""Contextual attention that borrows detail: attention and training after Yu, Lin, Yang, Shen, Lu, Huang, "Generative
Image Inpainting with Contextual Attention", CVPR 2018, sections 3 and 4; what is borrowed after Yi, Tang, Azizi, Jang,
Xu, "Contextual Residual Aggregation for Ultra High-Resolution Image Inpainting", CVPR 2020, section 3.2.

A coarse network lays the hole out, and leaves it blurred. The attention matches it with the known part, and instead of
features it rebuilds the hole from the photo's detail: what remains of the known part when its blur is taken away. A
few convolutions say how much of what was borrowed to add at each pixel. Nothing else can be drawn: the hole gets the
photo's own texture, or none. Deviations from both papers:

- The coarse network is a trained context encoder (the recipe holds its weights), there is no second branch that
  hallucinates, and no critic: what makes fills sharp is not invented, so that nothing has to tell it from real.
- Yi et al. share the attention scores between scales and add all of what was borrowed; here it is weighed.
- Features are matched blurred, the known part too: the hole has no detail to match by.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.models.attention import ContextualAttention
from inpaint_app.models.context_encoder import ContextEncoder

MOST = 2.0
"""The factor by which borrowed detail is enlarged at most: means of several patches are fainter than each."""


class DetailAttention(nn.Module):
    """A context encoder's fill and the detail that it lacks, for squares of its size, divisible by 4.

    encoder: arguments of the ContextEncoder. width: channels of the features that are matched. sigma: of the Gaussian
    blur that parts layout from detail, in pixels.
    """

    def __init__(self, encoder: Mapping[str, Any], width: int = 32, sigma: float = 2.0) -> None:
        super().__init__()
        self.sigma = sigma
        self.coarse = ContextEncoder(**encoder)
        # Half the size throughout: 2×2 pixels of three colours (and of the mask) are one place of 12 (and 4) channels.
        self.features = nn.Sequential(
            _convolution(16, width), _convolution(width, width), _last(width, width)
        )
        self.attention = ContextualAttention()
        self.weigh = nn.Sequential(_convolution(40, width), _convolution(width, width), _last(width, 4))

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) with 1 = hole → coarse and refined fill, about -1..1."""
        coarse = self.coarse(image, mask)
        completed = (coarse * mask + image * (1 - mask)).clamp(-1, 1)
        blurred = blur(completed, self.sigma)
        seen = torch.cat([F.pixel_unshuffle(blurred, 2), F.pixel_unshuffle(mask, 2)], 1)  # (B, 16, S/2, S/2)
        borrowed = self.attention(self.features(seen), mask, F.pixel_unshuffle(self.detail(image, mask), 2))
        present = F.pixel_unshuffle(completed - blurred, 2)  # (B, 12, S/2, S/2)
        weighed = self.weigh(torch.cat([seen, borrowed, present], 1))
        share = F.pixel_shuffle(MOST * torch.sigmoid(weighed.float()), 2)  # (B, 1, S, S)
        return coarse, completed + mask * share * F.pixel_shuffle(borrowed, 2)

    def detail(self, image: Tensor, mask: Tensor) -> Tensor:
        """What the known pixels differ from the mean of the known ones around them: (B, 3, S, S), 0 in the hole."""
        known = 1 - mask
        mean = blur(image * known, self.sigma) / blur(known, self.sigma).clamp_min(1e-3)
        return (image - mean) * known


def blur(image: Tensor, sigma: float) -> Tensor:
    """(B, C, H, W) blurred by a Gaussian of that many pixels, edges repeated."""
    reach = round(3 * sigma)
    taps = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype).div(sigma).square()
    taps = taps.mul(-0.5).exp()
    taps, channels = taps / taps.sum(), image.shape[1]
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(padded, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_last(inputs, outputs), nn.ELU(inplace=True))


def _last(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, 1, 1)
