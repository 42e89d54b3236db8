"""A photo on its way between two processes: JSON and plain arrays. Nothing is pickled, so that reading runs nothing.

A message is its length (8 bytes, big-endian), that many bytes of JSON, then the arrays that the JSON names, raw.
"""

from __future__ import annotations

import base64
import importlib
import json
from contextlib import suppress
from dataclasses import fields, is_dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.formats import SUFFIX
from inpaint_app.photofile.metadata.moment import Moment
from inpaint_app.photofile.photo import Encoded, Photo, Report
from inpaint_app.photofile.samples.native import Native
from inpaint_app.types import Image, Mask

PIXELS = ("rgb", "alpha")
STORED = ("samples", "palette")
_HOUSE = "inpaint_app.photofile."
HEADER_BYTES = 512 << 20
"""Longest JSON that is read: it holds the file's metadata, which are no longer than the file."""


class BrokenMessage(Exception):  # noqa: N818 - never seen outside
    """What came is no message, or ends early."""


def send(stream: BinaryIO, header: dict[str, Any], *arrays: NDArray[Any]) -> None:
    """Write a message."""
    described = [[one.dtype.str, list(one.shape)] for one in arrays]
    text = json.dumps({**header, "arrays": described}).encode()
    stream.write(len(text).to_bytes(8, "big") + text)
    for one in arrays:
        stream.write(np.ascontiguousarray(one).reshape(-1).view(np.uint8).data)
    stream.flush()


def receive(stream: BinaryIO, most: int) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Read a message whose arrays have at most `most` bytes together. Raises BrokenMessage."""
    length = int.from_bytes(_exactly(stream, 8), "big")
    if length > HEADER_BYTES:
        raise BrokenMessage("its header is too long")
    try:
        header = json.loads(_exactly(stream, length))
        described = [(np.dtype(kind), tuple(map(int, shape))) for kind, shape in header.pop("arrays")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise BrokenMessage(str(error)) from None
    sizes = [kind.itemsize * int(np.prod([float(side) for side in shape])) for kind, shape in described]
    if sum(sizes) > most or any(kind.hasobject or min(shape, default=0) < 0 for kind, shape in described):
        raise BrokenMessage("its arrays are larger than the photo may be")
    arrays = []
    for (kind, shape), size in zip(described, sizes, strict=True):
        array = np.empty(size, np.uint8)
        _into(stream, array.data)
        arrays.append(array.view(kind).reshape(shape))
    return header, arrays


def packed(photo: Photo, data: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """A photo as a header and arrays; without its source where that is `data`, which whoever asked has."""
    plain = {
        field.name: _plain(getattr(photo, field.name))
        for field in fields(photo)
        if field.name not in (*PIXELS, "source")
    }
    arrays: list[NDArray[Any]] = [getattr(photo, name) for name in PIXELS if getattr(photo, name) is not None]
    if photo.source != data:  # completed, because it broke off
        return {"photo": plain, "completed": True}, [*arrays, np.frombuffer(photo.source, np.uint8)]
    return {"photo": plain}, arrays


def packed_samples(
    native: Native, orientation: int, lossy: bool
) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """What `read.load_samples` gives as a header and arrays."""
    plain = {
        field.name: _plain(getattr(native, field.name))
        for field in fields(native)
        if field.name not in STORED
    }
    found = [getattr(native, name) for name in STORED if getattr(native, name) is not None]
    return {"samples": plain, "orientation": orientation, "lossy": lossy}, found


def unpacked_samples(header: dict[str, Any], arrays: list[NDArray[Any]]) -> tuple[Native, int, bool]:
    """The same again. Raises BrokenMessage where the header is none of samples."""
    try:
        values = {name: _again(value) for name, value in header["samples"].items()}
        stored: dict[str, Any] = dict(zip(STORED, arrays, strict=False))
        samples, palette = stored["samples"], stored.setdefault("palette", None)
        good = samples.ndim in (2, 3) and samples.dtype.kind in "buif" and samples.size > 0
        good &= palette is None or (
            palette.dtype == np.uint8 and palette.shape[1:] == (4,) and len(palette) <= 256
        )
        if not good:
            raise BrokenMessage("its samples are none")
        return Native(**stored, **values), int(header["orientation"]), bool(header["lossy"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenMessage(str(error)) from None


def unpacked(header: dict[str, Any], arrays: list[NDArray[Any]], source: bytes) -> Photo:
    """The photo again. Raises BrokenMessage where the header is none of a photo."""
    try:
        values = {name: _again(value) for name, value in header["photo"].items()}
        if header.get("completed"):
            source, arrays = arrays[-1].tobytes(), arrays[:-1]
        pixels: dict[str, Any] = dict(zip(PIXELS, arrays, strict=False))
        rgb, alpha = pixels["rgb"], pixels.setdefault("alpha", None)
        good = rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.size > 0
        good &= alpha is None or (alpha.dtype == np.uint8 and alpha.shape == rgb.shape[:2])
        if not good:
            raise BrokenMessage("its pixels are none")
        for one in arrays:
            one.flags.writeable = False
        return Photo(source=source, **pixels, **values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BrokenMessage(str(error)) from None


def packed_edit(photo: Photo, edited: Image, hole: Mask) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """A photo with its source, where its hole is, and what is in it; outside it `edited` is the photo."""
    header, arrays = packed(photo, b"")
    return header, [edited[hole], hole, *arrays]


def unpacked_edit(header: dict[str, Any], arrays: list[NDArray[Any]]) -> tuple[Photo, Image, Mask]:
    """The same again."""
    fill, hole, *others = arrays
    photo = unpacked(header, others, b"")
    edited = photo.rgb.copy()
    edited[hole] = fill
    return photo, edited, hole


def packed_file(done: Encoded) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """A written file."""
    return {"report": _plain(done.report), "suffix": done.suffix}, [np.frombuffer(done.data, np.uint8)]


def unpacked_file(header: dict[str, Any], arrays: list[NDArray[Any]]) -> Encoded:
    """The same again. Raises BrokenMessage where the header is none of a file."""
    try:
        report, suffix = _again(header["report"]), header["suffix"]
        if not isinstance(report, Report) or suffix not in SUFFIX.values():
            raise BrokenMessage("it tells of no file")
        return Encoded(arrays[0].tobytes(), report, suffix)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BrokenMessage(str(error)) from None


def unpacked_header(header: dict[str, Any], arrays: list[NDArray[Any]]) -> tuple[str, int, int]:
    """What `read.header_of` gives. Raises BrokenMessage where it is none of that."""
    try:
        format, width, height = header["header"]
        return str(format), int(width), int(height)
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenMessage(str(error)) from None


def unpacked_moment(
    header: dict[str, Any], arrays: list[NDArray[Any]]
) -> tuple[Moment | None, tuple[int, int]]:
    """What `read.moment_of` gives. Raises BrokenMessage where it is none of that."""
    try:
        moment, (width, height) = header["moment"]
        if moment is not None:
            camera, seconds = moment
            moment = Moment(tuple(map(str, camera)), float(seconds))
        return moment, (int(width), int(height))
    except (KeyError, TypeError, ValueError) as error:
        raise BrokenMessage(str(error)) from None


def _plain(value: Any) -> Any:
    """As JSON, with bytes, tuples and tables told apart."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, tuple):
        return {"tuple": [_plain(one) for one in value]}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {"table": [[_plain(key), _plain(one)] for key, one in value.items()]}
    if is_dataclass(value):
        kind = type(value)
        held = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"record": [kind.__module__.removeprefix(_HOUSE), kind.__name__, held]}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no form on the wire: add one here")


def _again(value: Any) -> Any:
    if isinstance(value, list):
        return [_again(one) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind == "bytes":
        return base64.b64decode(held, validate=True)
    if kind == "record":
        return _record(*held)
    if kind == "tuple":
        return tuple(_again(one) for one in held)
    return {_again(key): _again(one) for key, one in held}


def _record(module: str, name: str, held: dict[str, Any]) -> Any:
    """A record of this house, by name, and nothing else."""
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise BrokenMessage("it names no record")
    try:
        kind = getattr(importlib.import_module(_HOUSE + module), name, None)
    except ImportError:
        kind = None
    if not isinstance(kind, type) or not is_dataclass(kind):
        raise BrokenMessage("it names no record")
    return kind(**{field: _again(value) for field, value in held.items()})


def widened(*pipes: BinaryIO) -> None:
    """A pipe of a megabyte instead of 64 KB halves the time of pixels, where the system has such (Linux)."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        for pipe in pipes:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = bytearray(count)
    _into(stream, memoryview(data))
    return bytes(data)


def _into(stream: BinaryIO, view: memoryview) -> None:
    """Fill the view from a stream that is not buffered."""
    done = 0
    while done < len(view):
        got = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not got:
            raise BrokenMessage("it ends early")
        done += got
