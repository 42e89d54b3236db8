"""One removal, from mask to result: the one function that page, command line, batch and API all go through.

mask → grow → one window per separate hole → (guide) → backend.inpaint → composite → Result
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.base import Backend, BackendSpec, Batching, SizeRule, Window
from inpaint_app.errors import BackendError, MaskError, OptionError, PhotoError
from inpaint_app.imaging import mask as masks
from inpaint_app.imaging import rim
from inpaint_app.imaging import window as windows
from inpaint_app.imaging.composite import changed_outside, composite
from inpaint_app.imaging.visible import without_hidden
from inpaint_app.types import Box, Image, Instance, Mask, Options, Progress, Result

WIDEST = 4096
"""Pixels by which a hole may be asked to grow, or its edge to be feathered."""

LARGEST = 1024
"""Side in pixels of the windows that fine holes share, for backends that take any size."""

HOLES_A_FILL = 32
PIXELS_A_FILL = 4e6
"""A removal counts as one usual fill up to so many separate holes, and so many pixels of their boxes."""

LAYOUTS = 8
"""Up to so many holes of one window a guide sees one by one."""
GIVEN_PIXEL = 1.5
"""What one pixel of a given guide is taken to cover: fills that are nearly alike agree in all that is coarser."""


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """One hole to fill: a request that is decided.

    grow, feather: pixels; None chooses by the size of the hole. options: values for fields of the backend's options.
    avoid: (H, W), see Window. guide: (H, W, 3) uint8, a first idea of the whole photo, for backends that
    take guides. alpha: (H, W) uint8 opacity; colours under 0 are never looked at. wall: the hole does not grow into
    `avoid`, for whom a photo is about. instances, removed: what was found, and what of it goes. finder: who looked.
    """

    image: Image
    mask: Mask
    grow: int | None = None
    feather: int | None = None
    avoid: Mask | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    guide: Image | None = None
    alpha: NDArray[np.uint8] | None = None
    wall: bool = False
    instances: tuple[Instance, ...] = ()
    removed: tuple[Instance, ...] = ()
    finder: str = ""

    @property
    def staying(self) -> tuple[Instance, ...]:
        """The found objects that do not go."""
        gone = {instance.number for instance in self.removed}
        return tuple(instance for instance in self.instances if instance.number not in gone)


@dataclass(frozen=True, slots=True)
class Filler:
    """A backend with its spec and options, ready to fill.

    guide: fills each window first, and its fill steers this one (BackendSpec.guide).
    """

    spec: BackendSpec
    backend: Backend
    options: Options
    guide: Filler | None = None


def remove(removal: Removal, filler: Filler, progress: Progress | None = None) -> Result:
    """Take what the mask covers out of the image.

    Pixels outside the grown mask equal the image's, whatever the backend returns. Raises MaskError, OptionError,
    BackendError, Cancelled.
    """
    _check(removal)
    if removal.alpha is not None:
        return _remove_seen(removal, removal.alpha == 0, filler, progress)
    progress = progress or Progress()
    began = time.perf_counter()
    progress(0.0, "Preparing the mask")
    grown, least, most = rim.grow(removal.image, removal.mask, removal.grow)
    grown = walled(removal, grown)
    feather = feathering(removal, least)
    rule = filler.spec.size
    holes = windows.holes(grown, rule.context, rule.context_minimum, _largest(rule))
    progress.ticket.charge(cost(filler, holes))
    canvas = removal.image.copy()
    pending = grown.copy() if len(holes) > 1 else grown
    total = sum(int(hole.mask.sum()) for hole in holes)
    done = 0
    for hole in holes:
        share = int(hole.mask.sum())
        part = progress.part(0.02 + 0.96 * done / total, 0.02 + 0.96 * (done + share) / total)
        where, window = _window(canvas, removal, pending, hole, filler, part.part(0.0, 0.3))
        rest = part.part(0.3, 1.0) if filler.guide is not None else part
        fill = _fitting(filler.backend.inpaint(window, filler.options, rest), window, filler)
        _laid(canvas, removal.image, grown, hole, feather, windows.restored(fill, where), where)
        if pending is not grown:
            pending[hole.box.slices] &= ~hole.mask
        done += share
    changed = changed_outside(removal.image, canvas, grown)
    progress(1.0, "Done")
    return Result(
        image=canvas,
        mask=grown,
        backend=filler.spec.name,
        seconds=time.perf_counter() - began,
        boxes=tuple(hole.box for hole in holes),
        grow=most,
        feather=feather,
        changed_known=changed,
        options=filler.options,
    )


def _check(removal: Removal) -> None:
    """Raises PhotoError or MaskError where something does not fit the image."""
    image, mask = removal.image, removal.mask
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise PhotoError(
            f"The image is {image.dtype} of shape {image.shape}, expected (H, W, 3) uint8 RGB: open it with load()."
        )
    if mask.dtype != np.bool_ or mask.ndim != 2:
        raise MaskError(
            f"The mask is {mask.dtype} of shape {mask.shape}, expected (H, W) bool: read it with mask_reader.read()."
        )
    for name, given, shape in (
        ("mask", mask, image.shape[:2]),
        ("region to avoid", removal.avoid, image.shape[:2]),
        ("opacity", removal.alpha, image.shape[:2]),
        ("guide", removal.guide, image.shape),
    ):
        if given is not None and given.shape != shape:
            raise MaskError(f"The {name} has shape {given.shape}, the photo {shape}: scale it first.")
    if not mask.any():
        raise MaskError("The mask is empty: brush over what should go, or let it be found.")


def _remove_seen(removal: Removal, hidden: Mask, filler: Filler, progress: Progress | None) -> Result:
    """The same where some of the image is hidden under opacity 0: those colours are neither shown to the backend nor
    copied, and stay as they were."""
    plain = replace(removal, alpha=None)
    if not hidden.any():
        return remove(plain, filler, progress)
    seen = without_hidden(removal.image, hidden, removal.mask)
    avoid = hidden if removal.avoid is None else hidden | removal.avoid
    result = remove(replace(plain, image=seen, avoid=avoid), filler, progress)
    untouched = hidden & ~result.mask
    result.image[untouched] = removal.image[untouched]
    return replace(result, changed_known=changed_outside(removal.image, result.image, result.mask))


def cost(filler: Filler, holes: Sequence[windows.Hole]) -> float:
    """As how many usual fills these holes count: by their number, by their pixels, and by the backend's options."""
    pixels = sum(hole.box.width * hole.box.height for hole in holes)
    size = max(1.0, len(holes) / HOLES_A_FILL, pixels / PIXELS_A_FILL)
    return size * filler.spec.weight(filler.options)


def walled(removal: Removal, grown: Mask) -> Mask:
    """The grown mask without what a wall keeps it out of."""
    if not removal.wall or removal.avoid is None:
        return grown
    return grown & (removal.mask | ~removal.avoid)


def feathering(removal: Removal, growth: int) -> int:
    """Feathering stays inside the ring that growing added, so that what is to go never shines through."""
    for name, value in (("grow", removal.grow), ("feather", removal.feather)):
        if value is not None and not 0 <= value <= WIDEST:
            raise OptionError(f"{name} is {value}, expected 0 to {WIDEST} pixels, or none for automatic.")
    return min(growth, removal.feather) if removal.feather is not None else growth // 2


def _window(
    canvas: Image, removal: Removal, pending: Mask, hole: windows.Hole, filler: Filler, progress: Progress
) -> tuple[windows.Frame, Window]:  # fmt: skip
    """What a backend sees of one hole, and where that is; other holes of `pending` that reach in count there too."""
    where = windows.frame(hole.box, canvas.shape, margin=hole.margin, **asdict(filler.spec.size))
    image, mask = windows.cut(canvas, pending, where)
    avoid = windows.cut_mask(removal.avoid, where) if removal.avoid is not None else None
    coarse, pixel = None, 0.0
    if removal.guide is not None:
        coarse, pixel = _given(canvas, pending, where, removal.guide), GIVEN_PIXEL
    elif filler.spec.restores:
        coarse = windows.resized(canvas[where.crop.slices], where)
    elif filler.guide is not None:
        coarse, pixel = _guide(canvas, removal, pending, hole, where, filler.guide, progress)
    return where, Window(image, mask, avoid, coarse, pixel)


def _fitting(fill: Image, window: Window, filler: Filler) -> Image:
    """The fill, if it is one: raises BackendError for anything that does not fit its window."""
    if not isinstance(fill, np.ndarray) or fill.shape != window.image.shape or fill.dtype != np.uint8:
        came = f"{fill.dtype} {fill.shape}" if isinstance(fill, np.ndarray) else type(fill).__name__
        raise BackendError(
            f"{filler.spec.title} returned {came}, expected uint8 {window.image.shape}. Nothing was changed; "
            "try another backend."
        )
    return fill


def _laid(
    canvas: Image, image: Image, grown: Mask, hole: windows.Hole, feather: int, fill: Image, where: windows.Frame
) -> None:  # fmt: skip
    """Put a window's fill into its hole on the canvas.

    The feather follows the edge of all that is `grown`: where a long hole is cut into pieces there is no edge.
    """
    inner = hole.box.within(where.crop).slices
    opacity = masks.feathered(grown, feather, hole.box)
    opacity[~hole.mask] = 0
    composite(canvas, image, fill[inner], opacity, hole.box)


def _largest(rule: SizeRule) -> int:
    """Side up to which a window of fine holes needs no scaling down (or little, for a network of a fixed size)."""
    return rule.maximum or (max(LARGEST // 2, 2 * rule.native) if rule.native else LARGEST)


def _given(canvas: Image, pending: Mask, where: windows.Frame, guide: Image) -> Image:
    """The hole of a given guide within the canvas, seen in the window."""
    whole = canvas[where.crop.slices].copy()
    windows.laid(guide[where.crop.slices], pending[where.crop.slices], whole)
    return windows.resized(whole, where)


def _guide(
    canvas: Image, removal: Removal, pending: Mask, hole: windows.Hole, where: windows.Frame, guide: Filler,
    progress: Progress,
) -> tuple[Image, float]:  # fmt: skip
    """The guide's fill, seen in the window of the backend that it steers, and what one of its pixels covers there.

    Other holes that reach into that window and not into the guide's get the colours of their surroundings.
    """
    crop = where.crop
    whole, waiting = canvas[crop.slices].copy(), pending[crop.slices]
    done = np.zeros(waiting.shape, bool)
    beyond, pixel = waiting.copy(), 0.0
    parts = _seen_apart(hole, crop, guide.spec.size)
    fills = _layouts(canvas, removal, pending, parts, guide, progress)
    for part, (own, fill) in zip(parts, fills, strict=True):
        shared = own.crop.shared(crop)
        inside = shared.within(crop).slices
        opening = waiting[inside] & ~done[inside]
        windows.laid(fill[shared.within(own.crop).slices], opening, whole[inside])
        beyond[inside] = False
        done[part.box.within(crop).slices] |= part.mask
        finest = min(own.size[1], guide.spec.lays_out or own.size[1])
        pixel = max(pixel, (own.crop.width / finest) * (where.size[1] / crop.width))
    if beyond.any():
        whole = without_hidden(whole, beyond, waiting)
    return windows.resized(whole, where), pixel


def _layouts(
    canvas: Image, removal: Removal, pending: Mask, parts: Sequence[windows.Hole], guide: Filler, progress: Progress
) -> Iterator[tuple[windows.Frame, Image]]:  # fmt: skip
    """Where the guide sees each part, and its fill there; all in one pass where it can do that."""
    backend = guide.backend
    together = backend.inpaint_all if isinstance(backend, Batching) else None
    groups = [parts] if together else [[part] for part in parts]
    for number, group in enumerate(groups):
        step = progress.part(number / len(groups), (number + 1) / len(groups))
        cuts = [_window(canvas, removal, pending, part, guide, step.part(0.0, 0.1)) for part in group]
        seen = [window for _, window in cuts]
        fills = (
            together(seen, guide.options, step)
            if together
            else [backend.inpaint(seen[0], guide.options, step)]
        )
        for (own, window), fill in zip(cuts, fills, strict=True):
            yield own, windows.restored(_fitting(fill, window, guide), own)


def _seen_apart(hole: windows.Hole, crop: Box, rule: SizeRule) -> list[windows.Hole]:
    """The holes that a guide sees one by one: the nearer it looks, the better its layout."""
    opening = np.zeros((crop.height, crop.width), bool)
    opening[hole.box.within(crop).slices] = hole.mask
    apart = windows.holes(opening, rule.context, rule.context_minimum, _largest(rule))
    if len(apart) > LAYOUTS:
        return [replace(hole, margin=None)]
    return [replace(one, box=one.box.moved(crop.left, crop.top)) for one in apart]
