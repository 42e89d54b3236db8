"""The XMP packet of a GIF: an application extension whose bytes are no blocks. XMP Specification, Part 3, 1.1.2."""

from __future__ import annotations

MARK = b"\x21\xff\x0bXMP DataXMP"
_TRAILER = bytes([1, *range(255, -1, -1), 0])
"""What leads a reader that knows blocks alone out of the packet, wherever it is in it."""


def packet(data: bytes) -> bytes | None:
    """The packet, or None."""
    start = data.find(MARK)
    end = data.find(_TRAILER[:4], start)
    return data[start + len(MARK) : end] if 0 <= start < end else None


def with_packet(data: bytes, xmp: bytes | None) -> bytes:
    """The GIF with the packet before its end."""
    return data if not xmp or not data.endswith(b";") else data[:-1] + MARK + xmp + _TRAILER + b";"
