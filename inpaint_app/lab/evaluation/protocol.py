"""Three ways to write the same errors down, and what the five reports wrote.

hole    over the hole's pixels, values 0..1. The usual one of papers.
image   over all pixels, values 0..1.
seeds   as the reports have it: over all pixels, values -1..1, PSNR with MAX = 1.

So seeds.L1 = 2 · image.L1, seeds.L2 = 4 · image.L2, seeds.PSNR = image.PSNR - 10 log10(4) dB. For a hole that covers a
quarter of the image (64×64 of 128×128) seeds.L2 and seeds.PSNR therefore equal hole.L2 and hole.PSNR, and only L1
differs, being half of the hole's. The evidence for this reading is in benchmarks/results/evaluation.md; `evidence`
computes it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
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

EXAMPLES_004: tuple[tuple[float, float], ...] = (
    (0.0386, 14.1375), (0.0347, 14.5935), (0.0396, 14.0252), (0.0552, 12.5826), (0.0400, 13.9811),
    (0.0199, 17.0017), (0.0180, 17.4431), (0.0221, 16.5612), (0.0213, 16.7069), (0.0298, 15.2601),
    (0.0209, 16.8047), (0.0181, 17.4288), (0.0224, 16.4965), (0.0205, 16.8840), (0.0290, 15.3750),
    (0.0296, 15.2889), (0.0268, 15.7234), (0.0279, 15.5403), (0.0415, 13.8219), (0.0289, 15.3979),
    (0.0277, 15.5769), (0.0244, 16.1256), (0.0277, 15.5784), (0.0260, 15.8559), (0.0313, 15.0510),
    (0.0358, 14.4571), (0.0389, 14.1060), (0.0417, 13.8002), (0.0464, 13.3350), (0.0553, 12.5762),
    (0.0360, 14.4411), (0.0468, 13.2932), (0.0572, 12.4256), (0.0716, 11.4505), (0.0474, 13.2443),
    (0.0521, 12.8282), (0.0516, 12.8775), (0.0609, 12.1527), (0.0543, 12.6535), (0.0873, 10.5899),
)  # fmt: skip
"""(L2, PSNR) of the single pictures that report 004 shows: one picture each, so PSNR must follow from L2 exactly."""

MSE_001: Mapping[str, tuple[float, float, float]] = {
    "Navier-Stokes": (9.68, 810.47, 19.61),
    "Telea": (9.65, 821.72, 19.63),
    "autoencoder": (9.34, 1472.0, 26.25),
    "GLCIC": (9.25, 720.49, 20.16),
    "contextual attention, ANIMALS": (8.45, 659.44, 20.65),
    "contextual attention, ImageNet": (7.20, 505.84, 21.90),
    "contextual attention, mosaic": (5.31, 270.44, 24.68),
}
"""Report 001: L1 in %, mean squared error of values 0..255, PSNR in dB."""


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


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the reports' own numbers say of how they were computed.

    worst_db: largest distance of report 004's single pictures from PSNR = 10 log10(1 / L2), i.e. MAX = 1.
    below_mean: rows whose mean PSNR lies under the PSNR of their mean L2, which no average of PSNRs can.
    ratios: L2 / L1² of each row; over a hole it is about 2, over an image of which a quarter is hole about 8.
    """

    worst_db: float
    below_mean: tuple[str, ...]
    ratios: Mapping[str, float]


def evidence() -> Evidence:
    """Check the reading against the reports' numbers."""
    worst = max(abs(psnr + 10 * math.log10(l2)) for l2, psnr in EXAMPLES_004)
    below = [
        f"{row.report} {row.model}, {row.data}" for row in REPORTED if row.psnr < -10 * math.log10(row.l2)
    ]
    for model, (_, mse, psnr) in MSE_001.items():
        if psnr < 10 * math.log10(255**2 / mse):
            below.append(f"001 {model}")
    ratios = {f"{row.report} {row.model}, {row.data}": row.l2 / row.l1**2 for row in REPORTED}
    return Evidence(worst, tuple(below), ratios)
