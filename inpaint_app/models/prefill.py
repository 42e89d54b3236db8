"""What stands in a hole before a network looks at it: the mean colour, or a pull-push pyramid.

Tensors: image (B, 3, H, W) in -1..1, mask (B, 1, H, W) with 1 = hole. What the image
holds inside the hole is ignored, but by `given`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's name for it
from torch import Tensor


def fill_mean(image: Tensor, mask: Tensor) -> Tensor:
    """Fill each hole with the mean colour of its image's known pixels (0, middle grey, where none is known)."""
    image, mask = image.float(), mask.float()
    known = 1 - mask
    mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp_min(1)
    return image * known + mean * mask


def fill_pyramid(image: Tensor, mask: Tensor) -> Tensor:
    """Fill each hole smoothly from its surroundings: pull-push over halved sizes (Gortler et al. 1996, section 3.4).

    Pull: known colours are averaged into ever coarser levels, each with its share of known pixels as weight. Push:
    from the coarsest back, what a level does not know is taken from the one below, scaled up bilinearly.
    """
    image, known = image.float(), 1 - mask.float()
    levels = [(image * known, known)]  # colours times weight, weight
    while min(levels[-1][1].shape[2:]) > 1:
        colour, weight = levels[-1]
        colour, weight = _halve(colour), _halve(weight)
        scale = (4 * weight).clamp_max(1) / weight.clamp_min(1e-6)  # one known pixel of four is enough
        levels.append((colour * scale, weight * scale))
    colour, weight = levels.pop()
    fill = colour / weight.clamp_min(1e-6)
    while levels:
        colour, weight = levels.pop()
        below = F.interpolate(fill, size=colour.shape[2:], mode="bilinear", align_corners=False)
        fill = colour + (1 - weight) * below
    return fill


def _halve(values: Tensor) -> Tensor:
    return F.avg_pool2d(values, 2, ceil_mode=True, count_include_pad=False)


def pixelate(image: Tensor, mask: Tensor, block: int, shift: tuple[int, int] = (0, 0)) -> Tensor:
    """Replace the masked pixels by the mean colours of block × block tiles: the mosaic of report 001.

    shift: by how many pixels (0 to block - 1, down and right) the tiles begin before the image does.
    """
    down, right = shift
    padded = F.pad(image.float(), (right, 0, down, 0), mode="replicate") if any(shift) else image.float()
    means = F.avg_pool2d(padded, block, ceil_mode=True, count_include_pad=False)
    height, width = image.shape[2:]
    tiles = means.repeat_interleave(block, 2).repeat_interleave(block, 3)
    return torch.where(mask > 0.5, tiles[:, :, down : down + height, right : right + width], image.float())


def smooth(image: Tensor, mask: Tensor, reach: int = 4) -> Tensor:
    """Blur what the image holds in the hole, for networks that restore instead of invent: a mosaic loses its edges.

    A mosaic of 8 × 8 blocks comes nearer to the photo by it alone (19.3 dB both, HaarPSI 0.54 → 0.67 on 50 scenes);
    what is there is then sharpened, which is less to learn than both. Twice the mean over 2 · reach + 1 pixels.
    """
    blurred = image.float()
    for _ in range(2):
        padded = F.pad(blurred, (reach,) * 4, mode="replicate")
        blurred = F.avg_pool2d(padded, 2 * reach + 1, 1)
    return torch.where(mask > 0.5, blurred, image.float())


PREFILLS = {"mean": fill_mean, "pyramid": fill_pyramid, "smooth": smooth}
