"""What stands around the diffusion pipeline: colour and grain, preview, estimate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.backends.diffusion import finish, preview
from inpaint_app.backends.diffusion.estimate import Estimates, Pace, spoken


def slope(side: int = 96) -> tuple[Any, Any]:
    rows, columns = np.mgrid[0:side, 0:side]
    image = np.stack([60 + rows, 60 + columns, np.full((side, side), 120)], axis=2).astype(np.uint8)
    mask = np.zeros((side, side), dtype=bool)
    mask[30:66, 30:66] = True
    return image, mask


def test_colours_agree_across_the_seam() -> None:
    image, mask = slope()
    drift = np.array([14, -9, 6]) * np.linspace(0.5, 1.5, 96)[:, None, None]
    fill = np.clip(image + drift, 0, 255).astype(np.uint8)
    before = np.abs(fill[mask].astype(int) - image[mask]).mean()
    matched = finish.matched(fill, image, mask)
    after = np.abs(matched[mask].astype(int) - image[mask]).mean()
    assert before > 8
    assert after < 1.5


def test_what_the_model_painted_stays_under_the_matching() -> None:
    image, mask = slope()
    fill = image.copy()
    fill[40:50, 40:50] = 255
    assert np.array_equal(finish.matched(fill, image, mask), fill)


def test_matching_a_window_that_is_all_hole_changes_nothing() -> None:
    image, _ = slope(32)
    assert np.array_equal(finish.matched(image, image, np.ones((32, 32), dtype=bool)), image)


def test_grain_is_measured_and_given() -> None:
    image, mask = slope(160)
    noisy = np.clip(image + np.random.default_rng(1).normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    assert finish.grain(noisy, ~mask) == pytest.approx([6, 6, 6], rel=0.2)
    fill = image.copy()
    given = finish.grained(fill, noisy, mask, seed=1)
    assert finish.grain(given, mask) == pytest.approx([6, 6, 6], rel=0.25)
    assert np.array_equal(given[~mask], fill[~mask])
    assert np.array_equal(finish.grained(fill, noisy, mask, seed=1), given)
    assert not np.array_equal(finish.grained(fill, noisy, mask, seed=2), given)


def test_a_clean_photo_gets_no_grain() -> None:
    image, mask = slope()
    assert np.array_equal(finish.grained(image, image, mask, seed=1), image)


def test_the_preview_finds_the_colours_of_any_latents() -> None:
    """Latents that are a secret mixture of the colours: the map undoes it, in the hole too."""
    image, mask = slope(64)
    small = image[::8, ::8].astype(np.float32)
    mixture = np.array([[0.02, 0.01, 0], [0, -0.03, 0.01], [0.01, 0, 0.02], [0.005, 0.01, -0.02]], np.float32)
    latents = np.moveaxis(small @ mixture.T, 2, 0)
    blocks = np.kron(image[::8, ::8], np.ones((8, 8, 1), np.uint8))
    seen = preview.drawn(latents, preview.fitted(latents, blocks, mask))
    assert np.abs(seen.astype(int) - small).max() < 12


def test_estimates_follow_the_latest_runs_and_survive_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run-times.json"
    assert Estimates(path).pace("a") is None
    Estimates(path).learn("a", Pace(1.0, 2.0))
    assert Estimates(path).pace("a") == Pace(1.0, 2.0)
    Estimates(path).learn("a", Pace(2.0, 2.0))
    pace = Estimates(path).pace("a")
    assert pace is not None
    assert pace.step == pytest.approx(1.4)
    assert pace.seconds(10) == pytest.approx(16)
    path.write_text("{rubbish")
    assert Estimates(path).pace("a") is None
    Estimates(path).learn("b", Pace(1.0, 1.0))
    assert Estimates(path).pace("b") == Pace(1.0, 1.0)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (57, "57 s"), (400, "7 min")])
def test_times_are_spoken(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
