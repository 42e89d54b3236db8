"""What a photo is once it is in the app, and what is reported when it leaves again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.inventory import Inventory
from inpaint_app.photofile.samples import colour
from inpaint_app.photofile.samples.cicp import Numbers
from inpaint_app.types import Image

Method = Literal["jpeg-blocks", "jpeg-reencoded", "lossless", "lossy"]


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a photo may be: millions of pixels once decoded, millions of bytes as a file."""

    megapixels: float = 200.0
    megabytes: float = 500.0


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """How a result is written, beside its format.

    exact: in a way that changes no known pixel (PNG, TIFF, lossless WebP), whatever the photo's own format does. mark:
    IPTC's digital source type to state in the file's XMP, see `mark.py`; "" states nothing.
    """

    exact: bool = False
    mark: str = ""


AS_USUAL = SaveOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photo as it was given, and its pixels as they are seen.

    rgb: (H, W, 3) uint8, upright, in the file's own colour space (no profile is applied, but CMYK's, to sRGB), alpha
    not premultiplied; 16-bit samples are shown by their upper byte. alpha: (H, W) uint8, upright, or None where all is
    opaque.
    source: the file's bytes, unchanged, or completed where the file breaks off: then `damage` says in words what of it
    was missing. sha256: of the file as it came. orientation: the EXIF orientation 1..8 of the *stored* pixels.
    mode, bit_depth: what the stored samples are (RGB, L, P, CMYK, …; 1..32 bits each).
    icc: the profile of the stored samples, or one that says what the file says by `numbers` (nclx, cICP) alone.
    frame, frames: which of how many frames, pages or pictures that can be edited, from 1.
    note: what had to be left out in showing it (further frames, more bits), or "".
    """

    rgb: Image
    name: str
    format: str
    alpha: NDArray[np.uint8] | None
    bit_depth: int
    mode: str
    source: bytes
    sha256: str
    orientation: int = 1
    exif: bytes | None = None
    icc: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    text: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    numbers: Numbers | None = None
    damage: str = ""
    frame: int = 1
    frames: int = 1

    @property
    def shown_icc(self) -> bytes | None:
        """The profile of `rgb`; None says sRGB."""
        return colour.of_shown(self.icc, self.mode)

    @property
    def width(self) -> int:
        """Columns of the upright photo."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Rows of the upright photo."""
        return int(self.rgb.shape[0])


@dataclass(frozen=True, slots=True)
class Report:
    """How a photo was written, counted on the file that was written.

    method: jpeg-blocks (only the coding blocks under the hole are new), jpeg-reencoded, lossless or lossy.
    changed_pixels_outside: pixels outside the hole whose samples, at the file's own depth, are not the photo's;
    None where it was not counted; largest_change: by how much at most, in levels of 255. changed_blocks_outside: coding
    blocks that the hole does not touch and whose coefficients differ (JPEG only, else None). blocks_encoded of
    blocks_total: coding blocks (MCUs) made anew. size, source_size: bytes. certified: whether they were counted
    on the written file. inventory: what was looked through beside the main picture, made anew, left out, corrected, and
    what else there is to say. shown_elsewhere: where in the written file pictures other than the main one and those
    made anew were found, in a few words each; empty says "nowhere", None that nobody looked.
    """

    method: Method
    format: str
    changed_pixels_outside: int | None
    changed_blocks_outside: int | None
    blocks_encoded: int | None
    blocks_total: int | None
    size: int
    source_size: int
    certified: bool
    inventory: Inventory = field(default_factory=Inventory)
    shown_elsewhere: tuple[str, ...] | None = None
    largest_change: int | None = None

    @property
    def note(self) -> str:
        """What there is to tell a user, in sentences; "" where nothing."""
        return " ".join(self.inventory.lines)

    @property
    def kept(self) -> str:
        """What became of everything that was not to change, in the words of all faces."""
        said = []
        if self.blocks_encoded is not None:
            others = (
                ""
                if self.changed_blocks_outside is None
                else f", {self.changed_blocks_outside} others changed"
            )
            said.append(
                f"{self.blocks_encoded:,} of {self.blocks_total:,} coding blocks written anew{others}"
            )
        if self.changed_pixels_outside is not None:
            by = f", by at most {self.largest_change} of 255" if self.changed_pixels_outside else ""
            said.append(f"{self.changed_pixels_outside:,} known pixels changed{by}")
        return "; ".join(said) + ("" if self.method == "jpeg-blocks" else f" ({self.method})")

    @property
    def elsewhere(self) -> str:
        """The twin of the count of changed pixels: where else in the file what was removed may still be seen."""
        if self.shown_elsewhere is None:
            return "not looked for"
        return ", ".join(self.shown_elsewhere) or "nowhere"

    def plain(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        flat = {f.name: getattr(self, f.name) for f in fields(self)}
        places = None if self.shown_elsewhere is None else list(self.shown_elsewhere)
        told = {name: list(entries) for name, entries in asdict(self.inventory).items()}
        said = {
            "kept": self.kept,
            "elsewhere": self.elsewhere,
            "lines": list(self.inventory.lines),
            "note": self.note,
        }
        return flat | {"inventory": told, "shown_elsewhere": places} | said


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """A finished file in memory. suffix: the usual file name ending of its format, with the dot."""

    data: bytes
    report: Report
    suffix: str


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A finished file on disk."""

    path: Path
    report: Report
