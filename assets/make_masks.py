"""Draws docs/masks.png: mask pictures of every kind, and what the one reader makes of each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from inpaint_app.errors import MaskError
from inpaint_app.imaging.mask_reader import read
from inpaint_app.types import Image, Mask

SIZE = (84, 112)
GAP = 12


def figure() -> Mask:
    """A person's outline and a wire."""
    hole = np.zeros(SIZE, np.uint8)
    cv2.circle(hole, (44, 26), 9, 1, -1)
    cv2.ellipse(hole, (44, 58), (13, 24), 0, 0, 360, 1, -1)
    cv2.line(hole, (64, 12), (104, 20), 1, 2)
    return hole.astype(bool)


def photo() -> Image:
    """Something with the many colours of a photo."""
    noise = np.random.default_rng(5).integers(0, 256, (*SIZE, 3)).astype(np.uint8)
    soft = cv2.GaussianBlur(noise, (0, 0), 3).astype(np.float32)
    ground = np.linspace(0, 1, SIZE[0])[:, None, None] * (-70, -10, -120) + (150, 170, 220)
    return np.clip(ground + 2.5 * (soft - 128), 0, 255).astype(np.uint8)


def kinds() -> dict[str, np.ndarray]:
    """Mask pictures by what they are called."""
    hole = figure()
    white = hole.astype(np.uint8) * np.uint8(255)
    clear = np.zeros((*SIZE, 4), np.uint8)
    layer = clear.copy()
    layer[hole] = (230, 40, 60, 255)
    labels = hole.astype(np.uint8)
    labels[:, 58:] *= 2

    def coloured(paint: tuple[int, int, int], ground: tuple[int, int, int]) -> np.ndarray:
        return np.where(hole[..., None], np.uint8(paint), np.uint8(ground))

    cut = np.dstack([photo(), 255 - white])
    return {
        "white on black": white,
        "colour on black": coloured((0, 150, 0), (0, 0, 0)),
        "colour on white": coloured((230, 40, 60), (255, 255, 255)),
        "labels 0, 1, 2": labels,
        "paint on clear": layer,
        "photo, clear hole": cut,
        "photo, cut out": np.dstack([photo(), white]),
        "black on white": 255 - white,
        "a photo": photo(),
    }


def tile(picture: np.ndarray) -> Image:
    """The picture as a viewer shows it: clear parts as a chequer."""
    if picture.ndim == 2:
        return np.dstack([picture] * 3)
    if picture.shape[2] == 3:
        return picture
    rows, columns = np.indices(SIZE) // 6
    chequer = np.where((rows + columns) % 2, 205, 245).astype(np.float32)[..., None]
    alpha = picture[..., 3:].astype(np.float32) / 255
    return (picture[..., :3] * alpha + chequer * (1 - alpha)).astype(np.uint8)


def reading(picture: np.ndarray) -> Image:
    """What goes in orange; a question mark where the reader asks."""
    drawn = np.full((*SIZE, 3), 236, np.uint8)
    try:
        drawn[read(picture)] = (242, 120, 30)
    except MaskError:
        cv2.putText(drawn, "?", (40, 58), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (90, 90, 90), 3, cv2.LINE_AA)
    return drawn


def sheet() -> Image:
    """All kinds in a row, the file above, its reading below."""
    given = kinds()
    height, width = SIZE
    whole = np.full((2 * height + 3 * GAP + 18, len(given) * (width + GAP) + GAP, 3), 255, np.uint8)
    for place, (name, picture) in enumerate(given.items()):
        left = GAP + place * (width + GAP)
        cv2.putText(whole, name, (left, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.36, (40, 40, 40), 1, cv2.LINE_AA)
        for row, drawn in enumerate((tile(picture), reading(picture))):
            top = 24 + row * (height + GAP)
            whole[top : top + height, left : left + width] = drawn
            cv2.rectangle(whole, (left - 1, top - 1), (left + width, top + height), (160, 160, 160))
    return whole


def main() -> None:
    """Write the picture."""
    target = Path(__file__).parent.parent / "docs" / "masks.png"
    cv2.imwrite(str(target), sheet()[..., ::-1])


if __name__ == "__main__":
    main()
