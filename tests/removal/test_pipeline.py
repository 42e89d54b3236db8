"""One removal: what the pipeline promises, whatever a backend does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_app.backends import registry
from inpaint_app.backends.base import BackendSpec, SizeRule, Window
from inpaint_app.errors import BackendError, Cancelled, MaskError, OptionError, PhotoError
from inpaint_app.imaging.mask import dilated
from inpaint_app.removal.pipeline import Filler, Removal, remove
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress

FAST = ("navier-stokes", "telea")


def filler(name: str) -> Filler:
    spec = registry.find(name)
    return Filler(spec, spec.create(Settings()), spec.make_options({}))


@dataclass
class Toy:
    """A backend that does what a test tells it, and keeps the windows it saw."""

    act: Callable[[Window], Image] = lambda window: np.full_like(window.image, 255)
    seen: list[Window] = field(default_factory=list)

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        self.seen.append(window)
        progress(1.0)
        return self.act(window)


def toy(backend: Toy, **rule: object) -> Filler:
    spec = BackendSpec("toy", "Toy", "A toy.", "nowhere:Toy", size=SizeRule(**rule))  # type: ignore[arg-type]
    return Filler(spec, backend, Options())


noise_masks = st.builds(
    lambda shape, density, seed: np.random.default_rng(seed).random(shape) < density,
    st.tuples(st.integers(1, 80), st.integers(1, 80)),
    st.sampled_from([0.001, 0.02, 0.3, 0.9, 1.0]),
    st.integers(0, 999),
)
any_mask = (arrays(bool, st.tuples(st.integers(1, 20), st.integers(1, 20))) | noise_masks).filter(np.any)


@settings(max_examples=120, deadline=None)
@given(any_mask, st.sampled_from(FAST), st.none() | st.integers(0, 9), st.none() | st.integers(0, 9))
def test_known_pixels_equal_the_photo(mask: Mask, name: str, grow: int | None, feather: int | None) -> None:
    photo = np.random.default_rng(7).integers(0, 256, (*mask.shape, 3)).astype(np.uint8)
    before = photo.copy(), mask.copy()
    result = remove(Removal(photo, mask, grow, feather), filler(name))
    assert np.array_equal(result.image[~result.mask], photo[~result.mask])
    assert result.mask[mask].all()
    if grow is not None:
        assert np.array_equal(result.mask, dilated(mask, grow))
    assert result.changed_known == 0
    assert result.feather <= result.grow
    assert np.array_equal(photo, before[0])
    assert np.array_equal(mask, before[1])


@settings(max_examples=40, deadline=None)
@given(any_mask, st.sampled_from([None, 32]), st.sampled_from([1, 8]), st.integers(0, 2**31))
def test_known_pixels_survive_a_backend_that_returns_noise(
    mask: Mask, native: int | None, multiple: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    photo = rng.integers(0, 256, (*mask.shape, 3)).astype(np.uint8)
    backend = Toy(lambda window: rng.integers(0, 256, window.image.shape).astype(np.uint8))
    result = remove(Removal(photo, mask), toy(backend, native=native, multiple=multiple, context_minimum=4))
    assert np.array_equal(result.image[~result.mask], photo[~result.mask])


@settings(max_examples=40, deadline=None)
@given(any_mask, st.integers(0, 5))
def test_every_hole_pixel_is_filled_whatever_the_windows(mask: Mask, feather: int) -> None:
    """Over a black photo a white fill leaves no black pixel in the mask that was asked for, grown or not."""
    photo = np.zeros((*mask.shape, 3), np.uint8)
    result = remove(Removal(photo, mask, 5, feather), toy(Toy(), context_minimum=2))
    assert (result.image[mask] == 255).all()


@pytest.mark.parametrize("name", FAST)
@pytest.mark.parametrize("density", [0.001, 0.05, 0.5])
def test_specks_by_the_thousand_cost_bounded_windows_and_time(name: str, density: float) -> None:
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (600, 800, 3)).astype(np.uint8)
    mask = rng.random((600, 800)) < density
    began = time.process_time()
    result = remove(Removal(photo, mask, grow=0), filler(name))
    assert time.process_time() - began < 10
    assert len(result.boxes) <= 40
    assert np.array_equal(result.image[~mask], photo[~mask])


def test_nothing_of_a_wire_is_left_where_its_pieces_meet() -> None:
    """Feathering follows the wire's own edge, not the cuts between its windows: no ghost of it at the cuts."""
    photo = np.zeros((600, 1800, 3), np.uint8)
    mask = np.zeros((600, 1800), dtype=bool)
    for column in range(1800):
        mask[column // 4 + 50 : column // 4 + 56, column] = True
    backend = Toy()
    result = remove(Removal(photo, mask, 6, 6), toy(backend, maximum=512))
    assert len(backend.seen) >= 3
    assert (result.image[mask] == 255).all()
    assert result.changed_known == 0


def test_far_holes_get_windows_of_their_own_and_cost_no_more_in_a_larger_photo() -> None:
    backend = Toy()
    mask = np.zeros((2000, 3000), dtype=bool)
    mask[100:120, 100:120] = True
    mask[1800:1820, 2800:2820] = True
    remove(Removal(np.zeros((2000, 3000, 3), np.uint8), mask), toy(backend))
    assert len(backend.seen) == 2
    assert max(window.image.shape[0] for window in backend.seen) < 200


def test_the_backend_never_sees_what_is_under_the_mask(image: Image, mask: Mask) -> None:
    windows = []
    for shown in (image, np.where(mask[..., None], np.uint8(255) - image, image)):
        backend = Toy()
        remove(Removal(shown, mask), toy(backend, native=32))
        windows.append(backend.seen[0].image)
    assert np.array_equal(*windows)


def test_the_guide_fills_first_and_its_fill_steers(image: Image, mask: Mask) -> None:
    backend, guiding = Toy(), Toy(lambda window: np.full_like(window.image, 9))
    steered = replace(toy(backend, context_minimum=8), guide=toy(guiding, context_minimum=20))
    remove(Removal(image, mask, 0), steered)
    window = backend.seen[0]
    assert window.guide is not None
    assert (window.guide[window.mask] == 9).all()
    assert np.array_equal(window.guide[~window.mask], window.image[~window.mask])


@pytest.mark.parametrize(("lays_out", "times"), [(0, 1), (10, 3.1), (4000, 1)])
def test_a_guide_whose_detail_is_borrowed_counts_as_coarse_as_its_layout(
    image: Image, mask: Mask, lays_out: int, times: float
) -> None:
    backend, guiding = Toy(), toy(Toy(), context=0.0, context_minimum=10)
    guiding = replace(guiding, spec=replace(guiding.spec, lays_out=lays_out))
    remove(Removal(image, mask, grow=0, feather=0), replace(toy(backend), guide=guiding))
    assert backend.seen[0].guide_pixel == times  # the guide's window is 31 pixels wide


class Batch(Toy):
    """The same for several windows at once, which it counts."""

    calls = 0

    def inpaint_all(self, windows: Sequence[Window], options: Options, progress: Progress) -> list[Image]:
        self.calls += 1
        return [self.inpaint(window, options, progress) for window in windows]


@pytest.mark.parametrize("kind", [Toy, Batch])
@pytest.mark.parametrize(("count", "views"), [(2, 2), (9, 1)])
def test_a_guide_sees_few_holes_of_a_window_one_by_one(kind: type[Toy], count: int, views: int) -> None:
    photo = np.random.default_rng(1).integers(0, 200, (60, 40 * count, 3)).astype(np.uint8)
    mask = np.zeros(photo.shape[:2], dtype=bool)
    for number in range(count):
        mask[20:30, 40 * number + 15 : 40 * number + 25] = True
    backend, guiding = Toy(), kind(lambda window: np.full_like(window.image, 200 + len(guiding.seen)))
    removal = Removal(photo, mask, grow=0, feather=0)
    remove(removal, replace(toy(backend, context_minimum=99), guide=toy(guiding, context_minimum=8)))
    assert (len(backend.seen), len(guiding.seen)) == (1, views)
    assert getattr(guiding, "calls", 1) == 1
    guide = backend.seen[0].guide
    assert guide is not None
    for number, value in enumerate(np.linspace(201, 200 + views, count).astype(int)):
        assert (guide[20:30, 40 * number + 15 : 40 * number + 25] == value).all()
    assert np.array_equal(guide[~mask], photo[~mask])


def test_avoid_reaches_the_backend_in_the_window(image: Image, mask: Mask) -> None:
    backend = Toy()
    avoid = np.zeros_like(mask)
    avoid[:, 45:] = True
    remove(Removal(image, mask, 0, avoid=avoid), toy(backend, context_minimum=64))
    seen = backend.seen[0].avoid
    assert seen is not None
    assert np.array_equal(seen, avoid)


@pytest.mark.parametrize(
    "fill",
    [None, np.zeros((3, 3, 3), np.uint8), np.zeros((48, 64, 3), np.float32), [[0]]],
    ids=["nothing", "small", "float", "list"],
)
def test_what_is_no_fill_is_refused(image: Image, mask: Mask, fill: object) -> None:
    backend = Toy(lambda window: fill)  # type: ignore[arg-type,return-value]
    with pytest.raises(BackendError, match="Toy returned"):
        remove(Removal(image, mask), toy(backend))


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        ({"mask": np.zeros((48, 64), dtype=bool)}, MaskError, "mask is empty"),
        ({"mask": np.ones((48, 65), dtype=bool)}, MaskError, r"48, 65.*48, 64"),
        ({"mask": np.ones((48, 64), np.uint8)}, MaskError, "mask is uint8"),
        ({"image": np.zeros((48, 64), np.uint8)}, PhotoError, "expected"),
        ({"image": np.zeros((48, 64, 4), np.uint8)}, PhotoError, "expected"),
        ({"image": np.zeros((48, 64, 3), np.float32)}, PhotoError, "float32"),
        ({"image": np.zeros((0, 64, 3), np.uint8)}, PhotoError, "expected"),
        ({"grow": -1}, OptionError, "grow is -1"),
        ({"feather": 5000}, OptionError, "feather is 5000"),
        ({"avoid": np.zeros((3, 3), dtype=bool)}, MaskError, r"avoid has shape \(3, 3\)"),
    ],
    ids=str,
)
def test_wrong_input_is_named(
    image: Image, mask: Mask, change: dict[str, object], error: type[Exception], told: str
) -> None:
    values = {"image": image, "mask": mask, **change}
    with pytest.raises(error, match=told):
        remove(Removal(**values), filler("telea"))  # type: ignore[arg-type]


def test_progress_rises_to_one_and_a_cancel_leaves_all_as_it_was(image: Image, mask: Mask) -> None:
    seen: list[float] = []
    remove(Removal(image, mask), filler("telea"), Progress(lambda fraction, stage: seen.append(fraction)))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    before = image.copy()
    with pytest.raises(Cancelled):
        remove(Removal(image, mask), filler("telea"), Progress(cancelled=lambda: True))
    assert np.array_equal(image, before)


def test_a_given_guide_reaches_each_window_in_its_hole_alone() -> None:
    photo = np.random.default_rng(1).integers(0, 200, (60, 400, 3)).astype(np.uint8)
    mask = np.zeros((60, 400), dtype=bool)
    mask[20:30, 20:30] = mask[20:30, 360:370] = True
    guide = np.full_like(photo, 210)
    guide[:, 200:] = 240
    backend = Toy()
    remove(Removal(photo, mask, grow=0, feather=0, guide=guide), toy(backend, context=0.0, context_minimum=8))
    assert len(backend.seen) == 2
    for window, value in zip(sorted(backend.seen, key=lambda w: int(w.guide.max())), (210, 240), strict=True):
        assert (window.guide[window.mask] == value).all()
        np.testing.assert_array_equal(window.guide[~window.mask], window.image[~window.mask])
    with pytest.raises(MaskError, match="guide has shape"):
        remove(Removal(photo, mask, guide=guide[:10]), toy(Toy()))


def test_a_wall_keeps_the_grown_hole_out_of_what_is_to_be_avoided_but_never_shrinks_the_mask() -> None:
    image, mask = np.full((40, 40, 3), 90, np.uint8), np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    avoid = np.zeros_like(mask)
    avoid[:, 19:] = True
    plain = remove(Removal(image, mask, grow=4, avoid=avoid), filler("telea")).mask
    walled = remove(Removal(image, mask, grow=4, avoid=avoid, wall=True), filler("telea")).mask
    assert plain[12, 22]
    assert not walled[:, 20:].any()
    assert walled[mask].all()
    assert np.array_equal(walled[:, :19], plain[:, :19])
