"""The one gate in and out for photos: formats, orientation, alpha, depth, colour profile, metadata, limits.

`load` takes a photo in, `encode` and `save` hand it out in its own format with every sample outside the hole as it
was.
"""

from __future__ import annotations

import atexit
import errno
import os
import tempfile
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.errors import SaveError
from inpaint_app.photofile.formats import SUFFIX
from inpaint_app.photofile.photo import AS_USUAL, Encoded, Limits, Method, Photo, Report, Saved, SaveOptions
from inpaint_app.photofile.read import header_of, load, moment_of, read_bytes
from inpaint_app.photofile.write import chosen_format, encode, planned
from inpaint_app.types import Image, Mask

__all__ = [
    "SUFFIX", "Encoded", "Limits", "Method", "Photo", "Report", "SaveOptions", "Saved",
    "chosen_format", "encode", "header_of", "load", "moment_of", "planned", "read_bytes", "save", "warm_up",
    "write_bytes",
]  # fmt: skip

_CURES = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
    errno.EACCES: "there is no permission to write there; choose another folder",
    errno.EPERM: "there is no permission to write there; choose another folder",
    errno.EROFS: "that disk is read-only; choose another folder",
    errno.ENOENT: "that folder does not exist; make it first",
    errno.ENOTDIR: "a part of that path is a file, not a folder; choose another folder",
    errno.EEXIST: "a file has the folder's name; choose another folder",
    errno.EISDIR: "that is a folder; give a file name",
    errno.EFBIG: "it is larger than files may be there; choose another folder",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}

_unfinished: set[str] = set()
"""Files that are being written, beside their targets."""


def save(
    photo: Photo,
    edited: Image,
    hole: Mask,
    target: str | Path,
    *,
    format: str | None = None,
    certify: bool = True,
    options: SaveOptions = AS_USUAL,
) -> Saved:
    """Write the edited photo to `target`; see `encode`. The format follows `format`, else the photo's own.

    Written beside the target and renamed, so that a failure leaves what was there. Raises SaveError with the cure.
    """
    encoded = encode(photo, edited, hole, format=format, certify=certify, options=options)
    return Saved(write_bytes(encoded.data, Path(target)), encoded.report)


def write_bytes(data: bytes, target: Path) -> Path:
    """Write a whole file or nothing; raises SaveError with the cause and the cure."""
    scratch: str | None = None
    try:
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        handle, scratch = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".part", dir=target.parent)
        _unfinished.add(scratch)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        hidden = os.umask(0)
        os.umask(hidden)
        os.chmod(scratch, 0o666 & ~hidden)
        os.replace(scratch, target)
        _unfinished.discard(scratch)
        scratch = None
    except (OSError, ValueError) as error:
        raise SaveError(f"{target} could not be written: {failure(error)}.") from error
    finally:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)
            _unfinished.discard(scratch)
    return target


@atexit.register
def _forget_unfinished() -> None:
    """Where the process is ended while a thread still writes, nothing half-written is left lying."""
    for scratch in tuple(_unfinished):
        Path(scratch).unlink(missing_ok=True)


def failure(error: OSError | ValueError) -> str:
    """Why a file could not be written, and the cure."""
    return _CURES.get(getattr(error, "errno", None) or 0, str(error))


def warm_up() -> None:
    """Compile what editing JPEG blocks needs: some seconds after an installation, next to nothing from then on."""
    grey = np.full((32, 32, 3), 128, np.uint8)
    data = cv2.imencode(".jpg", grey)[1].tobytes()
    hole = np.zeros((32, 32), bool)
    hole[4:8, 4:8] = True
    photo = load(data, name="warm-up")
    encode(photo, photo.rgb, hole)
