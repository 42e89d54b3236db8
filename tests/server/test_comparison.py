"""Fills beside each other as one page: nothing of a name is markup, it needs no other file, and it stays small."""

from __future__ import annotations

import re

import numpy as np

from inpaint_app.server.comparison import MOST, SIDE, Column, area, facts, page


def test_a_page_holds_pictures_and_numbers_and_nothing_of_a_name_is_markup() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (300, 2400, 3), dtype=np.uint8)
    mask = np.zeros(photo.shape[:2], bool)
    mask[100:200, 900:1700] = True
    part = area(mask)
    shown = {"seconds": 1.234, "seam": 1.05, "texture": None, "agreement": 0.5}
    columns = [
        Column(f"<b>{number}</b>", photo[part], facts(shown, {"PSNR dB": 21.5})) for number in range(MOST + 3)
    ]
    text = page("<script>alert(1)</script>.jpg", photo[part], mask[part], columns, "a & b")
    assert "<script" not in text
    assert "<b>0</b>" not in text
    assert "&lt;b&gt;0&lt;/b&gt;" in text
    assert "1.23 s" in text
    assert "<dt>PSNR dB, with truth</dt><dd>21.500</dd>" in text
    assert "None" not in text
    sources = re.findall(r'(?:src|href)="([^"]{0,23})', text)
    assert len(sources) == MOST + 2
    assert set(sources) == {"data:image/jpeg;base64,"}
    assert len(text) < (MOST + 2) * SIDE * SIDE


def test_the_hole_is_shown_with_what_is_around_it() -> None:
    mask = np.zeros((400, 600), bool)
    mask[100:300, 200:400] = True
    rows, columns = area(mask)
    assert (rows.start, rows.stop, columns.start, columns.stop) == (0, 400, 100, 500)
