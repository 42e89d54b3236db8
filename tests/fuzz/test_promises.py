"""The promises under hypothesis: a bounded number of examples in every run, more with INPAINT_FUZZ_EXAMPLES."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tests.fuzz import promises
from tests.fuzz.examples import bounded

PHOTOS, MASKS = promises.photo_seeds(), promises.mask_seeds()
MARKS, RECIPES = promises.mark_seeds(), promises.recipe_seeds()


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A file with bytes changed, cut out, doubled or taken from another; a PNG's checksums may be right again."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        until = min(len(data), at + draw(st.sampled_from([1, 1, 2, 4, 30, 5000])))
        kind = draw(st.sampled_from(["set", "set", "numbers", "cut", "double", "splice", "end"]))
        if kind == "set":
            data[at:until] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "numbers":
            data[at : at + 4] = draw(
                st.sampled_from([bytes(4), b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\0\1", b"\1\0\0\0"])
            )
        elif kind == "cut":
            del data[at:until]
        elif kind == "double":
            data[at:at] = data[at:until]
        elif kind == "splice":
            other = draw(st.sampled_from(seeds))
            data[at:] = other[min(at, len(other)) :]
        else:
            del data[at:]
    return promises.repaired(bytes(data)) if draw(st.booleans()) else bytes(data)


@bounded(300)
@given(damaged(PHOTOS))
def test_any_photo(data: bytes) -> None:
    promises.photo(data)


@bounded(100)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    promises.photo(data)
    promises.mask(data)
    promises.replay(data)


@bounded(200)
@given(damaged(MASKS))
def test_any_mask(data: bytes) -> None:
    promises.mask(data)


@bounded(200)
@given(damaged([seed.encode() for seed in MARKS]))
def test_any_damaged_marks(data: bytes) -> None:
    promises.marks(data)


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.floats(), max_size=6),
)


@bounded(200)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"kind": st.sampled_from(["stroke", "choose", "image", "clear", "invert"])},
            optional={
                "points": st.lists(st.floats(-50, 50), max_size=8) | ANYTHING,
                "width": st.floats(0, 40) | ANYTHING,
                "numbers": ANYTHING,
                "on": ANYTHING,
                "erase": ANYTHING,
                "id": ANYTHING,
                "inverted": ANYTHING,
            },
        )
        | ANYTHING,
        max_size=5,
    )
)
def test_any_marks(operations: list[object]) -> None:
    promises.marks(json.dumps(operations))


@bounded(150)
@given(
    arrays.arrays(
        st.sampled_from([np.bool_, np.uint8, np.uint16, np.int32, np.float32]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
        elements=None,
    )
)
def test_any_layer(pixels: np.ndarray) -> None:
    promises.layer(pixels)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.just("9" * 5000),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = sorted(promises.recipe_seed())


@bounded(300)
@given(st.data())
def test_any_recipe(data: st.DataObject) -> None:
    """A recipe that is read, with fields and fields of fields replaced, added and left out."""
    content: dict[str, Any] = promises.recipe_seed(avoid=data.draw(st.booleans()))
    for name in data.draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        within = content.get(name)
        if isinstance(within, dict) and within and data.draw(st.booleans()):
            within = dict(within)
            within[data.draw(st.sampled_from(sorted(within)) | st.text(max_size=5))] = data.draw(VALUES)
            content[name] = within
        elif data.draw(st.booleans()):
            content[name] = data.draw(VALUES)
        else:
            content.pop(name, None)
    promises.replay(json.dumps(content))


@bounded(150)
@given(damaged(RECIPES))
def test_any_damaged_recipe(data: bytes) -> None:
    promises.replay(data)


def test_what_the_search_begins_with_is_good() -> None:
    """Else it would look at nothing but the first check."""
    assert all(promises.photo(seed) for seed in PHOTOS)
    assert all(promises.mask(seed) for seed in MASKS)
    assert all(promises.marks(seed) for seed in MARKS)
    assert all(promises.replay(seed) for seed in RECIPES)
