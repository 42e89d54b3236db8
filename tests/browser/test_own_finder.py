"""On a bare machine: no YOLO weights, no cache, no network, and one click still removes the people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.ui import view_models
from tests.toys import settle


def test_one_click_with_what_comes_with_the_app(
    studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = view_models.samples()["bus.jpg"]
    studio.open(bus)
    with monkeypatch.context() as patch:
        settle(patch, studio.server.page.session, yolo_weights=None, cache=tmp_path, offline=True)
        patch.setattr(studio.visit(), "settings", studio.server.page.session.settings)
        studio.remove("people")
    assert studio.page.locator(".card .badge").inner_text() == "0 known pixels changed"
    note = studio.page.locator(".finds-note").inner_text()
    assert note.startswith("Found by: Built-in finder. It is less sure than YOLOv8")
    assert "fetch yolov8n-seg" in note
    before = np.asarray(PillowImage.open(bus).convert("RGB")).astype(int)
    after = np.asarray(PillowImage.open(studio.saved("download")).convert("RGB")).astype(int)
    changed = (before != after).any(axis=2)
    (made,) = studio.visit().step().made.values()
    hole = made.whole(studio.visit().pixels()).mask
    for x, y in ((120, 560), (280, 620), (760, 600)):
        part = (slice(y - 10, y + 10), slice(x - 10, x + 10))
        assert hole[part].all(), f"the person at {x}, {y} is marked"
        # not all of it: dark clothes and a dark fill may share a colour
        assert changed[part].mean() > 0.9, f"the person at {x}, {y} is gone"
    assert changed.mean() < 0.3
