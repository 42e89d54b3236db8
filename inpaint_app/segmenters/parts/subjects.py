"""Whom a photo is about, told from size, place, sharpness and company; everybody else is a bystander.

Faces are not looked for: OpenCV 5 ships no face finder any more, and the network for it would have to be fetched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import cv2
import numpy as np

from inpaint_app.segmenters.parts.ownership import with_owned
from inpaint_app.types import Image, Instance

LEAST = 0.1
"""Longest side of the largest person, as a share of the photo's short side, below which a photo is not about people."""
PRINCIPAL = 0.65
"""Share of the best score from which somebody is a subject."""
COMPANY = 0.4
"""The same beside a subject of about the same size."""
ALIKE = 0.6
"""How far sizes may differ for that, the smaller one over the larger one."""
BESIDE = 0.25
"""Gap between two who stand together, as a share of the smaller one's height."""
CUT = 0.6
"""What somebody counts whom the photo's side or upper edge cuts off."""
MIDDLE = 0.6
"""What somebody at the photo's side counts, beside 1 in its middle."""
LOOKED = 1000
"""Longest side of the photo at which sharpness is compared."""


def subjects(image: Image, found: Iterable[Instance]) -> frozenset[int]:
    """The numbers of the people whom the photo is about; empty where all are too small for that.

    Who was only found because of the people beside him (`of`) stays with them. image: (H, W, 3) uint8 RGB.
    """
    everybody = {one.number: one for one in found if one.label == "person"}
    people = [one for one in everybody.values() if one.of not in everybody]
    height, width = image.shape[:2]
    if not people or max(max(one.box.width, one.box.height) for one in people) < LEAST * min(height, width):
        return frozenset()
    scores = {one.number: _score(image, one) for one in people}
    best = max(scores.values())
    chosen = {one.number for one in people if scores[one.number] >= PRINCIPAL * best}
    near = [one for one in people if scores[one.number] >= COMPANY * best]
    while more := {
        one.number
        for one in near
        if one.number not in chosen
        and any(_together(image, one, other) for other in people if other.number in chosen)
    }:
        chosen |= more
    return with_owned(everybody.values(), chosen)


def _score(image: Image, one: Instance) -> float:
    height, width = image.shape[:2]
    box = one.box
    size = math.sqrt(np.count_nonzero(one.mask) / (height * width))
    aside = abs(box.left + box.right - width) / width
    cut = CUT if box.left == 0 or box.right == width or box.top == 0 else 1.0
    return float(size * (1 - (1 - MIDDLE) * aside) * cut * math.sqrt(_sharpness(image, one)))


def _sharpness(image: Image, one: Instance) -> float:
    """Detail within the outline beside its contrast, at one scale for the whole photo."""
    scale = min(1.0, LOOKED / max(image.shape[:2]))
    size = (max(8, round(one.box.width * scale)), max(8, round(one.box.height * scale)))
    grey = cv2.resize(
        cv2.cvtColor(image[one.box.slices], cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA
    )
    inside = cv2.resize(one.mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(inside, np.ones((3, 3), np.uint8)).view(bool)
    if np.count_nonzero(inside) < 16:
        return 0.1
    detail = cv2.Laplacian(grey, cv2.CV_32F)[inside]
    return float(min(1.0, 0.05 + np.std(detail) / (1 + np.std(grey[inside]))))


def _together(image: Image, one: Instance, other: Instance) -> bool:
    """Whether two stand side by side, about as large, and as sharp, which somebody nearer or farther is not."""
    a, b = one.box, other.box
    sizes = sorted(math.sqrt(np.count_nonzero(each.mask)) for each in (one, other))
    gap = max(a.left, b.left) - min(a.right, b.right)
    level = min(a.bottom, b.bottom) - max(a.top, b.top)
    if _sharpness(image, one) < ALIKE * _sharpness(image, other):
        return False
    return (
        sizes[0] >= ALIKE * sizes[1]
        and gap <= BESIDE * min(a.height, b.height)
        and level > 0.5 * min(a.height, b.height)
    )
