"""The process that reads and writes strangers' files, started by `decoder` as a module and spoken to over pipes.

It reads photos from stdin and answers on stdout (`wire`), touches no file, and has as much memory as the header's
pixels need. Whatever native code does on a crafted file happens here, in a process that holds nobody else's photo and
can be killed. Limits of memory are the kernel's where it has them (Linux); time is kept by whoever asked.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from inpaint_app.errors import InpaintError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile import read
from inpaint_app.photofile.decoding import wire
from inpaint_app.photofile.decoding.broken_off import breaks_off
from inpaint_app.photofile.decoding.decode import Opened
from inpaint_app.photofile.photo import Encoded, Limits, Photo, SaveOptions
from inpaint_app.types import Image, Mask

BYTES_A_PIXEL = 64
ROOM = 256 << 20
"""What reading or writing may take: so much for each pixel that the header names, three times the file, and this."""

COMPILED = 1 << 30
"""Addresses that the compiled coder takes: it writes JPEGs and completes files that break off; loaded at first need."""

PRELOADED = ("cv2", "pillow_heif", "tifffile", "PIL.ImageCms", "PIL.AvifImagePlugin", "PIL.WebPImagePlugin")


def main() -> None:
    """Answer until the other side closes."""
    speak = os.fdopen(os.dup(1), "wb", buffering=1 << 20)
    os.dup2(2, 1)  # what native code prints is no answer
    hear = os.fdopen(0, "rb", buffering=0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks: it closes our stdin
    _prepare()
    wire.send(speak, "ready")
    while True:
        try:
            asked = wire.receive(hear, 1 << 40)
        except wire.BrokenMessage:
            return
        wire.send(speak, _answer(asked))
        _allow(None)  # what comes next is as long as it is


def _answer(asked: dict[str, Any]) -> Any:
    """What was asked for, or why not."""
    try:
        return _written(**asked) if asked["what"] == "encode" else _read(**asked)
    except InpaintError as error:
        return wire.Refusal(type(error).__name__, str(error))
    except (MemoryError, RecursionError):
        return wire.Refusal(PhotoTooLarge.__name__, too_much(asked["name"]))
    except Exception as error:  # noqa: BLE001 - whatever it is, the process goes on
        return wire.Refusal(UnreadablePhoto.__name__, damaged(asked["name"], error))


def _read(what: str, data: bytes, name: str, limits: Limits, frame: int | None) -> Any:
    own = 3 * len(data) + (COMPILED if breaks_off(data) else 0)

    def header(opened: Opened) -> None:
        width, height = opened.image.size
        _allow(BYTES_A_PIXEL * width * height + own)

    _allow(own)
    if what in ("header_of", "moment_of"):
        return getattr(read, what)(data, name, limits)
    if what == "load_samples":
        return read.load_samples(data, name=name, limits=limits, frame=frame, header=header)
    photo = read.load(data, name=name, limits=limits, frame=frame, header=header)
    return replace(photo, source=b"") if photo.source == data else photo  # else it was completed


def _written(
    what: str, name: str, photo: Photo, fill: Image, hole: Mask, format: str | None, options: SaveOptions
) -> Encoded:
    from inpaint_app.photofile.write import encode

    _allow(BYTES_A_PIXEL * hole.size + 3 * len(photo.source) + COMPILED)
    edited = photo.rgb.copy()
    edited[hole] = fill
    return encode(photo, edited, hole, format=format, options=options)


def damaged(name: str, error: Exception) -> str:
    """What is said of a file over which something fails that should not."""
    return f"{name} is damaged ({type(error).__name__}); take the photo from its source again."


def too_much(name: str) -> str:
    """What is said of a file that asks for more memory or time than its pixels need."""
    return f"{name} takes more memory or time to open than its pixels need: save it anew in any program."


def _prepare() -> None:
    """Load every decoder, then give up what none of them needs: core dumps."""
    for name in PRELOADED:
        with suppress(ImportError):
            __import__(name)
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    with suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow(more: int | None) -> None:
    """Let this process take so many bytes beyond what it has, or any; where the kernel keeps no limit, nothing."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = hard if more is None else pages * os.sysconf("SC_PAGE_SIZE") + ROOM + more
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))


if __name__ == "__main__":
    main()
