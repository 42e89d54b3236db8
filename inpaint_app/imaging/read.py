"""Bytes → Photo: one look at the header, one decision about size, one decode.

The header alone decides whether a photo is too large, before anything is decoded. Whatever a decoder raises on a
damaged file comes out as UnreadablePhoto.
"""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.errors import InpaintError, MissingPackage, PhotoTooLarge, UnreadablePhoto
from inpaint_app.imaging import png
from inpaint_app.imaging.native import Native, alpha, shown
from inpaint_app.imaging.orientation import stored, upright
from inpaint_app.imaging.photo import Limits, Photo

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
_ORIENTATION = 0x0112
_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}
_header_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A file whose header was read: Pillow's lazy image, and what the pixels will need."""

    image: PillowImage.Image
    format: str
    data: bytes
    orientation: int


def load(source: str | Path | bytes, *, name: str | None = None, limits: Limits = Limits()) -> Photo:  # noqa: B008
    """Take a photo in.

    source: a path or the file's bytes. name: what to call it; by default the file's name.
    Raises UnreadablePhoto (missing, empty, damaged, no picture) or PhotoTooLarge (decided from the header).
    """
    data, name = _bytes(source, name, limits)
    with _only_photo_errors(name):
        opened = open_header(data, name, limits)
        native = read_native(opened)
        return _photo(opened, native, name)


def read_again(photo: Photo) -> Native:
    """The stored samples of a photo, decoded anew from its bytes."""
    with _only_photo_errors(photo.name):
        return read_native(open_header(photo.source, photo.name, Limits(float("inf"), float("inf"))))


def _bytes(source: str | Path | bytes, name: str | None, limits: Limits) -> tuple[bytes, str]:
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), name or "photo"
    else:
        path = Path(source)
        name = name or path.name
        try:
            if path.is_dir():
                raise UnreadablePhoto(f"{path} is a folder; give a photo file.")
            size = path.stat().st_size
            _check_bytes(size, name, limits)
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise UnreadablePhoto(f"There is no file {path}; check its name and folder.") from error
        except (OSError, ValueError) as error:
            raise UnreadablePhoto(f"{path} cannot be read ({error}); check its permissions.") from error
    _check_bytes(len(data), name, limits)
    if not data:
        raise UnreadablePhoto(f"{name} is empty (0 bytes); take the photo from its source again.")
    return data, name


def _check_bytes(size: int, name: str, limits: Limits) -> None:
    if size > limits.megabytes * 1e6:
        raise PhotoTooLarge(
            f"{name} has {size / 1e6:.1f} MB; the limit is {limits.megabytes:g} MB. "
            "Raise the limit in the settings, or give a smaller file."
        )


@contextmanager
def _only_photo_errors(name: str) -> Iterator[None]:
    """Decoders raise anything from struct.error to SyntaxError on damaged files: give one clear error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InpaintError:
        raise
    except PillowImage.DecompressionBombError as error:
        raise PhotoTooLarge(
            f"{name} would unpack to far more pixels than its size allows ({error})."
        ) from error
    except MemoryError as error:
        raise PhotoTooLarge(f"{name} needs more memory than this machine has.") from error
    except PillowImage.UnidentifiedImageError as error:
        raise UnreadablePhoto(
            f"{name} is not a photo that can be read. Give a JPEG, PNG, WebP, TIFF, HEIC, AVIF, BMP or GIF."
        ) from error
    except Exception as error:  # noqa: BLE001 - see the docstring
        raise UnreadablePhoto(
            f"{name} is damaged ({error or type(error).__name__}); take the photo from its source again."
        ) from error


def open_header(data: bytes, name: str, limits: Limits) -> Opened:
    """Read the header and hold it against the limits; nothing is decoded."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        _register_heif(name)
    with _header_lock:
        # Pillow's own threshold is one number for the whole process; ours is a setting, checked right below.
        before, PillowImage.MAX_IMAGE_PIXELS = PillowImage.MAX_IMAGE_PIXELS, None
        try:
            image = PillowImage.open(io.BytesIO(data), formats=[f for f in READ if f in _known_formats()])
        finally:
            PillowImage.MAX_IMAGE_PIXELS = before
    width, height = image.size
    if width * height > limits.megapixels * 1e6:
        raise PhotoTooLarge(
            f"{name} has {width}×{height} = {width * height / 1e6:.1f} megapixels; the limit is "
            f"{limits.megapixels:g}. Raise the limit in the settings, or give a smaller photo."
        )
    if width < 1 or height < 1:
        raise UnreadablePhoto(f"{name} has no pixels ({width}×{height}).")
    return Opened(image, _format(image), data, _orientation(image))


def _known_formats() -> set[str]:
    PillowImage.init()
    return set(PillowImage.OPEN)


def _register_heif(name: str) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        raise MissingPackage(f"{name} is a HEIC photo; to open it: pip install pillow-heif") from error
    pillow_heif.register_heif_opener(thumbnails=False)


def _format(image: PillowImage.Image) -> str:
    return {"MPO": "JPEG", "DIB": "BMP"}.get(image.format or "", image.format or "")


def _orientation(image: PillowImage.Image) -> int:
    try:
        value = int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block is no reason to refuse the photo
        return 1
    return value if 1 <= value <= 8 else 1


def read_native(opened: Opened) -> Native:
    """Decode the stored samples."""
    if opened.format == "PNG":
        return _png(opened)
    if opened.format == "JPEG" and opened.image.mode in ("RGB", "L") and _whole_jpeg(opened.data):
        native = _jpeg(opened)
        if native is not None:
            return native
    return _pillow(opened)


def _jpeg(opened: Opened) -> Native | None:
    """OpenCV decodes straight into one array (the same libjpeg-turbo, a third of Pillow's memory)."""
    grey = opened.image.mode == "L"
    flags = cv2.IMREAD_IGNORE_ORIENTATION | (cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB)
    pixels = cv2.imdecode(np.frombuffer(opened.data, np.uint8), flags)
    if pixels is None or pixels.shape[1::-1] != opened.image.size:
        return None
    return Native(pixels, opened.image.mode)


def _whole_jpeg(data: bytes) -> bool:
    """Whether the file has its end marker: OpenCV fills up a file that breaks off, and would hide it."""
    return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")


def _png(opened: Opened) -> Native:
    for _ in png.chunks(opened.data):
        pass  # every critical chunk's checksum
    head = png.header(opened.data)
    if head.depth == 16:
        opened.image.load()  # Pillow tells a damaged file where OpenCV gives grey
        mode = {0: "L", 2: "RGB", 4: "LA", 6: "RGBA"}[head.color]
        return Native(png.deep_samples(opened.data, head), mode, key=_key(opened.image))
    return _pillow(opened)


def _pillow(opened: Opened) -> Native:
    image = opened.image
    image.load()
    mode = image.mode
    if mode.startswith("I;16"):
        mode = "L"
    samples = np.asarray(image)
    if opened.format == "TIFF":
        samples = stored(samples, opened.orientation)  # Pillow has turned it upright already
    palette = _palette(image) if mode in ("P", "PA") else None
    if mode == "PA":
        image = image.convert("RGBA")
        samples, mode, palette = np.asarray(image), "RGBA", None
    if mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "LAB", "YCbCr", "I", "F"):
        target = "RGBA" if "A" in mode or "a" in mode else "RGB"
        samples, mode = np.asarray(image.convert(target)), target
    if samples.dtype.byteorder == ">":
        samples = samples.astype(samples.dtype.newbyteorder("="))
    return Native(samples, mode, palette, _key(image))


def _palette(image: PillowImage.Image) -> NDArray[np.uint8]:
    flat = image.getpalette("RGB") or []
    entries = np.full((max(1, len(flat) // 3), 4), 255, np.uint8)
    entries[: len(flat) // 3, :3] = np.array(flat, np.uint8).reshape(-1, 3)
    clear = image.info.get("transparency")
    if isinstance(clear, bytes):
        count = min(len(clear), len(entries))
        entries[:count, 3] = np.frombuffer(clear, np.uint8)[:count]
    elif isinstance(clear, int) and clear < len(entries):
        entries[clear, 3] = 0
    return entries


def _key(image: PillowImage.Image) -> tuple[int, ...] | None:
    clear = image.info.get("transparency")
    if image.mode in ("1", "L", "I;16") and isinstance(clear, int):
        return (clear,)
    if image.mode == "RGB" and isinstance(clear, tuple):
        return tuple(int(c) for c in clear)
    return None


def _photo(opened: Opened, native: Native, name: str) -> Photo:
    image, info = opened.image, opened.image.info
    rgb = np.ascontiguousarray(upright(shown(native), opened.orientation))
    opacity = alpha(native)
    if opacity is not None:
        opacity = np.ascontiguousarray(upright(opacity, opened.orientation))
    for pixels in (rgb, opacity):
        if pixels is not None:
            pixels.flags.writeable = False
    return Photo(
        rgb=rgb,
        alpha=opacity,
        name=name,
        format=opened.format,
        bit_depth=_bit_depth(opened, native),
        mode=native.mode,
        source=opened.data,
        sha256=hashlib.sha256(opened.data).hexdigest(),
        orientation=opened.orientation,
        exif=_exif(image),
        icc=info.get("icc_profile") or None,
        xmp=_xmp(info),
        dpi=_dpi(info),
        text=_text(image),
        note=_note(opened),
    )


def _bit_depth(opened: Opened, native: Native) -> int:
    if native.mode == "1":
        return 1
    if opened.format == "PNG":
        return png.header(opened.data).depth
    deep = opened.image.info.get("bit_depth")
    return int(deep) if isinstance(deep, int) and deep > 8 else native.samples.dtype.itemsize * 8


def _exif(image: PillowImage.Image) -> bytes | None:
    raw = image.info.get("exif")
    if isinstance(raw, bytes) and raw:
        return raw
    try:
        return image.getexif().tobytes() or None if len(image.getexif()) else None
    except Exception:  # noqa: BLE001 - broken EXIF: the bytes stay in `source`
        return None


def _xmp(info: dict[Any, Any]) -> bytes | None:
    raw = info.get("xmp") or info.get("XML:com.adobe.xmp")
    if isinstance(raw, str):
        return raw.encode()
    return raw if isinstance(raw, bytes) else None


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in info["dpi"])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def _text(image: PillowImage.Image) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in (getattr(image, "text", None) or {}).items():
        found[str(key)] = str(value)
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        found["comment"] = comment.decode("utf-8", "replace")
    return found


def _note(opened: Opened) -> str:
    notes = []
    try:
        frames = int(getattr(opened.image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a damaged second frame does not harm the first
        frames = 1
    if frames > 1:
        notes.append(f"The file holds {frames} pictures; this is the first.")
    deep = opened.image.info.get("bit_depth")
    if opened.format in ("HEIF", "AVIF") and isinstance(deep, int) and deep > 8:
        notes.append(f"Its {deep} bits per sample are shown and saved as 8.")
    return " ".join(notes)
