"""Messages from a browser: read right, and never beyond the visitor's own files."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.errors import MaskError, UnreadablePhoto
from inpaint_app.types import Box, Instance
from inpaint_app.ui import asked, pictures
from inpaint_app.ui.visits import Step


def png(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    PillowImage.fromarray(pixels).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def strokes(brushed: slice, erased: slice) -> str:
    sheet = np.zeros((10, 20, 3), np.uint8)
    sheet[:, brushed, 0] = 255
    sheet[:, erased, 1] = 255
    return png(sheet)


@pytest.fixture
def step() -> Step:
    find = Instance(7, "person", 0.9, Box(8, 2, 16, 8), np.ones((6, 8), bool))
    other = Instance(8, "dog", 0.8, Box(0, 0, 4, 4), np.ones((4, 4), bool))
    return Step(0, "Original", found=(find, other), found_with=asked.finder({}))


def test_the_mask_is_the_chosen_less_the_erased_joined_with_the_brushed(step: Step) -> None:
    message = {"chosen": [7], "strokes": strokes(slice(0, 2), slice(12, 20))}
    mask = asked.marked_mask(message, step, (10, 20))
    expected = np.zeros((10, 20), bool)
    expected[2:8, 8:12] = True
    expected[:, 0:2] = True
    np.testing.assert_array_equal(mask, expected)


def test_strokes_of_the_preview_are_scaled_to_the_photo(step: Step) -> None:
    mask = asked.marked_mask({"strokes": strokes(slice(5, 10), slice(0, 0))}, step, (100, 200))
    assert mask is not None
    assert mask.shape == (100, 200)
    assert mask[:, 50:100].all()
    assert mask.sum() == 100 * 50


def test_nothing_marked_is_no_mask(step: Step) -> None:
    assert asked.marked_mask({}, step, (10, 20)) is None
    assert (
        asked.marked_mask({"chosen": [7], "strokes": strokes(slice(0, 0), slice(0, 20))}, step, (10, 20))
        is None
    )


@pytest.mark.parametrize(
    "given", ["nonsense", "data:image/png;base64,AAAA", base64.b64encode(b"GIF89a").decode()]
)
def test_broken_strokes_are_one_clear_error(given: str) -> None:
    with pytest.raises(MaskError, match="did not arrive whole"):
        pictures.read_strokes(given, (10, 20))


def test_a_sheet_far_over_the_preview_is_refused() -> None:
    with pytest.raises(MaskError, match="at most"):
        pictures.read_strokes(png(np.zeros((2, 4000, 3), np.uint8)), (10, 20))


def test_words_use_earlier_finds_unless_the_finder_changed(step: Step) -> None:
    message = {"objects": ["people"], "confidence": 0.35}
    assert asked.job(message, step, (10, 20)).found is step.found
    assert asked.job({**message, "confidence": 0.6}, step, (10, 20)).found is None
    assert asked.job(message, step, (10, 20)).numbers is None


def test_where_something_was_erased_the_finds_are_not_named_again(step: Step) -> None:
    plain = asked.job({"chosen": [7]}, step, (10, 20))
    corrected = asked.job({"chosen": [7], "strokes": strokes(slice(0, 2), slice(12, 14))}, step, (10, 20))
    assert (plain.numbers, corrected.numbers) == ({7}, frozenset())
    assert plain.mask is not None
    assert not corrected.mask[:, 12:14].any()


@pytest.mark.parametrize(
    ("given", "expected"), [(None, None), ("", None), ("auto", None), ("12", 12), (0, 0)]
)
def test_growth_is_automatic_or_a_number(step: Step, given: object, expected: int | None) -> None:
    assert asked.job({"grow": given, "chosen": [7]}, step, (10, 20)).grow == expected


def test_only_uploads_and_samples_are_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    visits = tmp_path / "visits-1"
    upload = tmp_path / "abc" / "photo.jpg"
    for file in (upload, visits / "somebody" / "preview.jpg"):
        file.parent.mkdir(parents=True)
        file.write_bytes(b"x")
    assert asked.given(visits, {"path": str(upload)}) == upload
    for path in (
        "/etc/passwd",
        str(visits / "somebody" / "preview.jpg"),
        str(tmp_path / "abc/../../x"),
        "",
        None,
    ):
        with pytest.raises(UnreadablePhoto):
            asked.given(visits, {"path": path})
    with pytest.raises(UnreadablePhoto):
        asked.given(visits, {"sample": "../../secrets.jpg"})


def test_an_upload_is_gone_once_it_was_read_and_a_sample_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    upload = tmp_path / "abc" / "photo.jpg"
    upload.parent.mkdir()
    upload.write_bytes(b"x")
    with asked.taken(tmp_path / "visits-1", {"path": str(upload)}) as path:
        assert path.read_bytes() == b"x"
    assert not upload.exists()
    with asked.taken(tmp_path / "visits-1", {"sample": "bus.jpg"}) as sample:
        pass
    assert sample.exists()


@pytest.mark.parametrize("box", [[-50, -9, 4, 3], [0, 0, 0, 0], [900, 900, 1000, 1000], [5, 5, 2, 2]])
def test_a_crop_is_inside_and_not_empty(box: list[int]) -> None:
    left, top, right, bottom = asked.crop(box, (30, 40, 3))
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
