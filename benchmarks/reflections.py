"""Reflections found from photo and outline alone: made ones of known strength, and what is marked where none is.

    python -m benchmarks.reflections

The objects are those of eval/shadow and eval/real_removal, 48 px high at least and with room below; nothing is
reflected in these photos. A made mirror shows the photo above the object's lowest row turned over, as strong as said,
fading to half, moved by ripples of up to 1.5 % of the object's height and blurred by as much. Every second scene by
name was for tuning the figures of reflections.py, with the finds of BSDS and photos_people_cars; the others tell.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from benchmarks.runner import interval
from benchmarks.shadows import Shot, shots, tuning
from inpaint_app.imaging.mask import dilated
from inpaint_app.segmenters.parts.reflections import with_reflections
from inpaint_app.types import Image, Instance, Mask

STRENGTHS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.8)
ROOM = 0.5
"""Share of its height that has to be free below an object."""


def mirrored(image: Image, one: Instance, strength: float) -> tuple[Image, Mask]:
    """The photo with a mirror below the object, and where that shows the object itself."""
    foot, height = one.box.bottom, one.box.height
    count = min(height, image.shape[0] - foot)
    ripple = 0.015 * height
    rows = np.arange(count)[:, None]
    across = np.arange(image.shape[1]) + ripple * np.sin(rows / max(2.0, 2 * ripple)) * (rows / height)
    up = np.broadcast_to(foot - 1.0 - rows, across.shape)
    maps = across.astype(np.float32), up.astype(np.float32)
    turned = cv2.remap(image, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    turned = cv2.GaussianBlur(turned, (0, 0), max(0.5, ripple))
    own = one.full_mask(image.shape[:2]).astype(np.uint8)
    weight = strength * (1 - rows / height / 2)[..., None]
    out, shown = image.copy(), np.zeros(image.shape[:2], bool)
    below = slice(foot, foot + count)
    out[below] = np.clip((1 - weight) * image[below] + weight * turned, 0, 255)
    shown[below] = cv2.remap(own, *maps, cv2.INTER_NEAREST) > 0
    return out, shown


def objects() -> Iterator[tuple[Shot, Instance]]:
    """What is tried."""
    for folder in ("shadow", "real_removal"):
        for shot in shots(folder):
            for one in shot.objects:
                free = shot.image.shape[0] - one.box.bottom
                if one.box.height >= 48 and free >= ROOM * one.box.height:
                    yield shot, one


def tried(shot: Shot, one: Instance, strength: float) -> tuple[float, float, float, float]:
    """Whether it was found, and pixels that show it, that are marked of these, and that are marked elsewhere."""
    image, shown = mirrored(shot.image, one, strength)
    shown &= ~np.logical_or.reduce([other.full_mask(shown.shape) for other in shot.objects])
    found = [part for part in with_reflections(image, shot.objects) if part.of == one.number]
    mask = found[0].full_mask(shown.shape) if found else np.zeros_like(shown)
    wide = dilated(shown, max(2, round(0.06 * one.box.height)))
    scale = float(one.mask.size)
    return (
        float(bool(found)),
        np.count_nonzero(shown) / scale,
        np.count_nonzero(mask & shown) / scale,
        np.count_nonzero(mask & ~wide) / scale,
    )


def main() -> None:
    """Prints a table for each half."""
    tune = tuning()
    for half in (True, False):
        given = [pair for pair in objects() if (pair[0].scene in tune) == half]
        print(
            f"\n| {'tuning' if half else 'telling'}: strength | objects | found | of found ones covered | beyond |"
        )
        print("|---|---|---|---|---|")
        for strength in STRENGTHS:
            scenes: dict[str, list[tuple[float, ...]]] = {}
            for shot, one in given:
                scenes.setdefault(shot.scene, []).append(tried(shot, one, strength))
            groups = list(scenes.values())
            found = interval(groups, lambda t: t[:, 0].mean())
            rows = np.array([row for group in groups for row in group if row[0]]).reshape(-1, 4)
            covered, beyond = (rows[:, k].sum() / max(rows[:, n].sum(), 1e-9) for k, n in ((2, 1), (3, 2)))
            print(f"| {strength} | {len(given)} | {found} | {covered:.2f} | {beyond:.2f} |", flush=True)


if __name__ == "__main__":
    main()
