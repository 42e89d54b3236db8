"""Every error that the app raises on purpose.

    InpaintError
    ├── PhotoError            the photo cannot be taken in or written
    │   ├── UnreadablePhoto   damaged, empty or not a picture
    │   ├── PhotoTooLarge     over the limit of pixels or bytes
    │   ├── SaveError         the result cannot be written (disk full, format that cannot hold it)
    │   └── JpegError         a JPEG's blocks cannot be edited one by one: it is encoded anew instead
    ├── MaskError             no mask, an empty one, one of a wrong shape
    │   ├── MaskDoubt         a mask that can be meant in several ways
    │   └── NothingFound      nothing of what was asked for is in the photo
    ├── OptionError           an option out of range, an unknown name, a broken recipe
    ├── MissingError          something is not installed, not downloaded or not reachable
    │   ├── MissingWeights
    │   └── MissingPackage
    ├── CheckpointError       a weight file that is damaged, foreign or does not fit
    ├── TooMany               a visitor asked for more than this server does for each
    ├── NotYours              a session, an event or a file of another visitor
    ├── BackendError          a backend failed or returned something that is no fill
    ├── Busy                  too many wait already
    └── Cancelled             the user stopped the work

A message says what came, what was expected, and the cure, in words that can be shown to the user as they are: one line,
in which a name that somebody else gave a file can steer no terminal and forge no line of a log.
"""

from __future__ import annotations

import re

BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, marks that turn the direction of writing, and bytes of a name that were no UTF-8."""


def printable(text: str) -> str:
    """A text as one line that any terminal, log or table takes: what nobody would see is spelt out (\\x1b)."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], BREAKS.sub(" ", text))


class InpaintError(Exception):
    """Root of the tree: catch this to catch whatever the app raises on purpose."""

    def __str__(self) -> str:
        return printable(super().__str__())


class PhotoError(InpaintError):
    """The photo cannot be taken in or written."""


class UnreadablePhoto(PhotoError):  # noqa: N818 - the name reads as what happened
    """The file is damaged, empty or no picture."""


class PhotoTooLarge(PhotoError):  # noqa: N818
    """The photo is over the limit of pixels or bytes."""


class SaveError(PhotoError):
    """The result cannot be written."""


class JpegError(PhotoError):
    """Why a file's coding blocks cannot be edited one by one, in words for the report."""


class MaskError(InpaintError):
    """There is no mask, it is empty, or its shape does not fit."""


class MaskDoubt(MaskError):  # noqa: N818
    """A mask can be meant in several ways. ways: what would answer, best first.

    They are names of fields of `imaging.mask_reader.Reading` ("invert", "as_is", "stretch", "letterbox"), or "plain"
    for none of them.
    """

    def __init__(self, message: str, *ways: str) -> None:
        super().__init__(message)
        self.ways = ways


class NothingFound(MaskError):  # noqa: N818 - the name reads as what happened
    """Nothing of what was asked for is in the photo, and no mask was given."""


class OptionError(InpaintError):
    """An option is out of range, a name is unknown, or a recipe is broken."""


class MissingError(InpaintError):
    """Something is not installed, not downloaded or not reachable."""


class MissingWeights(MissingError):  # noqa: N818
    """Weights are not on this machine."""


class MissingPackage(MissingError):  # noqa: N818
    """A Python package is not installed."""


class CheckpointError(InpaintError):
    """A weight file is damaged, foreign, or does not fit its network."""


class TooMany(InpaintError):  # noqa: N818
    """A visitor asked for more than this server does for each."""


class NotYours(InpaintError):  # noqa: N818
    """What is asked for belongs to another visitor, or to nobody."""


class BackendError(InpaintError):
    """A backend failed, or returned something that is no fill."""


class Busy(InpaintError):  # noqa: N818
    """Too many wait already: the work was not taken in."""


class Cancelled(InpaintError):  # noqa: N818
    """The user stopped the work."""


def out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory was short, on any device and from any library (torch, NumPy, OpenCV)."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = str(error).lower()
    return (isinstance(error, RuntimeError) or type(error).__module__ == "cv2") and any(
        said in words for said in ("out of memory", "can't allocate memory", "insufficient memory")
    )
