"""Where YOLO's weights are, and how to fetch one. Imports neither torch nor ultralytics."""

from __future__ import annotations

import importlib.util
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.segmenters.weights_content import content
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


def locate(name: str, settings: Settings) -> Path | None:
    """The file that serves under `name`, or None: the setting first, then checkpoints/, then the user's cache.

    The setting's file serves as OWN, and under a model's name too where its file name begins with it.
    """
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


def missing(name: str, settings: Settings) -> tuple[Missing, ...]:
    """What is not there for the segmenter of that name, and how to get it; empty when it is ready."""
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


def fetch(name: str, settings: Settings, progress: Progress | None = None) -> Path:
    """Download the weights of that name into the user's cache and return the file.

    Goes on where a stopped download ended; the file appears under its name only when whole and checked. Raises
    MissingWeights when the network or the disk does not let it through, CheckpointError when what came is no
    segmentation model, Cancelled.
    """
    progress = progress or Progress()
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
