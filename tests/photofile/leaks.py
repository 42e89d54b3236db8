"""A made person, files that hide a second picture of it, and a search for it that shares no code with the app.

The person is plain magenta. The search decodes with Pillow whatever begins like a picture, in the bytes, byte-swapped,
without its first marker, in base64, hex and zlib; what it finds is judged by its colours alone.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFile

from inpaint_app.types import Image, Mask
from tests.photofile.photos import saved, scene

HEIGHT, WIDTH = 120, 160
PERSON = (255, 0, 200)
PERSON_YCC = PillowImage.new("RGB", (1, 1), PERSON).convert("YCbCr").tobytes()


def photo() -> tuple[Image, Mask]:
    """A scene with the person in it, and the hole that covers it."""
    picture = (scene(HEIGHT, WIDTH) * 0.3 + (60, 110, 60)).astype(
        np.uint8
    )  # nothing in it is like the person
    picture[30:90, 60:100] = PERSON
    hole = np.zeros((HEIGHT, WIDTH), bool)
    hole[24:96, 54:106] = True
    return picture, hole


def filled(picture: Image, hole: Mask) -> Image:
    """The picture with a plain fill."""
    edited = picture.copy()
    edited[hole] = (90, 120, 90)
    return edited


def small(wide: int = 64, high: int = 48) -> Image:
    return np.asarray(PillowImage.fromarray(photo()[0]).resize((wide, high)))


def jpeg(wide: int = 64, high: int = 48) -> bytes:
    return saved(small(wide, high), "JPEG", quality=85)


def shows(data: bytes) -> list[str]:
    """Where the person can be seen in a file's bytes."""
    found = [where for where, picture in _pictures(data, "raw", 0) if _magenta(picture) > 12]
    if any(run in data for run in (bytes(PERSON) * 8, PERSON_YCC * 8, b"\xc8" * 10)):
        found.append("plain samples")
    return found


def _magenta(picture: PillowImage.Image) -> int:
    a = np.asarray(picture.convert("RGB")).astype(int)
    return int(((a[..., 0] > 190) & (a[..., 1] < 100) & (a[..., 2] > 130)).sum())


def _opened(data: bytes) -> PillowImage.Image | None:
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        picture = PillowImage.open(io.BytesIO(data))
        if picture.width * picture.height > 4_000_000:
            return None
        picture.load()
    except Exception:  # noqa: BLE001 - no picture begins here
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before
    return picture


def _pictures(data: bytes, path: str, depth: int) -> Iterator[tuple[str, PillowImage.Image]]:
    starts = [
        m.start()
        for m in re.finditer(rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|RIFF....WEBP|II\*\0|MM\0\*", data, re.DOTALL)
    ]
    tries = [(f"{path}@{at}", data[at:]) for at in starts]
    for m in re.finditer(rb"\xff\xdb\x00[\x43\x84]", data):
        tries.append((f"{path}/headless@{m.start()}", b"\xff\xd8" + data[m.start() :]))
    if depth < 3:
        for size in (2, 4):
            for shift in range(size):
                whole = data[shift : shift + (len(data) - shift) // size * size]
                turned = np.frombuffer(whole, f"u{size}").byteswap().tobytes()
                tries += [
                    (f"{path}/swapped", turned[m.start() :])
                    for m in re.finditer(rb"\xff\xd8\xff[\xdb\xe0]", turned)
                ]
    for where, held in tries:
        picture = _opened(held) or _opened(held + b"\xff\xd9")
        if picture is not None:
            yield where, picture
    if depth < 3:
        for where, plain in _unpacked(data):
            yield from _pictures(plain, f"{path}/{where}", depth + 1)


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    data = re.sub(rb"\xff\xe1..http://ns.adobe.com/xmp/extension/\0.{40}", b"", data, flags=re.DOTALL)
    text = re.sub(rb"&#x[0-9A-Fa-f]+;|&#10;|\s|\xff", b"", data)  # 0xff: the length of GIF's full sub-blocks
    for m in re.finditer(rb"[0-9a-fA-F]{200,}", text):
        for digits in (m.group(), m.group()[1:]):
            yield "hex", binascii.unhexlify(digits[: len(digits) // 2 * 2])
    for m in re.finditer(rb"(?:/9j/|iVBORw)[A-Za-z0-9+/]{200,}", text):
        yield "base64", base64.b64decode(m.group()[: len(m.group()) // 4 * 4])
    for m in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data):
        try:
            plain = zlib.decompressobj().decompress(data[m.start() :], 5_000_000)
        except zlib.error:
            continue
        if len(plain) > 200:
            yield "zlib", plain


Entry = tuple[int, int, bytes]
"""Tag, type, value in the block's byte order."""


def block(
    order: str,
    first: list[Entry],
    exif: list[Entry] = (),
    second: list[Entry] = (),
    tail: bytes = b"",  # type: ignore[assignment]
) -> bytes:
    """An EXIF block: the first directory, the EXIF one below it, the thumbnail's, and bytes that no entry names.

    A value of b"@" + bytes is data whose place the entry states (a LONG).
    """
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    place = 8
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8))
    chain = [(list(first), True), (list(exif), False), (list(second), True)]
    links: dict[int, int] = {}
    for number, (entries, _) in enumerate(chain):
        if not entries:
            continue
        if number == 0 and exif:
            entries.append((34665, 4, struct.pack(order + "I", 0)))
        entries.sort(key=lambda e: e[0])
        links[number] = len(out)
        at = len(out)
        data_at = at + 2 + 12 * len(entries) + 4
        rows, data = b"", b""
        for tag, kind, value in entries:
            if value[:1] == b"@" and kind == 4:
                where, data = data_at + len(data), data + value[1:]
                rows += struct.pack(order + "HHII", tag, kind, 1, where)
            elif len(value) <= 4:
                rows += struct.pack(order + "HHI", tag, kind, len(value) // sizes[kind]) + value.ljust(
                    4, b"\0"
                )
            else:
                rows += struct.pack(order + "HHII", tag, kind, len(value) // sizes[kind], data_at + len(data))
                data += value + b"\0" * (len(value) % 2)
        out += struct.pack(order + "H", len(entries)) + rows + bytes(4) + data
    if 1 in links:
        at = out.index(struct.pack(order + "HHI", 34665, 4, 1), links[0])
        struct.pack_into(order + "I", out, at + 8, links[1])
    if 2 in links:
        (count,) = struct.unpack_from(order + "H", out, links[0])
        struct.pack_into(order + "I", out, links[0] + 2 + 12 * count, links[2])
    assert place == 8
    return bytes(out) + tail
