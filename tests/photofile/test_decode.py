"""Decoding of files that are damaged where no decoder says so."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from inpaint_app.photofile import files

GRID = (np.indices((1600, 1200)) // 7).sum(0) % 2 == 0


def fax(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "TIFF", compression="group4")
    return file.getvalue()


@pytest.mark.parametrize("other", [np.zeros_like(GRID), np.ones_like(GRID), ~GRID])
def test_what_a_damaged_fax_leaves_out_never_shows_the_file_before(other: np.ndarray) -> None:
    """libtiff goes on behind a wrong code, and shows what lay in memory where it lost the picture."""
    damaged = bytearray(fax(GRID))
    middle = len(damaged) // 10
    damaged[middle : middle + 4] = b"\xff\x00\xff\x00"
    first = files.load(bytes(damaged), name="scan.tif").rgb
    files.load(fax(other), name="another's.tif")
    changed = (files.load(bytes(damaged), name="scan.tif").rgb != first).any(2)
    assert changed.any(1).sum() <= 1, "the row of the wrong code follows libtiff's small tables"
