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
from inpaint_app.types import Progress


class Console:
    """Output of one command. `quiet` leaves only problems; `progress` shows bars even where stderr is no terminal."""

    def __init__(self, quiet: bool = False, progress: bool = False) -> None:
        self.quiet = quiet
        self.bars = not quiet and (progress or sys.stderr.isatty())
        self.stopped = threading.Event()
        self.reserved = False

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
        """A progress that Ctrl-C cancels, drawn as a bar on stderr where bars are shown."""
        with self._stoppable():
            if self.bars:
                with self._drawn(title) as progress:
                    yield progress
            else:
                yield Progress(cancelled=self.stopped.is_set)

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
    def _stoppable(self) -> Iterator[None]:
        """The first Ctrl-C asks the work to stop where it is safe; the second one stops at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            if self.stopped.is_set():
                raise KeyboardInterrupt
            self.stopped.set()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def forget_output(self) -> None:
        """After a reader went away (`| head`): keep Python from complaining about it at its end."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
