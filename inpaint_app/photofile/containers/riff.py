"""RIFF as chunks: what a WebP is made of. RFC 9649, 2.3."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator


def end(data: bytes) -> int:
    """Where the file ends by its own words."""
    return 8 + int.from_bytes(data[4:8], "little")


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of every chunk of a file, as far as it goes."""
    position = 12
    while position + 8 <= min(len(data), end(data)):
        kind, length = struct.unpack_from("<4sI", data, position)
        yield kind, data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk with its length, padded."""
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def webp(parts: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A WebP of chunks."""
    return chunk(b"RIFF", b"WEBP" + b"".join(chunk(kind, content) for kind, content in parts))
