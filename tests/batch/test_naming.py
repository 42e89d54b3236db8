"""Names that every system can save: bytes, devices of Windows, marks, and what is no name at all."""

from __future__ import annotations

import pytest

from inpaint_app.batch.naming import LONGEST, legal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("holiday.jpg", "holiday.jpg"), ("C:evil.png", "C_evil.png"), ("a/b\\c.png", "a_b_c.png"), ("..", "photo"),
        (".", "photo"), ("", "photo"), ("   ", "photo"), ("CON.png", "_CON.png"), ("con", "_con"),
        ("nul.tar.gz", "_nul.tar.gz"),
        ("COM1", "_COM1"), ("LPT9.jpg", "_LPT9.jpg"), ("console.png", "console.png"), ("a.png. . ", "a.png"),
        ("new\r\nX: 1.png", "new__X_ 1.png"), ("\u202egnp.exe", "_gnp.exe"), ('q"<>|?*.png', "q______.png"),
        ("nul\0.png", "nul_.png"), ("\ud800.png", "_.png"), ("Größe 🙂.png", "Größe 🙂.png"), 
        ("con .png", "_con.png"),
    ],
)  # fmt: skip
def test_a_name_is_made_legal(name: str, expected: str) -> None:
    assert legal(name) == expected


@pytest.mark.parametrize("letter", ["a", "ö", "€", "🙂"])
def test_a_name_is_cut_to_what_file_systems_take_and_keeps_its_ending(letter: str) -> None:
    for name, ending in ((letter * 300 + ".png", ""), (letter * 300, "-removed.jpg"), (letter * 5000, "")):
        short = legal(name, ending)
        assert LONGEST - 4 < len(short.encode()) <= LONGEST
        assert short.endswith(ending or (".png" if name.endswith(".png") else letter))


def test_an_ending_does_not_make_a_device() -> None:
    assert legal("aux", ".jpg") == "_aux.jpg"
    assert legal("", "-mask.png") == "photo-mask.png"
    assert legal("..", "-mask.png") == "photo-mask.png"
