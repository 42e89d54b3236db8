"""What the command line says and where: results on stdout, everything else on stderr, a bar where someone looks.

Names of files steer no terminal: each line is printable.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from inpaint_app.errors import printable
from inpaint_app.runtime.ending import handled, heard, leave
from inpaint_app.types import Progress

STOPPED = 130
"""Exit code of a command that Ctrl-C stopped; 143 after SIGTERM."""

HUNG = 5.0
"""Seconds from SIGTERM, or a second Ctrl-C, until work that does not stop is left behind."""


class Console:
    """Output of one command. `quiet` leaves only problems; `progress` shows bars even where stderr is no terminal.

    left: what to say when it is stopped, of what is finished and kept. status: the exit code then.
    """

    def __init__(self, quiet: bool = False, progress: bool = False) -> None:
        self.quiet = quiet
        self.bars = not quiet and (progress or sys.stderr.isatty())
        self.stopped = threading.Event()
        self.reserved = False
        self.status = STOPPED
        self.left = ""
        self._heeds = self._asked = False
        self._timers: list[threading.Timer] = []

    def reserve(self) -> None:
        """From now on stdout is for what a program reads (JSON, a picture): everything for people goes to stderr."""
        self.reserved = True

    def say(self, text: str) -> None:
        """A result, for people: stdout, unless that is reserved."""
        if not self.quiet:
            (self.note if self.reserved else self.write)(printable(text))

    def write(self, text: str) -> None:
        """A result that was asked for as such (JSON, a table): stdout, whether quiet or not."""
        sys.stdout.write("\n".join(map(printable, text.split("\n"))) + "\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        """What is good to know while it runs: stderr."""
        if not self.quiet:
            sys.stderr.write(printable(text) + "\n")

    def problem(self, text: str) -> None:
        """What went wrong: stderr, whether quiet or not."""
        sys.stderr.write(f"inpaint-app: {printable(text)}\n")

    @contextmanager
    def working(self, title: str = "") -> Iterator[Progress]:
        """A progress that Ctrl-C or SIGTERM cancels, drawn as a bar on stderr where bars are shown."""
        with self.stoppable():
            self._heeds = True
            try:
                if self.bars:
                    with self._drawn(title) as progress:
                        yield progress
                else:
                    yield Progress(cancelled=self.stopped.is_set)
            finally:
                self._heeds = False

    @contextmanager
    def _drawn(self, title: str) -> Iterator[Progress]:
        from tqdm import tqdm

        shape = "{desc:<36.36} {percentage:3.0f}% |{bar}| {elapsed}"
        with tqdm(
            total=1.0,
            desc=printable(title),
            file=sys.stderr,
            bar_format=shape,
            leave=False,
            dynamic_ncols=True,
        ) as bar:

            def report(fraction: float, stage: str) -> None:
                bar.n = max(bar.n, fraction)
                bar.set_description_str(printable(stage or title), refresh=False)
                bar.refresh()

            yield Progress(report, self.stopped.is_set)

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """The first Ctrl-C or SIGTERM asks the work to stop where it is safe; a second one stops at once.

        Work that hangs in native code hears neither, so some seconds later the process is ended from another thread.
        """
        main = threading.current_thread() is threading.main_thread()
        if not main or signal.getsignal(signal.SIGTERM) == self._stop:
            yield
            return
        try:
            with handled(self._stop), heard(self._insist):
                yield
        finally:
            for timer in self._timers:
                timer.cancel()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        again, self.status = self.stopped.is_set(), 128 + number
        self.stopped.set()
        if again or not self._heeds:
            raise KeyboardInterrupt

    def _insist(self, number: int) -> None:
        """A signal came, whether the main thread hears of it or not."""
        if number == signal.SIGTERM or self._asked:
            self._timers.append(threading.Timer(HUNG, self._give_up, (128 + number,)))
            self._timers[-1].daemon = True
            self._timers[-1].start()
        self._asked = True

    def _give_up(self, status: int) -> None:
        self.problem(self.left or "Stopped.")
        leave(status)

    def forget_output(self) -> None:
        """After a reader went away (`| head`): keep Python from complaining about it at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
