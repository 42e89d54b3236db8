"""Photos and masks taken in, edited photos written out: in processes of their own where the settings say so."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from inpaint_app.imaging.mask_reader import BY_RULE, Reading
from inpaint_app.photofile.decoding.decoder import Decoder
from inpaint_app.photofile.files import (
    Encoded,
    Limits,
    Photo,
    SaveOptions,
    encode,
    header_of,
    load,
    moment_of,
)
from inpaint_app.photofile.metadata.moment import Moment
from inpaint_app.photofile.photo import AS_USUAL
from inpaint_app.removal.mask_file import GivenMask, open_mask
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress

MOST_DECODERS = 4
"""Photos that are decoded at once, where there are so many cores."""


def _wanted(progress: Progress) -> dict[str, Any]:
    """In whose name something is decoded, whether anybody still waits for it, and who hears how long it took."""

    ticket = progress.ticket

    def unwanted() -> bool:
        return progress.cancelled or ticket.lost is not None

    return {"owner": ticket.owner, "unwanted": unwanted, "spent": ticket.spent}


class Opening:
    """What a session can do with files. limits: how large photos and masks may be, by its settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.limits = Limits(settings.max_megapixels, settings.max_megabytes)
        self.decoder: Decoder | None = None
        if settings.decode_apart:
            count = min(MOST_DECODERS, max(2, settings.cores))
            self.decoder = Decoder(count, settings.decode_seconds, settings.waiting)

    def load(
        self,
        source: str | Path | bytes,
        name: str | None = None,
        frame: int | None = None,
        progress: Progress | None = None,
    ) -> Photo:
        """Take a photo in, under the limits of the settings, in a process of its own where they say so.

        frame: which frame of an animation, or page, from 1; None: the first.
        Raises UnreadablePhoto, PhotoTooLarge, OptionError, Busy, Cancelled.
        """
        if self.decoder is None:
            return load(source, name=name, limits=self.limits, frame=frame)
        wanted = _wanted(progress or Progress())
        return self.decoder.load(source, name=name, limits=self.limits, frame=frame, **wanted)

    def open_mask(
        self,
        source: str | Path | bytes,
        shape: tuple[int, ...] | None,
        *,
        orientation: int = 1,
        reading: Reading = BY_RULE,
        progress: Progress | None = None,
    ) -> GivenMask:
        """The hole that a mask file means in a photo, opened as photos are; see `mask_file.open_mask`."""
        samples = None
        if self.decoder is not None:
            samples = partial(self.decoder.load_samples, **_wanted(progress or Progress()))
        return open_mask(
            source, shape, orientation=orientation, reading=reading, limits=self.limits, load_samples=samples
        )

    def encode(
        self,
        photo: Photo,
        edited: Image,
        hole: Mask,
        *,
        format: str | None = None,
        options: SaveOptions = AS_USUAL,
        progress: Progress | None = None,
    ) -> Encoded:
        """The edited photo as a file, written where photos are opened; see `photofile.write.encode`."""
        if self.decoder is None:
            return encode(photo, edited, hole, format=format, options=options)
        wanted = _wanted(progress or Progress())
        return self.decoder.encode(photo, edited, hole, format=format, options=options, **wanted)

    def header_of(self, data: bytes, name: str, progress: Progress | None = None) -> tuple[str, int, int]:
        """(format, width, height) by the header alone, read where photos are opened. Raises as `load` does."""
        if self.decoder is None:
            return header_of(data, name, self.limits)
        return self.decoder.header_of(data, name, self.limits, **_wanted(progress or Progress()))

    def moment_of(
        self, data: bytes, name: str, progress: Progress | None = None
    ) -> tuple[Moment | None, tuple[int, int]]:
        """When a photo was taken and its size, by the header alone; see `header_of`."""
        if self.decoder is None:
            return moment_of(data, name, self.limits)
        return self.decoder.moment_of(data, name, self.limits, **_wanted(progress or Progress()))
