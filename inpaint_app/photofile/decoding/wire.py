"""Values on their way between two processes: JSON and plain arrays. Nothing is pickled, so that reading runs nothing.

A message is its length (8 bytes, big-endian), that many bytes of JSON, then the arrays that the JSON names, raw.
"""

from __future__ import annotations

import importlib
import json
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inpaint_app.photofile.formats import SUFFIX
from inpaint_app.photofile.metadata.moment import Moment
from inpaint_app.photofile.photo import Encoded, Photo, Report
from inpaint_app.photofile.samples.native import Native

_HOUSE = "inpaint_app.photofile."
HEADER_BYTES = 512 << 20
"""Longest JSON that is read: it holds the file's words, which are no longer than the file."""


class BrokenMessage(Exception):  # noqa: N818 - never seen outside
    """What came is no message, or ends early."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer. kind: the name of an error of ours."""

    kind: str
    said: str


def send(stream: BinaryIO, value: Any) -> None:
    """Write a message: plain values, bytes, arrays and records of this house, in tuples, lists and tables."""
    arrays: list[NDArray[Any]] = []
    plain = _plain(value, arrays)
    described = [[one.dtype.str, list(one.shape)] for one in arrays]
    text = json.dumps({"value": plain, "arrays": described}).encode()
    stream.write(len(text).to_bytes(8, "big") + text)
    for one in arrays:
        stream.write(np.ascontiguousarray(one).reshape(-1).view(np.uint8).data)
    stream.flush()


def receive(stream: BinaryIO, most: int) -> Any:
    """Read a message whose arrays, read-only, have at most `most` bytes together. Raises BrokenMessage."""
    length = int.from_bytes(_exactly(stream, 8), "big")
    if length > HEADER_BYTES:
        raise BrokenMessage("its header is too long")
    try:
        header = json.loads(_exactly(stream, length))
        described = [(np.dtype(kind), tuple(map(int, shape))) for kind, shape in header["arrays"]]
        sizes = [kind.itemsize * int(np.prod([float(side) for side in shape])) for kind, shape in described]
        if sum(sizes) > most or any(kind.hasobject or min(shape, default=0) < 0 for kind, shape in described):
            raise BrokenMessage("its arrays are larger than the photo may be")
        arrays = {}
        for number, ((kind, shape), size) in enumerate(zip(described, sizes, strict=True)):
            array = np.empty(size, np.uint8)
            _into(stream, array.data)
            array.flags.writeable = False
            arrays[number] = array.view(kind).reshape(shape)
        return _again(header["value"], arrays)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise BrokenMessage(str(error)) from None


def _plain(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """As JSON, with tuples, tables and records told apart; arrays and bytes are laid aside."""
    if isinstance(value, bytes | np.ndarray):
        arrays.append(np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value)
        return {"bytes" if isinstance(value, bytes) else "array": len(arrays) - 1}
    if isinstance(value, tuple | list):
        held = [_plain(one, arrays) for one in value]
        return {"tuple": held} if isinstance(value, tuple) else held
    if isinstance(value, dict):
        return {"table": [[_plain(key, arrays), _plain(one, arrays)] for key, one in value.items()]}
    if is_dataclass(value):
        kind = type(value)
        named = {field.name: _plain(getattr(value, field.name), arrays) for field in fields(value)}
        return {"record": [kind.__module__.removeprefix(_HOUSE), kind.__name__, named]}
    if value is None or isinstance(value, str | int | float | bool):
        return value
    raise TypeError(f"{type(value).__name__} has no form on the wire: add one here")


def _again(value: Any, arrays: dict[int, NDArray[Any]]) -> Any:
    """The value again; each array is named once, so that a short message makes no long value."""
    if isinstance(value, list):
        return [_again(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    ((kind, held),) = value.items()
    if kind in ("array", "bytes"):
        array = arrays.pop(held)
        return array.tobytes() if kind == "bytes" else array
    if kind == "record":
        module, name, named = held
        return _record(module, name)(**{field: _again(one, arrays) for field, one in named.items()})
    if kind == "tuple":
        return tuple(_again(one, arrays) for one in held)
    return {_again(key, arrays): _again(one, arrays) for key, one in held}


def _record(module: str, name: str) -> type:
    """A record of this house, by name, and nothing else."""
    if not all(part.isidentifier() for part in (*module.split("."), name)):
        raise BrokenMessage("it names no record")
    try:
        kind = getattr(importlib.import_module(_HOUSE + module), name, None)
    except ImportError:
        kind = None
    if not isinstance(kind, type) or not is_dataclass(kind):
        raise BrokenMessage("it names no record")
    return kind


def answers(what: str, answer: Any) -> bool:
    """Whether a process, which could tell anything, tells what it was asked for."""
    match what, answer:
        case "load", Photo(rgb=np.ndarray() as rgb, alpha=alpha, source=bytes()):
            good = rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3 and rgb.size > 0
            clear = alpha is None or (isinstance(alpha, np.ndarray) and alpha.dtype == np.uint8)
            return good and clear and (alpha is None or alpha.shape == rgb.shape[:2])
        case "load_samples", (Native(samples=np.ndarray() as samples, palette=palette), int(), bool()):
            good = samples.ndim in (2, 3) and samples.dtype.kind in "buif" and samples.size > 0
            if not isinstance(palette, np.ndarray):
                return good and palette is None
            return good and palette.dtype == np.uint8 and palette.shape[1:] == (4,) and len(palette) <= 256
        case "header_of", (str(), int(), int()):
            return True
        case "moment_of", (None | Moment(camera=tuple(), seconds=float()), (int(), int())):
            return True
        case "encode", Encoded(data=bytes(), report=Report(), suffix=suffix):
            return suffix in SUFFIX.values()
    return False


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
