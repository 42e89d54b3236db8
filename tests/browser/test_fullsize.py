"""Photos larger than what the browser shows: masks, strokes and results at their own size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import painted
from PIL import Image as PillowImage

from inpaint_app.imaging.mask import dilated
from inpaint_app.server.visitors import PASSING


def pixels(path: Path) -> Any:
    return np.asarray(PillowImage.open(path).convert("RGB"))


def saved_mask(mask: Any, path: Path) -> Path:
    PillowImage.fromarray(mask).save(path)
    return path


def given(studio: Any, path: Path) -> None:
    """Use a mask file, and wait until it is on the photo."""
    studio.page.set_input_files(".st-mask-file", str(path))
    studio.says("The mask is on the photo")
    studio.rest()


def test_twelve_megapixels_brushed_removed_and_downloaded_with_known_pixels_as_they_were(
    studio: Any, tmp_path: Path
) -> None:
    photo = painted(tmp_path / "camera.jpg", 4032, 3024)
    studio.open(photo)
    width = studio.brush(150)
    studio.stroke((1500, 1200), (2400, 1300))
    (stroke,) = studio.app("s.mask.operations()")
    assert stroke["width"] == pytest.approx(width, abs=0.01)
    ends = np.array([stroke["points"][:2], stroke["points"][-2:]])
    np.testing.assert_allclose(ends, [(1500, 1200), (2400, 1300)], atol=4)
    mask = studio.mask()
    assert mask.shape == (3024, 4032)
    straight = np.hypot(*(ends[1] - ends[0])) * width + np.pi * (width / 2) ** 2
    assert mask.sum() == pytest.approx(straight, rel=0.003)
    studio.remove()
    assert studio.page.locator(".card .badge").inner_text() == "0 known pixels changed"
    own, lossless = studio.saved("download"), studio.saved("png")
    (made,) = studio.visit().step().made.values()
    hole = made.whole(studio.visit().pixels()).mask
    assert hole[mask].all()
    assert hole.mean() < 1.4 * mask.mean()
    before, after = pixels(photo), pixels(lossless)
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert (after[mask] != before[mask]).any()
    # a JPEG is kept outside its touched units of 16 pixels, and one that chroma reaches over
    untouched = ~dilated(hole, 24)
    np.testing.assert_array_equal(pixels(own)[untouched], before[untouched])


def test_a_wire_of_one_pixel_in_a_mask_file_is_a_hole_of_one_pixel(studio: Any, tmp_path: Path) -> None:
    """32 megapixels; the preview has a fifth of its width."""
    studio.open(painted(tmp_path / "photo.jpg", 8000, 4000))
    wire = np.zeros((4000, 8000), bool)
    wire[:, 4321] = True
    given(studio, saved_mask(wire, tmp_path / "wire.png"))
    np.testing.assert_array_equal(studio.mask(), wire)
    assert studio.page.locator("[data-do=remove]").is_enabled()
    studio.page.keyboard.press("e")
    studio.brush(400)
    studio.stroke((4321, 0), (4321, 400))
    got = studio.mask()
    assert not got[:300].any()
    np.testing.assert_array_equal(got[700:], wire[700:])
    studio.page.keyboard.press("i")
    np.testing.assert_array_equal(studio.mask(), ~got)
    studio.page.keyboard.press("Control+z")
    studio.page.keyboard.press("Control+z")
    np.testing.assert_array_equal(studio.mask(), wire)
    studio.page.keyboard.press("Control+Shift+Z")
    np.testing.assert_array_equal(studio.mask(), got)
    studio.only("telea")
    studio.remove()
    studio.page.reload()
    studio.page.wait_for_selector(".st[data-mode='compare']")
    studio.rest()
    np.testing.assert_array_equal(studio.mask(), got)
    studio.page.keyboard.press("Escape")
    studio.page.keyboard.press("Control+z")
    np.testing.assert_array_equal(studio.mask(), wire)


def test_a_mask_file_of_nearly_all_is_asked_about(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 2400, 1600))
    hole = np.zeros((1600, 2400), bool)
    hole[700:900, 1000:1300] = True
    path = saved_mask(~hole, tmp_path / "inverted.png")
    for words, wanted in (("Use it inverted", hole), ("Use as it is", ~hole)):
        studio.page.set_input_files(".st-mask-file", str(path))
        question = studio.page.get_by_role("alertdialog", name="98")
        question.wait_for()
        studio.rest()
        assert not studio.app("s.mask.marked()"), "nothing is marked before the answer"
        question.get_by_role("button", name=words).click()
        studio.says("The mask is on the photo")
        np.testing.assert_array_equal(studio.mask(), wanted)
        studio.page.keyboard.press("Control+z")


def test_a_hundred_zooms_leave_no_more_than_a_few_files(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 4000, 3000))
    visit = studio.visit()
    before = set(visit.folder.iterdir())
    studio.page.evaluate(
        """async () => {
            const {app} = document.querySelector('.st').parentElement.studio;
            for (let step = 0; step < 100; step += 1) {
                const left = step * 10, box = [left, left, left + 900, left + 700];
                app.detail(box);
                const arrived = () => app.details.some((detail) => detail.box[0] === left);
                while (!arrived()) await new Promise((then) => setTimeout(then, 10));
            }
        }"""
    )
    left = set(visit.folder.iterdir()) - before
    assert 0 < len(left) <= PASSING
