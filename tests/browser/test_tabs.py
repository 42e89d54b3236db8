"""The tabs of forms: test on this photo, batch, models, help; light and dark."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from driver import painted
from PIL import Image as PillowImage

from inpaint_app.ui import view_models


def test_a_hole_of_known_content_is_filled_and_scored(studio: Any, tmp_path: Path) -> None:
    page = studio.page
    page.get_by_role("tab", name="Test on this photo").click()
    page.get_by_role("button", name="Test", exact=True).click()
    page.get_by_text("There is no photo yet").wait_for()
    page.get_by_role("tab", name="Remove").click()
    studio.open(painted(tmp_path / "photo.jpg", 400, 300))
    studio.brush(40)
    studio.stroke((100, 100), (140, 100))
    page.get_by_role("tab", name="Test on this photo").click()
    for name in ("Context encoder", "Contextual attention", "PatchMatch", "Exemplar", "Slow", "Failing"):
        page.get_by_label(name, exact=True).uncheck()
    page.get_by_label("My mask, moved elsewhere").check()
    page.get_by_role("button", name="Test", exact=True).click()
    page.wait_for_selector(".sheet .tiles figure >> nth=3")
    tables = page.locator(".sheet:visible table")
    studio.wait_until(lambda: tables.count() == 2)
    head = tables.first.locator("th").all_inner_texts()
    assert head[:7] == ["Over the hole", "L1 %", "L2 %", "PSNR dB", "SSIM", "TV %", "HaarPSI"]
    rows = tables.first.locator("tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["Telea", "Navier-Stokes"]
    assert all(float(row.split()[3]) > 20 for row in rows)


def test_a_batch_comes_back_as_one_zip(studio: Any, tmp_path: Path) -> None:
    page = studio.page
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo at all")
    nobody = painted(tmp_path / "nobody.jpg", 320, 240)
    bus = view_models.samples()["bus.jpg"]
    page.get_by_role("tab", name="Batch").click()
    page.click("#batch-start")
    page.get_by_text("There are no photos yet").wait_for()
    page.set_input_files("#batch-photos input[type=file]", [str(bus), str(broken), str(nobody)])
    page.locator("#batch-photos .file-preview tr >> nth=2").wait_for()
    page.click("#batch-start")
    page.get_by_text("1 done, 1 had nothing to remove, 1 failed").wait_for()
    rows = page.locator("#batch-rows tbody tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["bus.jpg", "broken.jpg", "nobody.jpg"]
    assert "4 people" in rows[0]
    assert "every block outside the mask" in rows[0]
    assert "as it was" in rows[2]
    with page.expect_download() as download:
        page.locator("#batch-zip").click()
    archive = zipfile.ZipFile(download.value.path())
    assert sorted(archive.namelist()) == ["batch.csv", "bus.jpg", "nobody.jpg"]
    assert archive.read("nobody.jpg") == nobody.read_bytes()
    target = tmp_path / "done.jpg"
    target.write_bytes(archive.read("bus.jpg"))
    assert (np.asarray(PillowImage.open(target)) != np.asarray(PillowImage.open(bus))).any()


def test_photos_of_a_burst_serve_one_another(studio: Any, tmp_path: Path) -> None:
    page, people = studio.page, np.asarray(PillowImage.open(view_models.samples()["bus.jpg"]))
    paths = []
    for number, moved in enumerate((0, 3, 6)):
        said = PillowImage.Exif()
        said.get_ifd(0x8769).update({0x9003: f"2024:02:29 10:00:{number:02}"})
        paths.append(tmp_path / f"{number}.jpg")
        PillowImage.fromarray(people[moved:, moved:][:960, :700]).save(paths[-1], quality=95, exif=said)
    page.get_by_role("tab", name="Batch").click()
    page.locator("#batch-bursts input").check()
    page.set_input_files("#batch-photos input[type=file]", [str(path) for path in paths])
    page.locator("#batch-photos .file-preview tr >> nth=2").wait_for()
    page.click("#batch-start")
    page.get_by_text("3 done, 0 had nothing to remove, 0 failed").wait_for()
    rows = page.locator("#batch-rows tbody tr").all_inner_texts()
    assert all("true pixels" in row for row in rows)


def test_models_and_help_say_what_there_is(studio: Any) -> None:
    page = studio.page
    page.get_by_role("tab", name="Models").click()
    rows = page.locator("#models-table tr").all_inner_texts()
    assert any("PatchMatch" in row and "Ready" in row for row in rows)
    assert any("YOLOv8 small" in row and "Not here" in row and "23.9 MB" in row for row in rows)
    page.get_by_role("tab", name="Help").click()
    keys = page.locator(".help kbd").all_inner_texts()
    assert {"V", "B", "E", "[", "]", "C", "Enter"} <= set(keys)


def test_light_and_dark(studio: Any) -> None:
    ground = "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
    assert studio.page.evaluate(ground) == "rgb(246, 244, 241)"
    studio.page.locator("#shade button").click()
    studio.wait_until(lambda: studio.page.evaluate(ground) == "rgb(19, 19, 18)")
    studio.page.reload()
    studio.page.wait_for_selector(".st-hero")
    studio.page.wait_for_function(f"{ground} === 'rgb(19, 19, 18)'")


def test_everything_that_can_be_pressed_has_a_name(studio: Any, tmp_path: Path) -> None:
    studio.open(painted(tmp_path / "photo.jpg", 400, 300))
    nameless = studio.page.evaluate(
        """() => [...document.querySelectorAll('.st button, .st input, .st select, .st [role=slider]')]
            .filter((n) => n.type !== 'file')
            .filter((n) => !n.textContent.trim() && !n.getAttribute('aria-label') && !n.closest('label'))
            .map((n) => n.outerHTML)"""
    )
    assert nameless == []
