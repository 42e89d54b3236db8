"""Arrays → what a browser can show: bounded previews as files, outlines as polygons."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

from inpaint_app.errors import SaveError
from inpaint_app.imaging import mask as masks
from inpaint_app.photofile.files import Photo
from inpaint_app.types import Image, Instance, Mask

PREVIEW_SIDE = 1600
THUMB_SIDE = 240


def preview_size(width: int, height: int, side: int = PREVIEW_SIDE) -> tuple[int, int]:
    """(width, height) of the preview: the photo's own where that is small enough."""
    longest = max(width, height)
    if longest <= side:
        return width, height
    return max(1, round(width * side / longest)), max(1, round(height * side / longest))


def write_preview(image: Image, photo: Photo, target: Path, side: int = PREVIEW_SIDE) -> Path:
    """Write a bounded preview beside `target`, with the photo's colour profile; PNG where the photo has alpha."""
    if photo.alpha is None:
        return write_picture(image, photo.shown_icc, target.with_suffix(".jpg"), side)
    width, height = preview_size(image.shape[1], image.shape[0], side)
    layers = np.dstack([_resized(image, width, height), _resized(photo.alpha, width, height)])
    target = target.with_suffix(".png")
    PillowImage.fromarray(layers).save(target, compress_level=1, icc_profile=_profile(photo.shown_icc))
    return target


def write_picture(image: Image, icc: bytes | None, target: Path, side: int) -> Path:
    """Write an image, its longer side at most `side` pixels, as JPEG with that colour profile."""
    width, height = preview_size(image.shape[1], image.shape[0], side)
    quality, sampling = (92, 0) if side >= PREVIEW_SIDE else (88, 2)
    PillowImage.fromarray(_resized(image, width, height)).save(
        target, "JPEG", quality=quality, subsampling=sampling, icc_profile=_profile(icc)
    )
    return target


def data_url(image: Image, side: int) -> str:
    """A small picture that travels within a message, its longer side at most `side` pixels."""
    return "data:image/jpeg;base64," + base64.b64encode(small_jpeg(image, side, 80)).decode()


def small_jpeg(image: Image, side: int, quality: int) -> bytes:
    """A JPEG of an image, its longer side at most `side` pixels."""
    width, height = preview_size(image.shape[1], image.shape[0], side)
    buffer = io.BytesIO()
    PillowImage.fromarray(_resized(image, width, height)).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def _profile(icc: bytes | None) -> bytes | None:
    """The profile, where it is one for the RGB that is shown."""
    return icc if icc and icc[16:20] == b"RGB " else None


def _resized(pixels: Any, width: int, height: int) -> Any:
    if pixels.shape[1] == width and pixels.shape[0] == height:
        return pixels
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)


def outlines(instance: Instance, photo_size: tuple[int, int]) -> list[list[float]]:
    """The instance's outline as flat polygons [x, y, x, y, …] in preview pixels, holes included (even-odd)."""
    width, height = preview_size(*photo_size)
    scale_x, scale_y = width / photo_size[0], height / photo_size[1]
    box = instance.box
    across = max(1, round(box.width * scale_x))
    down = max(1, round(box.height * scale_y))
    small = (
        masks.scaled(instance.mask, (down, across))
        if (across, down) != (box.width, box.height)
        else instance.mask
    )
    framed = np.pad(small.astype(np.uint8), 1)
    found, _ = cv2.findContours(framed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for contour in found:
        points = cv2.approxPolyDP(contour, 0.8, True)[:, 0, :].astype(np.float64)
        if len(points) < 3:
            continue
        points = points - 0.5 + (box.left * scale_x, box.top * scale_y)
        polygons.append([round(float(v), 1) for v in points.reshape(-1)])
    return polygons


def mask_png(mask: Mask) -> bytes:
    """A mask as a 1-bit PNG, white = hole."""
    buffer = io.BytesIO()
    PillowImage.fromarray(mask).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


def write_numbers(instances: tuple[Instance, ...], shape: tuple[int, int], path: Path) -> None:
    """A map of the finds' numbers; where two overlap, the more confident one shows."""
    numbers = np.zeros(shape, np.uint16)
    for instance in reversed(instances):
        numbers[instance.box.slices][instance.mask] = instance.number
    try:
        PillowImage.fromarray(numbers).save(path, "PNG")
    except OSError as error:
        raise SaveError(
            f"The map of finds could not be written ({error}): free some space on the server."
        ) from error
