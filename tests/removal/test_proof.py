"""Proof patches: where they lie, what the backends see of them, and how they rank."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.errors import BackendError, MaskError
from inpaint_app.imaging.window import BLANK
from inpaint_app.removal import places, proof
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.proof import Case, Patch, prove, ranking, unmeasured
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Result


def two_textures(height: int = 120, width: int = 200) -> Image:
    """The left half fine and green, the right half smooth and blue."""
    rng = np.random.default_rng(0)
    image = np.zeros((height, width, 3), dtype=np.uint8)
    image[:, : width // 2] = rng.integers(0, 90, (height, width // 2, 3)) + np.array([20, 120, 20])
    image[:, width // 2 :] = (60, 90, 200)
    image[:, width // 2 :, 0] = np.linspace(40, 80, height)[:, None]
    return image


def disc(shape: tuple[int, int], x: int, y: int, radius: int) -> Mask:
    mask = np.zeros(shape, dtype=np.uint8)
    cv2.circle(mask, (x, y), radius, 1, -1)
    return mask > 0


@pytest.mark.parametrize(("x", "left"), [(50, True), (150, False)])
def test_places_lie_in_the_hole_s_own_texture(x: int, left: bool) -> None:
    image = two_textures()
    mask = disc((120, 200), x, 60, 14)
    found = places.find(image, mask, 3)
    assert len(found) == 3
    for place in found:
        assert (place.box.right <= 108) if left else (place.box.left >= 92)
        assert place.mask.sum() == mask.sum()
        assert not (place.mask & mask).any()
    assert [place.distance for place in found] == sorted(place.distance for place in found)


def test_places_keep_off_objects_and_each_other() -> None:
    image = two_textures()
    mask = disc((120, 200), 50, 60, 10)
    avoid = np.zeros((120, 200), dtype=bool)
    avoid[:, :40] = True
    found = places.find(image, mask, 4, avoid)
    assert found
    for number, place in enumerate(found):
        assert not (place.mask & avoid).any()
        for other in found[number + 1 :]:
            assert (place.mask & other.mask).sum() < 0.75 * mask.sum()


def test_large_photos_are_searched_small_and_answered_at_full_size() -> None:
    image = cv2.resize(two_textures(), (1200, 720), interpolation=cv2.INTER_CUBIC)
    mask = disc((720, 1200), 300, 360, 71)
    for place in places.find(image, mask, 3):
        assert place.mask.shape == (720, 1200)
        assert place.mask.sum() == mask.sum()
        assert not (place.mask & mask).any()


def test_a_shape_without_room_is_tried_smaller_and_then_not_at_all() -> None:
    image = two_textures()
    mask = np.zeros((120, 200), dtype=bool)
    mask[5:115, 5:140] = True
    found = places.find(image, mask, 3)
    assert found
    assert all(0 < place.mask.sum() < mask.sum() for place in found)
    assert places.find(image, ~disc((120, 200), 5, 5, 2), 3) == []


def test_of_several_holes_the_largest_are_tried_out() -> None:
    mask = disc((120, 200), 50, 60, 12) | disc((120, 200), 180, 20, 4)
    found = places.find(two_textures(), mask, 4)
    areas = sorted({int(place.mask.sum()) for place in found})
    assert areas == sorted({int(disc((120, 200), 50, 60, r).sum()) for r in (12, 4)})


def test_every_backend_fills_every_place_without_seeing_it(monkeypatch) -> None:
    image = two_textures()
    mask = disc((120, 200), 50, 60, 12)
    seen: list[Removal] = []
    real = Session.remove

    def remove(self: Session, removal: Removal, *rest: object) -> Result:
        seen.append(removal)
        return real(self, removal, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "remove", remove)
    found = list(prove(Session(), Case(image, mask, ("telea", "navier-stokes"), count=3)))
    assert [(patch.place, patch.backend) for patch in found] == [
        (number, backend) for number in range(3) for backend in ("telea", "navier-stokes")
    ]
    for patch, removal in zip(found, seen, strict=True):
        assert (removal.image[patch.mask] == BLANK).all()
        assert (removal.avoid & mask).sum() == mask.sum()
        assert 0 < patch.score < 1
        assert patch.fill.shape == patch.truth.shape == patch.cut.shape


def test_a_backend_that_fails_stops_nothing(monkeypatch) -> None:
    real = Session.remove

    def remove(self: Session, removal: Removal, backend: str, *rest: object) -> Result:
        if backend == "telea":
            raise BackendError("Telea failed.")
        return real(self, removal, backend, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "remove", remove)
    mask = disc((120, 200), 50, 60, 12)
    found = list(prove(Session(), Case(two_textures(), mask, ("telea", "navier-stokes"), count=2)))
    assert [patch.error for patch in found] == ["Telea failed.", None] * 2
    assert [standing.backend for standing in ranking(found)] == ["navier-stokes"]


def patches(*scores: tuple[float, float]) -> list[Patch]:
    blank = np.zeros((1, 1, 3), dtype=np.uint8)
    return [
        Patch(number, backend, blank[..., 0] > 0, blank, blank, blank, score, 1.0)
        for number, pair in enumerate(scores)
        for backend, score in zip("ab", pair, strict=True)
    ]


def test_the_measured_difference_counts_as_much_as_there_is_of_it() -> None:
    # a is better by 0.1 on both patches; the prior says that b is better by 0.1.
    prior = {"a": -0.05, "b": 0.05}
    few = ranking(patches((0.6, 0.5), (0.7, 0.6)), prior, doubt=4)
    assert [standing.backend for standing in few] == ["b", "a"]
    assert few[0].expected == pytest.approx(0.6 + 0.05 + 2 / 6 * (-0.05 - 0.05))
    assert (few[0].usual, few[1].usual) == (pytest.approx(0.05), pytest.approx(-0.05))
    many = ranking(patches(*[(0.6, 0.5)] * 6), prior, doubt=4)
    assert [standing.backend for standing in many] == ["a", "b"]
    assert (many[0].best_on, many[0].patches, many[0].mean) == (6, 6, pytest.approx(0.6))
    assert [standing.backend for standing in ranking(patches((0.6, 0.5)), {}, doubt=4)] == ["a", "b"]


def test_a_place_that_is_hard_for_all_weighs_no_more() -> None:
    easy_and_hard = patches((0.9, 0.8), (0.2, 0.1))
    assert [s.expected for s in ranking(easy_and_hard, {}, doubt=0)] == pytest.approx([0.55, 0.45])


def test_no_room_for_a_patch_leaves_the_prior(monkeypatch) -> None:
    monkeypatch.setattr(proof, "PRIOR", {"telea": 0.1, "navier-stokes": -0.1})
    mask = ~disc((120, 200), 5, 5, 2)
    with pytest.raises(MaskError, match="no room"):
        next(prove(Session(), Case(two_textures(), mask, ("telea",))))
    found = unmeasured(("navier-stokes", "patchmatch", "telea"))
    assert [standing.backend for standing in found] == ["telea", "patchmatch", "navier-stokes"]
    assert [standing.usual for standing in found] == [pytest.approx(0.1), None, pytest.approx(-0.1)]


def test_every_backend_that_is_measured_unasked_has_a_prior() -> None:
    assert set(proof.quick(Settings())) <= set(proof.PRIOR)
    assert registry.DEFAULT in proof.PRIOR
