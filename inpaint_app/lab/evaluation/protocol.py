"""Three ways to write the same errors down, and what the five reports wrote.

hole    over the hole's pixels, values 0..1. The usual one of papers.
image   over all pixels, values 0..1.
seeds   as the reports have it: over all pixels, values -1..1, PSNR with MAX = 1.

So seeds.L1 = 2 · image.L1, seeds.L2 = 4 · image.L2, seeds.PSNR = image.PSNR - 10 log10(4) dB. For a hole that covers a
quarter of the image (64×64 of 128×128) seeds.L2 and seeds.PSNR therefore equal hole.L2 and hole.PSNR, and only L1
differs, being half of the hole's. The evidence for this reading is in
benchmarks/results/evaluation.md and in this file's tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from inpaint_app.metrics.full_reference import Scores

PROTOCOLS = ("hole", "image", "seeds")


@dataclass(frozen=True, slots=True)
class Reported:
    """A row of a report's table, in the report's own units, and what it must not be read without.

    l1, l2: as fractions, psnr in dB. protocol: how we read them.
    """

    report: str
    model: str
    data: str
    l1: float
    l2: float
    psnr: float
    ssim: float | None = None
    protocol: str = "seeds"
    note: str = ""


_CELEBA = "trained and measured on faces; the report measured on its training photos"
_OTHERS = "trained on the same data set, other photos than ours"
_SD = "Stable Diffusion 2 at 512 px, scaled back to 128 px"

REPORTED: tuple[Reported, ...] = (
    Reported("000", "Context encoder", "CelebA-HQ (train)", 0.0322, 0.0088, 21.28, note=_CELEBA),
    Reported("000", "Context encoder", "Cityscapes (val)", 0.0600, 0.0298, 16.17, note=_OTHERS),
    Reported("000", "Context encoder", "Places365, filtered (val)", 0.0699, 0.0393, 15.01, note=_OTHERS),
    Reported("000", "Stable Diffusion 2", "CelebA-HQ", 0.0279, 0.0081, 22.33, note=_SD),
    Reported("000", "Stable Diffusion 2", "Cityscapes", 0.0352, 0.0119, 19.90, note=_SD),
    Reported(
        "000", "Context encoder of Pathak et al. 2016", "Paris StreetView", 0.0937, 0.0196, 18.58,
        protocol="hole", note="quoted by the report beside its own rows, but over the hole: halve its L1 to compare",
    ),
    Reported("004", "Context encoder", "MiniPlaces (val)", 0.0653, 0.0319, 15.7722, 0.7385, note=_OTHERS),
    Reported("004", "L1, adversarial by L2", "MiniPlaces (val)", 0.0619, 0.0319, 15.9358, 0.7538, note=_OTHERS),
    Reported("004", "0.3 L1 + 0.7 SSIM", "MiniPlaces (val)", 0.0651, 0.0366, 15.3956, 0.7504, note=_OTHERS),
    Reported("004", "0.5 L1 + 0.5 SSIM", "MiniPlaces (val)", 0.0645, 0.0363, 15.4440, 0.7512, note=_OTHERS),
    Reported("004", "0.005 L1 + 0.995 SSIM", "MiniPlaces (val)", 0.0740, 0.0485, 14.3107, 0.7441, note=_OTHERS),
)  # fmt: skip
"""Rows at 128 px with the centre square of 64 px: the two reports that give such tables. 003 gives none."""


def as_fractions(scores: Scores, protocol: str) -> dict[str, float]:
    """L1 and L2 as fractions and PSNR in dB in one of the PROTOCOLS; everything else as it is."""
    place = "image" if protocol == "seeds" else protocol
    found = dict(scores[place])
    span = 2.0 if protocol == "seeds" else 1.0
    if "l1" in found:
        found["l1"] *= span / 100
    if "l2" in found:
        found["l2"] *= span**2 / 100
    if "psnr" in found:
        found["psnr"] -= 20 * math.log10(span)
    return found
