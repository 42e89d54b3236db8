"""The exemplar engine's promises, on small windows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.backends.base import Window
from inpaint_app.backends.exemplar import Exemplar, ExemplarOptions
from inpaint_app.errors import Cancelled
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress
from tests.conftest import ROOT


def _texture(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(40, 216, (height, width, 3), dtype=np.uint8)


def hole(shape: tuple[int, int], top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros(shape, bool)
    mask[top:bottom, left:right] = True
    return mask


def _fill(image: Image, mask: Mask, **more: object) -> Image:
    options = ExemplarOptions(**{k: v for k, v in more.items() if k in {"seed", "guidance", "blending"}})  # type: ignore[arg-type]
    window = Window(image, mask, avoid=more.get("avoid"), guide=more.get("guide"))  # type: ignore[arg-type]
    return Exemplar(Settings()).inpaint(window, options, Progress())


def test_importing_it_loads_no_compiler() -> None:
    code = "import sys, inpaint_app.backends.exemplar; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_periodic_pattern_is_continued_exactly() -> None:
    rows, columns = np.mgrid[0:72, 0:80]
    stripes = np.where((columns // 4 + rows // 4) % 2 == 0, 200, 60).astype(np.uint8)
    image = np.repeat(stripes[..., None], 3, 2)
    mask = hole(stripes.shape, 28, 30, 46, 50)
    holed = image.copy()
    holed[mask] = 127
    error = np.abs(_fill(holed, mask).astype(int) - image)[mask]
    assert np.mean(error) < 2.0


def test_a_straight_edge_crosses_thehole() -> None:
    image = np.full((64, 96, 3), 60, np.uint8)
    image[32:] = 180
    mask = hole((64, 96), 18, 34, 46, 62)
    holed = image.copy()
    holed[mask] = 127
    assert np.abs(_fill(holed, mask).astype(int) - image)[mask].max() <= 12


def test_known_pixels_and_arguments_stay() -> None:
    image, mask = _texture(50, 60), hole((50, 60), 10, 20, 30, 40)
    image_before, mask_before = image.copy(), mask.copy()
    result = _fill(image, mask)
    assert np.array_equal(result[~mask], image[~mask])
    assert np.array_equal(image, image_before)
    assert np.array_equal(mask, mask_before)


def test_what_lies_under_the_hole_does_not_matter() -> None:
    image, mask = _texture(50, 60), hole((50, 60), 10, 20, 30, 40)
    other = image.copy()
    other[mask] = (255, 0, 255)
    assert np.array_equal(_fill(image, mask), _fill(other, mask))


def test_the_same_seed_gives_the_same_pixels_and_another_seed_others() -> None:
    image, mask = _texture(90, 100), hole((90, 100), 20, 30, 60, 70)
    first = _fill(image, mask, seed=3)
    assert np.array_equal(first, _fill(image, mask, seed=3))
    assert not np.array_equal(first, _fill(image, mask, seed=4))


def test_threads_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.backends.exemplar import jit

    image, mask = _texture(120, 140), hole((120, 140), 30, 30, 90, 100)
    parallel = _fill(image, mask)

    def serial(function: object, work: int, least: int = 256) -> None:
        for start, stop in reversed(jit.bands(work, least)):
            function(start, stop)  # type: ignore[operator]

    for module in ("field", "vote", "initialise"):
        monkeypatch.setattr(f"inpaint_app.backends.exemplar.{module}.run", serial)
    assert np.array_equal(parallel, _fill(image, mask))


def test_avoided_pixels_are_never_copied() -> None:
    image = np.full((60, 80, 3), 90, np.uint8)
    image[:, 50:] = (230, 20, 20)
    avoid = np.zeros((60, 80), bool)
    avoid[:, 50:] = True
    mask = hole((60, 80), 20, 20, 40, 46)
    result = _fill(image, mask, avoid=avoid, blending=False)
    assert (result[mask] == 90).all()


@pytest.mark.parametrize("size", [(1, 9), (37, 61), (5, 5), (9, 200), (7, 7), (8, 30)])
def test_odd_sizes_and_holes_at_the_border(size: tuple[int, int]) -> None:
    image = _texture(*size)
    mask = np.zeros(size, bool)
    mask[: max(1, size[0] // 2), : max(1, size[1] // 3)] = True
    result = _fill(image, mask)
    assert result.shape == image.shape
    assert result.dtype == np.uint8


@pytest.mark.parametrize("with_guide", [False, True])
def test_a_hole_without_any_source(with_guide: bool) -> None:
    image, guide = _texture(40, 50), _texture(40, 50, seed=9)
    everything = np.ones((40, 50), bool)
    result = _fill(image, everything, guide=guide if with_guide else None)
    assert np.array_equal(result, guide) if with_guide else result.std() == 0
    mask = hole((40, 50), 10, 10, 30, 30)
    result = _fill(image, mask, avoid=~mask)
    assert np.array_equal(result[~mask], image[~mask])


def test_progress_runs_to_one_and_never_back() -> None:
    seen: list[float] = []
    image, mask = _texture(90, 100), hole((90, 100), 20, 30, 60, 70)
    Exemplar(Settings()).inpaint(
        Window(image, mask), ExemplarOptions(), Progress(lambda f, _: seen.append(f))
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 10


def test_cancel_stops_it_midway() -> None:
    calls = 0

    def cancelled() -> bool:
        nonlocal calls
        calls += 1
        return calls > 5

    image, mask = _texture(90, 100), hole((90, 100), 20, 30, 60, 70)
    with pytest.raises(Cancelled):
        Exemplar(Settings()).inpaint(Window(image, mask), ExemplarOptions(), Progress(cancelled=cancelled))
    assert calls == 6


def test_warm_leaves_nothing_to_compile() -> None:
    Exemplar(Settings()).warm()
    from inpaint_app.backends.exemplar import field

    before = len(field._search.signatures)  # type: ignore[attr-defined]
    _fill(_texture(90, 100), hole((90, 100), 20, 30, 60, 70))
    assert len(field._search.signatures) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("border", [44, 84])
def test_a_guide_decides_where_two_regions_meet(border: int) -> None:
    image = np.full((64, 128, 3), 70, np.int64)
    image[:, 64:] = 170
    image += np.random.default_rng(1).integers(-12, 13, image.shape)
    mask = hole((64, 128), 0, 34, 64, 94)
    guide = image.copy()
    guide[:, 34:border], guide[:, border:94] = 70, 170
    result = _fill(image.astype(np.uint8), mask, guide=guide.astype(np.uint8), guidance=0.8)
    assert np.abs(result[:, 34:94].mean((0, 2)) - guide[:, 34:94].mean((0, 2))).mean() < 12


def test_a_blurred_guide_does_not_choose_grey_places_to_copy() -> None:
    grass = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(256, 256)), (0, 0), sigmaX=1, sigmaY=12)
    image = np.repeat(np.clip(125 + 45 * grass / grass.std(), 0, 255).astype(np.uint8)[..., None], 3, 2)
    image[:, :50] = 125
    mask = hole((256, 256), 70, 80, 190, 200)
    guide = np.where(mask[..., None], np.uint8(125), image)
    options = ExemplarOptions(layout=0.0)
    fine, blurred = (
        Exemplar(Settings()).inpaint(
            Window(image, mask, guide=guide, guide_pixel=pixel), options, Progress()
        )[90:170, 100:180]
        for pixel in (0.0, 12.0)
    )
    assert fine.std() < 0.75 * image[90:170, 100:180].std()
    assert blurred.std() > 0.75 * image[90:170, 100:180].std()


def test_a_fill_is_as_grainy_as_its_rim() -> None:
    image, mask = _texture(120, 140), hole((120, 140), 40, 50, 80, 90)
    result = _fill(image, mask).astype(float)
    assert 0.7 < result[mask].std() / image[~mask].std() < 1.3


def test_a_large_window_is_worked_on_in_bytes_and_stays_sharp(monkeypatch: pytest.MonkeyPatch) -> None:
    from inpaint_app.backends.exemplar import pyramid

    monkeypatch.setattr(pyramid, "WORKING", 10_000)
    rows, columns = np.mgrid[0:150, 0:170]
    image = np.repeat((((columns // 5 + rows // 5) % 2) * 120 + 60).astype(np.uint8)[..., None], 3, 2)
    mask = hole((150, 170), 50, 60, 100, 110)
    holed = image.copy()
    holed[mask] = 127
    assert pyramid.first_level(holed, mask, ~mask).features.dtype == np.uint8
    assert np.abs(_fill(holed, mask).astype(int) - image)[mask].mean() < 6


def test_a_hole_in_the_corner_of_a_large_window_is_covered() -> None:
    from inpaint_app.backends.exemplar import field

    for size in ((40, 41), (41, 43), (42, 40)):
        hole = np.ones(size, bool)
        hole[10:30, 10:30] = False
        found = field.make_field(hole, np.zeros(size, bool), 3)
        assert found is not None
        covered = np.zeros(size, bool)
        for y, x in zip(found.ys, found.xs, strict=True):
            covered[y - field.RADIUS : y + field.RADIUS + 1, x - field.RADIUS : x + field.RADIUS + 1] = True
        assert covered[hole].all()


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("working", [0, 500, 2_000, 8_000], ids=lambda working: f"bytes above {working}")
def test_levels_of_bytes_fill_as_those_of_floats_do(
    monkeypatch: pytest.MonkeyPatch, working: int, guided: bool
) -> None:
    """Large windows keep their largest sizes as bytes: one, several or all of them, guided or not."""
    from inpaint_app.backends.exemplar import pyramid

    image = np.full((128, 160, 3), 60, np.uint8)
    image[60:] = 180
    image += np.random.default_rng(1).integers(0, 9, image.shape, dtype=np.uint8)
    mask = hole((128, 160), 20, 40, 108, 120)
    guide = cv2.GaussianBlur(image, (0, 0), 4)
    monkeypatch.setattr(pyramid, "WORKING", working)
    holed = np.where(mask[..., None], np.uint8(127), image)
    filled = _fill(holed, mask, guide=guide if guided else None, guidance=0.1)
    away = mask.copy()
    away[46:74] = False  # where the edge runs may differ a little
    apart = np.abs(filled[away].astype(int) - image[away])
    assert np.quantile(apart, 0.999) <= 16
    assert apart.max() <= 30
    assert abs(float(filled[away].mean()) - float(image[away].mean())) < 0.5, "bytes are rounded, not cut off"


def test_thousands_of_small_holes_cost_by_their_pixels_not_by_their_pixels_times_the_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thin holes have no coarser level: the start would compare each of their patches with the whole sample."""
    from inpaint_app.backends.exemplar import initialise

    rows, columns = np.mgrid[0:240, 0:240]
    stripes = np.where((columns // 6 + rows // 6) % 2 == 0, 200, 60).astype(np.uint8)
    image = np.repeat(stripes[..., None], 3, 2)
    mask = np.zeros(stripes.shape, bool)
    mask[4::16, 4::16] = mask[5::16, 4::16] = True
    compared: list[int] = []
    match = initialise._match_known

    def counted(*given: Any) -> None:
        pool, start, stop, near = given[7], *given[13:15], given[16]
        compared.append((stop - start) * (len(pool) + near))
        match(*given)

    monkeypatch.setattr(initialise, "_match_known", counted)
    monkeypatch.setattr(initialise, "USUAL", 400)
    filled = _fill(np.where(mask[..., None], np.uint8(127), image), mask)
    assert np.array_equal(filled[~mask], image[~mask])
    assert np.abs(filled.astype(int) - image)[mask].mean() < 4
    assert 0 < sum(compared) <= 400 * initialise.SAMPLE + mask.size * (initialise.LEAST + initialise.NEAR)


def test_the_first_fill_after_an_installation_says_that_it_compiles(tmp_path: Path) -> None:
    code = (
        "import numpy as np\nfrom inpaint_app.backends.exemplar import Exemplar, ExemplarOptions\n"
        "from inpaint_app.settings import Settings\n"
        "from inpaint_app.backends.base import Window\nfrom inpaint_app.types import Progress\n"
        "mask = np.zeros((40, 40), bool); mask[15:20, 15:20] = True\n"
        "image = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)\n"
        "told = Progress(lambda share, stage: print(stage))\n"
        "Exemplar(Settings()).inpaint(Window(image, mask), ExemplarOptions(), told)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=300, check=True,
        ).stdout
        for _ in range(2)
    ]  # fmt: skip
    assert "compiling the engine" in said[0]
    assert "compiling the engine" not in said[1]
