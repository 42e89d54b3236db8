"""What is wanted of a photo (Request), and what that means for this very photo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import MaskError, NothingFound, OptionError
from inpaint_app.imaging import mask as masks
from inpaint_app.removal.candidates import MOST
from inpaint_app.removal.parts import AUTO, CHOICES, KINDS, with_parts
from inpaint_app.removal.pipeline import WIDEST
from inpaint_app.segmenters.base import labels_of
from inpaint_app.segmenters.parts.subjects import subjects
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Instance, Mask, option

CONFIDENCE = 0.35

RETRIES = 2
"""How many further seeds a diffusion fill is given to come out without new objects."""

REACH = 12
"""Pixels from the hole within which a found object counts as touching it."""

READING = {
    "invert_mask": "invert", "stretch_mask": "stretch", "letterbox_mask": "letterbox", "mask_as_is": "as_is",
}  # fmt: skip
"""The arguments that say how a mask is to be taken, each with its field of `Reading`."""

ARGUMENTS: Mapping[str, Any] = {
    "confidence": option(CONFIDENCE, "how sure a find must be", minimum=0.0, maximum=1.0),
    **{name: option(AUTO, kind.help, choices=CHOICES) for name, kind in KINDS.items()},
    "grow": option(
        None, "pixels that the mask is widened by; auto: by the size of the hole", minimum=0, maximum=WIDEST
    ),
    "feather": option(
        None, "pixels of soft edge, inside what was widened; auto: half of that", minimum=0, maximum=WIDEST
    ),
    "candidates": option(
        1,
        "fills to choose the best of, with seeds that follow one another, where the backend draws by chance",
        minimum=1,
        maximum=MOST,
    ),
    "invert_mask": option(False, "remove what the mask would leave"),
    "mask_as_is": option(False, "take a mask though it covers nearly all, or looks like a photo"),
    "stretch_mask": option(False, "fit a mask of another proportion by stretching it"),
    "letterbox_mask": option(False, "cut off the bars that make a mask's proportion another"),
    "everything_that_moves": option(
        False, "remove what is gone in the further shots; nothing else is looked for unless it is named"
    ),
    "exact": option(False, "write so that no known pixel changes: PNG, lossless WebP or TIFF"),
    "mark_edited": option(
        False, "state in the file's XMP that it was edited: IPTC's digital source type and the software"
    ),
}
"""What all faces let say of a removal, by the name that it has in each: default, words, range or choices (`option`)."""


def expected(name: str, value: Any) -> str:
    """What the argument of that name should be, where it is not; else ""."""
    asked = ARGUMENTS[name]
    low, high, choices = (asked.metadata[rule] for rule in ("minimum", "maximum", "choices"))
    if asked.default is False:
        return "" if isinstance(value, bool) else "true or false"
    if choices:
        return "" if value in choices else " or ".join(choices)
    fits = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    whole = isinstance(low, int)
    if fits and (not whole or value == int(value)):
        return ""
    return f"a {'whole ' if whole else ''}number from {low:g} to {high:g}"


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What to take out of a photo and how.

    mask: brushed or given, joined with what is found. objects: words such as "people", "cars", "dog"; empty finds
    nothing. found: instances that were found before, so that they are not looked for again; numbers: which of
    them go (None: all whose class `objects` names). segmenter None takes the best one that is ready. avoid: (H, W)
    bool, known pixels that no fill may copy from, beside the found objects that stay. retries: further seeds that
    are tried while an object appears in the hole; None takes RETRIES for diffusion and looks at no other fill.
    candidates: how many fills to make, with the seeds that follow one another; a backend without chance makes one.
    gestures: clicks, boxes and scribbles; what each of them means goes too.
    wall: the hole does not grow into `avoid`; so it is wherever bystanders are named.
    shots: further shots of the place, whose true pixels come before any fill; everything: what is gone in them goes.
    belongings, shadows: "auto" lets such parts go with the find that they belong to, where words choose; or "off".
    """

    mask: Mask | None = None
    objects: tuple[str, ...] = ()
    found: tuple[Instance, ...] | None = None
    numbers: frozenset[int] | None = None
    backend: str = backends.DEFAULT
    segmenter: str | None = None
    confidence: float = CONFIDENCE
    grow: int | None = None
    feather: int | None = None
    avoid: Mask | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    retries: int | None = None
    candidates: int = 1
    wall: bool = False
    belongings: str = AUTO
    shadows: str = AUTO
    gestures: tuple[Gesture, ...] = ()
    shots: tuple[Shot, ...] = ()
    everything: bool = False

    @property
    def spares(self) -> bool:
        """Whether the photo's subjects stay: bystanders are named, and people are not named beside them."""
        return BYSTANDERS in self.objects and not {"people", "person"} & set(self.objects)

    @property
    def walled(self) -> bool:
        """Whether the hole keeps out of what stays, see Removal."""
        return self.wall or self.spares

    @property
    def parts(self) -> frozenset[str]:
        """The kinds of parts that are looked for and go along; raises OptionError."""
        for name in KINDS:
            if wrong := expected(name, getattr(self, name)):
                raise OptionError(f"{name} is {getattr(self, name)!r}, expected {wrong}.")
        return frozenset(name for name in KINDS if getattr(self, name) == AUTO)


def count(request: Request, spec: BackendSpec) -> int:
    """How many candidates are made."""
    if not 1 <= request.candidates <= MOST:
        raise OptionError(f"candidates is {request.candidates}, expected 1 to {MOST}.")
    return request.candidates if spec.seeded else 1


def retries(request: Request, spec: BackendSpec) -> int:
    """How many further seeds may be tried for a fill without new objects."""
    if request.retries is not None:
        return max(0, request.retries)
    return RETRIES if spec.family == "diffusion" else 0


BYSTANDERS = "bystanders"


def chosen(
    instances: tuple[Instance, ...], request: Request, known: Iterable[str], image: Image
) -> tuple[Instance, ...]:
    """Of what was found what goes: by number these alone, by word with the parts of each.

    known: the classes that words may stand for. image: the photo, looked at for whom it is about.
    """
    if request.numbers is not None:
        return tuple(instance for instance in instances if instance.number in request.numbers)
    if not request.objects:
        return ()
    labels = labels_of(request.objects, known)
    staying = subjects(image, instances) if request.spares else frozenset()
    named = {one.number for one in instances if one.label in labels} - staying
    gone = with_parts([one for one in instances if one.number not in staying], named, request.parts)
    return tuple(instance for instance in instances if instance.number in gone)


def hole(
    image: Image, request: Request, instances: tuple[Instance, ...], removed: tuple[Instance, ...]
) -> Mask:
    """The brushed mask joined with the chosen instances, which take nothing of whom a wall is around."""
    shape = (image.shape[0], image.shape[1])
    if request.mask is not None and request.mask.shape != shape:
        height, width = request.mask.shape
        raise MaskError(f"The mask is {width}×{height}, the photo {shape[1]}×{shape[0]}: scale it first.")
    walled = [instance for instance in instances if _walled(instance, removed, request)]
    mask = masks.marked(shape, removed, request.mask, masks.marked(shape, walled) if walled else None)
    if not mask.any():
        if request.objects:
            raise NothingFound(
                f"Nothing found: there are no {' or '.join(request.objects)} to see in this photo. Brush over what "
                "should go, or lower the confidence."
            )
        raise MaskError("Nothing is marked yet: brush over what should go, or let it be found.")
    if mask.all():
        raise MaskError("The mask covers the whole photo: leave something of it, for the fill to go by.")
    return mask


def forbidden(
    mask: Mask,
    instances: tuple[Instance, ...],
    removed: tuple[Instance, ...],
    request: Request,
) -> Mask | None:
    """What no fill may copy from: what is `given`, and found objects that stay (no second person out of them)."""
    given = request.avoid
    if given is not None and given.shape != mask.shape:
        raise MaskError(
            f"The region to avoid has shape {given.shape}, the photo {mask.shape}: scale it first."
        )
    staying = [
        instance
        for instance in instances
        if _forbidden(instance, mask, removed) or _walled(instance, removed, request)
    ]
    if not staying and given is None:
        return None
    avoid = masks.marked(mask.shape, staying, None if given is None else given.astype(bool))
    avoid &= ~mask
    return avoid


def _walled(instance: Instance, removed: tuple[Instance, ...], request: Request) -> bool:
    """Whether the hole keeps out of a find: somebody who stays, with all that is his."""
    stays = all(instance.number != gone.number for gone in removed)
    return request.walled and stays and (instance.label == "person" or instance.of is not None)


def _forbidden(instance: Instance, mask: Mask, removed: tuple[Instance, ...]) -> bool:
    """Whether nothing may be copied from a found object.

    Not from another of the kind that goes, and not from anything that stands apart from the hole. What touches the
    hole and is of another kind is what the removed thing stood in front of: a bus behind people must be continued.
    """
    if any(instance.number == gone.number for gone in removed):
        return False
    area = masks.padded(instance.box, REACH, mask.shape)
    hole = mask[area.slices]
    if not hole.any() or any(instance.label == gone.label for gone in removed):
        return True
    inside = mask[instance.box.slices] & instance.mask
    if 2 * np.count_nonzero(inside) > np.count_nonzero(instance.mask):
        return False
    return not bool((masks.dilated(instance.within(area), REACH) & hole).any())
