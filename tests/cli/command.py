"""The command line as tests call it, and what it works on."""

from __future__ import annotations

import shlex
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.cli import main
from inpaint_app.photofile import files
from inpaint_app.types import Image


def photo(path: Path, seed: int = 0, people: bool = True) -> Path:
    """A photo of 120×80; without people its first corner is black."""
    rng = np.random.default_rng(seed)
    image = cv2.GaussianBlur(rng.integers(0, 256, (80, 120, 3)).astype(np.uint8), (0, 0), 3)
    image[:16, :16] = 255 if people else 0
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def mask(path: Path, box: tuple[slice, slice] = (slice(30, 44), slice(50, 70))) -> Path:
    hole = np.zeros((80, 120), np.uint8)
    hole[box] = 255
    path.write_bytes(cv2.imencode(".png", hole)[1].tobytes())
    return path


def called(call: str) -> int:
    """The exit code of a call, written as in a shell."""
    return main(shlex.split(call))


def pixels(path: Path) -> Image:
    return files.load(path).rgb
