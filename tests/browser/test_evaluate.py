"""The Evaluate tab in the page: photos in, a table that grows, plots, examples, and files to keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from driver import painted


def test_photos_are_measured_as_they_come_and_the_report_is_kept(studio: Any, tmp_path: Path) -> None:
    page = studio.page
    photos = [str(painted(tmp_path / f"p{number}.jpg", 160, 120)) for number in range(2)]
    page.get_by_role("tab", name="Evaluate").click()
    page.click("#evaluate-start")
    page.get_by_text("There are no photos yet: add some first").wait_for()
    page.set_input_files("#evaluate-photos input[type=file]", photos)
    page.locator("#evaluate-photos .file-preview tr >> nth=1").wait_for()
    for name in ("Context encoder", "Contextual attention", "Exemplar", "PatchMatch", "Failing"):
        page.locator("#evaluate-backends").get_by_label(name, exact=True).uncheck()
    page.click("#evaluate-start")
    page.get_by_text("8 fills measured").wait_for()
    body = page.locator("#evaluate-body")
    rows = body.locator("tbody tr").all_inner_texts()
    assert [row.split()[:2] for row in rows] == [["Telea", "2"], ["Navier-Stokes", "2"]]
    studio.wait_until(lambda: body.locator(".plots svg").count() == 3)
    studio.wait_until(lambda: body.locator(".tiles img").count() == 16)
    loaded = (
        "[...document.querySelectorAll('#evaluate-body img')].every(i => i.complete && i.naturalWidth > 0)"
    )
    page.wait_for_function(loaded)
    with page.expect_download() as download:
        page.locator("#evaluate-json").click()
    assert len(json.loads(Path(download.value.path()).read_text())["rows"]) == 8
    with page.expect_download() as download:
        page.locator("#evaluate-report").click()
    assert Path(download.value.path()).read_text().startswith("<!doctype html>")
