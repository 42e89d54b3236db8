"""Messages from a browser: read right, and never beyond the visitor's own files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.removal.request import Request
from inpaint_app.server import pictures
from inpaint_app.server.marks import drawn
from inpaint_app.server.visitors import Step, Visit
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Instance
from inpaint_app.ui import messages


@pytest.fixture
def step() -> Step:
    find = Instance(7, "person", 0.9, Box(8, 2, 16, 8), np.ones((6, 8), bool))
    other = Instance(8, "dog", 0.8, Box(0, 0, 4, 4), np.ones((4, 4), bool))
    return Step(0, "Original", found=(find, other), found_with=messages.finder({}, Settings()))


def request(message: dict[str, object], step: Step) -> Request:
    operations = messages.listed(message.get("marks"))
    visit = Visit(Path(), Settings(), photo=object(), steps=[step])  # type: ignore[arg-type]
    return messages.request(message, visit, drawn(operations, (10, 20), step.found or ()))


def test_words_use_earlier_finds_unless_the_finder_changed(step: Step) -> None:
    message: dict[str, object] = {"objects": ["people"], "confidence": 0.35}
    assert request(message, step).found is step.found
    assert request({**message, "confidence": 0.6}, step).found is None
    assert request(message, step).numbers is None


def test_where_something_was_erased_the_finds_are_not_named_again(step: Step) -> None:
    chosen = {"kind": "choose", "numbers": [7], "on": True}
    erased = {"kind": "stroke", "points": [13, 0, 13, 10], "width": 2, "erase": True}
    plain, corrected = request({"marks": [chosen]}, step), request({"marks": [chosen, erased]}, step)
    assert (plain.numbers, corrected.numbers) == ({7}, frozenset())
    assert plain.mask is not None
    assert corrected.mask is not None
    assert plain.mask[:, 12:14].any()
    assert not corrected.mask[:, 12:14].any()


@pytest.mark.parametrize(
    ("given", "expected"), [(None, None), ("", None), ("auto", None), ("12", 12), (0, 0)]
)
def test_growth_is_automatic_or_a_number(step: Step, given: object, expected: int | None) -> None:
    assert request({"grow": given}, step).grow == expected


def test_only_uploads_and_samples_are_opened(tmp_path: Path) -> None:
    upload = tmp_path / "abc" / "photo.jpg"
    assert messages.given(upload.__eq__, {"path": str(upload)}) == upload
    for path in ("/etc/passwd", str(tmp_path / "abc/../../x"), "", None, "\0"):
        with pytest.raises(UnreadablePhoto):
            messages.given(upload.__eq__, {"path": path})
    with pytest.raises(UnreadablePhoto):
        messages.given(upload.__eq__, {"sample": "../../secrets.jpg"})


def test_an_upload_is_gone_once_it_was_read_and_a_sample_stays(tmp_path: Path) -> None:
    upload = tmp_path / "photo.jpg"
    upload.write_bytes(b"x")
    with messages.taken(upload.__eq__, {"path": str(upload)}) as path:
        assert path.read_bytes() == b"x"
    assert not upload.exists()
    with messages.taken(upload.__eq__, {"sample": "bus.jpg"}) as sample:
        pass
    assert sample.exists()


@pytest.mark.parametrize("box", [[-50, -9, 4, 3], [0, 0, 0, 0], [900, 900, 1000, 1000], [5, 5, 2, 2]])
def test_a_crop_is_inside_and_not_empty(box: list[int]) -> None:
    left, top, right, bottom = messages.crop(box, (30, 40, 3))
    assert 0 <= left < right <= 40
    assert 0 <= top < bottom <= 30


def test_outlines_cover_what_the_find_covers() -> None:
    import cv2

    mask = np.zeros((60, 80), bool)
    mask[10:50, 20:60] = True
    mask[25:35, 30:45] = False
    find = Instance(1, "cup", 0.5, Box(100, 40, 180, 100), mask)
    polygons = pictures.outlines(find, (300, 200))
    drawn = np.zeros((200, 300), np.uint8)
    cv2.fillPoly(drawn, [np.round(np.array(p).reshape(-1, 2)).astype(np.int32) for p in polygons], 1)
    full = find.full_mask((200, 300))
    overlap = (drawn.astype(bool) & full).sum() / (drawn.astype(bool) | full).sum()
    assert len(polygons) == 2
    assert overlap > 0.9


def test_a_large_photo_has_outlines_in_preview_pixels() -> None:
    find = Instance(1, "car", 0.5, Box(1000, 500, 3000, 1500), np.ones((1000, 2000), bool))
    (polygon,) = pictures.outlines(find, (4000, 3000))
    points = np.array(polygon).reshape(-1, 2)
    assert points.min(axis=0) == pytest.approx((400, 200), abs=2)
    assert points.max(axis=0) == pytest.approx((1200, 600), abs=2)


def test_bystanders_are_chosen_by_number_and_the_subjects_named(
    step: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.zeros((10, 20, 3), np.uint8)
    image[2:8, 8:16] = np.indices((6, 8)).sum(axis=0)[..., None] % 2 * 255
    visit = Visit(Path(), Settings(), photo=object(), steps=[step])  # type: ignore[arg-type]
    monkeypatch.setattr(visit, "pixels", lambda: image, raising=False)
    assert messages.chosen({}, visit) == (None, None)
    assert messages.chosen({"objects": ["bystanders"]}, visit) == ([], [7])
    assert messages.chosen({"objects": ["people"]}, visit) == ([7], None)
