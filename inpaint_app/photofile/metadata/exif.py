"""EXIF as bytes: turned upright, and without anything that still shows or frames what was removed.

Nothing is moved: byte offsets stay, so that a maker's note, which may count from the start of the block, keeps its
place. What may stay is decided entry by entry (`tags.kept`); what no entry names, thumbnails and all, is blanked
unless it is too short to show anybody. Exif 2.32, TIFF 6.0. Blocks come with or without JPEG's "Exif\\0\\0" in front.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from inpaint_app.photofile.containers.tiff_directories import PIXELS, SUB_IFDS
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.metadata import tags
from inpaint_app.photofile.metadata.exif_block import PREFIX, Block, Directory
from inpaint_app.photofile.metadata.exif_thumbnail import Thumbnail, made_anew
from inpaint_app.photofile.previews import hidden

__all__ = ["PREFIX", "cleaned", "upright", "without"]

_ORIENTATION = 0x0112
_DIRECTORIES = frozenset({34665, 34853, 40965})
_WIDTHS, _HEIGHTS = (256, 40962), (257, 40963)


def upright(exif: bytes) -> bytes:
    """The block with orientation 1, for pixels that were turned: the sizes that it states turn with them."""
    try:
        block = Block(exif)
        first = block.directory(block.number("I", 4))
        entry = first.find(_ORIENTATION)
        if entry is None:
            return exif
        old = block.first(entry)
        block.put("I" if entry.kind == 4 else "H", entry.start, 1)
        if old >= 5:
            for directory in [first, *below(block, first)]:
                _swap(block, directory)
    except (struct.error, ValueError):
        return exif
    return block.whole()


def without(exif: bytes, going: frozenset[int]) -> bytes:
    """The block without some tags of its first directory, for pixels that are laid out otherwise now."""
    try:
        block = Block(exif)
        first = block.directory(block.number("I", 4))
    except (struct.error, ValueError):
        return exif
    block.drop(first, [entry for entry in first.entries if entry.tag in going])
    return block.whole()


def _swap(block: Block, directory: Directory) -> None:
    """Exchange the width and the height that a directory states."""
    for one, other in zip(_WIDTHS, _HEIGHTS, strict=True):
        first, second = directory.find(one), directory.find(other)
        if first is not None and second is not None:
            a, b = (slice(entry.row + 2, entry.row + 12) for entry in (first, second))
            block.data[a], block.data[b] = block.data[b], block.data[a]


def below(block: Block, directory: Directory, named: frozenset[int] = _DIRECTORIES) -> Iterator[Directory]:
    """The directories that a directory points to, and what those say of interoperability, once each."""
    for entry in directory.entries:
        if entry.tag in named and entry.kind in (4, 13):
            try:
                found = block.directory(block.first(entry))
            except (struct.error, ValueError):
                continue
            yield found
            yield from below(block, found, frozenset({40965} if named is _DIRECTORIES else ()))


def cleaned(exif: bytes, edit: Edit, *, thumbnail: bool = True) -> bytes | None:
    """The block, at the same length, without what still shows the old photo; None where it cannot be read at all.

    thumbnail: whether where it goes has a place for a thumbnail; else that is left out.
    """
    edit.looked_through("EXIF")
    try:
        block = Block(exif)
        first = block.directory(block.number("I", 4))
        deeper = list(below(block, first))
    except (struct.error, ValueError):
        if hidden.may_stay(exif):
            return exif
        edit.left_out("EXIF that could not be read")
        return None
    link = block.number("I", first.link) if first.link + 4 <= len(block.data) else 0
    small = _thumbnail(block, link) if link and thumbnail else None
    for directory in [first, *deeper]:
        _clean(block, directory, edit)
    if link:
        _further(block, first, link, small, edit)
    _blank_unknown(block, edit)
    return block.whole()


def _clean(block: Block, directory: Directory, edit: Edit) -> None:
    """Entry by entry: what may stay stays."""
    going = []
    for entry in directory.entries:
        if entry.tag in _DIRECTORIES and entry.kind in (4, 13):
            continue
        if entry.tag == SUB_IFDS or any(entry.tag in pair for pair in PIXELS):
            going.append(entry)
            continue
        if entry.end - entry.start <= 0 or not entry.kind:
            continue
        value = bytes(block.data[entry.start : entry.end])
        fresh = tags.kept(entry.tag, entry.kind, value, block.order, edit)
        if fresh is None or len(fresh) > len(value):
            going.append(entry)
        elif fresh != value:
            pad = b" " if entry.tag == tags.XMP else b"\0"
            block.data[entry.start : entry.end] = fresh.ljust(len(value), pad)
    before = bytes(block.data)
    for one, other in PIXELS:
        _blank_strips(block, directory, one, other)
    if before != block.data or any(entry.tag == SUB_IFDS for entry in going):
        edit.left_out("a reduced picture in EXIF")
    block.drop(directory, going)
    left = [entry for entry in directory.entries if entry not in going]
    block.known.append((directory.start, min(directory.link + 4, len(block.data))))
    block.known += [(entry.start, entry.end) for entry in left]


def _blank_strips(block: Block, directory: Directory, starts: int, sizes: int) -> None:
    places, lengths = block.numbers(directory.find(starts)), block.numbers(directory.find(sizes))
    for index, place in enumerate(places):
        length = lengths[index] if index < len(lengths) else len(block.data)
        block.blank(place, place + length)


def _thumbnail(block: Block, link: int) -> Thumbnail | None:
    """The thumbnail that the second directory describes, while its bytes are there."""
    try:
        directory = block.directory(link)
    except (struct.error, ValueError):
        return None
    numbers = {entry.tag: block.numbers(entry) for entry in directory.entries}
    return Thumbnail.of(bytes(block.data), numbers, block.order)


def _further(block: Block, first: Directory, link: int, thumbnail: Thumbnail | None, edit: Edit) -> None:
    """The thumbnail's directory: its picture made anew at its place, or the directory left out; none behind it."""
    fresh = None if thumbnail is None else made_anew(thumbnail, edit)
    try:
        second = block.directory(link)
        behind = block.number("I", second.link) if second.link + 4 <= len(block.data) else 0
    except (struct.error, ValueError):
        second, behind = None, 0
    if second is not None:
        for one, other in PIXELS:
            _blank_strips(block, second, one, other)
    if second is None or thumbnail is None or fresh is None:
        block.put("I", first.link, 0)
        edit.left_out("the EXIF thumbnail, which still showed what was removed")
        return
    edit.made_anew("the EXIF thumbnail")
    places = {273: (273, 279), 513: (513, 514), 324: (324, 325)}[thumbnail.tag]
    for place, length in thumbnail.strips:
        block.blank(place, place + length)
    position = 0
    for place, length in thumbnail.strips:
        part = fresh[position : position + length]
        block.data[place : place + len(part)] = part
        position += length
        block.known.append((place, place + length))
    counter = second.find(places[1])
    if thumbnail.tag == 513 and counter is not None:
        block.put("H" if counter.kind == 3 else "I", counter.start, len(fresh))
    if behind:
        block.put("I", second.link, 0)
        edit.left_out("further pictures in EXIF")
    block.known.append((second.start, min(second.link + 4, len(block.data))))
    going = [
        entry
        for entry in second.entries
        if entry.tag not in places and entry.end - entry.start > hidden.SMALL and entry.tag not in (320, 530)
    ]
    block.known += [(e.start, e.end) for e in second.entries if e not in going]


def _blank_unknown(block: Block, edit: Edit) -> None:
    """Blank the bytes that no entry names, where they are more than can be harmless."""
    position = 0
    for start, end in [*sorted(block.known), (len(block.data), len(block.data))]:
        gap = bytes(block.data[position:start])
        if start > position and gap.count(0) != len(gap) and not hidden.may_stay(gap):
            edit.left_out("bytes in EXIF that no entry names")
            block.blank(position, start)
        position = max(position, end)
