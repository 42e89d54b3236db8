"""What the command line never does: write over what is not its own, work for nothing, mix what a pipe reads."""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from inpaint_app.cli import main, written
from inpaint_app.cli.detect import table
from inpaint_app.errors import SaveError
from inpaint_app.photofile import files, target, write
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Instance
from tests.cli.command import called, mask, photo, pixels
from tests.toys import FINDER


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def sent(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_two_results_of_one_name_are_told_apart(here: Path) -> None:
    for place, name in enumerate(("a/I.png", "b/I.png", "c/i.PNG")):
        (here / name).parent.mkdir()
        photo(here / name, place)
    mask(here / "m.png")
    assert called("remove a/I.png b/I.png c/i.PNG --mask m.png --backend telea -o out/ --json r.json") == 0
    assert names(here / "out") == ["I-2.png", "I.png", "i-3.PNG"]
    records = json.loads((here / "r.json").read_text())
    assert [(record["photo"], Path(record["result"]).name) for record in records] == [
        ("a/I.png", "I.png"), ("b/I.png", "I-2.png"), ("c/i.PNG", "i-3.PNG"),
    ]  # fmt: skip
    photo(here / "x.jpg"), photo(here / "x.png", 1)
    assert called("remove x.jpg x.png --mask m.png --backend telea --format png -o more") == 0
    assert names(here / "more") == ["x-2.png", "x.png"]
    assert called("remove x.jpg x.png ./x.png --mask m.png --backend telea --format png -o . ") == 2
    before = (here / "x.png").read_bytes()
    assert called("remove x.jpg --mask m.png --backend telea --format png -o .") == 2
    assert (here / "x.png").read_bytes() == before


def test_a_photo_that_is_still_to_be_read_is_not_written_over_by_another(here: Path) -> None:
    photo(here / "x.jpg"), photo(here / "x.png", 1)
    mask(here / "m.png")
    before = pixels(here / "x.png")
    assert called("remove x.jpg x.png --mask m.png --backend telea --format png -o . --overwrite") == 0
    assert names(here) == ["m.png", "x-2.png", "x.jpg", "x.png"]
    assert np.array_equal(pixels(here / "x.png")[:20], before[:20])


def test_what_is_there_is_written_over_only_where_it_was_written_here(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png")
    mask(here / "m.png")
    (here / "out.png").write_bytes(b"mine")
    call = "remove a.png --mask m.png --backend telea -o out.png"
    assert called(call) == 2
    assert "out.png is there already" in capsys.readouterr().err
    assert (here / "out.png").read_bytes() == b"mine"
    assert called(f"{call} --overwrite") == 0
    assert called(f"{call} --grow 2") == 0, "its own earlier result"
    retouched = pixels(here / "out.png").copy()
    retouched[:9] = 0
    (here / "out.png").write_bytes(cv2.imencode(".png", retouched)[1].tobytes())
    assert called(call) == 2
    for name, other in (("r.json", "--json r.json"), ("other.png.recipe.json", "--save-recipe")):
        (here / name).write_text("mine")
        assert called(f"remove a.png --mask m.png --backend telea -o other.png {other}") == 2
        assert (here / name).read_text() == "mine"
        assert not (here / "other.png").exists(), "said before the work"


def test_where_the_cache_cannot_be_kept_nothing_counts_as_written_here(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(here / "a.png"), mask(here / "m.png")
    (here / "blocked").write_text("")
    monkeypatch.setenv("INPAINT_CACHE", str(here / "blocked"))
    call = "remove a.png --mask m.png --backend telea -o out.png"
    assert called(call) == 0
    assert called(call) == 2


def test_the_list_of_what_was_written_stays_short(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(cache=here / "cache")
    monkeypatch.setattr(written, "MOST", 10)
    for number in range(40):
        written.remember(str(number).encode(), settings)
    (here / "f").write_bytes(b"39")
    assert written.may_replace(here / "f", settings)
    (here / "f").write_bytes(b"1")
    assert not written.may_replace(here / "f", settings)
    assert len((here / "cache" / written.NAME).read_text().split()) <= 11


def test_batch_writes_over_nothing_that_no_batch_wrote(here: Path) -> None:
    (here / "in").mkdir(), (here / "out").mkdir()
    photo(here / "in" / "a.png"), photo(here / "in" / "b.png", 1)
    mask(here / "m.png")
    (here / "out" / "A.png").write_bytes(b"mine")
    call = "batch in out --masks m.png --backend telea"
    assert called(call) == 0, "one mask for all photos"
    assert (here / "out" / "A.png").read_bytes() == b"mine"
    assert names(here / "out") == ["A.png", "a-2.png", "b.png", "batch.csv"]
    assert called(call) == 0
    assert names(here / "out") == ["A.png", "a-2.png", "b.png", "batch.csv"], "its own results are"
    retouched = pixels(here / "out" / "b.png").copy()
    retouched[:9] = 0
    (here / "out" / "b.png").write_bytes(cv2.imencode(".png", retouched)[1].tobytes())
    assert called(call) == 0
    assert not pixels(here / "out" / "b.png")[:9].any()
    assert (here / "out" / "b-2.png").exists()
    assert called(f"{call} --overwrite") == 0
    assert (here / "out" / "a.png").exists()
    (here / "other").mkdir()
    (here / "other" / "batch.csv").write_text("my,own,table\n")
    assert called("batch in other --masks m.png --backend telea") == 1
    assert names(here / "other") == ["batch.csv"]


def test_a_batch_below_its_own_folder_takes_neither_results_nor_masks_for_photos(here: Path) -> None:
    photo(here / "a.png")
    (here / "masks").mkdir()
    mask(here / "masks" / "a.png")
    for _ in range(2):
        assert called("batch . clean --masks masks --backend telea --recursive --json r.json") == 0
        rows = json.loads((here / "r.json").read_text())
        assert [row["photo"] for row in rows] == ["a.png"]


def test_a_missing_folder_is_made_and_one_with_a_dot_is_a_folder(here: Path) -> None:
    photo(here / "a.png"), mask(here / "m.png")
    call = "remove a.png --mask m.png --backend telea"
    assert called(f"{call} -o no/such/x.png") == 0
    assert called(f"{call} -o results.v2/ --json reports/r.json") == 0
    assert names(here / "results.v2") == ["a.png"]
    (here / "other.d").mkdir()
    assert called(f"{call} -o other.d") == 0
    assert names(here / "other.d") == ["a.png"]


def test_pipes(here: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: Any) -> None:
    data = photo(here / "a.jpg").read_bytes()
    hole = mask(here / "m.png").read_bytes()
    assert called("remove a.jpg --mask m.png --backend telea -o file.jpg --quiet") == 0
    expected = (here / "file.jpg").read_bytes()
    capsysbinary.readouterr()
    sent(monkeypatch, data)
    assert called("remove - --mask m.png --backend telea -o -") == 0
    said = capsysbinary.readouterr()
    assert said.out == expected
    assert b"filled by telea" in said.err
    sent(monkeypatch, hole)
    assert called("remove a.jpg --mask - --backend telea -o - --quiet") == 0
    assert capsysbinary.readouterr().out == expected
    sent(monkeypatch, data)
    assert called("remove - --mask m.png --backend telea -o out/ --json -") == 0
    said = capsysbinary.readouterr()
    (record,) = json.loads(said.out)
    assert (here / "out" / "stdin.jpg").read_bytes() == expected
    assert Path(record["result"]) == Path("out/stdin.jpg")
    sent(monkeypatch, data)
    assert called("detect - --mask -") == 0
    found = cv2.imdecode(np.frombuffer(capsysbinary.readouterr().out, np.uint8), 0)
    assert found.shape == (80, 120)
    sent(monkeypatch, b"")
    assert called("remove - --mask m.png --backend telea -o -") == 1
    assert capsysbinary.readouterr().out == b""


def test_a_mask_in_doubt_ends_in_2_and_a_photo_without_one_says_what_was_looked_for(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png"), photo(here / "b.png")
    white = np.full((80, 120), 255, np.uint8)
    white[30:44, 50:70] = 0
    (here / "m.png").write_bytes(cv2.imencode(".png", white)[1].tobytes())
    assert called("remove a.png --mask m.png --backend telea -o x.png") == 2
    assert "--invert-mask" in capsys.readouterr().err
    assert called("remove a.png --mask m.png --invert-mask --backend telea -o x.png") == 0
    (here / "m.png").write_bytes(cv2.imencode(".png", np.zeros((80, 120), np.uint8))[1].tobytes())
    assert called("remove a.png --mask m.png --backend telea -o y.png") == 2
    assert "its brightest value is 0 of 255" in capsys.readouterr().err
    (here / "masks").mkdir(), (here / "in").mkdir()
    mask(here / "masks" / "a.png")
    photo(here / "in" / "a.png"), photo(here / "in" / "b.png")
    assert called("batch in out --masks masks --backend telea") == 1
    assert "no mask b.png (or with another ending) in masks" in capsys.readouterr().err


def test_what_lies_beside_photos_is_no_failure_and_names_are_compared_in_one_form(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "in").mkdir(), (here / "masks").mkdir()
    photo(here / "in" / unicodedata.normalize("NFD", "Café.jpg"))
    for name in ("._a.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "a.jpg.xmp", "a.aae", "a.json"):
        (here / "in" / name).write_bytes(b"no photo")
    (here / "in" / "@eaDir").mkdir()
    (here / "in" / "@eaDir" / "a.jpg").write_bytes(b"no photo")
    mask(here / "masks" / unicodedata.normalize("NFC", "Café.png"))
    assert called("batch in out --masks masks --backend telea --recursive") == 0
    assert "1 of 1 photos done" in capsys.readouterr().out
    everything = [str(path) for path in sorted((here / "in").iterdir()) if path.is_file()]
    call = ["remove", *everything, "--mask", "masks", "--backend", "telea", "-o", "more/"]
    assert main(call) == 0
    assert len(names(here / "more")) == 1
    assert "Left out, for it is no photo" in capsys.readouterr().err


def test_finished_work_is_never_lost(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png"), mask(here / "m.png")
    written_bytes = files.write_bytes

    def full(data: bytes, place: Path) -> Path:
        if place.parent.name == "out" or "-kept" not in place.name:
            raise SaveError(f"{place} could not be written: the disk is full.")
        return written_bytes(data, place)

    monkeypatch.setattr(target, "write_bytes", full)
    assert called("remove a.png --mask m.png --backend telea -o out/clean.png --json r.json") == 1
    said = capsys.readouterr().err
    (record,) = json.loads((here / "r.json").read_text())
    kept = Path(record["result"])
    assert str(kept) in said
    assert "not lost" in record["error"]
    assert files.load(kept).width == 120
    (here / "in").mkdir()
    photo(here / "in" / "b.png")
    assert called("batch in out --mask m.png --backend telea") == 1
    assert "not lost" in capsys.readouterr().err


def test_no_room_and_no_such_size_are_said_before_the_work(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png"), mask(here / "m.png")
    monkeypatch.setitem(write.SIDES, "WEBP", 100)
    assert called("remove a.png --mask m.png --backend interrupting -o x.webp") == 1
    assert "at most 100 pixels a side, the photo has 120×80" in capsys.readouterr().err

    class Usage:
        free = 10

    monkeypatch.setattr(target.shutil, "disk_usage", lambda folder: Usage)
    assert called("remove a.png --mask m.png --backend interrupting -o x.png") == 1
    assert "no room" in capsys.readouterr().err


def test_people_are_counted_in_words_and_the_finder_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.png")
    assert called("remove a.png --objects person,dog --backend telea -o x.png") == 0
    said = capsys.readouterr().out
    assert f"1 person, 1 dog found by {FINDER.name}, 60 to 90 % sure; " in said
    assert called("detect a.png") == 0
    assert "1 person, 1 dog found by" in capsys.readouterr().out
    two = (
        Instance(1, label, 1.0, Box(0, 0, 2, 2), np.ones((2, 2), dtype=bool))
        for label in ("dog", "selection")
    )
    assert table(tuple(two), 100, "YOLO").startswith(
        "1 dog found by YOLO; 1 selection drawn where you pointed:"
    )
