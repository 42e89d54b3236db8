"""An animated PNG with one frame edited: other frames are carried over byte for byte where the colour type allows it.

PNG Specification, third edition (W3C, 2025), 11.3.6. Palettes, greys and keys of transparency cannot hold every fill
and every blend: such files become RGBA, each frame whole.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from inpaint_app.errors import SaveError
from inpaint_app.photofile.containers import png, png_metadata
from inpaint_app.photofile.frames.plan import Leaves, Redrawn, Rgba, Step, redrawn
from inpaint_app.photofile.inventory import Edit
from inpaint_app.types import Box

_LEAVES: dict[int, Leaves] = {1: "cleared", 2: "before"}
_OPERATIONS = {"all": 0, "cleared": 1, "before": 2}
_OF_COLOURS = (b"PLTE", b"tRNS", b"hIST", b"bKGD", b"sBIT")


@dataclass(slots=True)
class _Frame:
    """control: the fcTL's content without its number, b"" for a default picture that is no frame; data: compressed."""

    control: bytes
    data: list[bytes] = field(default_factory=list)

    @property
    def step(self) -> Step:
        if not self.control:
            return Step(Box(0, 0, 0, 0), "before")
        width, height, left, top = struct.unpack_from(">4I", self.control)
        return Step(Box(left, top, left + width, top + height), _LEAVES.get(self.control[20], "all"))


def replaced(data: bytes, number: int, edited: Rgba, seen: Callable[[int], Rgba], edit: Edit) -> bytes:
    """The file with frame `number` (from 0; a default picture that is no frame counts) seen as `edited` (H, W, 4)."""
    head = png.header(data)
    if head.depth == 16:
        raise SaveError(
            "The frames of a PNG with 16 bits per sample cannot be kept: write the edited one alone, as another "
            "format (--format webp or tiff)."
        )
    frames, chunks = _parsed(data)
    plain = head.color in (2, 6) and not data[28] and not any(kind == b"tRNS" for kind, _ in chunks)
    if not frames[0].control and number == 0:
        plan = {0: Redrawn(_whole(edited), "before", edited, np.ones(edited.shape[:2], bool))}
    else:
        plan = _plan(frames, number, edited, seen)
    clear = any((frame.pixels[..., 3] < 255).any() for frame in plan.values())
    if not plain or (clear and head.color == 2):
        plan = _all(frames, number, edited, seen)
        head = replace(head, depth=8, color=6)
        chunks = [pair for pair in chunks if pair[0] not in _OF_COLOURS]
    for index, frame in plan.items():
        pixels = frame.pixels if head.color == 6 else np.ascontiguousarray(frame.pixels[..., :3])
        size = replace(head, width=frame.box.width, height=frame.box.height)
        frames[index].data = list(png.compressed(pixels, size))
        if frames[index].control:
            box, old = frame.box, frames[index].control
            place = struct.pack(">4I", box.width, box.height, box.left, box.top)
            frames[index].control = place + old[16:20] + bytes((_OPERATIONS[frame.leaves], 0))
    return _written(head, frames, chunks, edit)


def _whole(canvas: Rgba) -> Box:
    return Box(0, 0, canvas.shape[1], canvas.shape[0])


def _plan(frames: list[_Frame], number: int, edited: Rgba, seen: Callable[[int], Rgba]) -> dict[int, Redrawn]:
    """What has to be drawn anew; a default picture that is no frame leaves nothing behind."""
    plan = redrawn([frame.step for frame in frames], seen, number, edited, erases=True)
    first = next(index for index, frame in enumerate(frames) if frame.control)
    if first in plan:  # the first frame has the size of the picture
        plan[first] = replace(
            plan[first], box=_whole(edited), pixels=edited if first == number else seen(first)
        )
    return plan


def _all(frames: list[_Frame], number: int, edited: Rgba, seen: Callable[[int], Rgba]) -> dict[int, Redrawn]:
    everything = np.ones(edited.shape[:2], bool)
    return {
        index: Redrawn(_whole(edited), "all", edited if index == number else seen(index), everything)
        for index in range(len(frames))
    }


def _parsed(data: bytes) -> tuple[list[_Frame], list[tuple[bytes, bytes]]]:
    """The frames, a default picture that is none first, and all chunks that are not pixels."""
    frames: list[_Frame] = []
    others = []
    for kind, content in png.chunks(data):
        if kind == b"fcTL":
            frames.append(_Frame(content[4:]))
        elif kind == b"IDAT":
            if not frames:
                frames.append(_Frame(b""))
            frames[0].data.append(content)
        elif kind == b"fdAT":
            frames[-1].data.append(content[4:])
        elif kind not in (b"IHDR", b"IEND"):
            others.append((kind, content))
    return frames, others


def _written(
    head: png.Header, frames: list[_Frame], chunks: Iterable[tuple[bytes, bytes]], edit: Edit
) -> bytes:
    carried = [(kind, png_metadata.kept(kind, content, edit)) for kind, content in chunks if kind != b"acTL"]
    kept = [(kind, content) for kind, content in carried if content is not None]
    before, after = png.arranged(kept)
    top = struct.pack(">IIBBBBB", head.width, head.height, head.depth, head.color, 0, 0, 0)
    parts = [png.SIGNATURE, png.chunk(b"IHDR", top), *before]
    parts += [png.chunk(b"acTL", content) for kind, content in chunks if kind == b"acTL"]
    number = 0
    for index, frame in enumerate(frames):
        if frame.control:
            parts.append(png.chunk(b"fcTL", struct.pack(">I", number) + frame.control))
            number += 1
        for piece in frame.data:
            if index == 0:
                parts.append(png.chunk(b"IDAT", piece))
            else:
                parts.append(png.chunk(b"fdAT", struct.pack(">I", number) + piece))
                number += 1
    return b"".join([*parts, *after, png.chunk(b"IEND", b"")])
