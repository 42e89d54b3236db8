"""A mask as it is given, a file or an array, → the hole in a photo: read by the one rule, turned, unboxed, scaled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_app.errors import MaskDoubt, MaskError, UnreadablePhoto
from inpaint_app.imaging.mask import scaled
from inpaint_app.imaging.mask_reader import BY_RULE, Reading, read
from inpaint_app.photofile.photo import Limits
from inpaint_app.photofile.read import load_samples as read_samples
from inpaint_app.photofile.samples.native import Native, alpha, shown
from inpaint_app.photofile.samples.orientation import TURNED, upright
from inpaint_app.types import Mask

SLACK = 0.01
"""By how much two proportions may differ and still be the same: programs round sides, some to multiples of eight."""

CLOSE = 12
"""Levels of 255 by which the pixels of a bar may differ."""


@dataclass(frozen=True, slots=True, eq=False)
class GivenMask:
    """mask: (H, W) bool of the photo's size. note: what was done to make it fit, for the user, or ""."""

    mask: Mask
    note: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """colours: (H, W) or (H, W, 3) as stored. opacity: (H, W) or None. orientation: how it is meant to be seen."""

    colours: NDArray[Any]
    opacity: NDArray[Any] | None = None
    orientation: int = 1
    lossy: bool = False

    def seen(self, orientation: int) -> _Picture:
        """The picture turned from its stored pixels."""
        opacity = None if self.opacity is None else upright(self.opacity, orientation)
        return _Picture(upright(self.colours, orientation), opacity, 1, self.lossy)

    def part(self, rows: slice, columns: slice) -> _Picture:
        """A part of it."""
        opacity = None if self.opacity is None else self.opacity[rows, columns]
        return _Picture(self.colours[rows, columns], opacity, 1, self.lossy)

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.colours.shape[0]), int(self.colours.shape[1])


def open_mask(
    source: str | Path | bytes | NDArray[Any],
    shape: tuple[int, ...] | None,
    *,
    orientation: int = 1,
    reading: Reading = BY_RULE,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    load_samples: Callable[..., tuple[Native, int, bool]] | None = None,
) -> GivenMask:
    """The hole that a mask means in a photo of `shape` (H, W, …), or in its own size for None.

    `imaging.mask_reader` says what counts as paint. A mask of the photo's proportion is scaled to it: a pixel is hole
    if any part of it is. orientation: the photo's own EXIF orientation (`Photo.orientation`); a mask of the stored
    pixels' proportion is turned as they are. Bars that make it another proportion are cut off where they can be told
    for sure. Everything else raises MaskDoubt that names both sizes; `reading` answers it. load_samples: what decodes
    the file, by default `photofile.read.load_samples`. Raises MaskError where the file is no picture or marks nothing,
    PhotoTooLarge.
    """
    picture = (
        _Picture(source)
        if isinstance(source, np.ndarray)
        else _opened(source, limits, load_samples or read_samples)
    )
    if picture.colours.ndim not in (2, 3):
        read(picture.colours)  # tells what is wrong with it
    frame = picture.seen(picture.orientation).size if shape is None else (int(shape[0]), int(shape[1]))
    fitting, note = _placed(picture, frame, orientation, reading)
    mask = read(fitting.colours, fitting.opacity, lossy=fitting.lossy, reading=reading)
    return GivenMask(scaled(np.ascontiguousarray(mask), frame), note)


def _opened(
    source: str | Path | bytes, limits: Limits, load_samples: Callable[..., tuple[Native, int, bool]]
) -> _Picture:
    try:
        native, orientation, lossy = load_samples(
            source, name="The mask" if isinstance(source, bytes) else None, limits=limits
        )
    except UnreadablePhoto as error:
        raise MaskError(f"The mask cannot be read: {error}") from error
    colours, opacity = _samples(native)
    return _Picture(colours, opacity, orientation, lossy)


def _samples(native: Native) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Colours and opacity at their own depth, where the mode has plain numbers; as they are seen elsewhere."""
    samples, mode = native.samples, native.mode
    if mode in ("LA", "RGBA") and not native.premultiplied:
        colours = samples[..., 0] if mode == "LA" else samples[..., :3]
        return colours, samples[..., -1]
    if mode in ("1", "L", "I", "F", "RGB") and samples.ndim == (3 if mode == "RGB" else 2):
        return samples, alpha(native)
    colours = shown(native)
    if mode == "P" and colours.min() == colours.max():
        return samples, alpha(native)  # a palette of one colour: only the numbers tell anything
    return colours, alpha(native)


def _placed(
    picture: _Picture, frame: tuple[int, int], orientation: int, reading: Reading
) -> tuple[_Picture, str]:
    """The part of the picture that lies over the photo, turned as the photo is; and what was done."""
    seen = picture.seen(picture.orientation)
    stored = (frame[1], frame[0]) if orientation in TURNED else frame
    if _alike(seen.size, frame):
        return seen, ""
    if orientation in TURNED and picture.orientation == 1 and _alike(picture.size, stored):
        return picture.seen(orientation), "The mask lay as the photo is stored: it was turned with it."
    if picture.orientation != 1 and _alike(picture.size, frame):
        return picture.seen(1), "The mask's own orientation does not fit the photo and was left out."
    if not reading.stretch:
        box = _inner(seen, frame, reading)
        if box is not None:
            return seen.part(*box), "The mask has bars beside the photo: they were cut off."
        raise MaskDoubt(_other_size(seen.size, frame), "stretch", "letterbox")
    return seen, "The mask was stretched to the photo's proportion."


def _other_size(size: tuple[int, int], frame: tuple[int, int]) -> str:
    turned = " It would fit if it were turned by a quarter." if _alike((size[1], size[0]), frame) else ""
    return (
        f"The mask is {size[1]}×{size[0]}, the photo {frame[1]}×{frame[0]}: the proportion is another.{turned} Give a "
        "mask of this photo; or stretch it with --stretch-mask (stretch_mask), or cut off its bars with "
        "--letterbox-mask (letterbox_mask)."
    )


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two sizes have the same proportion, but for rounding."""
    if min(*one, *other) < 1:
        return False
    ratio = one[0] * other[1] / (one[1] * other[0])
    if abs(ratio - 1) <= SLACK:
        return True
    across, down = one[1] / other[1], one[0] / other[0]
    return abs(other[0] * across - one[0]) < 1 or abs(other[1] * down - one[1]) < 1


def _inner(seen: _Picture, frame: tuple[int, int], reading: Reading) -> tuple[slice, slice] | None:
    """Where the photo lies in a letterboxed mask; None where that cannot be told for sure.

    It can where the bars have another colour than what they enclose, where the mask is the photo's own size plus bars,
    and where paint ends exactly at a bar, as only something that was cut off does.
    """
    height, width = seen.size
    if height * frame[1] > width * frame[0]:
        bar = _bars(seen)
        return _between(bar, height, width * frame[0] / frame[1], width == frame[1], reading)
    bar = _bars(seen.seen(5))
    found = _between(bar, width, height * frame[1] / frame[0], height == frame[0], reading)
    return None if found is None else (found[1], found[0])


def _between(
    bar: NDArray[np.bool_], length: int, inner: float, own_size: bool, reading: Reading
) -> tuple[slice, slice] | None:
    """Rows between two bars. bar: which of `length` rows are plain. inner: how many rows the photo takes."""
    inside = np.flatnonzero(~bar)
    if not inside.size:
        return None
    first, last = int(inside[0]), int(inside[-1]) + 1
    if abs((last - first) - inner) <= max(1.0, SLACK * inner):
        return slice(first, last), slice(None)
    start = max(0, int((length - inner) / 2))
    stop = min(length, start + round(inner))
    if reading.letterbox:
        return slice(start, stop), slice(None)
    cut_off = abs(first - start) <= 1 or abs(last - stop) <= 1
    if first >= start - 1 and last <= stop + 1 and (own_size or cut_off):
        return slice(start, stop), slice(None)
    return None


def _bars(seen: _Picture) -> NDArray[np.bool_]:
    """Which rows have the colour of the first corner throughout, (H,) bool."""
    layers = [seen.colours] if seen.opacity is None else [seen.colours, seen.opacity]
    plain = np.ones(seen.size[0], bool)
    for layer in layers:
        flat = layer.reshape(layer.shape[0], -1)
        depth = 65535 if layer.dtype == np.uint16 else 255
        slack = CLOSE * depth / 255 if seen.lossy else 0
        corner = np.tile(flat[0, : flat.shape[1] // layer.shape[1]], layer.shape[1])
        for row in np.flatnonzero(plain):
            values = flat[row]
            plain[row] = (
                bool((values == corner).all())
                if not slack
                else bool((np.abs(values.astype(np.float32) - corner) <= slack).all())
            )
    return plain
