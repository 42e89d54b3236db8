"""--frame, --exact and --mark-edited on the command line, for one photo and for many; what cannot be is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests.cli.command import called, mask, photo, pixels


def animation(path: Path) -> Path:
    frames = []
    for step in range(3):
        frame = np.full((80, 120, 3), (70, 120, 90), np.uint8)
        frame[30:44, 10 + 40 * step : 30 + 40 * step] = (250, 0, 200)
        frames.append(PillowImage.fromarray(frame))
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=80, loop=0)
    return path


def test_a_frame_is_edited_and_the_others_stay(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    animation(here / "a.gif")
    mask(here / "m.png")
    assert called("remove a.gif --mask m.png --backend telea -o out.gif --frame 2 --json r.json") == 0
    said = capsys.readouterr()
    assert "out.gif: Frame 2 of 3 was edited; the others stay as they were" in said.err
    with PillowImage.open("a.gif") as before, PillowImage.open("out.gif") as after:
        assert after.n_frames == 3
        for index in (0, 2):
            before.seek(index)
            after.seek(index)
            assert np.array_equal(np.asarray(before.convert("RGB")), np.asarray(after.convert("RGB")))
    assert json.loads((here / "r.json").read_text())[0]["file"]["changed_pixels_outside"] == 0
    assert called("remove a.gif --mask m.png --backend telea -o x.gif --frame 7") != 0
    assert "a.gif holds 3 pictures: there is no frame 7; choose 1 to 3." in capsys.readouterr().err
    assert called("remove a.gif --mask m.png --backend telea -o one.png --frame 2") == 0
    assert "Left out: the other 2 of its 3 frames" in capsys.readouterr().err


def test_exact_changes_no_known_pixel_and_is_refused_before_any_work(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(here / "a.jpg")
    mask(here / "m.png")
    assert called("remove a.jpg --mask m.png --backend telea -o out/ --exact --mark-edited") == 0
    assert "0 known pixels changed" in capsys.readouterr().out
    assert b"digitalsourcetype/algorithmicallyEnhanced" in (here / "out" / "a.png").read_bytes()
    changed = (pixels(here / "out" / "a.png") != pixels(here / "a.jpg")).any(axis=2)
    changed[20:54, 40:80] = False
    assert not changed.any()
    assert called("remove a.jpg --mask m.png --backend telea -o no.jpg --exact") != 0
    assert (
        "JPEG cannot keep every known pixel as it is: save exactly as png, tiff or webp"
        in capsys.readouterr().err
    )
    assert not (here / "no.jpg").exists()


def test_a_batch_takes_the_same_and_names_what_it_leaves_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder in ("in", "masks"):
        (here / folder).mkdir()
    animation(here / "in" / "a.gif")
    photo(here / "in" / "b.jpg")
    (here / "in" / "c.cr2").write_bytes(b"II*\0\x10\0\0\0CR\x02\0")
    for name in ("a", "b"):
        mask(here / "masks" / f"{name}.png")
    assert called("batch in out --masks masks --backend telea --exact --json r.json") == 0
    assert "Left out: a camera raw file (c.cr2): develop it first." in capsys.readouterr().err
    rows = json.loads((here / "r.json").read_text())
    assert [(row["result"], row["changed_outside"]) for row in rows] == [("a.gif", 0), ("b.png", 0)]
    assert "Frame 1 of 3 was edited" in rows[0]["message"]
