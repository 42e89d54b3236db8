"""Where YOLO's weights are, what a weight file holds, and how to fetch one. Imports neither torch nor ultralytics."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import shutil
import urllib.error
import urllib.request
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing, Progress

OWN = "own"
"""The name under which the file of INPAINT_YOLO_WEIGHTS serves."""

MEGABYTES = {
    "yolov8n-seg": 7.1,
    "yolov8s-seg": 23.9,
    "yolov8m-seg": 54.9,
    "yolov8l-seg": 92.4,
    "yolov8x-seg": 144.1,
}

ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/{name}.pt"
"""Where ultralytics itself takes its weights from."""

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 15.0
PIECE = 1 << 18


@dataclass(frozen=True, slots=True)
class Content:
    """What a weight file says of itself. labels: class names in the order of their numbers."""

    labels: tuple[str, ...]
    model: str


def locate(name: str, settings: Settings | None = None) -> Path | None:
    """The file that serves under `name`, or None: the setting first, then checkpoints/, then the user's cache.

    The setting's file serves as OWN, and under a model's name too where its file name begins with it.
    """
    settings = settings or Settings.from_environment()
    own = settings.yolo_weights
    if name == OWN:
        return own if own is not None and own.is_file() else None
    if own is not None and own.is_file() and own.stem.startswith(name):
        return own
    for folder in (settings.checkpoints or ROOT / "checkpoints", folder_of(settings)):
        file = folder / f"{name}.pt"
        if file.is_file():
            return file
    return None


def folder_of(settings: Settings) -> Path:
    """Where fetched weights are kept."""
    return settings.cache / "weights"


def missing(name: str) -> tuple[Missing, ...]:
    """What is not there for the segmenter of that name, and how to get it; empty when it is ready."""
    settings = Settings.from_environment()
    lacks = []
    if importlib.util.find_spec("ultralytics") is None:
        lacks.append(Missing("the Python package ultralytics", "pip install ultralytics"))
    if locate(name, settings) is not None:
        return tuple(lacks)
    if name == OWN:
        what = f"the weight file {settings.yolo_weights}" if settings.yolo_weights else "a weight file"
        return (*lacks, Missing(what, "point INPAINT_YOLO_WEIGHTS at a YOLO segmentation .pt file"))
    cure = f"fetch it in Models, or put {name}.pt into checkpoints/, or set INPAINT_YOLO_WEIGHTS"
    return (*lacks, Missing(f"the weight file {name}.pt", cure, MEGABYTES.get(name), fetch=name))


def fetch(name: str, progress: Progress | None = None, settings: Settings | None = None) -> Path:
    """Download the weights of that name into the user's cache and return the file.

    Goes on where a stopped download ended; the file appears under its name only when whole and checked. Raises
    MissingWeights when the network or the disk does not let it through, CheckpointError when what came is no
    segmentation model, Cancelled.
    """
    progress = progress or Progress()
    settings = settings or Settings.from_environment()
    present = locate(name, settings)
    if present is not None:
        progress(1.0, f"{name} is here")
        return present
    if name not in MEGABYTES:
        raise MissingWeights(f"{name!r} cannot be fetched. Known: {', '.join(MEGABYTES)}.")
    if settings.offline:
        raise MissingWeights(
            f"{name}.pt is not on this machine and INPAINT_OFFLINE forbids fetching it: put the file into checkpoints/."
        )
    folder = folder_of(settings)
    part = folder / f"{name}.pt.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _check_space(folder, name)
        _download(ADDRESS.format(name=name), part, name, progress)
    except Cancelled:
        raise
    except (OSError, ValueError) as error:
        raise MissingWeights(_said(name, error)) from error
    try:
        content(part)
    except CheckpointError:
        part.unlink(missing_ok=True)
        raise
    os.replace(part, folder / f"{name}.pt")
    progress(1.0, f"{name} is here")
    return folder / f"{name}.pt"


def _check_space(folder: Path, name: str) -> None:
    needed = MEGABYTES[name] * 1.1e6
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise MissingWeights(
            f"{name}.pt needs {needed / 1e6:.0f} MB, {folder} has {free / 1e6:.0f} MB left: free some, or set "
            "INPAINT_CACHE to another folder."
        )


def _download(address: str, part: Path, name: str, progress: Progress) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310
    try:
        reply = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310 - an https address, above
    except urllib.error.HTTPError as error:
        if (
            error.code == 416
        ):  # nothing beyond what is here: it is whole, or it is rubbish, and the check tells
            return
        raise
    with reply:
        resumed = reply.status == 206
        have = have if resumed else 0
        total = have + int(reply.headers.get("Content-Length") or MEGABYTES[name] * 1e6)
        with part.open("ab" if resumed else "wb") as file:
            while piece := reply.read(PIECE):
                file.write(piece)
                have += len(piece)
                progress(
                    min(0.99, have / total), f"Fetching {name}: {have / 1e6:.1f} of {total / 1e6:.1f} MB"
                )
    if reply.headers.get("Content-Length") and have < total:
        raise OSError(f"the connection ended after {have} of {total} bytes")


def _said(name: str, error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        reason = f"the server answered {error.code}"
    elif isinstance(error, urllib.error.URLError):
        reason = "there is no network here"
    else:
        reason = str(error) or type(error).__name__
    return (
        f"{name}.pt could not be fetched ({reason}): try again later, or put the file into checkpoints/ or at "
        "INPAINT_YOLO_WEIGHTS. Brushing works without it."
    )


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
    del changed, size  # they only keep the cache honest
    try:
        with zipfile.ZipFile(path) as archive:
            if broken := archive.testzip():
                raise CheckpointError(f"{path.name} is damaged (in {broken}): fetch it anew.")
            inner = next(entry for entry in archive.namelist() if entry.endswith("/data.pkl"))
            held = _Skeleton(io.BytesIO(archive.read(inner))).load()
        model = (held.get("ema") or held["model"]) if isinstance(held, dict) else None
        state = model.state if isinstance(model, _Inert) else {}
        names = state["names"]
        labels = tuple(str(names[index]) for index in range(len(names)))
    except (zipfile.BadZipFile, StopIteration, KeyError, pickle.UnpicklingError, EOFError, OSError) as error:
        raise CheckpointError(
            f"{path.name} is no YOLO checkpoint ({type(error).__name__}): expected a .pt file as ultralytics "
            "saves it, such as yolov8n-seg.pt."
        ) from error
    if "Segment" not in type(model).__name__:
        raise CheckpointError(
            f"{path.name} holds a {type(model).__name__}, expected a segmentation model, such as yolov8n-seg.pt."
        )
    return Content(labels, type(model).__name__)


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
