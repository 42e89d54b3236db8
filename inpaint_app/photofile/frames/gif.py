"""An animated GIF with one frame edited: blocks that need not change are carried over byte for byte.

GIF89a (CompuServe, 1990). Frames that are written anew bring a colour table of their own.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image as PillowImage

from inpaint_app.errors import SaveError
from inpaint_app.photofile.frames.plan import CannotDraw, Leaves, Redrawn, Rgba, Step, all_whole, redrawn
from inpaint_app.photofile.inventory import Edit
from inpaint_app.photofile.previews import hidden
from inpaint_app.photofile.samples import palette
from inpaint_app.types import Box, Mask

_LEAVES: dict[int, Leaves] = {2: "cleared", 3: "before"}
_METHODS = {"all": 1, "cleared": 2, "before": 3}
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


@dataclass(slots=True)
class _Frame:
    """before: blocks in front of it; control: its graphic control extension; image: descriptor, table and data."""

    before: list[bytes] = field(default_factory=list)
    control: bytes = b""
    image: bytes = b""

    @property
    def step(self) -> Step:
        left, top, width, height = struct.unpack_from("<4H", self.image, 1)
        method = (self.control[3] >> 2) & 7 if self.control else 0
        return Step(Box(left, top, left + width, top + height), _LEAVES.get(method, "all"))


def replaced(
    data: bytes,
    number: int,
    edited: Rgba,
    hole: Mask,
    seen: Callable[[int], Rgba],
    edit: Edit,
    whole: bool = False,
) -> bytes:
    """The file with frame `number` (from 0) seen as `edited` (H, W, 4); raises SaveError where that cannot be.

    hole: (H, W); only there may colours go to near ones. seen: see `plan.redrawn`. whole: draw every frame anew.
    """
    head, frames, tail = _parsed(data)
    try:
        if whole:
            plan = all_whole(len(frames), seen, number, edited)
        else:
            plan = redrawn([frame.step for frame in frames], seen, number, edited, erases=False)
        for index, anew in plan.items():
            free = hole[anew.box.slices] if index == number else np.zeros_like(anew.drawn)
            frames[index].image, transparent = _image(anew, free)
            frames[index].control = _control(frames[index].control, anew.leaves, transparent)
    except CannotDraw:
        raise SaveError(
            "The frames of this GIF need more colours than it can hold, or transparency that it cannot draw again: "
            "write the edited frame alone, with --format png, or convert the animation to WebP or APNG first."
        ) from None
    parts = [head]
    for frame in frames:
        parts += [block for block in frame.before if _kept(block, edit)]
        parts += [frame.control, frame.image]
    return b"".join([*parts, *(block for block in tail if _kept(block, edit)), b";"])


def _parsed(data: bytes) -> tuple[bytes, list[_Frame], list[bytes]]:
    packed = data[10]
    at = 13 + (3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0)
    head, frames, frame = data[:at], [], _Frame()
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            end = _blocks(data, at + 2)
            if data[at + 1] == 0xF9:
                frame.control = data[at:end]
            else:
                frame.before.append(data[at:end])
        elif data[at] == 0x2C:
            table = 3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0
            end = _blocks(data, at + 11 + table)
            frame.image = data[at:end]
            frames.append(frame)
            frame = _Frame()
        else:
            raise ValueError("a block that no GIF has")
        at = end
    return head, frames, frame.before


def _blocks(data: bytes, at: int) -> int:
    """Where a chain of blocks ends that starts at `at`."""
    while data[at]:
        at += 1 + data[at]
    return at + 1


def _kept(block: bytes, edit: Edit) -> bool:
    """Loops, profiles and comments stay; anything else could show or name what was removed."""
    if block[1] == 0xFF and block[3:14] in _LOOPS:
        return True
    if block[1] == 0xFE and hidden.may_stay(block):
        return True
    if block[1] == 0xFF and block[3:14] == b"XMP DataXMP":
        return False  # comes again, clean
    edit.left_out("an extension block of the GIF" if block[1] != 0xFE else "a comment of the GIF")
    return False


def _control(old: bytes, leaves: Leaves, transparent: int | None) -> bytes:
    """The graphic control extension with the old delay."""
    flags = (old[3] & 0x02 if old else 0) | _METHODS[leaves] << 2 | (transparent is not None)
    delay = old[4:6] if old else b"\0\0"
    return b"\x21\xf9\x04" + bytes((flags,)) + delay + bytes((transparent or 0, 0))


def _image(frame: Redrawn, free: Mask) -> tuple[bytes, int | None]:
    """Descriptor, colour table and data of a frame, and which of its indices is transparent."""
    transparent = None if frame.drawn.all() else 255
    room = 256 - (transparent is not None)
    drawn, exact = frame.drawn, frame.drawn & ~free
    colours = np.unique(frame.pixels[exact][:, :3], axis=0)
    if len(colours) > room:
        raise CannotDraw
    indices = np.full(drawn.shape, 255, np.uint8)
    if len(colours):
        indices[exact] = palette.nearest(frame.pixels[exact][:, :3], colours)
    loose = drawn & free
    if loose.any():
        fresh = palette.dominant(frame.pixels[loose][:, :3], room - len(colours))
        colours = np.concatenate([colours, fresh])
        indices[loose] = palette.nearest(frame.pixels[loose][:, :3], colours)
    table = np.zeros((256, 3), np.uint8)
    table[: len(colours)] = colours
    image = PillowImage.fromarray(indices, "P")
    image.putpalette(table.tobytes(), "RGB")
    buffer = io.BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=0)
    _, (written, *_), _ = _parsed(buffer.getvalue())
    start = 10 + (3 * 2 ** ((written.image[9] & 7) + 1) if written.image[9] & 0x80 else 0)
    box = frame.box
    place = struct.pack("<B4HB", 0x2C, box.left, box.top, box.width, box.height, 0x87)
    return place + table.tobytes() + written.image[start:], transparent
