"""How well objects are found: mask average precision, as COCO and PASCAL count it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from inpaint_app.types import Mask


@dataclass
class Tally:
    """Finds and labelled objects of one class, photo by photo.

    overlap: mask IoU from which a find is right. Each labelled object counts once: of two finds of it, the more
    confident is right and the other one false.
    """

    overlap: float = 0.5
    labelled: int = 0
    finds: list[tuple[float, bool]] = field(default_factory=list)

    def add(self, found: Sequence[tuple[float, Mask]], truth: Sequence[Mask]) -> None:
        """Count a photo: finds as (confidence, mask), labelled masks, all of one shape (H, W)."""
        self.labelled += len(truth)
        left = [(mask, int(np.count_nonzero(mask))) for mask in truth]
        for confidence, mask in sorted(found, key=lambda pair: -pair[0]):
            area = int(np.count_nonzero(mask))
            ratios = [_ratio(mask, area, other, its) for other, its in left]
            best = int(np.argmax(ratios)) if ratios else -1
            right = best >= 0 and ratios[best] >= self.overlap
            if right:
                left.pop(best)
            self.finds.append((confidence, right))

    def average_precision(self) -> float:
        """Area under precision, made monotone, over recall, at every recall that is reached; 0 without labels."""
        if not self.labelled or not self.finds:
            return 0.0
        ranked = sorted(self.finds, key=lambda pair: -pair[0])
        right = np.cumsum([hit for _, hit in ranked])
        precision = right / np.arange(1, len(ranked) + 1)
        precision = np.maximum.accumulate(precision[::-1])[::-1]
        recall = np.concatenate([[0.0], right / self.labelled])
        return float((np.diff(recall) * precision).sum())

    def at(self, confidence: float) -> tuple[float, float]:
        """Recall and precision of the finds from that confidence up."""
        taken = [hit for sure, hit in self.finds if sure >= confidence]
        hits = sum(taken)
        return hits / max(1, self.labelled), hits / max(1, len(taken))


def _ratio(one: Mask, area: int, other: Mask, its: int) -> float:
    shared = int(np.count_nonzero(one & other))
    return shared / max(1, area + its - shared)
