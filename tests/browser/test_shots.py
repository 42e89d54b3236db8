"""More shots of the place in the page: given, judged, used, let go of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

from tests.shots.scenes import hand_held, place, with_thing


def test_further_shots_are_taken_before_any_fill(studio: Any, tmp_path: Path) -> None:
    pictures = {
        "first": with_thing(place()),
        "second": place(),
        "third": hand_held(place(), 2),
        "elsewhere": place(9),
    }
    paths = {name: tmp_path / f"{name}.png" for name in pictures}
    for name, image in pictures.items():
        PillowImage.fromarray(image).save(paths[name])
    (tmp_path / "none.jpg").write_text("no photo")
    studio.open(paths["first"])
    studio.page.set_input_files(
        ".st-shot-files",
        [str(paths[name]) for name in ("second", "third", "elsewhere")] + [str(tmp_path / "none.jpg")],
    )
    studio.page.wait_for_selector(".shot >> nth=2")
    studio.rest()
    studio.says("none.jpg")
    told = studio.page.locator(".shot small").all_inner_texts()
    assert [one.startswith("Fits") for one in told] == [True, True, False]
    assert told[2].startswith("Not used: it shows another place")
    assert studio.page.locator(".st-shots-count").inner_text() == "2 of 3 fit"
    assert not list(studio.server.visits.uploads.root.rglob("second*")), (
        "what was sent is held and not kept twice"
    )

    studio.only("telea")
    studio.remove("movers")
    studio.page.wait_for_selector(".badge.told")
    assert "true pixels" in studio.page.locator(".badge.told").inner_text()
    assert studio.visit().step().made["telea"].shown["changedKnown"] == 0

    held = studio.visit()
    studio.page.locator(".shot button").first.click()
    studio.page.wait_for_function("document.querySelectorAll('.shot').length === 2")
    assert [one.shot.name for one in held.shots.values()] == ["third.png", "elsewhere.png"]
    studio.page.reload()
    studio.page.wait_for_selector(".shot >> nth=1")
    studio.rest()
    studio.open(paths["second"])
    assert studio.page.locator(".shot").count() == 0
    assert not studio.visit().shots
