"""Photos of every shape, bad input, several visitors, a phone, and how long it takes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from driver import painted
from PIL import Image as PillowImage


@pytest.mark.parametrize(
    ("stored", "orientation", "shape"),
    [((700, 2100), 1, (2100, 700)), ((3000, 420), 1, (420, 3000)), ((6000, 4000), 6, (6000, 4000))],
    ids=["portrait", "wide", "24 megapixels turned by EXIF"],
)
def test_the_mask_lands_where_it_was_drawn(
    studio: Any, tmp_path: Path, stored: tuple[int, int], orientation: int, shape: tuple[int, int]
) -> None:
    studio.open(painted(tmp_path / "photo.jpg", *stored, orientation))
    height, width = shape
    assert f"{width} × {height}" in studio.page.locator(".st-facts").text_content()
    size = studio.brush(min(shape) * 0.1)
    x, y = width * 0.3, height * 0.6
    studio.stroke((x, y), (x + width * 0.2, y))
    mask = studio.mask()
    assert mask.shape == shape
    rows, columns = np.nonzero(mask)
    near = max(shape) / 400
    assert rows.min() == pytest.approx(y - size / 2, abs=near)
    assert rows.max() == pytest.approx(y + size / 2, abs=near)
    assert columns.min() == pytest.approx(x - size / 2, abs=near)
    assert columns.max() == pytest.approx(x + width * 0.2 + size / 2, abs=near)


def test_twelve_megapixels_are_on_the_screen_in_time(studio: Any, tmp_path: Path) -> None:
    """1.3 s and less where nothing else is at work, as it prints; the bound is for machines that are shared."""
    studio.open(painted(tmp_path / "large.jpg", 4000, 3000))
    studio.only("navier-stokes")
    studio.brush(200)
    studio.stroke((2000, 1500), (2000, 1501))
    best = min(pressed(studio) for _ in range(3))
    print(f"pressing Remove on 12 MP, Navier-Stokes: {best:.2f} s to both pictures")
    assert best <= 6


def pressed(studio: Any) -> float:
    """Seconds from pressing Remove until the result is drawn beside the photo, by the page's own clock."""
    if studio.app("s.app.mode") == "compare":
        studio.page.locator(".st-looks [data-do=edit]").click()
    seconds = studio.page.evaluate(
        """() => new Promise((resolve) => {
            const root = document.querySelector('.st'), began = performance.now();
            delete root.dataset.shown;
            const done = () => resolve((performance.now() - began) / 1000);
            const look = () => requestAnimationFrame(root.dataset.shown ? done : look);
            root.querySelector('[data-do=remove]').click();
            look();
        })"""
    )
    studio.rest()
    return float(seconds)


def test_cancel_stops_the_work_and_all_is_as_it_was(
    studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import slow

    monkeypatch.setattr(slow.Slow, "count", 10**6)
    studio.open(painted(tmp_path / "photo.jpg", 640, 480))
    studio.brush(60)
    studio.stroke((300, 200), (340, 200))
    mask = studio.mask()
    studio.only("slow")
    studio.do("remove")
    studio.page.wait_for_selector(".st-progress:visible")
    studio.page.wait_for_function(
        "document.querySelector('.st-stage-name').textContent === 'Taking its time'"
    )
    studio.page.wait_for_selector(".st-forming[src^='data:image/jpeg']:visible")
    studio.do("cancel")
    studio.says("Stopped")
    studio.rest()
    made = slow.steps[-1]
    studio.page.wait_for_timeout(300)
    assert slow.steps[-1] == made
    np.testing.assert_array_equal(studio.mask(), mask)
    studio.only("telea")
    studio.remove()


def test_work_that_the_server_never_took_up_does_not_hold_the_page(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 320, 240))
    studio.app("(s.app.patience = 400, s.app.waiting('Starting'))")
    studio.page.wait_for_function("document.querySelector('.st-toast.error:not([hidden])')")
    studio.says("did not take this up")
    studio.brush(40)
    studio.stroke((100, 100), (140, 100))
    studio.only("telea")
    studio.remove()


def test_a_backend_that_fails_says_so_and_the_others_go_on(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 640, 480))
    studio.brush(60)
    studio.stroke((300, 200), (340, 200))
    mask = studio.mask()
    studio.only("telea", "failing")
    studio.remove()
    studio.says("This one never works")
    studio.wait_until(lambda: studio.page.locator(".card").count() == 1)
    studio.page.keyboard.press("Escape")
    np.testing.assert_array_equal(studio.mask(), mask)


def test_nothing_to_find_is_said_plainly(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "empty.jpg", 320, 240))
    studio.do("people")
    studio.says("Nothing found")
    studio.rest()
    studio.do("find")
    studio.page.wait_for_function(
        "document.querySelector('.st-toast p').textContent.includes('in this photo. Brush')"
    )


def test_what_is_no_photo_leaves_the_open_one_alone(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 640, 480))
    for name, content in (("notes.jpg", b"just some words\n" * 40), ("empty.png", b"")):
        bad = tmp_path / name
        bad.write_bytes(content)
        studio.page.set_input_files(".st-file", str(bad))
        studio.page.wait_for_selector(".st-toast.error:not([hidden])")
        studio.says(name.split(".")[0])
        studio.page.locator(".st-toast button").click()
        studio.rest()
    assert studio.app("s.app.photo.name") == "photo.jpg"
    studio.brush(60)
    studio.stroke((300, 200), (340, 200))
    studio.only()
    studio.do("remove")
    studio.page.wait_for_selector(".card")


def test_a_mask_of_the_whole_photo_is_refused_in_words(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 320, 240))
    studio.do("invert")
    studio.only("telea")
    studio.do("remove")
    studio.says("covers the whole photo")
    studio.rest()
    assert studio.mask().all()


def test_a_full_disk_is_said_and_loses_nothing(
    studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from inpaint_app.photofile import files

    studio.open(painted(tmp_path / "photo.jpg", 320, 240))
    studio.brush(40)
    studio.stroke((100, 100), (140, 100))
    studio.only("telea")
    studio.remove()

    def full(*given: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.tempfile, "mkstemp", full)
        studio.do("download")
        studio.says("disk is full")
        studio.rest()
    studio.wait_until(lambda: studio.page.locator(".card").count() == 1)
    assert studio.saved("png").stat().st_size > 1000


def test_visitors_do_not_see_each_other(studio: Any, phone: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "mine.jpg", 320, 240))
    phone.open(painted(tmp_path / "yours.jpg", 240, 320))
    mine, yours = studio.visit(), phone.visit()
    assert mine is not yours
    assert mine.folder != yours.folder
    assert (mine.photo.name, yours.photo.name) == ("mine.jpg", "yours.jpg")
    assert len(studio.server.visits.root.parent.name) > 8
    assert len(mine.folder.name) >= 24


def test_on_a_phone_fingers_mark_and_nothing_overflows(phone: Any, tmp_path: Path) -> None:
    phone.open(painted(tmp_path / "photo.jpg", 1200, 1600))
    wide, inner = phone.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide == inner == 390
    phone.only("navier-stokes")
    phone.page.evaluate("window.scrollTo(0, 0)")
    phone.page.touchscreen.tap(*phone.at(600, 800))
    mask = phone.mask()
    assert mask[800, 600]
    assert not mask[300, 600]
    phone.page.evaluate("window.scrollTo(0, 0)")
    bar = phone.page.locator(".st-bar").bounding_box()
    assert bar["y"] + bar["height"] == pytest.approx(844, abs=1)
    assert all(
        button.bounding_box()["height"] >= 44
        for button in phone.page.locator(".st-bar button, .st-tools button:visible").all()
    )
    phone.remove()
    divider = phone.page.locator(".st-divider").bounding_box()
    phone.page.mouse.move(divider["x"] + 22, divider["y"] + 60)
    phone.page.mouse.down()
    phone.page.mouse.move(divider["x"] + 100, divider["y"] + 60, steps=4)
    phone.page.mouse.up()
    assert phone.app("s.app.divider") > 0.6


def test_two_fingers_zoom_without_marking(phone: Any, tmp_path: Path) -> None:
    phone.open(painted(tmp_path / "photo.jpg", 1200, 1600))
    before = phone.app("s.view.scale")
    x, y = phone.at(600, 800)
    touch = phone.page.context.new_cdp_session(phone.page)
    for kind, apart in (("touchStart", 30), ("touchMove", 60), ("touchMove", 90), ("touchEnd", 0)):
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}] if apart else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.wait_until(lambda: phone.app("s.view.scale") > 2 * before)
    assert not phone.app("s.mask.marked()")


def test_one_click_costs_little_more_than_the_removal_itself(studio: Any) -> None:
    """In processor seconds, which a busy machine hardly changes; the clock's are printed."""
    from inpaint_app.removal.session import Request

    studio.page.click("[data-sample='bus.jpg']")
    studio.page.wait_for_selector(".st[data-mode='edit']")
    studio.rest()
    session, photo = studio.server.page.session, studio.visit().photo
    session.run(photo.rgb, Request(objects=("people",)))
    began = time.process_time()
    session.run(photo.rgb, Request(objects=("people",)))
    bare = time.process_time() - began
    began, clock = time.process_time(), time.monotonic()
    studio.remove("people")
    clicked, seconds = time.process_time() - began, time.monotonic() - clock
    print(
        f"Remove people on bus.jpg, warm: {seconds:.2f} s; processor {clicked:.2f} s, without the page {bare:.2f} s"
    )
    assert clicked <= 1.5 * bare + 2.0


def test_an_example_opens_with_its_mask_and_runs_at_one_click(studio: Any) -> None:
    from inpaint_app.ui import view_models

    studio.page.click("[data-sample='wall.jpg']")
    studio.page.wait_for_selector(".st[data-mode='compare']")
    studio.rest()
    with PillowImage.open(view_models.example("wall.jpg")[1]) as mask:
        wanted = np.asarray(mask)
    (made,) = studio.visit().step().made.values()
    assert made.result.changed_known == 0
    whole = made.whole(studio.visit().pixels())
    assert whole.mask[wanted].all(), "all that the example's mask covers is gone"
    assert whole.mask.mean() < 2.5 * wanted.mean()
    studio.do("edit")
    assert studio.app("s.app.runs") is False
