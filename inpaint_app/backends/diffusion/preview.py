"""A cheap picture of latents: a linear map to colours, fitted on the photo that is being worked on."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.types import Image, Mask


def fitted(latents: NDArray[np.float32], image: Image, mask: Mask) -> NDArray[np.float32]:
    """The (C + 1, 3) map from a latent and 1 to colours in 0..255, by least squares over known pixels.

    latents: (C, h, w) of the photo with its hole blanked. image, mask: at the pipeline's size.
    """
    channels, height, width = latents.shape
    size = (width, height)
    colours = cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(-1, 3).astype(np.float32)
    known = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA).reshape(-1) == 0
    rows = np.column_stack([latents.reshape(channels, -1).T, np.ones(height * width, np.float32)])
    if known.sum() < 4 * (channels + 1):
        known[:] = True
    ridge = 1e-3 * float(known.sum()) * np.eye(channels + 1, dtype=np.float32)
    left = rows[known].T @ rows[known] + ridge
    return np.asarray(np.linalg.solve(left, rows[known].T @ colours[known]), dtype=np.float32)


def drawn(latents: NDArray[np.float32], colours: NDArray[np.float32]) -> Image:
    """Latents (C, h, w) as a small picture (h, w, 3)."""
    channels, height, width = latents.shape
    flat = latents.reshape(channels, -1).T @ colours[:-1] + colours[-1]
    return np.asarray(np.clip(flat.reshape(height, width, 3), 0, 255), dtype=np.uint8)


def array(tensor: Any) -> NDArray[np.float32]:
    """The last tensor of a batch, (C, h, w), as float32."""
    return np.asarray(tensor[-1].detach().float().cpu().numpy(), dtype=np.float32)
