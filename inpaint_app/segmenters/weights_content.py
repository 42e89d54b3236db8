"""What a YOLO weight file says of itself, read from its pickle without running anything in it, at a bounded cost."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaint_app.errors import CheckpointError, MissingWeights, printable

INFLATED = 4
"""Bytes that an archive may unpack to for each of its own; torch.save stores, others pack a little."""

PICKLED_BYTES = 8 * 2**20
"""Longest pickle; yolov8n-seg's has 105 kB."""

OPCODES = 1_000_000
"""Most steps of a pickle; yolov8n-seg's has 43,259."""

CLASSES = 2000
"""Most classes that a pickle names; yolov8n-seg's names 24."""

LABELS = 10_000

WRITTEN = frozenset((
    "PROTO", "STOP", "MARK", "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINSTRING", "EMPTY_DICT", "EMPTY_LIST", "EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2",
    "TUPLE3", "APPEND", "APPENDS", "SETITEM", "SETITEMS", "BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET",
    "GLOBAL", "REDUCE", "NEWOBJ", "BUILD", "BINPERSID",
))  # fmt: skip
"""Steps that torch.save writes (protocol 2); no other is taken."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a weight file says of itself. labels: class names in the order of their numbers."""

    labels: tuple[str, ...]
    model: str


def content(path: Path) -> Content:
    """What a weight file holds, read without running anything in it.

    Raises MissingWeights where there is no such file, CheckpointError where it is no YOLO segmentation checkpoint.
    """
    if not path.is_file():
        raise MissingWeights(f"There is no weight file {path}: check INPAINT_YOLO_WEIGHTS.")
    stat = path.stat()
    return _content(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _content(path: Path, changed: int, size: int) -> Content:
    del changed  # it only keeps the cache honest
    try:
        pickled = _unpacked(path, size)
        _look_through(pickled)
        held = _Skeleton(io.BytesIO(pickled)).load()
        model = (held.get("ema") or held["model"]) if isinstance(held, dict) else None
        state = model.state if isinstance(model, _Inert) else {}
        labels = _labels(state["names"])
    except CheckpointError:
        raise
    except Exception as error:  # a crafted file can raise anything
        raise CheckpointError(
            f"{path.name} is no YOLO checkpoint ({type(error).__name__}): expected a .pt file as ultralytics "
            "saves it, such as yolov8n-seg.pt."
        ) from error
    kind = type(model).__name__
    if kind == "YOLOESegModel" and not _prompt_free(state):
        raise CheckpointError(
            f"{path.name} waits for words and brings none: take the prompt-free one, such as yoloe-11s-seg-pf.pt."
        )
    if "Segment" not in kind and kind != "YOLOESegModel":
        raise CheckpointError(
            f"{path.name} holds a {printable(kind)[:60]}, expected a segmentation model, such as yolov8n-seg.pt."
        )
    return Content(labels, kind)


def _prompt_free(state: Mapping[str, Any]) -> bool:
    """Whether the head of a YOLOE brings a vocabulary of its own (Wang et al. 2025)."""
    try:
        *_, head = state["_modules"]["model"].state["_modules"].values()
        return "lrpc" in head.state["_modules"]
    except (AttributeError, KeyError, TypeError, ValueError):
        return False


def _unpacked(path: Path, size: int) -> bytes:
    """The pickle of an archive that torch.save made, all of which is whole."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
            raise zipfile.BadZipFile("packed in another way than torch.save does")
        if sum(entry.file_size for entry in entries) > INFLATED * size:
            raise zipfile.BadZipFile("unpacks to far more than it has")
        inner = next(entry for entry in entries if entry.filename.endswith("/data.pkl"))
        if inner.file_size > PICKLED_BYTES:
            raise pickle.UnpicklingError(f"a pickle of {inner.file_size} bytes")
        if broken := archive.testzip():
            raise CheckpointError(f"{path.name} is damaged (in {printable(broken)[:60]}): fetch it anew.")
        return archive.read(inner)


def _look_through(pickled: bytes) -> None:
    """Raise UnpicklingError for a pickle that does what torch.save never writes, or costs what no checkpoint does.

    The unpickler makes room for the largest number under which anything is remembered, so none may run ahead.
    """
    steps = Counter[str]()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(pickled)):
        steps[opcode.name] += 1
        if opcode.name not in WRITTEN or number >= OPCODES or steps["GLOBAL"] > CLASSES:
            raise pickle.UnpicklingError(f"{opcode.name} as step {number}")
        if opcode.name in ("BINPUT", "LONG_BINPUT") and int(argument or 0) > number:
            raise pickle.UnpicklingError(f"remembers under {argument} at step {number}")


def _labels(names: Any) -> tuple[str, ...]:
    """The names of a model's classes, which are a table by number, or a list."""
    if not isinstance(names, dict | list) or len(names) > LABELS:
        raise ValueError("no names of classes")
    found = tuple(names[index] for index in range(len(names)))
    if not all(isinstance(name, str) and len(name) <= 200 for name in found):
        raise ValueError("names of classes that are no short texts")
    return tuple(printable(name) for name in found)


class _Inert:
    """Stands for any class that a pickle names: it keeps the state and does nothing."""

    state: dict[str, Any]

    def __new__(cls, *arguments: Any, **keywords: Any) -> _Inert:
        made = super().__new__(cls)
        made.state = {}
        return made

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state if isinstance(state, dict) else {}

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, value: Any) -> None:
        """Lists of unknown classes are filled through this."""

    extend = append

    def __hash__(self) -> int:
        return id(self)


class _Skeleton(pickle.Unpickler):
    """Reads a pickle's structure: whatever it names becomes inert, so that nothing of it can run."""

    def find_class(self, module: str, name: str) -> Any:
        """An inert class of that name; ordered dictionaries alone are real."""
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return type(name, (_Inert,), {"__module__": module})

    def persistent_load(self, pid: Any) -> Any:
        """Tensors stay in the archive."""
        return _Inert()
