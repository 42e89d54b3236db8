"""What cleans metadata, under hypothesis: damage of any kind raises nothing and lets no picture through."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inpaint_app.photofile.containers import png_metadata
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.jpeg import metadata as jpeg
from inpaint_app.photofile.metadata import exif, iptc, xmp
from inpaint_app.photofile.previews import hidden
from tests.fuzz.examples import bounded
from tests.photofile import carried
from tests.photofile.leaks import filled, photo, shows

PICTURE, HOLE = photo()


def edit() -> Edit:
    return Edit(filled(PICTURE, HOLE), HOLE, 1)


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Bytes changed, cut out, doubled, taken from another; most often near the start, where the structure is."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 5))):
        if not data:
            break
        near = min(len(data) - 1, draw(st.sampled_from([60, 200, 10_000_000])))
        at = draw(st.integers(0, near))
        kind = draw(st.sampled_from(["set", "set", "numbers", "cut", "double", "splice", "end"]))
        if kind == "set":
            data[at : at + 2] = draw(st.binary(min_size=1, max_size=3))
        elif kind == "numbers":
            data[at : at + 4] = draw(
                st.sampled_from([bytes(4), b"\xff" * 4, b"\0\0\0\1", b"\1\0\0\0", b"\x08\0\0\0"])
            )
        elif kind == "cut":
            del data[at : at + draw(st.sampled_from([1, 2, 12, 500]))]
        elif kind == "double":
            data[at:at] = data[at : at + draw(st.sampled_from([12, 500]))]
        elif kind == "splice":
            other = draw(st.sampled_from(seeds))
            data[at:] = other[min(at, len(other)) :]
        else:
            del data[at:]
    return bytes(data)


def blind(data: bytes | None, told: Edit) -> None:
    """Nothing in the bytes is a picture but those drawn from the result."""
    for found in hidden.pictures(data or b""):
        held = (data or b"")[found.start : found.end]
        ours = (
            any(fresh in held for fresh in told.fresh)
            if found.kind == "TIFF"
            else held.startswith(tuple(told.fresh))
        )
        assert ours, found
    # A few samples may be left where damage cut them off from the rest: less than hidden.SMALL shows nobody.
    assert not [where for where in shows(data or b"") if where != "plain samples"]


EXIFS, PACKETS = list(carried.exifs().values()), list(carried.packets().values())
RESOURCES = list(carried.resources().values())


@bounded(150)
@given(damaged(EXIFS))
def test_any_exif(data: bytes) -> None:
    told = edit()
    done = exif.cleaned(data, told)
    assert done is None or len(done) == len(data)
    blind(done, told)
    exif.upright(data)


@bounded(150)
@given(damaged(PACKETS))
def test_any_packet(data: bytes) -> None:
    told = edit()
    blind(xmp.cleaned(data, told), told)
    blind(xmp.cleaned(data, told, extended=True), told)


@bounded(100)
@given(damaged(RESOURCES))
def test_any_resources(data: bytes) -> None:
    told = edit()
    blind(iptc.resources(data, told), told)
    blind(iptc.records(data, told), told)


@bounded(100)
@given(
    st.sampled_from([b"eXIf", b"tEXt", b"zTXt", b"iTXt", b"iCCP", b"prVw"]),
    damaged(EXIFS + PACKETS + RESOURCES),
)
def test_any_chunk(kind: bytes, data: bytes) -> None:
    told = edit()
    done = png_metadata.kept(kind, data, told)
    if kind != b"iCCP" or done is None:
        blind(done, told)


MARKERS = {
    0xE1: (exif.PREFIX, jpeg.XMP),
    0xED: (b"Photoshop 3.0\0",),
    0xE2: (b"FPXR\0", b"MPF\0", b""),
    0xFE: (b"",),
}


@bounded(100)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(MARKERS)), st.integers(0, 9), damaged(EXIFS + PACKETS + RESOURCES)),
        max_size=3,
    )
)
def test_any_segments(given_segments: list[tuple[int, int, bytes]]) -> None:
    told = edit()
    held = [
        (marker, (MARKERS[marker][choice % len(MARKERS[marker])] + data)[:65000])
        for marker, choice, data in given_segments
    ]
    for parts in jpeg.kept(held, told):
        for part in parts:
            blind(part, told)


@bounded(100)
@given(st.binary(max_size=2000))
def test_any_bytes(data: bytes) -> None:
    told = edit()
    for clean in (exif.cleaned, xmp.cleaned, iptc.resources, iptc.records):
        clean(data, told)  # type: ignore[operator]
    hidden.coded_text(data)
    assert hidden.may_stay(np.zeros(500, np.uint8).tobytes())
