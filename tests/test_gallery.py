"""The gallery: every picture is told of, and still comes out as it is kept."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from tests.conftest import ROOT
from tests.documents import DOCS

pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def script() -> Any:
    spec = importlib.util.spec_from_file_location("make_gallery", ROOT / "assets" / "make_gallery.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_picture_is_shown_with_a_sentence(script: Any) -> None:
    text = (DOCS / "gallery.md").read_text()
    shown = re.findall(r"!\[([^\]]{10,})\]\(gallery/([\w-]+)\.webp\)\n\n(\w.{40,})", text)
    assert sorted(name for _, name, _ in shown) == sorted(case.name for case in script.CASES)
    assert sorted(path.stem for path in (DOCS / "gallery").iterdir()) == sorted(name for _, name, _ in shown)
    for case in script.CASES:
        about = text[text.index(f"gallery/{case.name}.webp") :].split("\n\n")[1]
        for name in case.backend.split():
            assert f"`{name}`" in about, f"{case.name} does not say what filled it"


@pytest.mark.parametrize("name", ["tower", "eye", "whiskers", "brick-both"])
def test_a_picture_still_comes_out_as_it_is_kept(script: Any, tmp_path: Path, name: str) -> None:
    (case,) = [case for case in script.CASES if case.name == name]
    script.make(case, tmp_path / "made.webp", case.backend)
    made, kept = (
        np.asarray(PillowImage.open(path).convert("RGB")).astype(int)
        for path in (tmp_path / "made.webp", DOCS / "gallery" / f"{name}.webp")
    )
    assert made.shape == kept.shape
    differing = (abs(made - kept).max(axis=2) > 24).mean()
    assert differing < 0.01, (
        "run assets/make_gallery.py, and see whether docs/gallery.md still tells the truth"
    )


def test_the_photos_are_not_of_the_data_folder(script: Any) -> None:
    assert {case.photo for case in script.CASES} <= {
        "rocket",
        "coffee",
        "astronaut",
        "chelsea",
        "brick",
        "bus",
    }
