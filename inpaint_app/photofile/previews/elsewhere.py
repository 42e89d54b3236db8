"""Where a written file shows anything beside its main picture: looked for in the file itself, not in what was meant.

The file is taken apart by its container alone; what is not the main picture's coded data is searched for pictures in
whatever packing (`hidden.pictures`). Those drawn from the result are known by their bytes; any other one is a place.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

from PIL import Image as PillowImage

from inpaint_app.photofile.containers import gif_packet, png, riff, tiff, tiff_directories
from inpaint_app.photofile.containers.tiff_directories import STRIPS, SUB_IFDS
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.previews import hidden

Part = tuple[str, bytes]


def places(data: bytes, format: str, edit: Edit) -> tuple[str, ...]:
    """Where else in a written file a picture is, in a few words each; empty: nowhere.

    Names of who was removed that are still in its words are told to the edit.
    """
    found = []
    parts = list(_BESIDE.get(format, _of_boxes)(data))
    for label, content in parts:
        for picture in hidden.pictures(content):
            if not _ours(content, picture, edit):
                found.append(f"{picture.kind} in {label}")
    found += _stated(data, format)
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
    """Pictures that the container itself names beside the main one, which need no mark of their own; frames, pages."""
    found = []
    if format == "TIFF":
        entries = tiff.parse(data).entries
        found = ["a reduced picture" for tag in (SUB_IFDS, 513) if tag in entries]
    try:
        with PillowImage.open(io.BytesIO(data)) as image:
            if format in ("HEIF", "AVIF"):
                names = ("thumbnails", "depth_images", "aux")
                found += [name.replace("_", " ") for name in names if image.info.get(name)]
            further = int(getattr(image, "n_frames", 1)) - 1
    except Exception:  # noqa: BLE001 - the count of changed pixels has told already whether the file opens
        return found
    if further > 0:
        found.append(
            f"{further} further {'picture' if further == 1 else 'pictures'} of the file, as they were"
        )
    return found


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
    end = 8
    for kind, start, end in png.walk(data):
        if kind not in (b"IHDR", b"IDAT", b"fdAT", b"PLTE", b"IEND"):
            yield f"chunk {kind.decode('latin-1')}", data[start:end]
    yield "what follows the picture", data[end + 4 :]


def _of_riff(data: bytes) -> Iterator[Part]:
    for kind, content in riff.chunks(data):
        if kind not in (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"VP8X", b"ANIM"):
            yield f"chunk {kind.decode('latin-1')}", content
    yield "what follows the picture", data[riff.end(data) :]


def _of_tiff(data: bytes) -> Iterator[Part]:
    """All but the strips of every page."""
    strips = sorted(span for page in tiff_directories.pages(data) for span in page.pixels(STRIPS))
    position = 8
    for start, end in [*strips, (len(data), len(data))]:
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


_BESIDE = {"JPEG": _of_jpeg, "PNG": _of_png, "WEBP": _of_riff, "TIFF": _of_tiff}
"""Everything in a file but its main picture's coded data, by its container."""
