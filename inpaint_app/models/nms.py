"""From what the finder says to finds: the confident places, without those that repeat a better one."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from inpaint_app.models.finder import Raw, boxes, centres
from inpaint_app.models.torchvision_ops import suppressed

MOST = 300
"""Places that are looked at, best first: what is left after that are repetitions."""


class Finds(NamedTuple):
    """Of one image, best first: boxes (F, 4) in pixels of the input, scores (F,), kinds (F,), masks' logits."""

    boxes: Tensor
    scores: Tensor
    kinds: Tensor
    coefficients: Tensor
    prototypes: Tensor

    def logits(self) -> Tensor:
        """(F, H/4, W/4), not yet cut to the boxes."""
        return torch.einsum("fk,khw->fhw", self.coefficients, self.prototypes)


def decoded(raw: Raw, size: tuple[int, int], confidence: float, overlap: float = 0.6) -> list[Finds]:
    """Of each image of `size` (H, W): places from `confidence` up, of those that overlap more than that the best."""
    points, strides = centres(*size, device=raw.scores.device)
    placed = boxes(raw.edges, points, strides)
    every = []
    for at in range(len(raw.scores)):
        scores, kinds = raw.scores[at].float().sigmoid().max(-1)
        likely = torch.nonzero(scores >= confidence).flatten()
        likely = likely[scores[likely].argsort(descending=True)[:MOST]]
        apart = placed[at, likely] + kinds[likely, None] * 2.0 * max(size)  # kinds never suppress one another
        kept = likely[suppressed(apart, scores[likely], overlap)]
        every.append(
            Finds(
                placed[at, kept],
                scores[kept],
                kinds[kept],
                raw.coefficients[at, kept].float(),
                raw.prototypes[at].float(),
            )
        )
    return every
