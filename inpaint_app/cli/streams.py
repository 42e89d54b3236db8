"""`-` on the command line: a photo or a mask from standard input, a picture to standard output."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.errors import OptionError, PhotoTooLarge
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Limits
from inpaint_app.photofile.source import taken

STREAM = "-"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A photo that was named. given: its path, or its bytes where it came through standard input."""

    path: Path
    given: Path | bytes

    def header(self, limits: Limits) -> tuple[str, int, int, int]:
        """(format, width, height, bytes) by the header alone. Raises UnreadablePhoto, PhotoTooLarge."""
        data, name = taken(self.given, self.path.name, limits)
        return *files.header_of(data, name, limits), len(data)


def source(path: Path, limits: Limits) -> Source:
    """The photo of that path, or the one that comes through standard input for `-`. Raises PhotoTooLarge."""
    return Source(Path("stdin"), taken_in(limits)) if str(path) == STREAM else Source(path, path)


def taken_in(limits: Limits) -> bytes:
    """All of standard input. Raises OptionError where it is a terminal, PhotoTooLarge where it is too long."""
    if sys.stdin.isatty():
        raise OptionError(
            "- reads a picture from standard input, and nothing is sent there: use < photo.jpg."
        )
    most = int(min(limits.megabytes * 1e6, 2**40))
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise PhotoTooLarge(f"Standard input has more than {limits.megabytes:g} MB, which is the limit.")
    return data


def hand_out(data: bytes) -> None:
    """A picture to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def check(read: int, written: int) -> None:
    """Raises OptionError where standard input or output is wanted by more than one."""
    if read > 1:
        raise OptionError(
            "- stands for standard input more than once: give one photo or mask so, files for the rest."
        )
    if written > 1:
        raise OptionError("- stands for standard output more than once: give a file for all but one.")
