"""What the page's messages ask for, read with care: they come from a browser and may hold anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from inpaint_app.batch.naming import legal
from inpaint_app.errors import InpaintError, OptionError, UnreadablePhoto
from inpaint_app.photofile.files import Photo
from inpaint_app.removal import request as requests
from inpaint_app.removal.parts import AUTO, KINDS, OFF
from inpaint_app.removal.session import CONFIDENCE, Request, Session
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.parts.subjects import subjects
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.server.endpoints.arguments import from_network
from inpaint_app.server.marks import Marks, drawn
from inpaint_app.server.visitors import Visit
from inpaint_app.settings import Settings
from inpaint_app.types import Progress
from inpaint_app.ui import view_models

Message = Mapping[str, Any]
Sent = Callable[[Path], bool]
"""Tells whether a path is that of a file which the visitor sent here. Raises OSError, ValueError for what is none."""


def given(sent: Sent, message: Message) -> Path:
    """The file that a message names: a sample, or what this visitor sent, never anything else on the server's disk."""
    if message.get("sample"):
        known = view_models.samples()
        if str(message["sample"]) not in known:
            raise UnreadablePhoto("There is no such sample photo.")
        return known[str(message["sample"])]
    path = Path(str(message.get("path") or ""))
    try:
        arrived = sent(path)
    except (OSError, ValueError):
        arrived = False
    if not arrived:
        raise UnreadablePhoto("The photo did not arrive: open it again.")
    return path


@contextmanager
def taken(sent: Sent, message: Message) -> Iterator[Path]:
    """The file that a message names; an upload is deleted once it was read, for its bytes are held by the visit."""
    path = given(sent, message)
    try:
        yield path
    finally:
        if not message.get("sample"):
            path.unlink(missing_ok=True)


def opened(session: Session, visit: Visit, sent: Sent, message: Message, progress: Progress) -> Photo:
    """The photo that a message opens: a file that arrived, a sample, or another frame of the one that is open.

    Raises UnreadablePhoto, PhotoTooLarge, OptionError.
    """
    frame = integer(message["frame"]) if message.get("frame") else None
    if frame is not None and not message.get("path") and not message.get("sample"):
        photo = visit.opened()
        return session.load(photo.source, name=photo.name, frame=frame, progress=progress)
    with taken(sent, message) as path:
        name = legal(str(message.get("name") or path.name))
        return session.load(path, name, frame, progress)


def work(message: Message) -> int:
    """The number that the page gave this piece of work."""
    return number(message.get("work"))


def confidence(message: Message) -> float:
    """How sure the finder must be, 0..1."""
    given = message.get("confidence")
    if given in (None, "", 0):
        return CONFIDENCE
    if wrong := requests.expected("confidence", given):
        raise OptionError(
            f"The page sent {ascii(given)[:40]} as confidence, expected {wrong}: reload the page."
        )
    return float(given)


def candidates(message: Message) -> int:
    """How many seeds a backend that draws by chance fills with."""
    return integer(message.get("candidates") or 1)


def gesture(message: Message) -> Gesture:
    """What the select tool pointed at; raises OptionError."""
    box = listed(message.get("box"))
    points = listed(message.get("points"))
    width = message.get("width")
    thick = float(width) if isinstance(width, int | float) and 0 < width < 1e6 else 1.0
    return Gesture.of(box=box or None, points=points, width=thick)


def parts(message: Message) -> dict[str, Any]:
    """Which kinds of parts are looked for and go with what they belong to."""
    return {kind: OFF if message.get(kind) == OFF else AUTO for kind in KINDS}


def finder(message: Message, settings: Settings) -> tuple[str, float, tuple[str, ...]]:
    """What decides what is found: the segmenter ("" where none is ready), the confidence, and the kinds of parts."""
    try:
        name = segmenter(message) or segmenters.best(settings).name
    except InpaintError:
        name = ""
    return name, confidence(message), tuple(kind for kind, on in parts(message).items() if on == AUTO)


def segmenter(message: Message) -> str | None:
    """What is to find objects; None is the best that is ready."""
    named = message.get("segmenter")
    return str(named)[:100] if named else None


def marked(message: Message, visit: Visit, check: Callable[[], None] = lambda: None) -> Marks:
    """What is marked on the page, drawn at the photo's full size. check: see `marks.drawn`. Raises MaskError."""
    step, photo = visit.step(), visit.opened()
    return drawn(
        listed(message.get("marks")), (photo.height, photo.width), step.found or (), visit.masks, check
    )


def request(message: Message, visit: Visit, marks: Marks) -> Request:
    """What the page asks for, as a request: all that is marked, and all objects of the words."""
    words = tuple(str(word)[:100] for word in listed(message.get("objects")))
    step = visit.step()
    known = step.found if not words or step.found_with == finder(message, visit.settings) else None
    wall = bool(message.get("wall"))
    return Request(
        # Behind a wall the finds' numbers say it all: their outlines may overlap that of who stays.
        mask=marks.mask if not wall or marks.brushed or marks.erased else None,
        objects=words,
        found=known,
        # Where something was erased the mask alone decides: naming the finds would bring the erased part back.
        numbers=None if words else (frozenset() if marks.erased else marks.chosen),
        segmenter=segmenter(message),
        confidence=confidence(message),
        grow=_pixels(message.get("grow")),
        feather=_pixels(message.get("feather")),
        candidates=candidates(message),
        wall=wall,
        shots=tuple(held.shot for held in visit.shots.values()),
        everything=bool(message.get("everything")),
        **parts(message),
    )


def chosen(message: Message, visit: Visit) -> tuple[list[int] | None, list[int] | None]:
    """The numbers of the finds that the message's words stand for, and of whom the photo is about; None: no word."""
    asked = request(message, visit, Marks())
    if not asked.objects:
        return None, None
    image, found = visit.pixels(), visit.step().found or ()
    gone = requests.chosen(found, asked, segmenters.labels(visit.settings), image)
    staying = sorted(subjects(image, found)) if asked.spares else None
    return [one.number for one in gone], staying


def _pixels(given: Any) -> int | None:
    return None if given in (None, "", "auto") else integer(given)


def number(given: Any) -> int:
    """A count of messages or work; 0 for anything that is none."""
    return given if isinstance(given, int) else 0


def integer(given: Any) -> int:
    """A whole number that somebody chose, as JSON's number or as text; raises OptionError."""
    try:
        return int(given)
    except (TypeError, ValueError, OverflowError):
        raise OptionError(
            f"The page sent {ascii(given)[:40]}, expected a whole number: reload the page."
        ) from None


def listed(given: Any) -> list[Any]:
    """A short list; raises OptionError for anything else."""
    if given is None:
        return []
    if not isinstance(given, list | tuple) or len(given) > 10_000:
        raise OptionError(f"The page sent {ascii(given)[:40]}, expected a list: reload the page.")
    return list(given)


def backends(message: Message) -> list[str]:
    """The names of what is to fill, each once."""
    return list(dict.fromkeys(str(name)[:100] for name in listed(message.get("backends"))))


def options(message: Message, backend: str) -> dict[str, Any]:
    """What the page set for one backend; raises OptionError where it is no table."""
    tables = message.get("options") or {}
    table = tables.get(backend) or {} if isinstance(tables, Mapping) else None
    if not isinstance(table, Mapping):
        raise OptionError(f"The page sent {ascii(table)[:40]} as options, expected a table: reload the page.")
    return from_network(table, backend)


def crop(box: Any, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) inside a picture of that shape, at least one pixel."""
    sides = [integer(side) for side in listed(box)]
    if len(sides) != 4:
        raise OptionError(
            f"The page sent {ascii(box)[:40]}, expected the four sides of a box: reload the page."
        )
    left, top, right, bottom = sides
    left, top = max(0, min(left, shape[1] - 1)), max(0, min(top, shape[0] - 1))
    return left, top, max(left + 1, min(right, shape[1])), max(top + 1, min(bottom, shape[0]))
