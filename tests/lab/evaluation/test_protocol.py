"""The reports' protocol, and whether their numbers are what we say they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inpaint_app.lab.evaluation.protocol import REPORTED, as_fractions
from inpaint_app.metrics.full_reference import scores


def test_the_seeds_protocol_is_what_it_says_on_arrays() -> None:
    """Computed from values -1..1 over the whole image with MAX = 1, as the reports' networks would."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True
    result = truth.copy()
    result[mask] = rng.integers(0, 256, (256, 3))
    ours = as_fractions(scores(truth, result, mask), "seeds")
    x, y = (image / 127.5 - 1 for image in (truth, result))
    assert ours["l1"] == pytest.approx(np.abs(x - y).mean())
    assert ours["l2"] == pytest.approx(((x - y) ** 2).mean())
    assert ours["psnr"] == pytest.approx(-10 * math.log10(((x - y) ** 2).mean()))


def test_over_a_quarter_hole_l2_and_psnr_are_the_hole_s_own() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    mask = np.zeros((32, 32), dtype=bool)
    mask[8:24, 8:24] = True
    result = np.where(mask[..., None], rng.integers(0, 256, truth.shape), truth).astype(np.uint8)
    found = scores(truth, result, mask)
    hole, seeds = as_fractions(found, "hole"), as_fractions(found, "seeds")
    assert seeds["l2"] == pytest.approx(hole["l2"])
    assert seeds["psnr"] == pytest.approx(hole["psnr"])
    assert 2 * seeds["l1"] == pytest.approx(hole["l1"])
    assert seeds["ssim"] == as_fractions(found, "image")["ssim"]


def test_the_reports_numbers_agree_with_the_reading() -> None:
    """What benchmarks/results/evaluation.md says of how the reports' own numbers were computed."""
    # 40 single pictures: PSNR follows from L2 with MAX = 1 to the last digit that was printed.
    assert round(max(abs(psnr + 10 * math.log10(l2)) for l2, psnr in EXAMPLES_004), 4) == 0.0098
    # No mean of PSNRs lies under the PSNR of the mean error: none of the tables breaks that with MAX = 1.
    assert not [row for row in REPORTED if row.psnr < -10 * math.log10(row.l2)]
    assert not [name for name, (_, mse, psnr) in MSE_001.items() if psnr < 10 * math.log10(255**2 / mse)]
    # Over a hole L2 / L1² is about 2; over an image of which a quarter is hole, four times that.
    ratios = {row.model: row.l2 / row.l1**2 for row in REPORTED if row.protocol == "hole"}
    assert [round(ratio, 1) for ratio in ratios.values()] == [2.2]
    seeds = [row.l2 / row.l1**2 for row in REPORTED if row.protocol == "seeds"]
    assert (round(min(seeds), 1), round(max(seeds), 1)) == (7.5, 10.4)


EXAMPLES_004 = (
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

MSE_001 = {
    "Navier-Stokes": (9.68, 810.47, 19.61),
    "Telea": (9.65, 821.72, 19.63),
    "autoencoder": (9.34, 1472.0, 26.25),
    "GLCIC": (9.25, 720.49, 20.16),
    "contextual attention, ANIMALS": (8.45, 659.44, 20.65),
    "contextual attention, ImageNet": (7.20, 505.84, 21.90),
    "contextual attention, mosaic": (5.31, 270.44, 24.68),
}
"""Report 001: L1 in %, mean squared error of values 0..255, PSNR in dB."""
