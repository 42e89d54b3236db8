"""Photos read and written in processes of their own, under limits of time and memory that hold for native code too.

A few processes are kept warm; each does one photo at a time. One visitor has at most all but one of them, so that
whoever sends what takes long holds up nobody else. What takes longer than a photo should is done at a low priority, and
what takes too long is killed with its process. Pixels come back through a pipe: shared memory would save some
milliseconds, but containers have 64 MB of it, and a process that is killed would leave its part behind.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inpaint_app import errors
from inpaint_app.errors import Cancelled, InpaintError, PhotoTooLarge, UnreadablePhoto
from inpaint_app.photofile.decoding import wire
from inpaint_app.photofile.decoding.decoder_process import too_much
from inpaint_app.photofile.decoding.slots import Places
from inpaint_app.photofile.decoding.started import Process, start
from inpaint_app.photofile.metadata.moment import Moment
from inpaint_app.photofile.photo import AS_USUAL, Encoded, Limits, Photo, SaveOptions
from inpaint_app.photofile.samples.native import Native
from inpaint_app.photofile.source import taken
from inpaint_app.types import Image, Mask

LOOK_EVERY = 0.05
"""Seconds between two looks at whether a photo is still wanted, and in time."""

LOWER_AFTER = 3.0
"""Seconds after which reading goes on at a low priority; its process is not kept. Writing has WRITING times as long."""

WRITING = 10
"""Writing may take so many times what reading may: encoders are slow, and the photo was read before."""

WORDS = 1 << 20
"""Bytes that an answer may have beside pixels and what is as long as the file: what was unpacked of its words."""

PHOTOS_EACH = 500
"""Photos after which a process is replaced by a fresh one, so that nothing that leaks grows."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants a photo. owner: in whose name it is opened. unwanted: whether nobody waits for it any more.

    spent: told at the end how many seconds it took, without the time until it began.
    """

    owner: str = ""
    unwanted: Callable[[], bool] = lambda: False
    spent: Callable[[float], None] = lambda seconds: None


@dataclass(eq=False)
class _Job:
    """A photo that is being decoded. why: what it was ended for."""

    process: Process
    began: float
    lowers: float
    ends: float
    unwanted: Callable[[], bool]
    why: str = ""


class Decoder:
    """The processes. Safe to share between threads.

    count: how many decode at once. seconds: what one photo may take. waiting: how many may wait for a turn.
    """

    def __init__(self, count: int, seconds: float, waiting: int = 32) -> None:
        self.count = max(2, count)
        self.seconds = seconds
        self.places = Places(self.count, waiting)
        self._change = threading.Lock()
        self._idle: list[Process] = []
        self._jobs: set[_Job] = set()
        self._watch: threading.Thread | None = None
        self._closed = False
        atexit.register(self.close)

    def load(
        self,
        source: str | Path | bytes,
        *,
        name: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        frame: int | None = None,
        **wanted: Any,
    ) -> Photo:
        """As `read.load`. wanted: see Wanted.

        Raises Busy and Cancelled besides, and PhotoTooLarge for what takes more than its pixels need.
        """
        data, name = taken(source, name, limits)
        photo: Photo = self._read("load", data, name, limits, wanted, 4, frame)
        return replace(photo, source=photo.source or data)

    def load_samples(
        self,
        source: str | Path | bytes,
        *,
        name: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        **wanted: Any,
    ) -> tuple[Native, int, bool]:
        """As `read.load_samples`; see `load`."""
        found: tuple[Native, int, bool] = self._read(
            "load_samples", *taken(source, name, limits), limits, wanted, 16
        )
        return found

    def header_of(self, data: bytes, name: str, limits: Limits, **wanted: Any) -> tuple[str, int, int]:
        """As `read.header_of`; see `load`."""
        found: tuple[str, int, int] = self._read("header_of", data, name, limits, wanted)
        return found

    def moment_of(
        self, data: bytes, name: str, limits: Limits, **wanted: Any
    ) -> tuple[Moment | None, tuple[int, int]]:
        """As `read.moment_of`; see `load`."""
        found: tuple[Moment | None, tuple[int, int]] = self._read("moment_of", data, name, limits, wanted)
        return found

    def encode(
        self,
        photo: Photo,
        edited: Image,
        hole: Mask,
        *,
        format: str | None = None,
        options: SaveOptions = AS_USUAL,
        **wanted: Any,
    ) -> Encoded:
        """As `write.encode`, which reads the photo's file again and what it wrote; see `load`."""
        asked = {"what": "encode", "name": photo.name, "photo": photo, "fill": edited[hole], "hole": hole}
        most = 16 * hole.size + 2 * len(photo.source) + WORDS
        done: Encoded = self._asked(
            {**asked, "format": format, "options": options}, Wanted(**wanted), most, WRITING * self.seconds
        )
        return done

    def warm(self) -> None:
        """Start the processes, so that the first photo need not wait for them."""
        fresh = [start() for _ in range(self.count - len(self._idle))]
        with self._change:
            self._idle += fresh

    def close(self) -> None:
        """End all processes."""
        with self._change:
            self._closed = True
            ending = [*self._idle, *(job.process for job in self._jobs)]
            self._idle = []
        for process in ending:
            process.end()

    def _read(
        self,
        what: str,
        data: bytes,
        name: str,
        limits: Limits,
        wanted: dict[str, Any],
        size: int = 0,
        frame: int | None = None,
    ) -> Any:
        """What a function of `read` gives for a file; the arrays of the answer have at most `size` bytes a pixel."""
        asked = {"what": what, "data": data, "name": name, "limits": limits, "frame": frame}
        most = int(min(limits.megapixels, 1e5) * 1e6) * size + 2 * len(data) + WORDS
        return self._asked(asked, Wanted(**wanted), most, self.seconds)

    def _asked(self, asked: dict[str, Any], wanted: Wanted, most: int, seconds: float) -> Any:
        """Wait for a place, and for the answer, whose arrays have at most `most` bytes."""
        with self.places.held(wanted.owner, wanted.unwanted):
            process = self._taken()
            now = time.monotonic()
            job = _Job(
                process, now, now + LOWER_AFTER * seconds / self.seconds, now + seconds, wanted.unwanted
            )
            self._begin(job)
            answer: Any = None
            try:
                wire.send(process.speak, asked)
                answer = wire.receive(process.hear, most)
                if not (isinstance(answer, wire.Refusal) or wire.answers(asked["what"], answer)):
                    answer = None
                    raise wire.BrokenMessage("it is no answer")
            except (OSError, ValueError, wire.BrokenMessage) as error:
                raise self._broken(job, str(asked["name"])) from error
            finally:
                self._end(job, sound=answer is not None)
                wanted.spent(time.monotonic() - now)
            if isinstance(answer, wire.Refusal):
                raise _named(answer)
            return answer

    def _broken(self, job: _Job, name: str) -> InpaintError:
        """Why a process ended without an answer."""
        if job.why == "unwanted":
            return Cancelled("Stopped.")
        if job.why == "late":
            return PhotoTooLarge(
                f"{name} takes more than {job.ends - job.began:g} s, which no photo of its size needs: save it anew in "
                "any program."
            )
        return PhotoTooLarge(too_much(name)) if not self._closed else Cancelled("The server ends.")

    def _taken(self) -> Process:
        while True:
            with self._change:
                process = self._idle.pop() if self._idle else None
            if process is None:
                return start()
            if process.running.poll() is None:
                return process
            process.end()

    def _begin(self, job: _Job) -> None:
        with self._change:
            self._jobs.add(job)
            if self._watch is None or not self._watch.is_alive():
                self._watch = threading.Thread(target=self._watched, daemon=True, name="decoder")
                self._watch.start()

    def _end(self, job: _Job, sound: bool) -> None:
        """Keep the process for the next photo, or have a fresh one take its place."""
        process = job.process
        process.photos += 1
        keep = sound and not job.why and not process.lowered and process.photos < PHOTOS_EACH
        with self._change:
            self._jobs.discard(job)
            if keep and not self._closed:
                self._idle.append(process)
                return
        process.end()
        if not self._closed:
            threading.Thread(target=self._replaced, daemon=True, name="decoder").start()

    def _replaced(self) -> None:
        with suppress(InpaintError, OSError):
            fresh = start()
            with self._change:
                if not self._closed and len(self._idle) + len(self._jobs) < self.count:
                    self._idle.append(fresh)
                    return
            fresh.end()

    def _watched(self) -> None:
        """Kill what is late or unwanted; lower what takes long."""
        while True:
            with self._change:
                if not self._jobs:
                    self._watch = None
                    return
                jobs = list(self._jobs)
            now = time.monotonic()
            for job in jobs:
                if now > job.ends or job.unwanted():
                    job.why = job.why or ("late" if now > job.ends else "unwanted")
                    job.process.running.kill()
                elif now > job.lowers and not job.process.lowered:
                    job.process.lowered = True
                    with suppress(OSError, AttributeError):
                        os.setpriority(os.PRIO_PROCESS, job.process.running.pid, 15)
            time.sleep(LOOK_EVERY)


def _named(answer: wire.Refusal) -> InpaintError:
    """The error that the process tells of: one of ours by its name, for it could tell anything."""
    kind = getattr(errors, str(answer.kind), None)
    good = isinstance(kind, type) and issubclass(kind, InpaintError)
    made: InpaintError = (kind if good else UnreadablePhoto)(str(answer.said)[:2000])  # type: ignore[misc]
    return made
