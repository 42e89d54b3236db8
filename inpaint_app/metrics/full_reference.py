"""How near a fill came to the truth, where the truth is known: over the hole and over the image.

What "hole" and "image" mean, for each score:

    score     unit  better  hole                                            image
    l1        %     less    mean |difference| of hole pixels / 255          of all pixels
    l2        %     less    mean difference² of hole pixels / 255²          of all pixels
    psnr      dB    more    10 log10(255² / mean difference²), hole pixels  all pixels; inf where nothing differs
    tv        %     -       mean |step to the right| + mean |step down| / 255, of neighbours of which at least one
                            is in the hole; image: of all neighbours. Of the result alone: compare with the truth's.
    ssim      0..1  more    mean of whole windows in each hole's box + 16 px   in the image
    ms-ssim   0..1  more    the same box, made 161 px wide if it is less    the image
    haarpsi   0..1  more    each hole's box + 16 px                         the image
    fsim      0..1  more    each hole's box + 16 px                         the image
    lpips     0..   less    each hole's box + 16 px                         the image

16 px is how far a window that touches the hole reaches. Holes that lie far apart have a box each, and the score is the
boxes' mean weighted by their hole pixels. A box at the photo's border is smaller on that side; a photo smaller than a
score's window is mirrored up to it. PSNR of one photo: a table that averages it gives the mean of PSNRs, which is not
the PSNR of the mean error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import MaskError, OptionError, PhotoError
from inpaint_app.imaging.mask import bounds, hull, padded, widened
from inpaint_app.imaging.window import bands, holes
from inpaint_app.metrics import deep, structure
from inpaint_app.types import Box, Image, Mask

Scores: TypeAlias = dict[str, dict[str, float]]

QUICK = ("l1", "l2", "psnr", "ssim", "tv", "haarpsi")
"""NumPy and OpenCV only."""

NAMES = (*QUICK, "ms-ssim", "fsim", "lpips")

HIGHER_IS_BETTER = {"psnr": True, "ssim": True, "ms-ssim": True, "haarpsi": True, "fsim": True}
HIGHER_IS_BETTER |= {"l1": False, "l2": False, "lpips": False}

MARGIN = 16


def unavailable(names: Sequence[str] = NAMES) -> dict[str, str]:
    """Which of the scores cannot be had on this machine, and why, in a sentence each."""
    reason = deep.lpips_missing() if "lpips" in names else None
    return {"lpips": reason} if reason else {}


def scores(truth: Image, result: Image, mask: Mask, *, names: Sequence[str] = QUICK) -> Scores:
    """{"hole": {name: score}, "image": {name: score}}; see the module for what they are.

    truth, result: (H, W, 3) uint8. mask: (H, W) bool, the hole. names: of NAMES; one that cannot be had here
    (see `unavailable`) or that the photo is too small for (ms-ssim under 161 px) is left out. Raises OptionError for
    an unknown name, PhotoError and MaskError for arrays that do not fit.
    """
    _check(truth, result, mask, names)
    boxes = [(hole.box, int(hole.mask.sum())) for hole in holes(mask, 0.0, MARGIN)]
    found: Scores = {"hole": {}, "image": {}}
    if {"l1", "l2", "psnr"} & set(names):
        for place, (l1, l2) in zip(("hole", "image"), _errors(truth, result, mask), strict=True):
            found[place] |= {"l1": 100 * l1, "l2": 100 * l2, "psnr": psnr(l2)}
    if "tv" in names:
        found["hole"]["tv"] = total_variation(result, mask)
        found["image"]["tv"] = total_variation(result)
    if "ssim" in names:
        _ssim(found, truth, result, boxes)
    lacking = unavailable(names)
    for name in names:
        if name in _WINDOWED and name not in lacking:
            _windowed(found, name, truth, result, boxes)
    return {
        place: {name: values[name] for name in names if name in values} for place, values in found.items()
    }


def _check(truth: Image, result: Image, mask: Mask, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise OptionError(f"There is no score {unknown[0]!r}. Known: {', '.join(NAMES)}.")
    for what, image in (("truth", truth), ("result", result)):
        if image.dtype != np.uint8 or image.shape != (*mask.shape, 3):
            raise PhotoError(
                f"The {what} is {image.dtype} {image.shape}, expected uint8 {(*mask.shape, 3)}, the mask's size."
            )
    if mask.dtype != np.bool_ or not mask.any():
        raise MaskError("Scores need a hole: the mask is empty or not of bool.")


def psnr(l2: float) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error on the 0..1 scale; inf for 0."""
    return float(-10 * np.log10(l2)) if l2 > 0 else float("inf")


def _errors(truth: Image, result: Image, mask: Mask) -> tuple[tuple[float, float], tuple[float, float]]:
    """Mean absolute and mean squared difference on the 0..1 scale, of the hole and of the image."""
    hole, image = (
        [cv2.norm(truth, result, kind, where) for kind in (cv2.NORM_L1, cv2.NORM_L2SQR)]
        for where in (mask.view(np.uint8), None)
    )
    inside, every = 3 * int(np.count_nonzero(mask)), 3 * mask.size
    return (
        (hole[0] / inside / 255, hole[1] / inside / 255**2),
        (image[0] / every / 255, image[1] / every / 255**2),
    )


def total_variation(image: Image, mask: Mask | None = None) -> float:
    """Anisotropic total variation in % of the full range: mean |step right| + mean |step down|, over the channels.

    With a mask, of those neighbours of which at least one is in the hole. Published tables (Yu et al. 2018) sum the
    three channels instead of averaging them: three times this.
    """
    if mask is not None:
        box = bounds(mask)
        if box is None:
            raise MaskError("The total variation of a hole needs a hole: the mask is empty.")
        area = padded(box, 1, mask.shape)
        image, mask = image[area.slices], mask[area.slices]
    return 100 / 255 * (_step(image, mask, axis=0) + _step(image, mask, axis=1))


def _step(image: Image, mask: Mask | None, axis: int) -> float:
    """Mean absolute step to the next pixel along an axis, 0..255; 0 where there is no neighbour."""
    ahead = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
    behind = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
    step = cv2.absdiff(np.ascontiguousarray(image[ahead]), np.ascontiguousarray(image[behind]))
    if step is None or not step.size:
        return 0.0
    near = None if mask is None else (mask[ahead] | mask[behind]).view(np.uint8)
    return float(sum(cv2.mean(step, near)[:3]) / 3)


def _windowed(
    found: Scores, name: str, truth: Image, result: Image, boxes: Sequence[tuple[Box, int]]
) -> None:
    """Add a score that looks at windows: of the holes' boxes, and of the image."""
    score, smallest, mirrored = _WINDOWED[name]
    if not mirrored and min(truth.shape[:2]) < smallest:
        return
    total = sum(pixels for _, pixels in boxes)
    value = 0.0
    for box, pixels in boxes:
        part = widened(padded(box, MARGIN, truth.shape), smallest, truth.shape).slices
        value += pixels / total * score(_mirrored(truth[part], smallest), _mirrored(result[part], smallest))
    found["hole"][name] = value
    found["image"][name] = score(_mirrored(truth, smallest), _mirrored(result, smallest))


def _ssim(found: Scores, truth: Image, result: Image, boxes: Sequence[tuple[Box, int]]) -> None:
    """SSIM from one map of the part that differs or is near a hole: elsewhere a window's similarity is 1."""
    smallest, reach = structure.SSIM_WINDOW, structure.SSIM_WINDOW - 1
    shape = max(smallest, truth.shape[0]), max(smallest, truth.shape[1])
    areas = [widened(padded(box, MARGIN, truth.shape), smallest, shape) for box, _ in boxes]
    differs = _different(truth, result)
    area = hull([*areas, *([widened(padded(differs, reach, shape), smallest, shape)] if differs else [])])
    part = np.s_[area.top : area.bottom, area.left : area.right]
    maps = structure.ssim_map(_mirrored(truth[part], smallest), _mirrored(result[part], smallest))
    total = sum(pixels for _, pixels in boxes)
    value = 0.0
    for box, (_, pixels) in zip(areas, boxes, strict=True):
        near = maps[box._replace(right=box.right - reach, bottom=box.bottom - reach).within(area).slices]
        value += pixels / total * float(near.mean(dtype=np.float64))
    found["hole"]["ssim"] = value
    windows = (shape[0] - reach) * (shape[1] - reach)
    found["image"]["ssim"] = 1 - float((1 - maps).sum(dtype=np.float64)) / windows


def _different(truth: Image, result: Image) -> Box | None:
    """The box of all pixels that differ."""
    different = np.zeros(truth.shape[:2], dtype=bool)
    for rows in bands(truth.shape[0]):
        if not np.array_equal(truth[rows], result[rows]):
            different[rows] = (truth[rows] != result[rows]).any(axis=2)
    return bounds(different)


def _mirrored(image: Image, smallest: int) -> Image:
    """The image, mirrored at its bottom and right up to `smallest` pixels a side where it is less."""
    missing = [max(0, smallest - side) for side in image.shape[:2]]
    if not any(missing):
        return image
    return np.pad(image, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="symmetric")


_Score: TypeAlias = Callable[[NDArray[np.uint8], NDArray[np.uint8]], float]

_WINDOWED: dict[str, tuple[_Score, int, bool]] = {
    "haarpsi": (structure.haarpsi, structure.HAARPSI_WINDOW, True),
    "ms-ssim": (deep.ms_ssim, 161, False),
    "fsim": (deep.fsim, 32, True),
    "lpips": (deep.lpips, 32, True),
}
"""Each score, its smallest side in pixels, and whether a smaller photo may be mirrored up to it."""
