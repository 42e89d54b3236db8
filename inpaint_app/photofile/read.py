"""Bytes → Photo: one look at the header, one decision about size, one decode.

The header alone decides whether a photo is too large, before anything is decoded. Whatever a decoder raises on a
damaged file comes out as UnreadablePhoto.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from inpaint_app.errors import (
    InpaintError,
    JpegError,
    MissingPackage,
    PhotoTooLarge,
    UnreadablePhoto,
    out_of_memory,
)
from inpaint_app.photofile.containers import png
from inpaint_app.photofile.decoding import broken_off, raw, screening
from inpaint_app.photofile.decoding.decode import Opened, read_native
from inpaint_app.photofile.frames import choose, pages
from inpaint_app.photofile.metadata import reading
from inpaint_app.photofile.metadata.moment import Moment, moment
from inpaint_app.photofile.photo import Limits, Photo
from inpaint_app.photofile.samples.native import Native, alpha, shown
from inpaint_app.photofile.samples.orientation import stored, turned
from inpaint_app.photofile.source import taken

READ = (
    "JPEG",
    "MPO",
    "PNG",
    "WEBP",
    "TIFF",
    "HEIF",
    "AVIF",
    "BMP",
    "DIB",
    "GIF",
    "PPM",
    "JPEG2000",
    "TGA",
    "ICO",
)
LOSSY = frozenset({"JPEG", "WEBP", "HEIF", "AVIF", "JPEG2000"})
"""Formats that lose something as they are commonly written."""

_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_header_lock = threading.Lock()
# Pillow warns of every oddity in a file's metadata; catching it around each call would not be safe among threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


def load(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    frame: int | None = None,
    header: Callable[[Opened], object] = id,
) -> Photo:
    """Take a photo in.

    source: a path or the file's bytes. name: what to call it; by default the file's name. frame: which frame of an
    animation, page of a TIFF or picture of a HEIC, from 1; None: the first, or the one that a HEIC names. header: hears
    what the header says before anything is decoded.
    Raises UnreadablePhoto (missing, empty, damaged, no picture), PhotoTooLarge (decided from the header) or OptionError
    (no such frame).
    """
    data, name = taken(source, name, limits)
    with _only_photo_errors(name):
        opened = open_header(data, name, limits, frame)
        header(opened)
        opened, native, damage = _decoded(opened, name, limits)
        return _photo(opened, native, name, damage, hashlib.sha256(data).hexdigest())


def load_samples(
    source: str | Path | bytes,
    *,
    name: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    frame: int | None = None,
    header: Callable[[Opened], object] = id,
) -> tuple[Native, int, bool]:
    """A picture's samples as the file stores them, the orientation 1..8 in which they are meant to be seen, and whether
    its format loses something. For pictures whose numbers matter more than how they look. Raises as `load` does.
    """
    data, name = taken(source, name, limits)
    with _only_photo_errors(name):
        opened = open_header(data, name, limits, frame)
        header(opened)
        lossy = opened.format in LOSSY and b"VP8L" not in data[:64]
        return read_native(opened), opened.orientation, lossy


def header_of(data: bytes, name: str, limits: Limits) -> tuple[str, int, int]:
    """(format, width, height as stored) by the header alone. Raises UnreadablePhoto, PhotoTooLarge."""
    with _only_photo_errors(name):
        opened = open_header(data, name, limits)
        return opened.format, *opened.image.size


def moment_of(data: bytes, name: str, limits: Limits) -> tuple[Moment | None, tuple[int, int]]:
    """When a photo was taken, None where it does not say, and its (width, height) as stored; raises as `header_of`."""
    with _only_photo_errors(name):
        opened = open_header(data, name, limits)
        return moment(reading.exif(opened.image)), opened.image.size


def read_bytes(path: Path, limits: Limits) -> bytes:
    """A file's bytes, whole; raises UnreadablePhoto, PhotoTooLarge (before it is read)."""
    return taken(path, None, limits)[0]


def stored_samples(photo: Photo) -> Native:
    """The samples as the file stores them: from the pixels at hand where they are the same, else decoded anew."""
    if (
        photo.mode in ("RGB", "RGBA")
        and photo.bit_depth == 8
        and (photo.alpha is None) == (photo.mode == "RGB")
    ):
        if photo.alpha is None:
            return Native(stored(photo.rgb, photo.orientation), "RGB")
        if photo.format != "TIFF":  # whose colours may be premultiplied
            return Native(stored(np.dstack([photo.rgb, photo.alpha]), photo.orientation), "RGBA")
    with _only_photo_errors(photo.name):
        wide = Limits(float("inf"), float("inf"))
        return read_native(open_header(photo.source, photo.name, wide, photo.frame))


@contextmanager
def _only_photo_errors(name: str) -> Iterator[None]:
    """Decoders raise anything from struct.error to SyntaxError on damaged files: give one clear error."""
    try:
        yield
    except JpegError as error:
        raise UnreadablePhoto(
            f"{name} is damaged ({error}); take the photo from its source again."
        ) from error
    except InpaintError:
        raise
    except PillowImage.DecompressionBombError as error:
        raise PhotoTooLarge(
            f"{name} would unpack to far more megapixels than the limit ({error})."
        ) from error
    except MemoryError as error:
        raise PhotoTooLarge(f"{name} needs more memory than this machine has.") from error
    except UnidentifiedImageError as error:
        raise UnreadablePhoto(
            f"{name} is not a photo that can be read. Give a JPEG, PNG, WebP, TIFF, HEIC, AVIF, BMP or GIF."
        ) from error
    except Exception as error:
        if out_of_memory(error):
            raise PhotoTooLarge(f"{name} needs more memory than this machine has.") from error
        raise UnreadablePhoto(
            f"{name} is damaged ({error or type(error).__name__}); take the photo from its source again."
        ) from error


def open_header(data: bytes, name: str, limits: Limits, frame: int | None = None) -> Opened:
    """Read the header and hold it against the limits; nothing is decoded. frame: see `load`."""
    sensor = raw.kind(data)
    if sensor:
        raise UnreadablePhoto(raw.refusal(name, sensor))
    screening.screen(data, name, limits.megapixels)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        _register_heif(name)
    if data.startswith(png.SIGNATURE):
        head = png.only_header(data)  # before Pillow, which makes room for an animated one as it opens it
        _check_pixels(head.width, head.height, name, limits)
    source, image = data, _opened(data, limits)
    format = {"MPO": "JPEG", "DIB": "BMP"}.get(image.format or "", image.format or "")
    index, many = choose.chosen(image, format, data, frame, name)
    if format == "TIFF" and (ordered := pages.view(data, index)) != data:
        data = ordered
        image = _opened(data, limits)
    elif format in ("HEIF", "AVIF") and index != image.tell():
        image.seek(index)
    width, height = image.size
    _check_pixels(width, height, name, limits)
    if width < 1 or height < 1:
        raise UnreadablePhoto(f"{name} has no pixels ({width}×{height}).")
    screening.check_exif(image.info.get("exif"), name)
    return Opened(image, format, data, reading.orientation(image), source, index, many)


def _opened(data: bytes, limits: Limits) -> PillowImage.Image:
    with _header_lock:
        PillowImage.init()
        # Pillow's own threshold is one number for the whole process; ours is a setting, checked right below. Pillow
        # refuses from twice its threshold, some formats while they are opened: they make room for a first frame then.
        most = round(limits.megapixels * 1e6) if limits.megapixels < float("inf") else None
        before, PillowImage.MAX_IMAGE_PIXELS = PillowImage.MAX_IMAGE_PIXELS, most
        try:
            return PillowImage.open(io.BytesIO(data), formats=[f for f in READ if f in PillowImage.OPEN])
        finally:
            PillowImage.MAX_IMAGE_PIXELS = before


def _check_pixels(width: int, height: int, name: str, limits: Limits) -> None:
    if width * height > limits.megapixels * 1e6:
        raise PhotoTooLarge(
            f"{name} has {width}×{height} = {width * height / 1e6:.1f} megapixels; the limit is "
            f"{limits.megapixels:g}. Raise the limit in the settings, or give a smaller photo."
        )


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingPackage(f"{name} is a HEIC photo; to open it: pip install pillow-heif") from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _decoded(opened: Opened, name: str, limits: Limits) -> tuple[Opened, Native, str]:
    """The file, completed where it breaks off, its samples, and in words what was missing."""
    try:
        if not broken_off.breaks_off(opened.data):
            return opened, read_native(opened), ""
        error: Exception | None = None
    except InpaintError:
        raise
    except Exception as raised:  # noqa: BLE001 - decoders raise anything
        error = raised
    whole = broken_off.completed(opened.data)
    if whole is None:
        if error is not None:
            raise error
        return opened, read_native(opened), ""
    again = open_header(whole[0], name, limits, opened.frame + 1)
    return again, read_native(again), whole[1]


def _photo(opened: Opened, native: Native, name: str, damage: str, sha256: str) -> Photo:
    image, info = opened.image, opened.image.info
    numbers = reading.numbers(image, opened.format, opened.data)
    rgb = turned(shown(native), opened.orientation)
    opacity = alpha(native)
    if opacity is not None:
        opacity = turned(opacity, opened.orientation)
    for pixels in (rgb, opacity):
        if pixels is not None:
            pixels.flags.writeable = False
    return Photo(
        rgb=rgb,
        alpha=opacity,
        name=name,
        format=opened.format,
        bit_depth=reading.bit_depth(opened, native),
        mode=native.mode,
        source=opened.source,
        sha256=sha256,
        orientation=opened.orientation,
        exif=reading.exif(image),
        icc=reading.profile(image, opened.format, opened.data, numbers),
        xmp=reading.xmp(opened),
        dpi=reading.dpi(info),
        text=reading.text(image),
        note=" ".join(said for said in (damage, reading.note(opened)) if said),
        damage=damage,
        frame=opened.frame + 1,
        frames=opened.frames,
        numbers=None if info.get("icc_profile") and opened.format != "PNG" else numbers,
    )
