"""The public Python API: load, detect, select, remove, prove, save. `import inpaint_app` hands these out.

import inpaint_app

photo = inpaint_app.load("street.jpg")
result = inpaint_app.remove(photo, objects=["people", "car"])
inpaint_app.save(photo, result, "clean.jpg")
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaint_app.backends import registry
from inpaint_app.errors import OptionError
from inpaint_app.imaging.mask_reader import Reading
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Photo, Saved, SaveOptions
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.removal.parts import AUTO
from inpaint_app.removal.session import CONFIDENCE, Request, Session, source_type
from inpaint_app.removal.shots import of_film, shot_of
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Box, Image, Instance, Mask, Progress, Result

if TYPE_CHECKING:
    from inpaint_app.removal.proof import Proof


@lru_cache(maxsize=1)
def session() -> Session:
    """The session that these functions share: backends and segmenters stay warm between calls."""
    return Session()


def load(source: str | Path | bytes, *, name: str | None = None, frame: int | None = None) -> Photo:
    """Take a photo in: a path, or a file's bytes. Raises UnreadablePhoto, PhotoTooLarge, OptionError.

    frame: which frame of an animation, page of a TIFF or picture of a HEIC, from 1; None: the first. All others stay as
    they are when the photo is saved in its own format.
    """
    return session().load(source, name=name, frame=frame)


def detect(
    photo: Photo | Image,
    *,
    segmenter: str | None = None,
    confidence: float = CONFIDENCE,
    progress: Progress | None = None,
) -> tuple[Instance, ...]:
    """Every object found, most confident first. Raises MissingWeights with the cure where nothing can find."""
    return session().detect(_pixels(photo), segmenter, confidence, progress)


def select(
    photo: Photo | Image,
    *,
    at: tuple[float, float] | None = None,
    box: tuple[int, int, int, int] | None = None,
    scribble: Iterable[tuple[float, float]] = (),
    width: float = 1.0,
    found: Iterable[Instance] = (),
    segmenter: str | None = None,
    progress: Progress | None = None,
) -> Instance:
    """The thing at a pixel (x, y), in a box (left, top, right, bottom), or under a rough scribble: for `remove`.

    scribble: x and y of its points; width: its own, in pixels. found: finds of `detect`, one of which may be meant.
    Raises OptionError for a gesture beside the photo, or none.
    """
    if box is None and at is None and not (scribble := tuple(scribble)):
        raise OptionError("Nothing is pointed at: give at, box or scribble.")
    points = (at,) if at is not None else tuple(scribble)
    gesture = Gesture(points=points, width=width) if box is None else Gesture(Box(*box))
    return session().select(_pixels(photo), gesture, found, segmenter, progress)


def remove(
    photo: Photo | Image,
    mask: Mask | Image | str | Path | None = None,
    *,
    objects: str | Iterable[str] = (),
    instances: Iterable[Instance] = (),
    backend: str | None = None,
    grow: int | None = None,
    feather: int | None = None,
    segmenter: str | None = None,
    confidence: float = CONFIDENCE,
    candidates: int = 1,
    belongings: str = AUTO,
    shadows: str = AUTO,
    shots: Iterable[Photo | Image | str | Path] = (),
    everything_that_moves: bool = False,
    from_motion: bool = False,
    invert_mask: bool = False,
    stretch_mask: bool = False,
    letterbox_mask: bool = False,
    mask_as_is: bool = False,
    progress: Progress | None = None,
    **options: Any,
) -> Result:
    """Take things out: what the mask covers, the named kinds of objects, and given finds of `detect`, together.

    photo: what `load` gave, or an image (H, W, 3) uint8 RGB. mask: (H, W) bool, a picture of it (white = remove), or
    a file; `imaging.mask_reader` says what counts as paint, and what of it invert_mask and mask_as_is answer. A mask of
    another size is scaled to the photo, of another proportion refused unless stretch_mask or letterbox_mask says how it
    fits. objects: words such as "people", "cars", "dog". grow, feather: pixels, None chooses.
    options: of the backend, such as seed=1. candidates: fill with so many seeds and return the best one, with all of
    them as its `candidates`. belongings, shadows: "off" leaves what the named ones ride, carry and wear, or their clear
    shadows and reflections. shots: further shots of the place, files or photos: what they show behind the hole is
    taken before any fill, and told in the result's `behind`; everything_that_moves takes out what is gone in them;
    from_motion adds frames of the film in a motion photo's file.
    Known pixels of the result equal the photo's. Raises NothingFound, MaskError, OptionError, MissingError,
    BackendError.
    """
    image = _pixels(photo)
    request = Request(
        mask=_hole(photo, mask, instances, Reading(invert_mask, mask_as_is, stretch_mask, letterbox_mask)),
        objects=_words(objects),
        backend=backend or registry.default(session().settings, options),
        segmenter=segmenter,
        confidence=confidence,
        grow=grow,
        feather=feather,
        options=options,
        candidates=candidates,
        belongings=belongings,
        shadows=shadows,
        shots=(*(_shot(shot) for shot in shots), *(_frames(photo) if from_motion else ())),
        everything=everything_that_moves,
    )
    alpha = photo.alpha if isinstance(photo, Photo) else None
    return session().run(image, request, progress, alpha=alpha)


def prove(
    photo: Photo | Image,
    mask: Mask | Image | str | Path | None = None,
    *,
    objects: str | Iterable[str] = (),
    instances: Iterable[Instance] = (),
    backends: Iterable[str] = (),
    count: int = 4,
    grow: int | None = None,
    segmenter: str | None = None,
    confidence: float = CONFIDENCE,
    invert_mask: bool = False,
    stretch_mask: bool = False,
    letterbox_mask: bool = False,
    mask_as_is: bool = False,
    progress: Progress | None = None,
) -> Proof:
    """Which backend is best for this hole on this very photo, measured where the truth is known.

    The hole's shape is moved to `count` places without objects that look like its surroundings, and every backend
    fills them. backends: empty takes the quick ones. The rest is as in `remove`. Raises what `remove` raises, and
    MaskError where the photo has no room for any place.
    """
    from inpaint_app.removal import proof

    image = _pixels(photo)
    request = Request(
        mask=_hole(photo, mask, instances, Reading(invert_mask, mask_as_is, stretch_mask, letterbox_mask)),
        objects=_words(objects),
        segmenter=segmenter,
        confidence=confidence,
        grow=grow,
    )
    progress = progress or Progress()
    case = proof.case_of(session(), image, request, tuple(backends), count, progress.part(0.0, 0.1))
    return proof.Proof(tuple(proof.prove(session(), case, progress.part(0.1, 1.0))))


def save(
    photo: Photo,
    result: Result,
    target: str | Path,
    *,
    format: str | None = None,
    exact: bool = False,
    mark_edited: bool = False,
) -> Saved:
    """Write the result in the photo's own format (or `format`) with its metadata; the report counts what changed.

    Without `format` the target's name decides where it names another format. exact: change no known pixel, which a PNG,
    a TIFF or a WebP can hold. mark_edited: state in the file's XMP that it was edited. Raises SaveError.
    """
    path = Path(target)
    options = SaveOptions(exact, source_type(result.backend) if mark_edited else "")
    wanted = format or path.suffix or None
    return files.save(photo, result.image, result.mask, path, format=wanted, options=options)


def _shot(shot: Photo | Image | str | Path) -> Shot:
    if isinstance(shot, str | Path):
        shot = load(shot)
    return shot_of(shot) if isinstance(shot, Photo) else Shot(shot)


def _frames(photo: Photo | Image) -> tuple[Shot, ...]:
    if not isinstance(photo, Photo):
        raise OptionError(
            "from_motion came with pixels alone, expected a Photo with its file: load it first."
        )
    return of_film(photo, None, session().limits)


def _words(objects: str | Iterable[str]) -> tuple[str, ...]:
    return (objects,) if isinstance(objects, str) else tuple(objects)


def _hole(
    photo: Photo | Image,
    mask: Mask | Image | str | Path | None,
    instances: Iterable[Instance],
    reading: Reading,
) -> Mask | None:
    """The given mask joined with given finds."""
    shape = _pixels(photo).shape[:2]
    hole: Mask | None = None
    if mask is not None:
        turned = photo.orientation if isinstance(photo, Photo) else 1
        hole = open_mask(mask, shape, orientation=turned, reading=reading, limits=session().limits).mask
    for instance in instances:
        found = instance.full_mask(shape)
        hole = found if hole is None else hole | found
    return hole


def _pixels(photo: Photo | Image) -> Image:
    return photo.rgb if isinstance(photo, Photo) else photo
