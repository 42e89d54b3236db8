"""The script that takes the pictures of the documents still runs, and they still show the page as it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.ui import view_models
from tests.conftest import ROOT

ASSETS = ROOT / "assets"


def test_the_pictures_can_be_taken_and_are_true(server: Any, browser: Any, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_screenshots", ASSETS / "make_screenshots.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    context = browser.new_context(color_scheme="light", **script.DESK)
    script.take(context.new_page(), server.address, view_models.samples()["bus.jpg"], "desktop", tmp_path)
    context.close()
    for part in ("start", "found", "result"):
        taken, kept = (PillowImage.open(folder / f"{part}-desktop.webp") for folder in (tmp_path, ASSETS))
        assert taken.size == kept.size
        apart = np.abs(np.asarray(taken).astype(int) - np.asarray(kept).astype(int)).max(axis=2) > 40
        print(f"{part}: {apart.mean():.1%} of the picture differs")
        assert apart.mean() < 0.25, "the page looks different: run assets/make_screenshots.py"
