"""Small made photos to evaluate on."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from inpaint_app.types import Image


def picture(seed: int, height: int = 40, width: int = 56) -> Image:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    wave = 120 + 70 * np.sin((rows + seed * 3) / 4) + 40 * np.cos(columns / (3 + seed))
    return np.stack([wave, wave[::-1], rng.integers(0, 60, wave.shape) + 90], 2).clip(0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four photos, one of them in a subfolder."""
    root = tmp_path / "photos"
    (root / "sub").mkdir(parents=True)
    for number in range(4):
        where = root / ("sub" if number == 3 else "") / f"p{number}.png"
        PillowImage.fromarray(picture(number)).save(where)
    (root / "notes.txt").write_text("no photo")
    return root


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three photos in a tar file."""
    path = tmp_path / "photos.tar"
    with tarfile.open(path, "w") as tar:
        for number in (2, 0, 1):
            stream = io.BytesIO()
            PillowImage.fromarray(picture(number)).save(stream, "PNG")
            info = tarfile.TarInfo(f"{number}.png")
            info.size = len(stream.getvalue())
            stream.seek(0)
            tar.addfile(info, stream)
    return path
