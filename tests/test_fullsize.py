"""One removal of each kind on a photo of more than 8 megapixels, with a window that needs several sizes in bytes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app import batch
from inpaint_app.backends import registry
from inpaint_app.cli import main
from inpaint_app.photofile import files
from inpaint_app.removal import ensemble
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask

pytestmark = pytest.mark.skipif(
    bool(registry.find(registry.DEFAULT).missing(Settings())), reason="the default backend is not ready here"
)
SHAPE = (2731, 3071)


@pytest.fixture(scope="module")
def image() -> Image:
    """A meadow of blurred noise under a slope, with some grain."""
    rng = np.random.default_rng(5)
    small = rng.integers(40, 200, (SHAPE[0] // 8 + 1, SHAPE[1] // 8 + 1, 3), dtype=np.uint8)
    wide = cv2.resize(small, SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.add(wide, rng.integers(0, 12, wide.shape, dtype=np.uint8)))


@pytest.fixture(scope="module")
def mask() -> Mask:
    """A cross of 1000 pixels: thick enough to be one window, of 3000×2731 pixels, and soon filled."""
    mask = np.zeros(SHAPE, bool)
    mask[900:1900, 1440:1600] = True
    mask[1320:1480, 1020:2020] = True
    return mask


@pytest.fixture
def here(image: Image, mask: Mask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the photo as a.jpg and the mask as m.png, which is the current one."""
    cv2.imwrite(str(tmp_path / "a.jpg"), image)
    cv2.imwrite(str(tmp_path / "m.png"), mask.view(np.uint8) * np.uint8(255))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(line: str) -> int:
    return main([*line.split(), "--quiet"])


def differing(one: Path, other: Path) -> Mask:
    pair = [files.load(path).rgb for path in (one, other)]
    return np.asarray((pair[0] != pair[1]).any(axis=2))


def only_the_cross(changed: Mask, mask: Mask) -> None:
    """Something changed in the cross, and nothing 64 pixels away from it (the mask is grown first)."""
    grown = cv2.dilate(mask.view(np.uint8), np.ones((129, 129), np.uint8)) > 0
    assert changed[mask].mean() > 0.5
    assert not changed[~grown].any()


def test_candidates_and_the_recipe_of_the_best(here: Path, mask: Mask) -> None:
    assert called("remove a.jpg --mask m.png --candidates 2 --best --save-recipe -o out.png") == 0
    only_the_cross(differing(here / "a.jpg", here / "out.png"), mask)
    assert called("remove a.jpg --recipe out.png.recipe.json -o again.png") == 0
    assert not differing(here / "out.png", here / "again.png").any()


def test_proof_patches(here: Path, mask: Mask) -> None:
    line = "remove a.jpg --mask m.png --prove --backend navier-stokes -o out.jpg --json r.json"
    assert called(f"{line} --backend {registry.DEFAULT}") == 0
    (record,) = json.loads((here / "r.json").read_text())
    assert record["backend"] == registry.DEFAULT, "copies of the meadow beat a blur of it"
    only_the_cross(differing(here / "a.jpg", here / "out.jpg"), mask)


@pytest.mark.skipif(
    not os.environ.get("CI"), reason="four full-size fills: CI runs it; set CI=1 to run it here"
)
def test_auto(image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two members: each further one is another full-size fill by the same code."""
    monkeypatch.setattr(ensemble, "MEMBERS", ("context-encoder", "exemplar"))
    result = Session(Settings()).run(image, Request(mask=mask, backend="auto", grow=0))
    assert result.backend == "auto"
    assert result.changed_known == 0
    assert 0.6 < result.image[mask].std() / image[~mask].std() < 1.2  # it paints a mean of two


def test_a_batch(here: Path, mask: Mask) -> None:
    request = Request(mask=mask)
    summary = batch.run((here / "a.jpg",), request, here / "out", Session(Settings()))
    assert [row.status for row in summary.rows] == ["removed"]
    only_the_cross(differing(here / "a.jpg", here / "out" / "a.jpg"), mask)
