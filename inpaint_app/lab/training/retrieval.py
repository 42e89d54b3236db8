"""Scene completion from the training set: the nearest-neighbour baseline of reports 000 and 002.

The photo is looked for whose known part is nearest in squared colour distance at thumbnail size, mirrored photos
included, and its pixels are put into the hole (after Hays and Efros 2007, without their seam and blending).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.lab.objectives.data import Photos
from inpaint_app.types import Image, Mask

THUMBNAIL = 24


class NearestNeighbour:
    """Searches photos (N, S, S, 3) uint8, which are kept as they are, by thumbnails that are made once."""

    def __init__(self, photos: Photos) -> None:
        self.photos = photos
        small = np.stack([_thumbnail(photo) for photo in photos])
        self._plain: NDArray[np.float32] = small.reshape(len(small), -1)
        self._mirrored: NDArray[np.float32] = np.ascontiguousarray(small[:, :, ::-1]).reshape(len(small), -1)

    def inpaint(self, image: Image, mask: Mask) -> Image:
        """image (S, S, 3) uint8, mask (S, S) True = hole → the same shape, the hole from the nearest photo."""
        known = cv2.resize(1 - mask.astype(np.float32), (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
        weight = (known > 0.999).astype(np.float32)[..., None].repeat(3, 2).ravel()
        wanted = _thumbnail(image).ravel()
        best, chosen, mirrored = np.inf, 0, False
        for flipped, index in enumerate((self._plain, self._mirrored)):
            distance = np.square(index) @ weight - 2 * (index @ (weight * wanted))
            nearest = int(distance.argmin())
            if distance[nearest] < best:
                best, chosen, mirrored = float(distance[nearest]), nearest, bool(flipped)
        photo = self.photos[chosen]
        found: Image = np.where(mask[..., None], photo[:, ::-1] if mirrored else photo, image)
        return found


def _thumbnail(photo: Image) -> NDArray[np.float32]:
    small = cv2.resize(photo, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.float32) / np.float32(255)
