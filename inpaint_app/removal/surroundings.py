"""The backend "by-surroundings": a fetched network lays out what stands among lines and edges, the default the rest.

Which of both is told by the gradients around the whole hole: by how far they share a direction from place to place, the
coherence of their structure tensor (Weickert 1998). What that is worth could not be measured, for no machine of this
project has the networks' weights: docs/decisions/removers.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from inpaint_app.backends import registry
from inpaint_app.backends.removers.specs import CHOOSING
from inpaint_app.errors import CheckpointError
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.removal.pipeline import Removal
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress, Result

if TYPE_CHECKING:
    from inpaint_app.removal.session import Session

NETWORKS = ("lama-guided", "migan-guided")
"""What lays out lines and edges: the first that is here."""
STRUCTURE = 0.5
"""Coherence from which surroundings are lines and edges."""
SIDE = 256
"""Longest side at which they are looked at: what counts is the layout, not the grain."""
OFF, REACH = 3, 24
"""Of these pixels: how far around the hole its own outline may reach, and how far is looked."""
SIGMA = 10.0
"""Over so many of them a direction must hold."""
FAINT = 150.0
"""Squared gradient, by Sobel's sums, that is as good as none: about 1.5 grey levels a pixel."""


def coherence(image: Image, mask: Mask) -> float:
    """How far the gradients around the hole share directions: 0 for noise and plain ground, 1 for one straight edge."""
    box = bounds(mask)
    if box is None:
        return 0.0
    area = padded(box, max(16, max(box.width, box.height) // 4), mask.shape).slices
    part, opening = image[area], mask[area].astype(np.float32)
    scale = min(1.0, SIDE / max(opening.shape))
    size = (max(1, round(opening.shape[1] * scale)), max(1, round(opening.shape[0] * scale)))
    luma = cv2.cvtColor(cv2.resize(part, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    hole = (cv2.resize(opening, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    known = cv2.dilate(hole, np.ones((2 * OFF + 1,) * 2, np.uint8)) == 0
    ring = known & (cv2.dilate(hole, np.ones((2 * REACH + 1,) * 2, np.uint8)) > 0)
    if not ring.any():
        return 0.0
    across, down = (cv2.Sobel(luma, cv2.CV_32F, *way) for way in ((1, 0), (0, 1)))
    xx, yy, xy = (
        cv2.GaussianBlur(np.where(known, product, 0), (0, 0), SIGMA)[ring]
        for product in (across * across, down * down, across * down)
    )
    return float(np.hypot(xx - yy, 2 * xy).sum() / (xx + yy + FAINT).sum())


def offer(settings: Settings, image: Image, mask: Mask) -> str:
    """A line on the smallest network, where it could be fetched and lines and edges surround the hole; "" elsewhere."""
    lack = next((one for one in CHOOSING.missing(settings) if one.fetch), None)
    if lack is None or not settings.may_fetch(lack.megabytes or 0):
        return ""
    if coherence(image, mask) < STRUCTURE:
        return ""
    return (
        f"Lines and edges surround the hole: a network of {lack.megabytes or 0:.0f} MB is made for that. Fetch it in "
        f"Models, or with: inpaint-app models fetch {lack.fetch}"
    )


def remove(session: Session, removal: Removal, progress: Progress) -> Result:
    """What a session runs for this backend; the result's `backend` says whose fill it is, a note why.

    Where the network's file is refused the default fills, and a note tells what was wrong.
    """
    found = coherence(removal.image, removal.mask)
    kind = "lines and edges" if found >= STRUCTURE else "texture or plain ground"
    ready = [
        name for name in NETWORKS if found >= STRUCTURE and not registry.find(name).missing(session.settings)
    ]
    for name in (*ready, registry.DEFAULT):
        try:
            result = session.remove(removal, name, progress)
        except CheckpointError as error:
            if name == registry.DEFAULT:
                raise
            progress.notes.append(str(error))
            continue
        said = f"Around the hole there are {kind} (coherence {found:.2f}): filled by {registry.find(name).title}."
        progress.notes.append(f"{said} Name another backend to have that instead.")
        break
    return result
