"""Camera raw files, known by what they hold: they are refused, because what they show is a small preview.

A raw file has to be developed first. Without this look a decoder would find the preview inside and edit that.
Kinds and marks: Adobe DNG 1.7, TIFF/EP (ISO 12234-2), the cameras' own formats as ExifTool and LibRaw know them.
"""

from __future__ import annotations

import struct

from inpaint_app.photofile.containers import tiff_directories
from inpaint_app.photofile.containers.tiff_directories import Directory

_MARKS = (
    (0, b"FUJIFILMCCD-RAW", "Fujifilm RAF"),
    (0, b"FOVb", "Sigma X3F"),
    (0, b"\0MRM", "Minolta MRW"),
    (0, b"IIRO", "Olympus ORF"),
    (0, b"IIRS", "Olympus ORF"),
    (0, b"MMOR", "Olympus ORF"),
    (0, b"IIU\0", "Panasonic RW2"),
    (0, b"ARRI", "ARRIRAW"),
    (4, b"ftypcrx ", "Canon CR3"),
    (6, b"HEAPCCDR", "Canon CRW"),
    (8, b"CR\x02", "Canon CR2"),
    (8, b"IIII", "Phase One IIQ"),
    (8, b"MMMM", "Phase One IIQ"),
)
SUFFIXES = frozenset(
    {
        ".dng",
        ".cr2",
        ".cr3",
        ".crw",
        ".nef",
        ".nrw",
        ".arw",
        ".srf",
        ".sr2",
        ".orf",
        ".rw2",
        ".rwl",
        ".raf",
        ".pef",
    }
    | {".srw", ".x3f", ".3fr", ".fff", ".iiq", ".mos", ".mrw", ".erf", ".mef", ".dcr", ".kdc", ".gpr"}
)
"""How such files are usually called, to name those that a folder holds."""

_DNG_VERSION, _LEAF, _COMPRESSION, _PHOTOMETRIC, _MAKE = 50706, 34310, 259, 262, 271
_SENSOR = frozenset({32803, 34892})  # colour filter array, linear raw
_CODED = frozenset(
    {32767, 32769, 32770, 32867, 34713, 65000, 65535}
)  # by cameras alone: Sony … Nikon, Kodak, Pentax
_KINDS = {
    "NIKON": "Nikon NEF", "SONY": "Sony ARW", "PENTAX": "Pentax PEF", "RICOH": "Pentax PEF", "SAMSUNG": "Samsung SRW",
    "HASSELBLAD": "Hasselblad 3FR", "EASTMAN": "Kodak DCR", "KODAK": "Kodak DCR", "CANON": "Canon raw",
    "SEIKO": "Epson ERF", "MAMIYA": "Mamiya MEF", "LEICA": "Leica raw", "OLYMPUS": "Olympus ORF",
}  # fmt: skip


def kind(data: bytes) -> str:
    """Which kind of camera raw file these bytes are ("Nikon NEF"); "" where they are none."""
    tiff = data[:4] in tiff_directories.MARKS
    for place, mark, name in _MARKS:
        if data.startswith(mark, place) and (tiff or place != 8):
            return name
    try:
        return _of_tiff(data) if tiff else ""
    except (struct.error, ValueError):
        return ""


def _of_tiff(data: bytes) -> str:
    pages = list(tiff_directories.pages(data))
    every = [part for page in pages for part in (page, *page.below())]
    if any(_DNG_VERSION in page.rows for page in every):
        return "DNG"
    if any(_LEAF in page.rows for page in pages):
        return "Leaf MOS"
    if any(_holds_sensor_data(part) for part in every):
        return _by_maker(pages[0])
    return ""


def _holds_sensor_data(part: Directory) -> bool:
    """Whether the pixels are what a sensor saw, or packed as only cameras do."""
    return part.number(_PHOTOMETRIC, -1) in _SENSOR or part.number(_COMPRESSION) in _CODED


def _by_maker(page: Directory) -> str:
    _, count, place = page.rows.get(_MAKE, (0, 0, 0))
    maker = page.data[place : place + count].decode("latin-1").upper()
    return next((name for word, name in _KINDS.items() if maker.startswith(word)), "TIFF of sensor data")


def refusal(name: str, found: str) -> str:
    """The sentence for whoever gave such a file."""
    return (
        f"{name} is a camera raw file ({found}): develop it first, in a raw converter such as darktable or "
        "RawTherapee or with the camera's own software, and give the JPEG or TIFF that it makes."
    )
