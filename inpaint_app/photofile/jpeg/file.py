"""The parts of a JPEG file: segments, frame, tables, scans. No pixel is decoded here.

ITU-T T.81 (1992), Annex B. Names follow the standard: frame, scan, component, MCU, restart interval.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import JpegError as JpegError

SOI, EOI, SOS, DQT, DHT, DRI, COM, APP0 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xDD, 0xFE, 0xE0
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
frame_markers = frozenset(range(0xC0, 0xD0)) - {DHT, 0xC8, 0xCC}


def _along_diagonals(place: int) -> tuple[int, int]:
    row, column = divmod(place, 8)
    return row + column, row if (row + column) % 2 else column


ZIGZAG = np.array(sorted(range(64), key=_along_diagonals), np.int64)  # T.81, Figure A.6


@dataclass(frozen=True, slots=True)
class Component:
    """One plane: its id, sampling factors (h, v), and the number of its quantisation table."""

    id: int
    h: int
    v: int
    table: int


@dataclass(frozen=True, slots=True)
class HuffmanTable:
    """How many codes of each length 1..16 there are, and their symbols in order."""

    counts: tuple[int, ...]
    symbols: bytes


Tables = dict[tuple[int, int], HuffmanTable]
"""Huffman tables by (0 for DC or 1 for AC, number)."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One pass over the picture: which components, which band of coefficients, which bits, with which tables.

    tables: in force. restart: MCUs between restart markers, 0 for none.
    begin: where its SOS segment starts; data, end: its entropy-coded bytes.
    """

    components: tuple[int, ...]
    dc: tuple[int, ...]
    ac: tuple[int, ...]
    band: tuple[int, int]
    high: int
    low: int
    tables: Tables
    restart: int
    begin: int
    data: int
    end: int


class Segment(NamedTuple):
    """A marker with what it brings: where both stand in the file, and what follows its length."""

    marker: int
    start: int
    end: int
    content: bytes


@dataclass(slots=True, eq=False)
class JpegFile:
    """A parsed file. segments: all between SOI and EOI but scan data; end: past EOI.

    kind: the frame's marker. progressive: the coefficients come in several passes of rising precision.
    unit: width and height in pixels of the coding unit, an MCU, or a block where there is one component; units: how
    many across and down; sampling: blocks across and down of each component in one.
    torn: it breaks off in a scan or between two, and was read as far as it goes.
    """

    data: bytes
    kind: int = 0
    width: int = 0
    height: int = 0
    components: tuple[Component, ...] = ()
    progressive: bool = False
    unit: tuple[int, int] = (8, 8)
    units: tuple[int, int] = (0, 0)
    sampling: tuple[tuple[int, int], ...] = ((1, 1),)
    quantisation: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    scans: list[Scan] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    end: int = 0
    torn: bool = False

    def colour(self) -> str:
        """grey, YCbCr, RGB, CMYK or YCCK, by the rules that libjpeg decodes with."""
        count = len(self.components)
        held = [one.content for one in self.segments if one.marker == 0xEE]
        adobe = next(
            (content[11] for content in held if content[:5] == b"Adobe" and len(content) >= 12), None
        )
        if count == 1:
            return "grey"
        if count == 4:
            return "YCCK" if adobe == 2 else "CMYK"
        if any(one.marker == APP0 and one.content[:5] == b"JFIF\0" for one in self.segments):
            return "YCbCr"
        if adobe is not None:
            return "RGB" if adobe == 0 else "YCbCr"
        return "RGB" if bytes(c.id for c in self.components) == b"RGB" else "YCbCr"


def parse(data: bytes, *, torn: bool = False) -> JpegFile:
    """Read the structure of a JPEG; raises JpegError where it is not one whose blocks can be edited.

    torn: take a file that breaks off behind the head of its first scan, too.
    """
    if data[:2] != b"\xff\xd8":
        raise JpegError("it does not begin as a JPEG")
    file = JpegFile(data)
    try:
        _read_segments(file, data, torn)
    except (struct.error, IndexError) as error:
        raise JpegError("it breaks off") from error
    except _BreaksOff:
        if not (torn and file.scans):
            raise
        file.torn, file.end = True, len(data)
    if not file.scans:
        raise JpegError("it holds no picture data")
    return file


class _BreaksOff(JpegError):  # noqa: N818 - the name reads as what happened
    """Where the data ends before its end marker."""


def _read_segments(file: JpegFile, data: bytes, torn: bool) -> None:
    tables: Tables = {}
    restart, position = 0, 2
    while True:
        position = _next_marker(data, position)
        marker = data[position + 1]
        if marker == EOI:
            file.end = position + 2
            return
        if position + 4 > len(data):
            raise _BreaksOff("it breaks off")
        (length,) = struct.unpack_from(">H", data, position + 2)
        end = position + 2 + length
        if end > len(data) or length < 2:
            raise _BreaksOff("it breaks off")
        content = data[position + 4 : end]
        if marker in frame_markers:
            _read_frame(file, marker, content)
        elif marker == DQT:
            _read_quantisation(file, content)
        elif marker == DHT:
            tables |= read_huffman(content)
        elif marker == DRI:
            (restart,) = struct.unpack(">H", content)
        file.segments.append(Segment(marker, position, end, content))
        if marker == SOS:
            found = _MARKER.search(data, end)
            if found is None and not torn:
                raise _BreaksOff("it breaks off")
            stop = found.start() if found else len(data) - data.endswith(b"\xff")
            file.scans.append(_read_scan(file, content, tables, restart, (position, end, stop)))
            if found is None:
                raise _BreaksOff("it breaks off")
            end = stop
        elif marker == 0xDC or marker == 0xCC:
            raise JpegError("it uses a rare kind of coding")
        position = end


def _next_marker(data: bytes, position: int) -> int:
    """Where the next marker's last 0xFF stands; stray bytes in front are passed over, as libjpeg does."""
    while True:
        position = data.find(b"\xff", position)
        while 0 <= position < len(data) - 1 and data[position + 1] == 0xFF:
            position += 1
        if position < 0 or position + 1 >= len(data):
            raise _BreaksOff("it breaks off")
        if data[position + 1] != 0:
            return position
        position += 2


def _read_frame(file: JpegFile, marker: int, content: bytes) -> None:
    if file.components:
        raise JpegError("it holds several frames")
    if marker not in (0xC0, 0xC1, 0xC2):
        raise JpegError(
            "it is coded arithmetically" if marker in (0xC9, 0xCA) else "it uses a rare kind of coding"
        )
    precision, file.height, file.width, count = struct.unpack_from(">BHHB", content)
    if precision != 8 or file.height == 0 or file.width == 0 or count not in (1, 3, 4):
        raise JpegError(f"it has {count} components of {precision} bits")
    parts = [content[6 + 3 * i : 9 + 3 * i] for i in range(count)]
    file.components = tuple(Component(p[0], p[1] >> 4, p[1] & 15, p[2]) for p in parts)
    file.kind, file.progressive = marker, marker == 0xC2
    across, down = max(c.h for c in file.components), max(c.v for c in file.components)
    for c in file.components:
        if not (1 <= c.h <= 4 and 1 <= c.v <= 4) or across % c.h or down % c.v:
            raise JpegError("its colour planes are sampled at an uneven ratio")
    if count > 1 and sum(c.h * c.v for c in file.components) > 10:
        raise JpegError("its coding units are larger than the standard allows")
    if count > 1:
        file.unit, file.sampling = (8 * across, 8 * down), tuple((c.h, c.v) for c in file.components)
    file.units = -(-file.width // file.unit[0]), -(-file.height // file.unit[1])


def _read_quantisation(file: JpegFile, content: bytes) -> None:
    position = 0
    while position < len(content):
        deep, number = content[position] >> 4, content[position] & 15
        size = 128 if deep else 64
        values = np.frombuffer(content[position + 1 : position + 1 + size], ">u2" if deep else np.uint8)
        if len(values) != 64 or (values == 0).any():
            raise JpegError("a quantisation table is damaged")
        if number in file.quantisation and file.scans:
            raise JpegError("its quantisation tables change on the way")
        file.quantisation[number] = values.astype(np.int32)
        position += 1 + size


def read_huffman(content: bytes) -> Tables:
    """The tables that a DHT segment defines; raises JpegError where it is damaged."""
    found, position = {}, 0
    while position < len(content):
        head = content[position]
        counts = tuple(content[position + 1 : position + 17])
        symbols = content[position + 17 : position + 17 + sum(counts)]
        room = sum(count << (16 - length) for length, count in enumerate(counts, 1))
        if len(counts) != 16 or len(symbols) != sum(counts) or room > 1 << 16:
            raise JpegError("a Huffman table is damaged")
        found[head >> 4, head & 15] = HuffmanTable(counts, symbols)
        position += 17 + len(symbols)
    return found


def _read_scan(
    file: JpegFile,
    content: bytes,
    tables: Tables,
    restart: int,
    place: tuple[int, int, int],
) -> Scan:
    count = content[0]
    ids = [c.id for c in file.components]
    if not 1 <= count <= len(ids) or len(content) != 4 + 2 * count:
        raise JpegError("a scan header is damaged")
    chosen, dc, ac = [], [], []
    for index in range(count):
        name, numbers = content[1 + 2 * index], content[2 + 2 * index]
        if name not in ids:
            raise JpegError("a scan names a colour plane that is not there")
        chosen.append(ids.index(name))
        dc.append(numbers >> 4)
        ac.append(numbers & 15)
    first, last, bits = content[-3], content[-2], content[-1]
    if not file.progressive:
        first, last, bits = 0, 63, 0
    if (
        first > last
        or last > 63
        or (first > 0 and count > 1)
        or (file.progressive and first == 0 and last != 0)
    ):
        raise JpegError("a scan header is damaged")
    bands = ((first, last), bits >> 4, bits & 15)
    return Scan(tuple(chosen), tuple(dc), tuple(ac), *bands, dict(tables), restart, *place)
