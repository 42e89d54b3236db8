"""A TIFF of several pages with one of them edited: all others keep their place and their bytes.

Only what the pages that stay point at is carried over, byte for byte; the rest of the file, the old page with its
layers and reduced pictures too, is left as zeros, and the new page stands at the end.
"""

from __future__ import annotations

import io
import struct

import cv2
import numpy as np
from PIL import Image as PillowImage

from inpaint_app.errors import SaveError
from inpaint_app.photofile.containers import tiff
from inpaint_app.photofile.containers.tiff import Tags
from inpaint_app.photofile.containers.tiff_directories import SIZES, Directory, directory, head, pages
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.samples.native import Native
from inpaint_app.types import Image

_BELOW = (330, 34665, 34853, 40965)
_REDUCED = 5  # NewSubfileType: a reduced picture, or a mask of transparency
_ALIKE = 12.0  # mean difference in levels of 255 up to which a smaller page is the same picture
_SMALL = 32


def own(data: bytes) -> list[Directory]:
    """The pages that are pictures of their own: not reduced ones, nor masks, where there is any other."""
    every = list(pages(data))
    found = [page for page in every if not page.number(254) & _REDUCED and page.number(255) != 2]
    return found or every


def view(data: bytes, number: int) -> bytes:
    """The file as seen by who reads only its first page, with page `number` (from 0) in that place."""
    found = own(data)
    if number >= len(found):
        return data
    order, big, place = head(data)
    first = struct.pack(order + ("Q" if big else "I"), found[number].at)
    return data[:place] + first + data[place + len(first) :]


def replaced(data: bytes, number: int, native: Native, tags: Tags, seen: Image, edit: Edit) -> bytes:
    """The file with page `number` (from 0) made of the samples and the tags.

    seen: the page as it was, to know reduced copies of it by, which go. Raises SaveError for a BigTIFF.
    """
    order, big, place = head(data)
    if big:
        raise SaveError(
            "The pages of a BigTIFF cannot be kept: write the edited page alone, with --format png, or convert the "
            "file to plain TIFF first."
        )
    every = list(pages(data))
    old = own(data)[number]
    staying = [page for page in every if page.at == old.at or _stays(page, data, seen)]
    if len(staying) < len(every):
        edit.left_out("reduced pictures among the pages, which still showed what was removed")
    whole, gaps = _carried(data, [page for page in staying if page.at != old.at])
    packed = old.number(259, 1) != 1
    start = len(whole)
    body, fresh = tiff.page(native, tags, start, compressed=packed)
    fitting = [gap for gap in gaps if gap[1] - gap[0] >= len(body)]
    if fitting:
        start = fitting[0][0]
        body, fresh = tiff.page(native, tags, start, compressed=packed)
    whole[start : start + len(body)] = body
    rows = struct.unpack_from(order + "H", whole, fresh)[0]
    for page in staying:
        at, link = (fresh, fresh + 2 + 12 * rows) if page.at == old.at else (page.at, page.following[0])
        struct.pack_into(order + "I", whole, place, at)
        place = link
    struct.pack_into(order + "I", whole, place, 0)
    return bytes(whole)


def _stays(page: Directory, data: bytes, seen: Image) -> bool:
    if page.number(254) & _REDUCED or page.number(255) == 2:
        return False
    width, height = page.number(256), page.number(257)
    smaller = width < seen.shape[1] and height < seen.shape[0]
    if not smaller or abs(width * seen.shape[0] - height * seen.shape[1]) > 0.04 * width * seen.shape[0]:
        return True
    place = head(data)[2]
    first = struct.pack(page.order + "I", page.at)
    try:
        with PillowImage.open(
            io.BytesIO(data[:place] + first + data[place + 4 :]), formats=["TIFF"]
        ) as image:
            small = np.asarray(image.convert("RGB").resize((_SMALL, _SMALL), PillowImage.Resampling.BOX))
    except Exception:  # noqa: BLE001 - what cannot be seen is no copy
        return True
    same = cv2.resize(seen, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA)
    return bool(np.abs(small.astype(np.int16) - same).mean() > _ALIKE)


def _carried(data: bytes, staying: list[Directory]) -> tuple[bytearray, list[tuple[int, int]]]:
    """The bytes that the pages point at, at their places, zeros elsewhere, and (start, end) of those zeros."""
    spans = [(0, 8)]
    for page in staying:
        spans += _spans(page, 0)
    whole = bytearray(max(end for _, end in spans))
    whole += bytes(len(whole) % 2)
    gaps, free = [], 0
    for start, end in sorted(spans):
        whole[start:end] = data[start:end]
        if start > free:
            gaps.append((free + free % 2, start))
        free = max(free, end)
    return whole, gaps


def _spans(page: Directory, depth: int) -> list[tuple[int, int]]:
    """(start, end) of everything that belongs to a directory."""
    found = [(page.at, page.following[0] + 4), *page.pixels()]
    for tag, (kind, count, value) in page.rows.items():
        found.append((value, value + SIZES[kind] * count))
        if tag in _BELOW and depth < 4:
            for at in page.numbers(tag)[:64]:
                try:
                    found += _spans(directory(page.data, at), depth + 1)
                except (struct.error, ValueError):
                    continue
    return found
