"""A file's own samples ↔ what is seen: every mode is shown as RGB, and a fill finds its way back into the mode.

Samples outside the hole are never touched, so whatever the mode holds beyond eight bits RGB stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageCms

from inpaint_app.photofile.samples import colour
from inpaint_app.photofile.samples import palette as palettes
from inpaint_app.types import Image, Mask

_POOR = 3.0  # mean distance of a fill from the palette, in levels of 255, above which it is seen


@dataclass(frozen=True, slots=True, eq=False)
class Native:
    """Samples as a file stores them, in its own orientation.

    samples: (H, W) or (H, W, C); uint8, uint16, int32, float32 or bool. mode: Pillow's word for 8 bits; deeper
    samples keep the word of the same channels (L, LA, RGB, RGBA). palette: (N, 4) uint8 RGBA for mode P.
    key: the one sample value that is transparent, in modes 1, L and RGB, or None. depth: bits that a sample really
    has where its type is wider (twelve in uint16), else 0. premultiplied: RGBA whose colours hold their opacity.
    profile: of CMYK, through which it is seen and filled.
    """

    samples: NDArray[Any]
    mode: str
    palette: NDArray[np.uint8] | None = None
    key: tuple[int, ...] | None = None
    depth: int = 0
    premultiplied: bool = False
    profile: bytes | None = None


def shown(native: Native) -> Image:
    """(H, W, 3) uint8 RGB of the samples."""
    samples, mode = native.samples, native.mode
    if samples.dtype == np.uint16:
        samples = (samples >> ((native.depth or 16) - 8)).astype(np.uint8)
    if mode == "P":
        return np.ascontiguousarray(palettes.padded(native.palette)[samples][..., :3])
    if native.premultiplied:
        return _divided(samples)
    if mode in ("RGB", "RGBA"):
        return samples if mode == "RGB" else np.ascontiguousarray(samples[..., :3])
    if mode in ("1", "L", "LA"):
        grey = samples[..., 0] if mode == "LA" else samples
        if grey.dtype == np.bool_:
            grey = grey.astype(np.uint8) * 255
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(grey), cv2.COLOR_GRAY2RGB), np.uint8)
    if mode == "CMYK":
        through = colour.cmyk_to_srgb(samples, native.profile)
        return _cmyk_to_rgb(samples) if through is None else through
    if mode in ("I", "F"):
        low, high = _range(samples)
        grey = np.clip((samples.astype(np.float64) - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.asarray(_through_pillow(samples, mode, "RGB"))


def alpha(native: Native) -> NDArray[np.uint8] | None:
    """(H, W) uint8 opacity, or None where the file has none."""
    samples = native.samples
    if native.mode in ("RGBA", "LA"):
        opacity = samples[..., -1]
        if opacity.dtype == np.uint16:
            opacity = (opacity >> 8).astype(np.uint8)
        return np.ascontiguousarray(opacity)
    if native.mode == "P" and native.palette is not None and (native.palette[:, 3] < 255).any():
        return np.asarray(palettes.padded(native.palette)[samples][..., 3])
    if native.key is not None:
        return np.where(_is_key(native), 0, 255).astype(np.uint8)
    return None


def seen(native: Native, *, opaque: bool = False) -> Native:
    """What is seen, as 8-bit RGB or RGBA; RGBA even where all is opaque, on demand."""
    rgb, opacity = shown(native), alpha(native)
    if opacity is None and opaque:
        opacity = np.full(rgb.shape[:2], 255, np.uint8)
    return Native(rgb, "RGB") if opacity is None else Native(np.dstack([rgb, opacity]), "RGBA")


def filled(
    native: Native,
    edited: Image,
    hole: Mask,
    opacity: NDArray[np.uint8] | None = None,
    *,
    true_colours: bool = False,
) -> Native:
    """The samples with the hole taken from `edited` (H, W, 3) and `opacity` (H, W); nothing else is touched.

    edited, hole, opacity: in the stored orientation; without an opacity the file's own stays. A palette gets free
    entries first, then the nearest colours. true_colours: give RGB(A) instead, the same colours outside, where the
    palette would be too poor for the fill.
    """
    box = _bounds(hole)
    if box is None:
        return native
    inner = hole[box]
    rgb = edited[box][inner]
    samples = native.samples.copy()
    native = replace(native, samples=samples)
    view = samples[box]
    mode = native.mode
    if mode == "P":
        return _in_palette(native, rgb, hole, None if opacity is None else opacity[hole], true_colours)
    if mode == "CMYK":
        inks = view if view.dtype == np.uint8 else (view >> 8).astype(np.uint8)
        printed = colour.srgb_to_cmyk(rgb[None], native.profile)
        view[inner] = _deepened(_rgb_to_cmyk(rgb, inks, inner) if printed is None else printed[0], native)
    elif mode in ("RGB", "RGBA", "L", "LA"):
        colours = _deepened(_luma(rgb)[:, None] if mode in ("L", "LA") else rgb, native)
        planes = view if view.ndim == 3 else view[..., None]
        if mode in ("RGBA", "LA") and opacity is not None:
            planes[inner, -1] = _deepened(opacity[box][inner], native)
        if native.premultiplied:
            colours = _multiplied(colours, planes[inner, -1:])
        planes[inner, : colours.shape[1]] = colours
    elif mode == "1":
        view[inner] = _luma(rgb) >= 128
    elif mode in ("I", "F"):
        low, high = _range(native.samples)
        value = low + _luma(rgb).astype(np.float64) * ((high - low) / 255.0)
        view[inner] = value.astype(samples.dtype)
    else:
        view[inner] = np.asarray(_through_pillow(rgb[None], "RGB", mode))[0]
    if native.key is not None:
        transparent: Mask = np.zeros_like(hole) if opacity is None else hole & (opacity < 128)
        _step_off_key(native, hole & ~transparent)
        native.samples[transparent] = native.key if mode == "RGB" else native.key[0]
    return native


def _bounds(hole: Mask) -> tuple[slice, slice] | None:
    left, top, width, height = cv2.boundingRect(hole.view(np.uint8))
    return None if width == 0 else (slice(top, top + height), slice(left, left + width))


def _luma(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """ITU-R 601 luma as Pillow rounds it; (…, 3) → (…)."""
    weighted = rgb.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32) + 0x8000
    return np.asarray(weighted >> 16, np.uint8)


def _deepened(values: NDArray[np.uint8], native: Native) -> NDArray[Any]:
    """Eight bits to the file's depth: v·257 fills sixteen bits and reads back as v."""
    if native.samples.dtype != np.uint16:
        return values
    return np.asarray((values.astype(np.uint16) * np.uint16(257)) >> np.uint16(16 - (native.depth or 16)))


def _divided(samples: NDArray[np.uint8]) -> Image:
    """Premultiplied RGBA (H, W, 4) → the colours as they are, black where nothing is seen."""
    opacity = np.maximum(samples[..., 3:].astype(np.uint16), 1)
    colours = samples[..., :3].astype(np.uint16) * np.uint16(255) // opacity
    return np.asarray(np.minimum(colours, 255), np.uint8)


def _multiplied(colours: NDArray[Any], opacity: NDArray[Any]) -> NDArray[Any]:
    """Colours times opacity, both at the same depth."""
    full = int(np.iinfo(opacity.dtype).max)
    return np.asarray((colours.astype(np.uint64) * opacity + full // 2) // full, opacity.dtype)


def _range(samples: NDArray[Any]) -> tuple[float, float]:
    """The values that black and white stand for in samples deeper than sixteen bits."""
    if samples.dtype.kind in "iu" and samples.size and samples.min() >= 0 and samples.max() <= 65535:
        return 0.0, 65535.0
    finite = samples[np.isfinite(samples)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if low >= 0.0 and high <= 1.0 and samples.dtype.kind == "f":
        return 0.0, 1.0
    return low, high if high > low else low + 1.0


def _cmyk_to_rgb(samples: NDArray[np.uint8]) -> Image:
    return np.asarray(PillowImage.fromarray(np.ascontiguousarray(samples), "CMYK").convert("RGB"))


def _rgb_to_cmyk(rgb: Image, samples: NDArray[np.uint8], hole: Mask) -> NDArray[np.uint8]:
    """(N, 3) → (N, 4) with the black of the surroundings, so that a print keeps its build of inks."""
    black = cv2.inpaint(np.ascontiguousarray(samples[..., 3]), hole.view(np.uint8), 3, cv2.INPAINT_TELEA)[
        hole
    ]
    key = np.minimum(black, 255 - rgb.max(axis=1)).astype(np.int32)
    white = np.maximum(255 - key, 1)[:, None]
    ink = 255 - (rgb.astype(np.int32) * 255 + white // 2) // white
    return np.concatenate([np.clip(ink, 0, 255), key[:, None]], axis=1).astype(np.uint8)


def _through_pillow(samples: NDArray[np.uint8], source: str, target: str) -> PillowImage.Image:
    image = PillowImage.fromarray(np.ascontiguousarray(samples), source)
    if "LAB" in (source, target):
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        chain = (lab, srgb) if source == "LAB" else (srgb, lab)
        converted = ImageCms.profileToProfile(image, *chain, outputMode=target)
        return cast(PillowImage.Image, converted)
    return image.convert(target)


def _is_key(native: Native) -> Mask:
    if native.mode == "RGB":
        return np.asarray((native.samples == np.array(native.key, native.samples.dtype)).all(axis=-1))
    return np.asarray(native.samples == native.samples.dtype.type((native.key or (0,))[0]))


def _step_off_key(native: Native, hole: Mask) -> None:
    """A fill that happens to be the transparent colour would be a pinhole: move it by one step."""
    if native.mode == "1":
        return
    hit = _is_key(native) & hole
    where = native.samples[hit]
    if where.size:
        last = where[..., -1:] if native.mode == "RGB" else where
        last[...] = np.where(last > 0, last - 1, last + 1)
        native.samples[hit] = where


def _in_palette(
    native: Native, rgb: Image, hole: Mask, opacity: NDArray[np.uint8] | None, true_colours: bool
) -> Native:
    """`native.samples` is changed in place."""
    fill = palettes.filled(native.samples, native.palette, rgb, hole, opacity)
    if not true_colours or fill.apart <= _POOR:
        return replace(native, palette=fill.palette)
    colours = palettes.padded(native.palette)[native.samples]
    colours[hole, :3] = rgb
    colours[hole, 3] = 255 if opacity is None else opacity
    if (colours[..., 3] == 255).all():
        return Native(np.ascontiguousarray(colours[..., :3]), "RGB")
    return Native(colours, "RGBA")
