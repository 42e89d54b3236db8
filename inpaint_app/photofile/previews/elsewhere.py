"""Where a written file shows anything beside its main picture: looked for in the file itself, not in what was meant.

The file is taken apart by its container alone; what is not the main picture's coded data is searched for pictures in
whatever packing (`hidden.pictures`). Those drawn from the result are known by their bytes; any other one is a place.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image as PillowImage

from inpaint_app.photofile.containers import gif_packet, tiff
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.previews import hidden

Part = tuple[str, bytes]


def places(data: bytes, format: str, edit: Edit) -> tuple[str, ...]:
    """Where else in a written file a picture is, in a few words each; empty: nowhere.

    Names of who was removed that are still in its words are told to the edit.
    """
    found = []
    parts = list(_beside(data, format))
    for label, content in parts:
        for picture in hidden.pictures(content):
            if not _ours(content, picture, edit):
                found.append(f"{picture.kind} in {label}")
    found += _stated(data, format)
    further = _further(data)
    if further:
        found.append(
            f"{further} further {'picture' if further == 1 else 'pictures'} of the file, as they were"
        )
    for name in sorted(edit.names):
        if any(name.encode(code) in content for code in ("utf-8", "utf-16-le") for _, content in parts):
            edit.note(
                f"the words of the file still name {name}: they were not made for a region, so they stayed"
            )
    return tuple(dict.fromkeys(found))


def _ours(content: bytes, picture: hidden.Found, edit: Edit) -> bool:
    held = content[picture.start : picture.end] if picture.held is None else picture.held
    if picture.kind.startswith("TIFF"):  # an EXIF block whose thumbnail is plain samples
        return any(fresh in held for fresh in edit.fresh)
    return any(held.startswith(fresh) for fresh in edit.fresh)


def _stated(data: bytes, format: str) -> list[str]:
    """Pictures that the container itself names beside the main one: they need no mark of their own."""
    if format == "TIFF":
        entries = tiff.parse(data).entries
        return ["a reduced picture" for tag in (tiff.SUB_IFDS, 513) if tag in entries]
    if format in ("HEIF", "AVIF"):
        with PillowImage.open(io.BytesIO(data)) as image:
            names = ("thumbnails", "depth_images", "aux")
            return [name.replace("_", " ") for name in names if image.info.get(name)]
    return []


def _further(data: bytes) -> int:
    """Frames or pages behind the first."""
    try:
        with PillowImage.open(io.BytesIO(data)) as image:
            return max(0, int(getattr(image, "n_frames", 1)) - 1)
    except Exception:  # noqa: BLE001 - the count of changed pixels has told already whether the file opens
        return 0


def _beside(data: bytes, format: str) -> Iterator[Part]:
    """Everything in a file but its main picture's coded data."""
    if format == "JPEG":
        yield from _of_jpeg(data)
    elif format == "PNG":
        yield from _of_png(data)
    elif format == "WEBP":
        yield from _of_riff(data)
    elif format == "TIFF":
        yield from _of_tiff(data)
    else:
        yield from _of_boxes(data)


def _of_jpeg(data: bytes) -> Iterator[Part]:
    position, extended = 2, []
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xD9:
            position += 2
            break
        (length,) = struct.unpack_from(">H", data, position + 2)
        content = data[position + 4 : position + 2 + length]
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            yield f"APP{marker - 0xE0}" if marker != 0xFE else "a comment", content
        if content.startswith(b"http://ns.adobe.com/xmp/extension/"):
            extended.append(content[75:])
        position += 2 + length
        if marker == 0xDA:
            while 0 <= (position := data.find(b"\xff", position)) < len(data) - 1:
                if data[position + 1] not in (0, *range(0xD0, 0xD8)):
                    break
                position += 2
            if position < 0:
                return
    yield "extended XMP", b"".join(extended)
    yield "what follows the picture", data[position:]


def _of_png(data: bytes) -> Iterator[Part]:
    position, kind = 8, b""
    while position + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind not in (b"IHDR", b"IDAT", b"fdAT", b"PLTE", b"IEND"):
            yield f"chunk {kind.decode('latin-1')}", data[position + 8 : position + 8 + length]
        position += 12 + length
    yield "what follows the picture", data[position:]


def _of_riff(data: bytes) -> Iterator[Part]:
    end = 8 + int.from_bytes(data[4:8], "little")
    position = 12
    while position + 8 <= min(end, len(data)):
        kind, length = struct.unpack_from("<4sI", data, position)
        if kind not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"VP8X", b"ANIM"):
            yield f"chunk {kind.decode('latin-1')}", data[position + 8 : position + 8 + length]
        position += 8 + length + length % 2
    yield "what follows the picture", data[end:]


def _of_tiff(data: bytes) -> Iterator[Part]:
    """All but the strips of every page."""
    order = "<" if data[:2] == b"II" else ">"
    (place,) = struct.unpack_from(order + "I", data, 4)
    strips: list[tuple[int, int]] = []
    seen: set[int] = set()
    while place and place not in seen and place + 2 <= len(data):
        seen.add(place)
        (count,) = struct.unpack_from(order + "H", data, place)
        values = {}
        for row in range(place + 2, place + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(order + "HHI", data, row)
            if tag in (273, 279, 324, 325) and kind in (3, 4):
                size = 2 if kind == 3 else 4
                at = row + 8 if number * size <= 4 else struct.unpack_from(order + "I", data, row + 8)[0]
                values[tag] = struct.unpack_from(f"{order}{number}{'H' if kind == 3 else 'I'}", data, at)
        for starts, sizes in ((273, 279), (324, 325)):
            strips += [
                (a, a + n) for a, n in zip(values.get(starts, ()), values.get(sizes, ()), strict=False)
            ]
        (place,) = struct.unpack_from(order + "I", data, place + 2 + 12 * count)
    position = 8
    for start, end in [*sorted(strips), (len(data), len(data))]:
        if start > position:
            yield "its tags", data[position:start]
        position = max(position, end)


def _of_boxes(data: bytes) -> Iterator[Part]:
    """HEIF, AVIF and the plain formats: what a reader finds beside the pixels."""
    if data.startswith(b"GIF8"):
        yield "its XMP", gif_packet.packet(data) or b""
    with PillowImage.open(io.BytesIO(data)) as image:
        for name, value in image.info.items():
            if name == "version":  # of GIF: its very signature
                continue
            if isinstance(value, str):
                value = value.encode("utf-8", "replace")
            if isinstance(value, bytes):
                yield str(name), value
