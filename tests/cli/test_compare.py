"""`compare`: several fills of one photo on one page, through the same function as the page's own button."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaint_app.backends import registry as backends
from tests.cli.command import called, mask, photo


def test_fills_stand_side_by_side_with_their_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = photo(here / "a.png").read_bytes()
    mask(here / "m.png")
    call = "compare a.png --mask m.png --backend telea --backend patchmatch --candidates 2 -o c.html"
    assert called(call) == 0
    text = (here / "c.html").read_text()
    captions = [f"<b>{title}</b>" for title in ("Telea", "PatchMatch, seed 0", "PatchMatch, seed 1")]
    assert all(caption in text for caption in captions)
    assert text.count("<dt>agreement</dt>") == text.count("<dt>time</dt>") == 3
    assert text.count("data:image/jpeg") == 5
    assert "with truth" not in text
    assert (here / "a.png").read_bytes() == before
    assert "c.html: 3 side by side" in capsys.readouterr().out


def test_what_is_found_goes_and_a_strange_file_is_not_written_over(here: Path) -> None:
    photo(here / "a.png")
    (here / "c.html").write_text("mine")
    call = "compare a.png --people --backend telea -o c.html"
    assert called(call) == 2
    assert (here / "c.html").read_text() == "mine"
    assert called(f"{call} --overwrite") == 0
    assert "<dt>agreement</dt>" not in (here / "c.html").read_text()
    assert called("compare a.png --backend telea -o d.html") == 2


def test_the_usual_three_are_taken_as_far_as_they_are_here(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo(here / "a.png")
    mask(here / "m.png")
    monkeypatch.setattr(backends, "SIDE_BY_SIDE", ("telea", "lama"))
    assert called("compare a.png --mask m.png -o c.html") == 0
    assert "Left out: lama." in capsys.readouterr().err
    assert "Telea" in (here / "c.html").read_text()
