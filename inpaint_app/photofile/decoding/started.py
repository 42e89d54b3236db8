"""A decoding process (`decoder_process`) from the side of whoever asks it: how it is started, spoken to and ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from inpaint_app.errors import UnreadablePhoto
from inpaint_app.photofile.decoding import wire

START_SECONDS = 60.0


@dataclass(eq=False)
class Process:
    """One process, and the photo that it is at."""

    running: subprocess.Popen[bytes]
    photos: int = 0
    lowered: bool = False
    hear: BinaryIO = field(init=False)
    speak: BinaryIO = field(init=False)

    def __post_init__(self) -> None:
        self.hear = cast(BinaryIO, self.running.stdout)
        self.speak = cast(BinaryIO, self.running.stdin)

    def end(self) -> None:
        """Kill it, and wait until it is gone."""
        self.running.kill()
        for stream in (self.hear, self.speak):
            with suppress(OSError):
                stream.close()
        self.running.wait()


def start() -> Process:
    """A process that is ready. Raises UnreadablePhoto where none can be started."""
    running = subprocess.Popen(
        [sys.executable, "-m", "inpaint_app.photofile.decoding.decoder_process"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0, env=_environment(),
    )  # fmt: skip
    process = Process(running)
    wire.widened(process.hear, process.speak)
    late = threading.Timer(START_SECONDS, running.kill)
    late.start()
    try:
        wire.receive(process.hear, 0)
    except wire.BrokenMessage as error:
        process.end()
        raise UnreadablePhoto(
            "No photo can be opened here: the process that decodes did not start."
        ) from error
    finally:
        late.cancel()
    return process


def _environment() -> dict[str, str]:
    """The process decodes with one thread of each library, and allocates in two places, which bounds what it maps."""
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    root = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    return {**os.environ, **single, "MALLOC_ARENA_MAX": "2", "PYTHONPATH": path}
