"""What metadata say of places in the picture, turned with its pixels: regions, the subject's area, stated sizes.

A file of another format gets upright pixels, while its metadata spoke of the stored ones (EXIF's orientation 2 to 8).
"""

from __future__ import annotations

import struct
from xml.parsers import expat

from inpaint_app.photofile.metadata import exif, regions
from inpaint_app.photofile.metadata.exif_block import Block
from inpaint_app.photofile.metadata.xmp_tree import Cuts, Node, Span, parse, utf8
from inpaint_app.photofile.samples.orientation import INVERSE, TURNED, point

_SIZES = (("ImageWidth", "ImageLength"), ("PixelXDimension", "PixelYDimension"))
_SUBJECT = (37396, 41492)
Stated = dict[str, list[tuple[str, Span]]]


def xmp(packet: bytes, orientation: int, size: tuple[int, int]) -> bytes:
    """The packet of a photo of `size` (width, height) as stored, for upright pixels; the same where nothing turns."""
    text = utf8(packet)
    try:
        root, _ = parse(text)
    except (expat.ExpatError, ValueError):
        return packet
    cuts = Cuts(text)
    stated = _stated(root, text)
    for value, span in stated.get("Orientation", []):
        if value in tuple("2345678"):
            cuts.write(span, "1")
    if orientation in TURNED:
        for pair in _SIZES:
            _swap(stated, pair, cuts)
    for holder in regions.holders(root):
        found = regions.regions(holder)
        if found and _speaks_of_stored(holder, orientation, size):
            for item, area in found:
                _turn(_stated(item, text), orientation, size if area[4] else (1, 1), cuts)
            for node in holder.walk() if orientation in TURNED else ():
                if node.name == "AppliedToDimensions":
                    _swap(_stated(node, text), ("w", "h"), cuts)
    return cuts.done() if cuts.spans else packet


def exif_block(data: bytes, orientation: int, size: tuple[int, int]) -> bytes:
    """The EXIF of a photo of `size` as stored, for upright pixels: orientation 1, sizes and subject's area turned."""
    data = exif.upright(data)
    try:
        block = Block(data)
        for directory in exif.below(block, block.directory(block.number("I", 4))):
            for entry in directory.entries:
                values = block.numbers(entry) if entry.tag in _SUBJECT and entry.kind == 3 else []
                if 2 <= len(values) <= 4:
                    x, y = point(values[0], values[1], *size, INVERSE[orientation])
                    rest = values[:1:-1] if orientation in TURNED and len(values) == 4 else values[2:]
                    fresh = [min(max(round(value), 0), 65535) for value in (x, y, *rest)]
                    struct.pack_into(f"{block.order}{len(fresh)}H", block.data, entry.start, *fresh)
    except (struct.error, ValueError):
        return data
    return block.whole()


def _speaks_of_stored(holder: Node, orientation: int, size: tuple[int, int]) -> bool:
    """Whether a list of regions is of the stored picture; some programs frame the upright one, and say its size."""
    applied = regions.applied_to(holder)
    if orientation == 1 or applied is None or orientation not in TURNED or size[0] == size[1]:
        return orientation != 1
    return (applied[0] > applied[1]) == (size[0] > size[1])


def _stated(node: Node, text: bytes) -> Stated:
    """What an element and all below it state: the values of each name, and where each value stands."""
    found: Stated = {}
    for inner in node.walk():
        for (_, name), (value, (begin, end)) in inner.attributes.items():
            start = text.rfind(text[end - 1 : end], begin, end - 1) + 1
            found.setdefault(name, []).append((value.strip(), (start, end - 1)))
        if not inner.children and inner.text.strip():
            span = inner.opened, text.rfind(b"</", inner.opened, inner.end)
            found.setdefault(inner.name, []).append((inner.text.strip(), span))
    return found


def _swap(stated: Stated, names: tuple[str, str], cuts: Cuts) -> None:
    """Exchange a width and a height."""
    for (wide, first), (high, second) in zip(*(stated.get(name, []) for name in names), strict=False):
        cuts.write(first, high)
        cuts.write(second, wide)


def _turn(stated: Stated, orientation: int, whole: tuple[int, int], cuts: Cuts) -> None:
    """Write the numbers of one region anew; those that do not read as numbers stay."""
    for value, span in stated.get("Rectangle", []):
        try:
            left, top, wide, high = (float(part) for part in value.split(","))
        except ValueError:
            continue
        cuts.write(span, ", ".join(f"{n:.6g}" for n in _corner(left, top, wide, high, orientation, whole)))
    for names, corner in ((("x", "y", "w", "h"), False), (("rbX", "rbY", "rbW", "rbH"), True)):
        _turn_named(stated, names, corner, orientation, whole, cuts)


def _turn_named(
    stated: Stated, names: tuple[str, ...], corner: bool, orientation: int, whole: tuple[int, int], cuts: Cuts
) -> None:
    held = [stated.get(name, []) for name in names]
    try:
        numbers = [[float(value) for value, _ in values] for values in held]
    except ValueError:
        return
    sides = len(numbers[2]) == len(numbers[3]) == len(numbers[0]) == 1
    for index, (x, y) in enumerate(zip(numbers[0], numbers[1], strict=False)):
        wide, high = (numbers[2][0], numbers[3][0]) if sides else (0.0, 0.0)
        if corner:
            turned = _corner(x, y, wide, high, orientation, whole)
        else:
            turned = (
                *point(x, y, *whole, INVERSE[orientation]),
                *((high, wide) if orientation in TURNED else (wide, high)),
            )
        for values, number in zip(held, turned, strict=True):
            if index < len(values):
                cuts.write(values[index][1], f"{number:.6g}")


def _corner(
    left: float, top: float, wide: float, high: float, orientation: int, whole: tuple[int, int]
) -> tuple[float, float, float, float]:
    """A rectangle by its upper left corner and its sides, turned."""
    ends = [point(x, y, *whole, INVERSE[orientation]) for x, y in ((left, top), (left + wide, top + high))]
    xs, ys = sorted(x for x, _ in ends), sorted(y for _, y in ends)
    return xs[0], ys[0], xs[1] - xs[0], ys[1] - ys[0]
