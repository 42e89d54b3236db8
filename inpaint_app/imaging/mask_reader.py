"""What a mask picture means: the one rule by which every face tells which pixels go.

A mask is the work of some other program, and programs write masks in many ways. `read` takes the picture at its own
size and gives the hole, by this rule:

1. **Opacity first**, where the picture has some that says anything. Up to 8 of 255 is noise and counts as clear, the
   same at the other end as opaque; what is constant then says nothing.
   - A painted layer (a few plain colours on a clear ground): paint goes. If both black and white are painted, white.
   - A photo with clear parts: what is clear goes, as editors of OpenAI's kind want it; but where the clear part is the
     picture's rim, the photo's part is a cut-out figure, and the figure goes.
2. **Else the colours.** Grey: bright goes. Coloured: what differs from the ground goes; the ground is black or white,
   whichever is more of the picture, or a colour that is all of its rim (where there is neither: most of it).
   A palette counts by its colours.
3. **One threshold**: half of the strongest mark. So 1 counts in a picture of 0 and 1, and a soft edge ends half way. In
   a picture of a few plain levels (labels) it is half of the weakest level. Marks of up to 8 of 255 count only where
   they form areas, not where they are strewn as noise is; in a file that lost something (JPEG) from 48 of 255 on.
4. **Doubt is told, not guessed away**: a hole of more than nine tenths of the picture; one that takes more than half
   and all of the rim (it is inverted, plainly); a picture that looks like a photo. These raise MaskDoubt, unless
   `Reading` answers.

docs/masks.md has it in pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import MaskDoubt, MaskError
from inpaint_app.imaging.mask_marks import LABELS, NOISE, Levels, Marks, between, levels_of, marked
from inpaint_app.types import Mask

MOST = 0.9
"""A hole that covers more than this share of a picture is asked about."""

RIM = 0.97
"""Share of the rim that is hole where a mask of more than half of the picture is plainly inverted."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a mask is to be taken where its picture could mean several things.

    invert: what would stay goes, and what would go stays. as_is: take it by the rule even where there is a doubt.
    stretch: fit it to the photo although its sides have another proportion. letterbox: cut off the bars that make it
    another proportion.
    """

    invert: bool = False
    as_is: bool = False
    stretch: bool = False
    letterbox: bool = False


BY_RULE = Reading()


def read(
    colours: NDArray[Any],
    opacity: NDArray[Any] | None = None,
    *,
    lossy: bool = False,
    reading: Reading = BY_RULE,
) -> Mask:
    """The hole that a mask picture means, (H, W) bool, by the rule above.

    colours: (H, W) or (H, W, 1 to 4), bool, integers or floats of any range; with two or four channels the last is the
    opacity, unless `opacity` (H, W) is given. lossy: whether the file's format loses something.
    Raises MaskError where nothing is marked or the shape is no picture's, MaskDoubt where the rule tells a doubt.
    """
    colours, opacity = _parted(colours, opacity)
    if colours.size == 0:
        raise MaskError("The mask has no pixels.")
    mask = None if opacity is None else _by_opacity(colours, opacity, reading)
    if mask is None:
        mask = _by_colour(colours, lossy, reading)
    if reading.invert:
        mask = ~mask
        if not mask.any():
            raise MaskError(
                "Inverted as asked, the mask marks nothing: leave --invert-mask (invert_mask) out."
            )
    if not reading.as_is:
        _check_share(mask, reading)
    return mask


def _parted(colours: NDArray[Any], opacity: NDArray[Any] | None) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Colours (H, W) or (H, W, 3), and the opacity if there is one."""
    known = colours.dtype == np.bool_ or colours.dtype.kind in "iuf"
    if (
        not known
        or colours.ndim not in (2, 3)
        or (colours.ndim == 3 and colours.shape[2] not in (1, 2, 3, 4))
    ):
        raise MaskError(
            f"A mask is a picture of shape (H, W) or (H, W, channels), this one is {colours.dtype} of shape "
            f"{colours.shape}."
        )
    if colours.ndim == 3 and colours.shape[2] in (2, 4):
        opacity = colours[..., -1] if opacity is None else opacity
        colours = colours[..., :-1]
    if colours.ndim == 3 and colours.shape[2] == 1:
        colours = colours[..., 0]
    return colours, opacity


def _by_opacity(colours: NDArray[Any], opacity: NDArray[Any], reading: Reading) -> Mask | None:
    """The hole by what is opaque and what is clear; None where the opacity says nothing."""
    marks = levels_of(opacity, "its opacity")
    whole = marks.levels
    if marks.full != 255.0:
        whole = np.asarray(np.rint(marks.levels * (marks.strength / 255.0)), np.uint8)
    low, high = int(whole.min()), int(whole.max())
    if high <= NOISE:
        if low == high and colours.min() != colours.max():
            return None
        raise MaskError(
            f"Nothing is marked in the mask: all of it is clear (its opacity is at most {marks.top:g} of "
            f"{marks.full:g}). Paint on the clear layer is what goes, or give white on black."
        )
    if low >= 255 - NOISE or low == high:
        return None
    painted = marked(
        Marks(np.where(whole > NOISE, whole, 0).astype(np.uint8), high, 255.0, "its opacity"), False
    )
    if painted.all() or not painted.any():
        return None
    seen = colours[whole >= np.uint8(high - NOISE)]
    if _looks_like_photo(seen):
        return _cut(painted, reading)
    bright = levels_of(colours if colours.ndim == 2 else np.asarray(colours.max(axis=2)), "").levels
    white, black = painted & (bright >= 207), painted & (bright <= 48)
    least = int(np.count_nonzero(painted)) // 100
    both = int(np.count_nonzero(white)) > least and int(np.count_nonzero(black)) > least
    return np.asarray(painted & (bright >= 128)) if both else painted


def _cut(painted: Mask, reading: Reading) -> Mask:
    """Of a photo with clear parts what goes: the clear parts, or the figure where its ground was taken away."""
    rim = _rim(painted)
    if 0.3 < rim < 0.7 and not (reading.as_is or reading.invert):
        raise MaskDoubt(
            "The mask is a photo with clear parts, and half of its rim is clear: what is clear goes with --mask-as-is "
            "(mask_as_is), what is to be seen with --invert-mask (invert_mask).",
            "as_is",
            "invert",
        )
    return painted if rim <= 0.3 else ~painted


def _by_colour(colours: NDArray[Any], lossy: bool, reading: Reading) -> Mask:
    """The hole by brightness, or by the difference from the ground where there is colour."""
    marks = levels_of(colours, "its brightest value")
    if colours.ndim == 3:
        red, green, blue = cv2.split(marks.levels)
        bright = np.maximum(np.maximum(red, green), blue)
        dark = np.minimum(np.minimum(red, green), blue)
        levels, what = np.asarray(bright, np.uint8), marks.what
        if int(np.max(bright - dark)) >= 64:
            levels, what = _off_ground(marks.levels, bright, dark), "its greatest difference from the ground"
        marks = Marks(levels, marks.top if what == marks.what else float(levels.max()), marks.full, what)
    levels = marks.levels
    if not reading.as_is and between(levels) > 0.5:
        raise MaskDoubt(
            f"The mask looks like a photo: {100 * between(levels):.0f} % of its pixels are neither dark nor bright. "
            "Give a picture that is white where something is to go, or take it as it is with --mask-as-is "
            "(mask_as_is).",
            "as_is",
        )
    return marked(marks, lossy)


def _off_ground(colours: Levels, bright: Levels, dark: Levels) -> Levels:
    """How far each pixel is from the colour of the ground, (H, W) uint8."""
    black, white = np.count_nonzero(bright <= 48), np.count_nonzero(dark >= 207)
    edge = np.concatenate([colours[0], colours[-1], colours[:, 0], colours[:, -1]])
    kinds, counts = np.unique(edge >> 4, axis=0, return_counts=True)
    alike = (edge >> 4 == kinds[counts.argmax()]).all(axis=1)
    most = max(black, white)
    if most > bright.size // 2 or (most > bright.size // 100 and alike.mean() < RIM):
        return bright if black >= white else np.asarray(255 - dark)
    ground = np.median(edge[alike], axis=0)
    away = [
        cv2.absdiff(layer, np.full_like(layer, tone))
        for layer, tone in zip(cv2.split(colours), ground, strict=True)
    ]
    return np.asarray(np.maximum(np.maximum(away[0], away[1]), away[2]), np.uint8)


def _looks_like_photo(colours: NDArray[Any]) -> bool:
    """Whether pixels (N,) or (N, 3) have the many colours of a photo, not a few of paint."""
    step = max(1, len(colours) // 200_000)
    sample = levels_of(colours[::step], "").levels.astype(np.int32)
    packed = sample if sample.ndim == 1 else sample @ np.array([65536, 256, 1], np.int32)
    if len(np.unique(packed)) <= LABELS:
        return False
    coarse = sample >> 4 if sample.ndim == 1 else (sample >> 4) @ np.array([256, 16, 1], np.int32)
    return bool(np.bincount(coarse).max() < 0.9 * len(coarse))


def _rim(mask: Mask) -> float:
    """Share of the picture's outermost pixels that are hole."""
    return float(np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]]).mean())


def _check_share(mask: Mask, reading: Reading) -> None:
    """Raises MaskDoubt where the hole is most of the picture."""
    share = np.count_nonzero(mask) / mask.size
    inverted = share > 0.5 and _rim(mask) >= RIM
    if share <= MOST and not inverted:
        return
    if reading.invert:
        told, cure, way = (
            "inverted as asked, the mask covers",
            "leave --invert-mask (invert_mask) out",
            "plain",
        )
    else:
        told, cure, way = "the mask would cover", "turn it round with --invert-mask (invert_mask)", "invert"
    rim = "" if share > MOST else " and all of its rim, as an inverted one does"
    raise MaskDoubt(
        f"{told[0].upper()}{told[1:]} {100 * share:.0f} % of the photo{rim}: {cure}, or say that it is meant so with "
        "--mask-as-is (mask_as_is).",
        way,
        "as_is",
    )
