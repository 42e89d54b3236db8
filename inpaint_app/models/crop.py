"""The square around a hole, for judges that look at it alone."""

from __future__ import annotations

import torch
from torch import Tensor


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
