"""The only place where a fill meets the photo."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.window import bands, laid
from inpaint_app.types import Box, Image, Mask


def composite(canvas: Image, photo: Image, fill: Image, opacity: NDArray[np.float32], box: Box) -> None:
    """Lay a fill over the photo, into `canvas`, inside `box` only.

    canvas, photo: (H, W, 3) uint8 of the photo's size. fill: (box.height, box.width, 3) uint8. opacity:
    (box.height, box.width) float32; where it is 0 the canvas is not written at all, so known pixels cannot change.
    """
    region = canvas[box.slices]
    laid(fill, opacity == 1, region)
    soft = (opacity > 0) & (opacity < 1)
    under = photo[box.slices][soft].astype(np.float32)
    mixed = under + opacity[soft][:, None] * (fill[soft].astype(np.float32) - under)
    region[soft] = np.rint(mixed).astype(np.uint8)


def changed_outside(photo: Image, result: Image, mask: Mask) -> int:
    """How many pixels differ outside the mask: the promise of this app is that the count is 0.

    Photo and result are (H, W, 3) of one dtype, mask (H, W) bool. Counted band by band on the arrays themselves.
    """
    count = 0
    for rows in bands(photo.shape[0], 64):
        if np.array_equal(photo[rows], result[rows]):
            continue
        known = (~mask[rows]).view(np.uint8)
        apart = cv2.copyTo(cv2.absdiff(photo[rows], result[rows]), known)
        if apart.any():
            count += int(np.count_nonzero(apart.any(axis=2)))
    return count
