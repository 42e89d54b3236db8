"""The batch on several processes of this machine: each has a session of its own and does one photo at a time.

Worker processes are spawned, never forked: the same on Windows, macOS and Linux, and safe with the threads of torch and
numba. A worker that dies (killed, out of memory) is replaced and its photo is done again; a photo over which ATTEMPTS
workers died fails by itself. Workers write no file and end with this process, however it ends.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from inpaint_app import environment
from inpaint_app.batch.work import Done, Engine, Task, failed, perform
from inpaint_app.errors import BackendError
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

ATTEMPTS = 3
"""Workers that may die over a photo, or in a row before they can begin, until it is given up."""

POLL = 0.2
"""Seconds between two looks at whether the user stopped the work."""

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_log = logging.getLogger(__name__)


def bound(threads: int) -> None:
    """Keep OpenCV, torch and numba to so many threads here; to be called before they load."""
    os.environ.update(dict.fromkeys(_THREADS, str(threads)))
    environment.share_cores()
    import cv2

    cv2.setNumThreads(threads)


def processes(workers: int, settings: Settings) -> Engine:
    """The engine of so many processes; they share the cores, unless the settings say how many threads each takes."""

    def engine(tasks: Iterator[Task], progress: Progress) -> Iterator[Done]:
        threads = settings.threads or max(1, environment.cores() // workers)
        team = [_Worker(replace(settings, threads=threads)) for _ in range(workers)]
        try:
            yield from _Course(team, tasks, progress).run()
        finally:
            for worker in team:
                worker.end()

    return engine


@dataclass(slots=True, eq=False)
class _Worker:
    """One process and the pipe to it. task: what it is doing; ready: whether it has said that it could begin."""

    settings: Settings
    process: Any = None
    pipe: Connection = field(init=False)
    task: Task | None = None
    ready: bool = False

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Begin a process."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=_serve, args=(theirs, self.settings), daemon=True, name="inpaint-batch"
        )
        self.process.start()
        theirs.close()
        self.task, self.ready = None, False

    def give(self, task: Task) -> None:
        """Hand it a photo; raises OSError where it is gone."""
        self.task = task
        self.pipe.send(task)

    def end(self) -> int | None:
        """Stop it now and return its exit code; it writes no file, so nothing can be left half-written."""
        self.pipe.close()
        self.process.join(0.5 if self.process.exitcode is not None or not self.ready else 0)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode  # type: ignore[no-any-return]


@dataclass(slots=True, eq=False)
class _Course:
    """A batch on its way through the team.

    upcoming: the photo that is read already and goes to whoever is free next. again: photos whose worker died.
    deaths: how many died over a photo, by its index; false_starts: how many in a row could not even begin.
    """

    team: list[_Worker]
    tasks: Iterator[Task]
    progress: Progress
    upcoming: Task | None = None
    again: list[Task] = field(default_factory=list)
    deaths: Counter[int] = field(default_factory=Counter)
    false_starts: int = 0
    reached: float = 0.0

    def run(self) -> Iterator[Done]:
        """Everything as it gets done, until nothing is left."""
        self.prepare()
        while self.upcoming or self.again or any(worker.task for worker in self.team):
            heard = wait([worker.pipe for worker in self.team], POLL)
            for worker in [worker for worker in self.team if worker.pipe in heard]:
                yield from self.hear(worker)
            self.progress(self.reached)

    def prepare(self) -> None:
        """Read the next photo while the workers are at work."""
        if self.upcoming is None:
            self.upcoming = self.again.pop(0) if self.again else next(self.tasks, None)

    def hear(self, worker: _Worker) -> Iterator[Done]:
        """A worker has answered, or is gone. It gets its next photo before what it did is handed on."""
        done: Done | None = None
        given_up: Done | None = None
        try:
            done = worker.pipe.recv()
            worker.ready, worker.task, self.false_starts = True, None, 0
            self.feed(worker)
        except (EOFError, OSError):
            given_up = self.replaced(worker)
        for one in (done, given_up):
            if one is not None:
                yield one

    def feed(self, worker: _Worker) -> None:
        """Hand a free worker the next photo; raises OSError where it is gone."""
        self.prepare()
        task, self.upcoming = self.upcoming, None
        if task is not None:
            self.reached = max(self.reached, task.index / task.count)
            worker.give(task)
            self.prepare()

    def replaced(self, worker: _Worker) -> Done | None:
        """Begin another process for one that died; what is given up where too many died, else nothing."""
        task, ready, code = worker.task, worker.ready, worker.end()
        self.false_starts += not ready
        if self.false_starts >= ATTEMPTS:
            raise BackendError(
                f"The batch's worker processes end before they can begin (exit code {code}). What is done is kept. "
                "Work without further processes to see why; a script calls this below `if __name__ == '__main__':`."
            )
        worker.start()
        if task is None:
            return None
        self.deaths[task.index] += 1
        if self.deaths[task.index] >= ATTEMPTS:
            return Done(task.index, failed(task.label, _given_up(task, code), task.key))
        _log.warning("A worker died over %s (exit code %s): another one does it again.", task.label, code)
        self.again.append(task)
        return None


def _given_up(task: Task, code: int | None) -> str:
    return (
        f"{task.name}: {ATTEMPTS} workers died over it, the last with exit code {code}. If memory ran out, give fewer "
        "workers."
    )


def _serve(pipe: Connection, settings: Settings) -> None:
    """A worker's life: say that it is ready, then do one photo after the other until nobody sends any more."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # Ctrl-C reaches all processes of a terminal: the first one decides
    bound(settings.threads)
    session = Session(settings)
    try:
        pipe.send(None)
        while True:
            pipe.send(perform(session, pipe.recv(), Progress()))
    except (EOFError, OSError):
        return
