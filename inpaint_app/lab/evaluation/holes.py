"""Holes by name: what reports and papers cut, in one grammar, for any frame, the same for the same seed.

square[:S]        in the middle, side S of the shorter side              square:64/128, square:0.5, square:64px
circle[:S]        in the middle, diameter S                              circle:20/64
squares[:NxM/B]   N squares of M px in a frame of B px, at random        squares:10x2/64 (report 003)
equal-area[:S]    2/64 squares at random with the area of square:S       equal-area:20/64 (report 003)
mosaic[:S]        square:S whose content is known as a mosaic only       mosaic:64/128 (report 001)
random-square, random-rectangle, random-circle                           of random side and place
freeform          brush strokes (after Yu et al. 2019)
objects           shapes like people and cars
lama-thin, lama-medium, lama-thick                                       Suvorov et al. 2022, see published_masks
mat[:L-H]         Li et al. 2022: holes that cover L..H of the frame     mat:0-0.4
moved             the user's own mask at another place
masks:FOLDER      given masks: the photo's own by its name, else one drawn by the seed
shapes:FOLDER     the outline of a given mask, drawn by the seed, at a fifth to a half of the shorter side, at random
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.errors import MaskError, OptionError
from inpaint_app.imaging import holes as shapes
from inpaint_app.imaging.mask import bounds, scaled
from inpaint_app.imaging.mask_reader import Reading
from inpaint_app.lab.evaluation import published_masks
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.types import Box, Mask

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff"})


@dataclass(frozen=True, slots=True)
class HoleSpec:
    """One kind of hole, as it was written: `text` is `kind` or `kind:argument`."""

    text: str
    kind: str
    argument: str

    def draw(self, shape: tuple[int, ...], seed: int = 0, *, name: str = "", own: Mask | None = None) -> Mask:
        """The hole for a photo of shape (H, W, ...), never empty.

        name: of the photo; with the seed and the spec it decides every random choice, so that a photo gets the same
        hole in every run, in whatever order and company. own: the user's mask, for "moved". Raises OptionError for an
        argument that cannot be read, MaskError where no such hole fits.
        """
        rng = np.random.default_rng([seed, zlib.crc32(f"{self.text}\n{name}".encode())])
        frame = (shape[0], shape[1])
        if self.kind == "masks":
            return _given(Path(self.argument), frame, name, rng)
        if self.kind == "shapes":
            return _shape(Path(self.argument), frame, rng)
        if self.kind == "moved":
            return moved(own, frame, rng)
        mask = KINDS[self.kind](rng, frame, self.argument)
        if not mask.any():
            raise MaskError(f"The hole {self.text!r} came out empty in a photo of {frame[1]}×{frame[0]} px.")
        return mask


def parse(text: str) -> HoleSpec:
    """Read a hole's name and argument; raises OptionError that names what is known."""
    kind, _, argument = text.strip().partition(":")
    if kind not in (*KINDS, *OTHERS):
        raise OptionError(
            f"There is no hole {kind!r}. Known: {', '.join((*KINDS, 'moved', 'masks:FOLDER', 'shapes:FOLDER'))}."
        )
    if kind in ("masks", "shapes") and not Path(argument).is_dir():
        raise OptionError(f"{text!r}: {argument or 'nothing'} is no folder of masks.")
    spec = HoleSpec(text.strip(), kind, argument)
    if kind in KINDS:
        spec.draw((64, 64))
    return spec


def _share(argument: str, frame: tuple[int, int], default: float) -> float:
    """S of the grammar: a fraction, a number in 0..1, or pixels of the photo."""
    if not argument:
        return default
    fraction = re.fullmatch(r"(\d+)/(\d+)", argument)
    pixels = re.fullmatch(r"(\d+)px", argument)
    try:
        if fraction:
            share = int(fraction[1]) / int(fraction[2])
        else:
            share = int(pixels[1]) / min(frame) if pixels else float(argument)
    except (ValueError, ZeroDivisionError):
        share = -1.0
    if pixels:
        share = min(share, 1.0)
    if not 0 < share <= 1:
        raise OptionError(f"A hole's size is {argument!r}, expected such as 64/128, 0.5 or 64px.")
    return share


def _square(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
    return shapes.centre(rng, frame, _share(argument, frame, 0.5))


def _circle(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
    return shapes.disc(rng, frame, _share(argument, frame, 0.5))


def _squares(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
    match = re.fullmatch(r"(\d+)x(\d+)(?:/(\d+))?", argument or "10x2/64")
    if not match or not int(match[1]) or not int(match[2]):
        raise OptionError(f"squares:{argument}: expected such as 10x2 or 10x2/64.")
    side = int(match[2]) if not match[3] else max(1, round(int(match[2]) * min(frame) / int(match[3])))
    return shapes.squares(rng, frame, int(match[1]), side)


def _equal_area(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
    share = _share(argument, frame, 20 / 64)
    return shapes.equal_area(rng, frame, share, max(1, round(min(frame) * 2 / 64)))


def _random(draw: shapes.Hole) -> Callable[[np.random.Generator, tuple[int, int], str], Mask]:
    def drawn(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
        _no_argument(argument)
        return draw(rng, frame)

    return drawn


def _lama(
    setting: published_masks.LamaSetting,
) -> Callable[[np.random.Generator, tuple[int, int], str], Mask]:
    def drawn(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
        _no_argument(argument)
        return published_masks.lama(rng, frame, setting)

    return drawn


def _mat(rng: np.random.Generator, frame: tuple[int, int], argument: str) -> Mask:
    match = re.fullmatch(r"(0(?:\.\d+)?)-(1|0?\.\d+)", argument or "0-1")
    if not match or float(match[1]) >= float(match[2]):
        raise OptionError(f"mat:{argument}: expected a range of covered shares such as 0-0.4.")
    return published_masks.mat(rng, frame, float(match[1]), float(match[2]))


def _no_argument(argument: str) -> None:
    if argument:
        raise OptionError(f"This hole takes no argument, but {argument!r} was given.")


KINDS: Mapping[str, Callable[[np.random.Generator, tuple[int, int], str], Mask]] = {
    "square": _square,
    "circle": _circle,
    "squares": _squares,
    "equal-area": _equal_area,
    "mosaic": _square,
    "random-square": _random(shapes.square),
    "random-rectangle": _random(shapes.rectangle),
    "random-circle": _random(shapes.circle),
    "freeform": _random(shapes.freeform),
    "objects": _random(shapes.objects),
    "lama-thin": _lama(published_masks.THIN),
    "lama-medium": _lama(published_masks.MEDIUM),
    "lama-thick": _lama(published_masks.THICK),
    "mat": _mat,
}

OTHERS = ("moved", "masks", "shapes")
"""Kinds that need more than a frame: the user's mask, or a folder."""


def moved(own: Mask | None, frame: tuple[int, int], rng: np.random.Generator) -> Mask:
    """The user's mask at a place where it does not touch itself; raises MaskError where there is none."""
    box = None if own is None or own.shape != frame else bounds(own)
    if own is None or box is None:
        raise MaskError("Nothing is marked that could be moved: brush a mask first, or choose another hole.")
    tops, lefts = free_places(own, box)
    if not tops.size:
        raise MaskError("The mask is too large to fit beside itself: choose another hole, such as a square.")
    place = int(rng.integers(tops.size))
    return at(own, box, int(tops[place]), int(lefts[place]))


def at(own: Mask, box: Box, top: int, left: int) -> Mask:
    """The part of a mask that lies in `box`, put with its corner at (top, left)."""
    mask = np.zeros_like(own)
    mask[top : top + box.height, left : left + box.width] = own[box.slices]
    return mask


def free_places(occupied: Mask, box: Box, gap: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Tops and lefts where a box of that size holds no occupied pixel, nor one within `gap` px around it."""
    height, width = occupied.shape
    if box.height > height or box.width > width:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    sums = cv2.integral(
        cv2.copyMakeBorder(occupied.view(np.uint8), gap, gap, gap, gap, cv2.BORDER_CONSTANT, value=0)
    )
    tall, wide = box.height + 2 * gap, box.width + 2 * gap
    inside = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    tops, lefts = np.nonzero(inside == 0)
    return tops, lefts


@lru_cache(maxsize=8)
def _listing(folder: Path) -> tuple[Path, ...]:
    files = tuple(sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES))
    if not files:
        raise OptionError(f"There is no mask in {folder}.")
    return files


def _given(folder: Path, frame: tuple[int, int], name: str, rng: np.random.Generator) -> Mask:
    """The mask of the photo's own name, or else one drawn; scaled to the frame where it is of another size."""
    files = _listing(folder)
    stem = Path(name).stem
    own = [
        path for path in files if path.stem == stem or path.stem.startswith((f"{stem}_mask", f"{stem}-mask"))
    ]
    path = own[0] if stem and own else files[int(rng.integers(len(files)))]
    return open_mask(path, frame, reading=_ANY).mask


_ANY = Reading(as_is=True, stretch=True)
"""A hole for measuring may cover all but a little, and one that is drawn for a photo has whatever proportion."""


def _shape(folder: Path, frame: tuple[int, int], rng: np.random.Generator) -> Mask:
    """The outline of one mask at a fifth to a half of the frame's shorter side, somewhere within it."""
    files = _listing(folder)
    path = files[int(rng.integers(len(files)))]
    mask = open_mask(path, None, reading=_ANY).mask
    box = bounds(mask)
    if box is None:
        raise MaskError(f"The mask {path.name} is empty.")
    scale = min(frame) * rng.uniform(0.2, 0.5) / max(box.width, box.height)
    size = max(1, round(box.height * scale)), max(1, round(box.width * scale))
    top, left = int(rng.integers(frame[0] - size[0] + 1)), int(rng.integers(frame[1] - size[1] + 1))
    hole = np.zeros(frame, dtype=bool)
    hole[top : top + size[0], left : left + size[1]] = scaled(mask[box.slices], size)
    return hole


__all__ = ["KINDS", "HoleSpec", "at", "free_places", "moved", "parse"]
