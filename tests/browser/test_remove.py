"""The main job, end to end: open, mark, remove, compare, keep, download."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests.toys import settle


def test_people_of_the_bus_go_with_one_click_and_as_through_the_client(studio: Any, bus: Path) -> None:
    from gradio_client import Client, handle_file

    studio.open(bus)
    studio.remove("people")
    assert studio.page.locator(".card .badge").inner_text() == "0 known pixels changed"
    assert studio.page.locator(".card-title small").inner_text() == "4 people, 1 skateboard"
    assert studio.page.locator(".group[data-label=person]").get_attribute("aria-pressed") == "true"
    assert studio.page.locator(".group[data-label=bus]").get_attribute("aria-pressed") == "false"
    studio.page.wait_for_function("!document.querySelector('.facts').innerText.includes('–')")
    through_page = studio.saved("download")
    client = Client(studio.server.address, verbose=False)
    file, report = client.predict(photo=handle_file(bus), objects="people", api_name="/remove_objects")
    assert report["changed_known"] == 0
    assert sorted(find["label"] for find in report["removed"]) == ["person"] * 4 + ["skateboard"]
    assert through_page.name == "bus-removed.jpg"
    np.testing.assert_array_equal(pixels(through_page), pixels(Path(file)))
    assert (pixels(through_page) != pixels(bus)).any(axis=2).sum() > 20_000


def test_one_find_is_chosen_in_the_picture_and_in_the_list(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.only("navier-stokes")
    studio.do("find")
    studio.page.wait_for_selector(".chip")
    studio.rest()
    people = studio.app("s.app.found.filter(f => f.label === 'person').map(f => f.number)")
    assert len(people) == 4
    find = next(i for i in studio.visit().step().found if i.number == people[0])
    rows, columns = np.nonzero(find.mask)
    middle = len(rows) // 2
    studio.page.mouse.click(*studio.at(find.box.left + columns[middle], find.box.top + rows[middle]))
    chip = studio.page.locator(f".chip[data-number='{people[0]}']")
    assert chip.get_attribute("aria-pressed") == "true"
    studio.page.locator(f".chip[data-number='{people[1]}']").click()
    chip.click()
    assert chip.get_attribute("aria-pressed") == "false"
    studio.remove()
    (made,) = studio.visit().step().made.values()
    assert made.gone == {people[1]}
    chosen = next(i for i in studio.visit().step().found if i.number == people[1])
    hole = made.whole(studio.visit().pixels()).hole
    np.testing.assert_array_equal(hole, chosen.full_mask(hole.shape))


def test_brush_erase_resize_brush_arrive_at_the_server_as_drawn(studio: Any, small: Path) -> None:
    studio.open(small)
    width = studio.brush(40)
    studio.stroke((100, 100), (300, 100))
    studio.page.keyboard.press("e")
    studio.stroke((200, 60), (200, 140))
    studio.page.keyboard.press("b")
    for _ in range(4):
        studio.page.keyboard.press("]")
    wider = float(studio.app("s.app.brush * s.app.ratio() / s.view.scale"))
    assert wider == pytest.approx(width * 1.2**4, rel=0.01)
    studio.stroke((100, 300), (300, 300))
    mask = studio.mask()
    assert mask.shape == (480, 640)
    assert mask[100, [110, 150, 250, 290]].all()
    assert not mask[100, [190, 200, 210]].any()
    assert mask[300, [110, 200, 290]].all()
    assert abs(mask[:200, 150].sum() - width) <= 3
    assert abs(mask[200:, 150].sum() - wider) <= 3
    studio.page.keyboard.press("Control+z")
    assert not studio.mask()[300, 200]
    studio.page.keyboard.press("Control+Shift+Z")
    assert studio.mask()[300, 200]
    inverted_from = studio.mask()
    studio.page.keyboard.press("i")
    assert (studio.mask() == ~inverted_from).mean() > 0.995
    studio.do("clear")
    assert studio.page.locator("[data-do=remove]").is_disabled()


def test_a_result_becomes_the_next_photo_and_the_history_brings_each_back(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.only("navier-stokes", "telea")
    studio.brush(80)
    studio.stroke((320, 190), (320, 270))
    mask = studio.mask()
    studio.remove()
    studio.page.wait_for_function("document.querySelectorAll('.card').length === 2")
    studio.rest()
    studio.page.keyboard.press("g")
    studio.wait_until(lambda: studio.page.locator(".st-gallery canvas").count() == 3)
    assert studio.app("s.app.mode") == "gallery"
    studio.page.locator(".card[data-key=telea] .card-face").click()
    assert studio.app("s.app.mode + s.app.active") == "comparetelea"
    studio.page.keyboard.press("n")
    studio.page.wait_for_selector(".st[data-step='1'][data-mode='edit']")
    studio.rest()
    studio.wait_until(lambda: studio.page.locator(".st-history .frame").count() == 2)
    assert not studio.app("s.mask.marked()")
    edited = studio.saved("png")
    hole = grown(studio)
    np.testing.assert_array_equal(pixels(edited)[~hole], pixels(small)[~hole])
    assert (pixels(edited)[230, 320] != (250, 20, 20)).any()
    assert PillowImage.open(edited).info["dpi"] == pytest.approx((300, 300), abs=0.1)
    studio.page.locator(".st-history .frame").first.click()
    studio.page.wait_for_selector(".st[data-step='0']")
    studio.rest()
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.wait_until(lambda: studio.page.locator(".card").count() == 2)


def test_jpeg_download_keeps_everything_outside_the_mask(studio: Any, bus: Path) -> None:
    studio.open(bus)
    studio.only("navier-stokes")
    studio.brush(60)
    studio.stroke((600, 900), (700, 900))
    studio.remove()
    file = studio.saved("download")
    studio.says("coding blocks written anew")
    changed = (pixels(file) != pixels(bus)).any(axis=2)
    rows, columns = np.nonzero(changed)
    assert changed.any()
    assert rows.min() > 820
    assert columns.min() > 520
    recipe = studio.saved("recipe")
    assert recipe.name == "bus.recipe.json"
    held = json.loads(recipe.read_bytes())
    assert held["backend"] == "navier-stokes"
    assert held["certificate"]["changed_blocks_outside"] == 0
    assert held["certificate"]["shown_elsewhere"] == []


def test_a_mask_file_of_another_size_is_taken_and_gone_on_with(
    studio: Any, small: Path, tmp_path: Path
) -> None:
    given = np.zeros((240, 320), np.uint8)
    given[100:130, 150:170] = 255
    path = tmp_path / "mask.png"
    PillowImage.fromarray(given).save(path)
    studio.open(small)
    studio.page.set_input_files(".st-mask-file", str(path))
    studio.page.wait_for_function("document.querySelector('.st').parentElement.studio.mask.marked()")
    studio.rest()
    mask = studio.mask()
    assert mask[202:258, 302:338].all()
    assert mask.sum() == pytest.approx(60 * 40, rel=0.05)
    studio.page.keyboard.press("e")
    studio.brush(30)
    studio.stroke((320, 190), (320, 270))
    assert not studio.mask()[230, 320]


def test_a_page_that_is_loaded_again_finds_photo_mask_results_and_history(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.only("telea")
    studio.brush(80)
    studio.stroke((100, 100), (140, 100))
    studio.remove()
    studio.page.keyboard.press("n")
    studio.page.wait_for_selector(".st[data-step='1']")
    studio.rest()
    studio.brush(50)
    studio.stroke((320, 190), (320, 270))
    mask = studio.mask()
    studio.remove()
    studio.page.reload()
    studio.page.wait_for_selector(".st[data-step='1']")
    studio.page.wait_for_selector(".st[data-mode='compare']")
    studio.wait_until(lambda: studio.page.locator(".st-history .frame").count() == 2)
    studio.wait_until(lambda: studio.page.locator(".card").count() == 1)
    np.testing.assert_array_equal(studio.mask(), mask)


def test_a_photo_can_be_pasted_and_dropped(studio: Any, small: Path) -> None:
    import base64

    script = """([kind, data]) => {
        const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
        const carried = new DataTransfer();
        carried.items.add(new File([bytes], kind + ".png", { type: "image/png" }));
        window.dispatchEvent(kind === "pasted" ? new ClipboardEvent("paste", { clipboardData: carried })
            : new DragEvent("drop", { dataTransfer: carried, cancelable: true }));
    }"""
    data = base64.b64encode(small.read_bytes()).decode()
    for kind in ("pasted", "dropped"):
        studio.page.evaluate(script, [kind, data])
        studio.page.wait_for_function(f"document.querySelector('.st-name').textContent === '{kind}.png'")
        studio.rest()
        assert studio.app("s.app.photo.width") == 640


def test_without_weights_the_page_says_so_and_brushing_works(
    studio: Any, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.open(small)
    with monkeypatch.context() as patch:
        settle(patch, studio.server.page.session, yolo_weights=None, checkpoints=tmp_path, cache=tmp_path)
        patch.setattr(studio.visit(), "settings", studio.server.page.session.settings)
        studio.do("people")
        studio.says("Objects cannot be found here yet")
        studio.rest()
        studio.only("telea")
        studio.brush(40)
        studio.stroke((100, 100), (140, 100))
        studio.remove()


def test_holding_the_key_shows_the_original(studio: Any, small: Path) -> None:
    studio.open(small)
    studio.only("navier-stokes")
    studio.brush(80)
    studio.stroke((320, 190), (320, 270))
    studio.remove()
    studio.app("s.app.compare.place(0)")
    studio.wait_until(lambda: colour(studio, 320, 230)[0] < 200)
    after = colour(studio, 320, 230)
    studio.page.locator(".st-stage").focus()
    studio.page.keyboard.down("c")
    studio.wait_until(lambda: colour(studio, 320, 230)[0] > 230)
    studio.page.keyboard.up("c")
    studio.wait_until(lambda: colour(studio, 320, 230) == after)


def pixels(path: Path) -> Any:
    return np.asarray(PillowImage.open(path).convert("RGB"))


def grown(studio: Any) -> Any:
    """All that the history has changed up to the step that is on."""
    from inpaint_app.server.files.stored_results import hole_of

    visit = studio.visit()
    return hole_of(visit.step().patches, visit.photo.rgb.shape)


def colour(studio: Any, x: int, y: int) -> tuple[int, ...]:
    """What the canvas shows at a point of the photo."""
    shot = PillowImage.open(io.BytesIO(studio.page.screenshot()))
    left, top = studio.at(x, y)
    return tuple(int(v) for v in shot.convert("RGB").getpixel((round(left), round(top))))
