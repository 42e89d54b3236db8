"""What is kept of a result: the patches that it changed, and the facts, instead of whole pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.files import Photo
from inpaint_app.photofile.samples.opacity import continued
from inpaint_app.removal.session import Request
from inpaint_app.types import Box, Image, Mask, Result


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """Changed pixels: `pixels` (box.height, box.width, 3) where `mask` (box.height, box.width) is True."""

    box: Box
    pixels: Image
    mask: Mask


def patches_of(result: Result) -> tuple[Patch, ...]:
    """What a result changed, cut out of it, so that the whole picture need not be kept."""
    return tuple(
        Patch(box, result.image[box.slices].copy(), result.mask[box.slices].copy()) for box in result.boxes
    )


def hole_of(patches: Iterable[Patch], shape: tuple[int, ...]) -> Mask:
    """All that the patches changed, (H, W)."""
    hole = np.zeros(shape[:2], dtype=bool)
    for patch in patches:
        hole[patch.box.slices] |= patch.mask
    return hole


def opacity(photo: Photo, patches: Iterable[Patch]) -> NDArray[np.uint8] | None:
    """The photo's opacity after the patches, as its file will have it; None where it has none."""
    return None if photo.alpha is None else continued(photo.alpha, hole_of(patches, photo.rgb.shape))


def seen(photo: Photo, patches: Iterable[Patch]) -> Photo:
    """The photo with the opacity that it is shown with after the patches."""
    return photo if photo.alpha is None else replace(photo, alpha=opacity(photo, patches))


def patched(image: Image, patches: Iterable[Patch]) -> Image:
    """A copy of the image with the patches laid on, in their order."""
    whole = image.copy()
    for patch in patches:
        np.copyto(whole[patch.box.slices], patch.pixels, where=patch.mask[..., None])
    return whole


@dataclass(eq=False)
class StoredResult:
    """A result of the current step as it is kept. `gone`: numbers of the finds it removed; `shown`: what the page has.

    `result` and `request` are kept without their arrays: the masks as bits, the pixels as patches; `whole` brings the
    result back.
    """

    result: Result
    request: Request
    gone: frozenset[int]
    patches: tuple[Patch, ...]
    mask: NDArray[np.uint8]
    avoid: NDArray[np.uint8] | None
    shown: dict[str, Any]

    @classmethod
    def of(
        cls, result: Result, request: Request, gone: frozenset[int], shown: dict[str, Any]
    ) -> StoredResult:
        """Keep a result small."""
        nothing, no_mask = np.empty((0, 0, 3), np.uint8), np.empty((0, 0), bool)
        shots = tuple(replace(shot, image=nothing, hidden=None) for shot in request.shots)
        behind = result.behind and replace(result.behind, source=np.empty((0, 0), np.uint8))
        return cls(
            replace(
                result, image=nothing, mask=no_mask, hole=no_mask, avoid=None, candidates=(), behind=behind
            ),
            replace(request, mask=None, avoid=None, found=None, shots=shots),
            gone,
            patches_of(result),
            np.packbits(result.hole, axis=1),
            None if result.avoid is None else np.packbits(result.avoid, axis=1),
            shown,
        )

    def whole(self, image: Image) -> Result:
        """The result with its arrays; `image` is the picture that it was made from."""
        shape = image.shape[:2]
        width = shape[1]
        return replace(
            self.result,
            image=patched(image, self.patches),
            mask=hole_of(self.patches, shape),
            hole=np.unpackbits(self.mask, axis=1, count=width).view(bool),
            avoid=None if self.avoid is None else np.unpackbits(self.avoid, axis=1, count=width).view(bool),
        )
