"""Huffman tables of an edited JPEG: old codes stay where they were, new ones fit in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inpaint_app.photofile import files
from inpaint_app.photofile.jpeg import huffman as jpeg_huffman
from inpaint_app.photofile.jpeg.file import HuffmanTable, Scan, parse
from inpaint_app.photofile.jpeg.scans import Whole
from tests.photofile.photos import decoded, edited_in, hole_in, jpeg_sampled, scene


def several_scans(data: bytes) -> bytes:
    """The same picture with one sequential scan per component."""
    file = parse(data)
    whole = Whole.read(file)
    old = file.scans[0]
    parts = [data[: old.begin]]
    for c in range(len(file.components)):
        number = min(c, 1)
        parts.append(whole.scan(Scan((c,), (number,), (number,), (0, 63), 0, 0, {}, 0, 0, 0, 0)))
    return b"".join([*parts, b"\xff\xd9"])


@pytest.mark.parametrize("sampling", ["420", "422", "444"])
def test_several_sequential_scans(sampling: str) -> None:
    data = jpeg_sampled(scene(53, 75), sampling)
    apart = several_scans(data)
    assert np.array_equal(decoded(apart), decoded(data))
    photo = files.load(apart)
    hole = hole_in(53, 75)
    done = files.encode(photo, edited_in(photo.rgb, hole), hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0


def test_a_full_huffman_table_is_replaced() -> None:
    """Flat colour gives tables of few symbols; a busy fill needs many that are not there."""
    flat = np.full((64, 64, 3), 90, np.uint8)
    flat[:, 32:] = 130
    data = jpeg_sampled(flat, "420", optimize=1)
    photo = files.load(data)
    hole = np.zeros((64, 64), bool)
    hole[8:40, 8:40] = True
    edited = photo.rgb.copy()
    edited[hole] = np.random.default_rng(0).integers(0, 256, (int(hole.sum()), 3), dtype=np.uint8)
    done = files.encode(photo, edited, hole)
    assert done.report.method == "jpeg-blocks"
    assert done.report.changed_blocks_outside == 0
    assert np.abs(files.load(done.data).rgb[hole].astype(int) - edited[hole]).mean() < 60


def test_room_for_symbols_moves_no_old_code() -> None:
    table = HuffmanTable((0, 1, 2, 1, *(0,) * 12), bytes((5, 1, 2, 9)))
    grown = jpeg_huffman.with_room_for(table, [7, 8])
    assert grown is not None
    old, new = jpeg_huffman.writing(table), jpeg_huffman.writing(grown)
    assert np.array_equal(old[[5, 1, 2, 9]], new[[5, 1, 2, 9]])
    assert all(new[s] & 0xFF == 16 for s in (7, 8))
    full = HuffmanTable((2, *(0,) * 15), b"\x01\x02")
    assert jpeg_huffman.with_room_for(full, [3]) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=256))
def test_the_best_table_is_a_prefix_code_within_sixteen_bits(weights: list[int]) -> None:
    histogram = np.zeros(256, np.int64)
    histogram[: len(weights)] = weights
    table = jpeg_huffman.best(histogram)
    codes = jpeg_huffman.writing(table)
    lengths = codes[: len(weights)] & 0xFF
    assert sorted(table.symbols) == list(range(len(weights)))
    assert (lengths > 0).all()
    assert sum(2.0 ** -int(n) for n in lengths) < 1  # all ones stays free
    read = jpeg_huffman.reading(table)
    for symbol in range(len(weights)):
        code, length = int(codes[symbol]) >> 8, int(codes[symbol]) & 0xFF
        if length <= jpeg_huffman.LOOK:
            assert read[code << (jpeg_huffman.LOOK - length)] == (length << 8) | symbol
