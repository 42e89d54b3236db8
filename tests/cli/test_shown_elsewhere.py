"""The command line and the batch say what a written file shows beside its picture."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.command import called
from tests.photofile import carriers
from tests.photofile.leaks import photo, shows
from tests.photofile.photos import saved


def hole(path: Path) -> None:
    path.write_bytes(saved(photo()[1], "PNG"))


def test_a_line_for_each_part_and_nowhere_at_the_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a.jpg").write_bytes(carriers.jpegs()["gain map"])
    hole(here / "m.png")
    call = "remove a.jpg --mask m.png --backend telea -o out.jpg --json r.json --save-recipe"
    assert called(call) == 0
    said = capsys.readouterr()
    assert said.out.rstrip().endswith("shown elsewhere in the file: nowhere")
    assert "out.jpg: Left out: the description of a gain map (ISO 21496-1)." in said.err.splitlines()
    assert "out.jpg: Corrected: XMP that promised a gain map: it was left out." in said.err.splitlines()
    (record,) = json.loads((here / "r.json").read_text())
    assert record["file"]["elsewhere"] == "nowhere"
    assert "further pictures behind the main one" in record["file"]["inventory"]["left_out"]
    recipe = json.loads((here / "out.jpg.recipe.json").read_text())
    assert recipe["certificate"]["shown_elsewhere"] == []
    assert not shows((here / "out.jpg").read_bytes())


def test_a_batch_says_it_in_each_row(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("in", "masks"):
        (here / folder).mkdir()
    (here / "in" / "a.png").write_bytes(carriers.pngs()["credentials"])
    hole(here / "masks" / "a.png")
    assert called("batch in out --masks masks --backend telea") == 0
    (row,) = csv.DictReader((here / "out" / "batch.csv").open(newline=""))
    assert row["shown_elsewhere"] == "nowhere"
    assert "Content Credentials" in row["message"]
    assert "a.png: Left out: Content Credentials" in capsys.readouterr().err
