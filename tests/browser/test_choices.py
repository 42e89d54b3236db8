"""Which fill to take: several of one backend, what one will cost, and which is best on this photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.runtime import fetching


def test_candidates_appear_side_by_side_and_one_is_gone_on_with(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.only("telea")
    assert studio.page.locator("[name=candidates]").is_hidden()
    studio.only("patchmatch", "telea")
    studio.page.fill("[name=candidates]", "3")
    studio.brush(80)
    studio.stroke((320, 190), (320, 270))
    studio.do("remove")
    studio.page.wait_for_selector(".st-gallery figure >> nth=2")
    studio.rest()
    assert studio.app("s.app.mode") == "gallery"
    names = studio.page.locator(".st-gallery figcaption").all_inner_texts()
    assert [name.replace("suggested", "").strip().split("\n")[0] for name in names] == [
        "Before", "Telea", "PatchMatch, seed 0", "PatchMatch, seed 1", "PatchMatch, seed 2",
    ]  # fmt: skip
    assert sum("suggested" in name for name in names) == 1
    made = studio.visit().step().made
    assert list(made) == ["telea", "patchmatch-0", "patchmatch-1", "patchmatch-2"]
    studio.page.locator("figure[data-key=patchmatch-2] button").click()
    assert studio.app("s.app.mode + s.app.active") == "comparepatchmatch-2"
    expected = made["patchmatch-2"].whole(studio.visit().pixels()).image
    studio.page.keyboard.press("n")
    studio.page.wait_for_selector(".st[data-step='1'][data-mode='edit']")
    studio.rest()
    np.testing.assert_array_equal(studio.visit().pixels(), expected)


def test_three_are_filled_with_at_one_press_and_saved_as_one_page(studio: Any, small: Path) -> None:
    page = studio.page
    studio.open(small)
    assert page.locator("[data-do=side]").is_disabled()
    assert (
        "Stable Diffusion 2 is left out. Minutes without a GPU; 2.6 GB."
        in page.locator(".st-side-lacks").inner_text()
    )
    studio.brush(80)
    studio.stroke((320, 190), (320, 270))
    studio.do("side")
    page.wait_for_selector(".st-gallery figure >> nth=2")
    studio.rest()
    captions = page.locator(".st-gallery figcaption").all_inner_texts()
    assert [caption.split("\n")[0] for caption in captions] == [
        "Before",
        "Context encoder",
        "Contextual attention",
    ]
    assert all(
        word in caption for caption in captions[1:] for word in (" s ", "seam", "texture", "agreement")
    )
    assert list(studio.visit().step().made) == ["context-encoder", "contextual-attention"]
    with page.expect_download() as download:
        studio.do("comparison")
    studio.rest()
    assert download.value.suggested_filename == "small-compared.html"
    text = Path(download.value.path()).read_text()
    assert text.count("<figure>") == 4
    assert "agreement" in text


def test_what_is_not_here_is_fetched_from_its_own_row(
    studio: Any, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brought(wanted: Any, folder: Path, settings: Any, progress: Any) -> Path:
        progress(0.5, f"Fetching {wanted.file}")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / wanted.file).write_bytes(b"weights")
        return folder / wanted.file

    monkeypatch.setattr(fetching, "fetch_file", brought)
    studio.open(small)
    row = studio.page.locator(".backend", has_text="MI-GAN").first
    assert "research" in row.inner_text()
    assert row.locator("input").is_disabled()
    row.get_by_role("button", name="Fetch, 28 MB: MI-GAN").click()
    studio.page.get_by_text("migan_pipeline_v2.onnx is here.").wait_for()
    studio.rest()
    assert row.locator("input").is_checked()
    assert row.get_by_role("button").count() == 0
    assert studio.page.locator(".backend input:checked").count() == 2, "what was ticked before stays ticked"
    (studio.server.page.session.settings.weights / "migan_pipeline_v2.onnx").unlink()


def test_what_a_slow_backend_will_take_is_said_before_the_run(studio: Any, small: Path) -> None:
    studio.open(small)
    estimate = studio.page.locator(".st-estimate")
    assert estimate.is_hidden()
    studio.only("slow", "telea")
    studio.page.get_by_text("About 3 min a hole, 3.6 GB").wait_for()
    box, button = estimate.bounding_box(), studio.page.locator("[data-do=remove]").bounding_box()
    assert abs(box["y"] + box["height"] / 2 - button["y"] - button["height"] / 2) < 8
    assert 0 <= button["x"] - box["x"] - box["width"] < 20
    studio.page.locator(".st-fold summary", has_text="Fine tuning").click()
    studio.page.fill("[data-option='slow.steps']", "4")
    studio.page.keyboard.press("Tab")
    studio.page.get_by_text("About 40 s a hole, 3.6 GB").wait_for()
    studio.page.fill("[name=candidates]", "3")
    studio.page.keyboard.press("Tab")
    studio.page.get_by_text("About 2 min a hole, 3.6 GB").wait_for()
    studio.page.fill("[data-option='slow.steps']", "150")
    studio.page.keyboard.press("Tab")
    studio.page.get_by_text("the first run measures it").wait_for()
    studio.only("telea")
    assert estimate.is_hidden()


def test_the_best_backend_is_measured_on_the_photo_and_taken_with_one_press(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.only("failing")
    button = studio.page.locator("[data-do=prove]")
    assert button.is_disabled()
    studio.brush(60)
    studio.stroke((320, 210), (320, 250))
    button.click()
    studio.page.wait_for_function("document.querySelectorAll('.patch').length === 4", timeout=200_000)
    studio.rest()
    ranked = studio.page.locator(".standing")
    names = [one.get_attribute("data-backend") for one in ranked.all()]
    assert sorted(names) == [
        "context-encoder",
        "contextual-attention",
        "exemplar",
        "navier-stokes",
        "patchmatch",
        "telea",
    ]
    studio.wait_until(lambda: studio.page.locator(".patch").first.locator("img").count() == 8)
    assert "This one never works" in studio.page.locator(".st-standings .problem").inner_text()
    ranked.first.click()
    assert studio.app("s.app.settings.chosen()") == [names[0]]
    proof = studio.visit().step().proof
    assert [standing["backend"] for standing in proof["standings"]] == names
    assert all(standing["patches"] == 4 for standing in proof["standings"])
    studio.page.reload()
    studio.page.wait_for_selector(".patch >> nth=3")
