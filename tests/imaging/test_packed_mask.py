"""A mask as text comes back the same, and stays small."""

from __future__ import annotations

import json

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inpaint_app.imaging.packed_mask import packed, unpacked
from inpaint_app.types import Mask


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_mask_goes_through(mask: Mask) -> None:
    text = json.loads(json.dumps(packed(mask)))
    assert np.array_equal(unpacked(text, mask.shape, "mask"), mask)  # type: ignore[arg-type]


def test_a_mask_of_forty_megapixels_stays_small() -> None:
    mask = np.zeros((5000, 8000), dtype=bool)
    cv2.circle(mask.view(np.uint8), (4000, 2500), 900, 1, -1)
    text = packed(mask)
    assert len(text["data"]) < 100_000
    assert np.array_equal(unpacked(text, (5000, 8000), "mask"), mask)
