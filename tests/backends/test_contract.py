"""What every backend keeps, run over all that are registered and ready here; the others must say what they lack.

Stable Diffusion keeps the same contract in its own test, on a small pipeline made there: the real one takes minutes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.base import Backend, BackendSpec, Window
from inpaint_app.errors import Cancelled
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Missing, Options, Progress

HERE = Settings()


def lacks(spec: BackendSpec) -> tuple[Missing, ...]:
    """What this backend or its guide lacks here."""
    return spec.missing(HERE) + (registry.find(spec.guide).missing(HERE) if spec.guide else ())


READY = [spec for spec in registry.BACKENDS if spec.family != "diffusion" and not lacks(spec)]
UNREADY = [spec for spec in registry.BACKENDS if lacks(spec)]

each_backend = pytest.mark.parametrize("spec", READY, ids=lambda spec: spec.name, scope="module")

COPYING = "exemplar"


@lru_cache(maxsize=2)
def warm(name: str) -> Backend:
    return registry.find(name).create(HERE)


def options_of(spec: BackendSpec, seed: int = 0) -> Options:
    """Options as light as the spec lets them be: the contract is about promises, not about beauty."""
    values: dict[str, object] = {"seed": seed}
    if hasattr(spec.options(), "steps"):
        values["steps"] = 2
    return spec.make_options(values)


def textured(height: int, width: int, seed: int = 0) -> Image:
    """Stripes, a slope and grain."""
    rows, columns = np.mgrid[0:height, 0:width]
    slope = np.stack([rows * 2 % 256, columns * 2 % 256, (rows // 4 + columns // 6) % 2 * 120 + 60], axis=2)
    grain = np.random.default_rng(seed).integers(-9, 10, (height, width, 3))
    return np.clip(slope + grain, 0, 255).astype(np.uint8)


def window_of(spec: BackendSpec, shape: tuple[int, int], hole: tuple[slice, slice]) -> Window:
    """A window as the pipeline would cut it: of the backend's own size where it has one."""
    native, multiple = spec.size.native, spec.size.multiple
    height = native or -(-shape[0] // multiple) * multiple
    width = native or -(-shape[1] // multiple) * multiple
    image = textured(height, width)
    mask = np.zeros((height, width), dtype=bool)
    mask[hole] = True
    image[mask] = 127
    guide = None if spec.guide is None else image.copy()
    return Window(image, mask, None, guide)


MIDDLE = (slice(20, 34), slice(24, 44))


def filler(spec: BackendSpec, seed: int = 0) -> Filler:
    """This backend with what steers it, where it wants to be steered."""
    guide = None if spec.guide is None else filler(registry.find(spec.guide), seed)
    return Filler(spec, warm(spec.name), options_of(spec, seed), guide)


def through_pipeline(spec: BackendSpec, image: Image, mask: Mask, seed: int = 0) -> Image:
    """A removal through this backend and, where it wants one, its guide."""
    before = image.copy(), mask.copy()
    result = remove(Removal(image, mask, grow=0), filler(spec, seed))
    assert np.array_equal(image, before[0])
    assert np.array_equal(mask, before[1])
    assert result.changed_known == 0
    assert np.array_equal(result.image[~mask], image[~mask])
    return result.image


@each_backend
def test_shape_type_and_arguments_left_alone(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    window = window_of(spec, (64, 72), MIDDLE)
    arrays = [array for array in (window.image, window.mask, window.guide) if array is not None]
    before = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    fill = backend.inpaint(window, options_of(spec), Progress())
    assert fill.shape == window.image.shape
    assert fill.dtype == np.uint8
    assert all(np.array_equal(now, then) for now, then in zip(arrays, before, strict=True))
    fill[:] = 0
    assert np.array_equal(arrays[0], before[0]), "the fill shares memory with the window"


@each_backend
def test_the_hole_is_filled(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    window = window_of(spec, (64, 72), MIDDLE)
    fill = backend.inpaint(window, options_of(spec), Progress())
    assert not (fill[window.mask] == 127).all()


@each_backend
def test_the_same_seed_gives_the_same_pixels(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    window = window_of(spec, (64, 72), MIDDLE)
    one = backend.inpaint(window, options_of(spec, 5), Progress())
    backend.inpaint(window_of(spec, (64, 72), (slice(5, 9), slice(5, 9))), options_of(spec, 1), Progress())
    two = backend.inpaint(window, options_of(spec, 5), Progress())
    assert np.array_equal(one, two)


@each_backend
def test_progress_runs_up_to_one(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    seen: list[float] = []
    progress = Progress(lambda fraction, stage: seen.append(fraction))
    backend.inpaint(window_of(spec, (64, 72), MIDDLE), options_of(spec), progress)
    assert seen
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@each_backend
def test_a_cancel_stops_it(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    calls: list[int] = []

    def cancelled() -> bool:
        calls.append(1)
        return True

    with pytest.raises(Cancelled):
        backend.inpaint(window_of(spec, (64, 72), MIDDLE), options_of(spec), Progress(cancelled=cancelled))
    assert len(calls) == 1, "work went on after the first cancel"


@each_backend
def test_a_backend_works_again_after_a_cancel(spec: BackendSpec) -> None:
    backend = warm(spec.name)
    window = window_of(spec, (64, 72), MIDDLE)
    expected = backend.inpaint(window, options_of(spec), Progress())
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 1

    with pytest.raises(Cancelled):
        backend.inpaint(window, options_of(spec), Progress(cancelled=later))
    assert np.array_equal(backend.inpaint(window, options_of(spec), Progress()), expected)


@each_backend
@pytest.mark.parametrize("shape", [(1, 9), (9, 1), (37, 61)], ids=str)
def test_odd_sizes(spec: BackendSpec, shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, dtype=bool)
    mask[shape[0] // 3 : shape[0] // 3 + 3, shape[1] // 3 : shape[1] // 3 + 3] = True
    through_pipeline(spec, textured(*shape), mask)


@each_backend
def test_a_hole_at_the_border(spec: BackendSpec) -> None:
    mask = np.zeros((37, 61), dtype=bool)
    mask[:12, 45:] = True
    through_pipeline(spec, textured(37, 61), mask)


@each_backend
def test_the_whole_image_is_a_hole(spec: BackendSpec) -> None:
    result = through_pipeline(spec, textured(16, 24), np.ones((16, 24), dtype=bool))
    assert result.shape == (16, 24, 3)


@each_backend
def test_all_but_one_pixel_is_a_hole(spec: BackendSpec) -> None:
    mask = np.ones((16, 24), dtype=bool)
    mask[3, 5] = False
    through_pipeline(spec, textured(16, 24), mask)


@each_backend
def test_a_flat_surrounding_stays_flat(spec: BackendSpec) -> None:
    """On one colour everything but a network's guess gives that colour (OpenCV's Telea within 2)."""
    guesses = spec.family in ("network", "diffusion")
    mask = np.zeros((48, 48), dtype=bool)
    mask[18:30, 18:30] = True
    image = np.full((48, 48, 3), (200, 40, 90), np.uint8)
    drift = np.abs(through_pipeline(spec, image, mask).astype(int) - image).max()
    assert guesses or drift <= 2


@each_backend
def test_what_is_to_be_avoided_is_not_copied(spec: BackendSpec) -> None:
    """A red thing near the hole, marked to avoid: where a backend copies, none of its red is in the fill."""
    copies = spec.family == COPYING
    image = np.random.default_rng(2).integers(90, 130, (72, 96, 3)).astype(np.uint8)
    image[..., 0] = 20
    avoid = np.zeros((72, 96), dtype=bool)
    avoid[20:52, 56:80] = True
    image[avoid] = (250, 10, 10)
    mask = np.zeros((72, 96), dtype=bool)
    mask[24:48, 32:52] = True
    result = remove(Removal(image, mask, 0, 0, avoid), filler(spec))
    assert not copies or result.image[mask][:, 0].max() < 120


def test_the_fast_backends_are_always_ready() -> None:
    assert {"navier-stokes", "telea", "patchmatch"} <= {spec.name for spec in READY}


def test_what_is_not_ready_says_what_it_lacks_and_how_to_get_it() -> None:
    for spec in UNREADY:
        for lack in lacks(spec):
            assert lack.what, spec.name
            assert lack.cure, spec.name


@pytest.mark.parametrize("spec", [spec for spec in READY if not spec.ensemble], ids=lambda spec: spec.name)
def test_seeds_count_where_the_spec_says_so_and_nowhere_else(spec: BackendSpec) -> None:
    """What is said to be seeded can be asked for several candidates; for the rest one more would be a waste."""
    window = window_of(spec, (64, 80), (slice(20, 40), slice(24, 50)))
    fills = [warm(spec.name).inpaint(window, options_of(spec, seed), Progress()) for seed in range(4)]
    assert (len({fill.tobytes() for fill in fills}) > 1) == spec.seeded
