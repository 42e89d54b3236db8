"""The contract again on windows as large as photos are: more than 8 and more than 20 megapixels, a hole of 30 %.

Specs that share a factory are one backend here: every guided one is the engine with another network before it, and the
networks run by themselves. What takes a window of its own size (SizeRule) shows that the way there and back holds.
"""

from __future__ import annotations

import os
from functools import lru_cache

import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import BackendSpec
from inpaint_app.removal.pipeline import Removal, remove
from inpaint_app.types import Image, Mask
from tests.backends.test_contract import READY, filler

LARGE, HUGE = (2731, 3071), (4001, 5121)
IN_CI = "tens of seconds altogether: CI runs it; set CI=1 to run it here"


def distinct() -> list[BackendSpec]:
    """One spec of each factory, guided and unguided; the default stands for all that are guided."""
    by_factory: dict[tuple[str, bool], BackendSpec] = {}
    for spec in READY:
        if not spec.ensemble:
            by_factory.setdefault((spec.factory, spec.guide is not None), spec)
    return list(by_factory.values())


each = pytest.mark.parametrize("spec", distinct(), ids=lambda spec: spec.name)


@lru_cache(maxsize=1)
def photo(shape: tuple[int, int]) -> tuple[Image, Mask]:
    """Two slopes, tiles of 40×60 pixels and grain, and a hole of 30 % in the upper right corner."""
    height, width = shape
    image = np.empty((height, width, 3), np.uint8)
    image[..., 0] = np.linspace(20, 220, height, dtype=np.uint8)[:, None]
    image[..., 1] = np.linspace(20, 220, width, dtype=np.uint8)
    image[..., 2] = 60 + 120 * ((np.arange(height) // 40)[:, None] + np.arange(width) // 60 & 1)
    image += np.random.default_rng(0).integers(0, 16, (height, width, 1), dtype=np.uint8)
    mask = np.zeros(shape, dtype=bool)
    mask[: round(height * 0.55), -round(width * 0.55) :] = True
    return image, mask


def filled(spec: BackendSpec, shape: tuple[int, int]) -> None:
    """A removal of the whole corner: nothing known changes, and the hole goes on as its surroundings are."""
    image, mask = photo(shape)
    assert 0.29 < mask.mean() < 0.31
    result = remove(Removal(image, mask, grow=0), filler(spec))
    assert result.changed_known == 0
    assert np.array_equal(result.image[~mask], image[~mask])
    hole = result.image[mask]
    assert (hole == 127).all(axis=1).mean() < 0.1, "the hole's blank is still there"
    if spec.family == "exemplar":  # it copies: tiles stay tiles and the grain stays grain
        assert abs(float(hole[:, 2].mean()) - float(image[~mask][:, 2].mean())) < 12
        assert 0.8 < hole[:, 2].std() / image[~mask][:, 2].std() < 1.1


@each
def test_a_window_of_eight_megapixels(spec: BackendSpec) -> None:
    filled(spec, LARGE)


@pytest.mark.skipif(not os.environ.get("CI"), reason=IN_CI)
@each
def test_a_window_of_twenty_megapixels(spec: BackendSpec) -> None:
    filled(spec, HUGE)


def test_the_default_and_the_engine_are_among_them() -> None:
    names = {spec.name for spec in distinct()}
    assert "exemplar" in names
    assert registry.DEFAULT in names or registry.find(registry.DEFAULT) not in READY
