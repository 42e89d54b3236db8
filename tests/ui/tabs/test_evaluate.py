"""The Evaluate tab without a browser: what it yields, what it writes, and what it refuses."""

from __future__ import annotations

import csv
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.removal.session import Session
from inpaint_app.server.visitors import Visit
from inpaint_app.settings import Settings
from inpaint_app.ui.tabs.evaluate import Asked, evaluate

ASKED = Asked((), "", ("square:0.25", "circle:0.25"), ("telea", "navier-stokes"), 64, 9, 0)


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visit(tmp_path / "visit", Settings())


def packed(folder: Path, count: int) -> Path:
    """A zip of that many photos, one in a folder of its own, and things that are none."""
    path = folder / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            pixels = np.random.default_rng(number).integers(0, 256, (6, 9, 3), np.uint8)
            photo = folder / f"p{number}.png"
            PillowImage.fromarray(pixels).resize((90, 60), PillowImage.Resampling.BICUBIC).save(photo)
            archive.write(photo, f"{'inner/' if number else ''}p{number}.png")
        archive.writestr("__MACOSX/._p0.png", b"not a photo")
        archive.writestr("readme.txt", b"nor this")
    return path


def files(update: Any) -> list[Path]:
    return [Path(link["value"]) for link in update[2:]]


def test_a_zip_gives_a_table_plots_examples_and_a_report_to_keep(tmp_path: Path, visit: Visit) -> None:
    asked = replace(ASKED, files=(str(packed(tmp_path, 2)),))
    *_, last = evaluate(Session(), visit, asked)
    assert "8 fills measured" in last[0]
    assert last[1].count("<svg") == 3
    assert last[1].count("<figure><img") == 4 * 4
    assert "Telea" in last[1]
    report, rows, results = files(last)
    assert report.read_text().startswith("<!doctype html>")
    assert "inner/p1.png" in {row["photo"] for row in csv.DictReader(rows.open())}
    assert len(json.loads(results.read_text())["rows"]) == 8
    assert visit.folder in report.parents, "the files go when the visit does"


def test_as_on_the_command_line(tmp_path: Path, visit: Visit) -> None:
    from inpaint_app.cli import main

    archive = packed(tmp_path, 2)
    *_, last = evaluate(Session(), visit, replace(ASKED, files=(str(archive),)))
    call = ["evaluate", str(archive), "--masks", *ASKED.holes, "--size", "64", "--limit", "9"]
    assert main([*call, "--backends", "telea,navier-stokes", "--report", str(tmp_path / "report")]) == 0
    written = json.loads((tmp_path / "report" / "results.json").read_text())
    shown = json.loads(files(last)[2].read_text())

    def scored(results: dict[str, Any]) -> dict[tuple[str, ...], Any]:
        return {(row["photo"], row["hole"], row["backend"]): row["scores"] for row in results["rows"]}

    assert scored(shown) == scored(written)


def test_what_was_measured_before_a_cancel_is_kept(
    tmp_path: Path, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inpaint_app.ui.tabs import evaluate as tab

    class Stopping(tab.Store):
        def add(self, measured: Any) -> None:
            super().add(measured)
            if len(self.rows) == 3:
                visit.stop.set()

    monkeypatch.setattr(tab, "Store", Stopping)
    *_, last = evaluate(Session(), visit, replace(ASKED, files=(str(packed(tmp_path, 3)),)))
    assert "Stopped" in last[0]
    assert "3 of 12 fills measured" in last[0]
    assert len(json.loads(files(last)[2].read_text())["rows"]) == 3
    assert not visit.busy.locked()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "There are no photos yet"),
        ({"folder": "/no/such/folder"}, "There is no folder /no/such/folder"),
        ({"files": ("x.png",), "holes": ()}, "tick at least one hole"),
        ({"files": ("x.png",), "backends": ()}, "one backend"),
    ],
)
def test_what_cannot_be_measured_is_said(visit: Visit, changed: dict[str, Any], said: str) -> None:
    *_, last = evaluate(Session(), visit, replace(ASKED, **changed))
    assert said in last[0]


def test_a_server_that_limits_batches_limits_this_too(tmp_path: Path, visit: Visit) -> None:
    session = Session(Settings(batch_photos=1))
    *_, last = evaluate(session, visit, replace(ASKED, files=(str(packed(tmp_path, 3)),)))
    assert "4 fills measured" in last[0]


def test_a_public_server_offers_no_folders_of_its_own_disk() -> None:
    from inpaint_app.ui.page import build

    for place, shown in (("own", True), ("container", False), ("spaces", False)):
        page = build(Session(Settings(surroundings=place)))
        (folder,) = [block for block in page.blocks.values() if block.elem_id == "evaluate-folder"]
        assert folder.visible is shown
