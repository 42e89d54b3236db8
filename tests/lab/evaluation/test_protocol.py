"""The reports' protocol, and whether their numbers are what we say they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inpaint_app.lab.evaluation.protocol import as_fractions, evidence
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
    found = evidence()
    # 40 single pictures: PSNR follows from L2 with MAX = 1 to the fourth decimal that was printed.
    assert found.worst_db < 0.012
    # No mean of PSNRs lies under the PSNR of the mean error: none of the tables breaks that with MAX = 1.
    assert found.below_mean == ()
    seeds = [ratio for name, ratio in found.ratios.items() if "Pathak" not in name]
    quoted = [ratio for name, ratio in found.ratios.items() if "Pathak" in name]
    assert all(
        7 < ratio < 11 for ratio in seeds
    )  # four times the hole's: over an image of which a quarter is hole
    assert quoted[0] == pytest.approx(2.2, abs=0.1)  # over the hole
