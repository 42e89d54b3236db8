"""Colour given by numbers (nclx in HEIC and AVIF, cICP, gAMA and cHRM in PNG) → a profile that says the same.

ITU-T H.273 (2024) for the numbers, ICC.1:2022 for profiles: version 4, matrix and curves, with the numbers in a `cicp`
tag, so that who knows high dynamic range finds them again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PRIMARIES = {  # x, y of red, green, blue and white
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, 0.3127, 0.3290),
    4: (0.670, 0.330, 0.210, 0.710, 0.140, 0.080, 0.3100, 0.3160),
    5: (0.640, 0.330, 0.290, 0.600, 0.150, 0.060, 0.3127, 0.3290),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3140, 0.3510),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, 0.3127, 0.3290),
}
_NAMES = {1: "BT.709", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50 = np.array([0.9642, 1.0, 0.8249])
SRGB = _PRIMARIES[1]
PQ, HLG = 16, 18
_PAPER = 203.0  # candelas of diffuse white in BT.2408; brighter values are clipped by who knows no HDR


@dataclass(frozen=True, slots=True)
class Numbers:
    """H.273: colour primaries, transfer characteristics, matrix coefficients, full range."""

    primaries: int
    transfer: int
    matrix: int = 0
    full: int = 1

    @property
    def hdr(self) -> str:
        """PQ or HLG, or "" where it is neither."""
        return {PQ: "PQ", HLG: "HLG"}.get(self.transfer, "")

    @property
    def srgb(self) -> bool:
        """Whether decoders take it for sRGB, as everybody does for BT.709 and for what is not specified."""
        return self.primaries in (0, 1, 2, 5) and self.transfer in (0, 1, 2, 3, 6, 13)

    @property
    def name(self) -> str:
        """In words, for people and for the profile's description."""
        gamut = _NAMES.get(self.primaries, f"primaries {self.primaries}" if self.primaries > 2 else "BT.709")
        return f"{gamut} {self.hdr}".strip()


def profile(numbers: Numbers) -> bytes | None:
    """An ICC profile for RGB of those numbers; None where none is needed (sRGB) or they are not known."""
    if numbers.srgb:
        return None
    places = _PRIMARIES.get(1 if numbers.primaries in (0, 2) else numbers.primaries)
    curve = _curve(numbers.transfer)
    if places is None or curve is None:
        return None
    tag = b"cicp" + bytes(4) + bytes((numbers.primaries, numbers.transfer, 0, 1))
    return matrix_profile(numbers.name, places, curve, {b"cicp": tag})


def of_gamma(gamma: float, chromaticities: tuple[float, ...] | None) -> bytes | None:
    """A profile for PNG's gAMA (1/2.2 is 0.45455) and cHRM (white, red, green, blue); None where they say sRGB.

    PNG Specification, third edition, 11.3.2.1 and 11.3.2.2.
    """
    places = _PRIMARIES[1]
    if chromaticities is not None:
        places = (*chromaticities[2:], *chromaticities[:2])  # type: ignore[assignment]
    usual = max(abs(a - b) for a, b in zip(places, _PRIMARIES[1], strict=True)) < 0.002
    if not 0.05 < gamma < 20 or min(places[1::2]) <= 0 or (usual and abs(gamma - 0.45455) < 0.01):
        return None
    return matrix_profile("Colours of the PNG", places, _parametric(1 / gamma), {})


def matrix_profile(
    name: str, places: tuple[float, ...], curve: bytes, more: dict[bytes, bytes]
) -> bytes | None:
    """A profile of primaries (see _PRIMARIES) and one tag of tone for all three; None where they span no space."""
    white = _xyz(places[6], places[7])
    columns = np.stack([_xyz(*places[i : i + 2]) for i in (0, 2, 4)], axis=1)
    if abs(np.linalg.det(columns)) < 1e-6:
        return None
    adapt = _adaptation(white)
    matrix = adapt @ (columns * np.linalg.solve(columns, white))
    tags = {
        b"desc": text(name),
        b"cprt": text("CC0"),
        b"wtpt": _numbers(b"XYZ ", _D50),
        b"chad": _numbers(b"sf32", adapt.ravel()),
        b"rXYZ": _numbers(b"XYZ ", matrix[:, 0]),
        b"gXYZ": _numbers(b"XYZ ", matrix[:, 1]),
        b"bXYZ": _numbers(b"XYZ ", matrix[:, 2]),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
        **more,
    }
    return assembled(b"RGB ", tags)


def assembled(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Header, table and tags; equal tags are stored once. space: the four letters of the pixels' colour space."""
    table, body, places = b"", b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(body)
            body += content + b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", name, places[content], len(content))
    head = struct.pack(
        ">I4sI4s4s4s12s4s4sI4s4sQI12s4s",
        start + len(body), b"", 0x04300000, b"mntr", space, b"XYZ ", bytes(12), b"acsp", b"", 0, b"", b"", 0, 0,
        _numbers(b"", _D50)[4:], b"",
    )  # fmt: skip
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(x: float, y: float) -> NDArray[np.float64]:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _adaptation(white: NDArray[np.float64]) -> NDArray[np.float64]:
    """From that white to D50 (Bradford)."""
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    return np.asarray(np.linalg.inv(_BRADFORD) @ (scale[:, None] * _BRADFORD))


def _numbers(kind: bytes, values: NDArray[np.float64]) -> bytes:
    fixed = [round(float(value) * 65536) for value in values]
    return kind + bytes(4) + struct.pack(f">{len(fixed)}i", *fixed)


def text(words: str) -> bytes:
    """A tag of text."""
    coded = words.encode("utf-16-be")
    return b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(coded), 28) + coded


def _parametric(*values: float) -> bytes:
    kind = {1: 0, 5: 3}[len(values)]
    fixed = [round(value * 65536) for value in values]
    return b"para" + struct.pack(f">IHH{len(fixed)}i", 0, kind, 0, *fixed)


def _sampled(curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> bytes:
    values = np.clip(np.rint(curve(np.linspace(0, 1, 4096)) * 65535), 0, 65535)
    return b"curv" + struct.pack(">II", 0, len(values)) + values.astype(">u2").tobytes()


def _curve(transfer: int) -> bytes | None:
    """The tag of tone that makes the numbers linear again."""
    if transfer in (0, 2, 3, 13):
        return _parametric(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    if transfer in (1, 6, 14, 15):
        return _parametric(1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081)
    if transfer in (4, 5, 8, 17):
        return _parametric({4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}[transfer])
    if transfer == PQ:
        return _sampled(_pq)
    return _sampled(_hlg) if transfer == HLG else None


def _pq(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """SMPTE ST 2084, as a share of diffuse white."""
    power = values ** (1 / 78.84375)
    light = np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)
    return np.asarray(light ** (1 / 0.1593017578125) * 10000 / _PAPER)


def _hlg(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of BT.2100's hybrid log-gamma, as a share of its diffuse white at 75 % of the signal."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    light = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
    white = (np.exp((0.75 - c) / a) + b) / 12
    return np.asarray((light / white) ** 1.2)
