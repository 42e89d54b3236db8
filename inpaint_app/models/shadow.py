"""A small network that sees which ground lies in an object's shadow: a U-Net (Ronneberger et al. 2015).

Deviations, for a processor that is shared: it begins at a quarter of the size and ends there, where each place becomes
sixteen pixels (Shi et al. 2016, sub-pixel convolution); paths are added, not joined; normalised, with SiLU.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.models.finder import Conv, Surroundings


class ShadowNet(nn.Module):
    """Views (B, planes, H, W), H and W multiples of 16 → logits (B, 1, H, W): whether a pixel is the object's shadow.

    widths: channels at strides 4, 8, 16.
    """

    def __init__(self, planes: int = 6, widths: Sequence[int] = (32, 64, 96)) -> None:
        super().__init__()
        self.stem = Conv(planes, widths[0], 7, 4)
        self.before = nn.ModuleList(Conv(width, width, 3) for width in widths)
        self.down = nn.ModuleList(Conv(a, b, 3, 2) for a, b in pairwise(widths))
        self.around = Surroundings(widths[-1])
        self.up = nn.ModuleList(Conv(b, a) for a, b in pairwise(widths))
        self.after = nn.ModuleList(Conv(width, width, 3) for width in widths)
        self.head = nn.Conv2d(widths[0], 16, 1)
        nn.init.constant_(self.head.bias, -3.0)  # type: ignore[arg-type]

    def forward(self, planes: Tensor) -> Tensor:
        """Logits of a batch of views."""
        x = self.stem(planes)
        levels = []
        for number, before in enumerate(self.before):
            x = x + before(x)
            levels.append(x)
            if number < len(self.down):
                x = self.down[number](x)
        x = self.around(x)
        for number in range(len(levels) - 1, -1, -1):
            if number < len(self.up):
                x = levels[number] + F.interpolate(self.up[number](x), scale_factor=2.0, mode="nearest")
            x = x + self.after[number](x)
        return F.pixel_shuffle(self.head(x), 4)
