"""Where the weights of YOLO and SAM are and come from. Imports neither torch nor ultralytics."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from inpaint_app.models.checkpoints import WeightFile
from inpaint_app.settings import Settings
from inpaint_app.types import Missing

OWN = "own"
"""The name under which the file of INPAINT_YOLO_WEIGHTS serves."""

MEGABYTES = {
    "yolov8n-seg": 7.1,
    "yolov8s-seg": 23.9,
    "yolov8m-seg": 54.9,
    "yolov8l-seg": 92.4,
    "yolov8x-seg": 144.1,
    "yoloe-11s-seg-pf": 31.5,
}

ADDRESS = "https://github.com/ultralytics/assets/releases/download/v8.4.0/{name}.pt"
"""Where ultralytics itself takes its weights from."""

PROMPTED = {
    "mobile-sam": WeightFile(
        "mobile_sam.pt",
        "https://raw.githubusercontent.com/ChaoningZhang/MobileSAM/f706ad9c4eb7f219c00d9050e46328518ffb65d2/"
        "weights/mobile_sam.pt",
        40_728_226,
        "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
        "Apache-2.0, from github.com/ChaoningZhang/MobileSAM; trained on SA-1B, whose photos are for research",
    ),
}
"""What outlines the thing that is pointed at. Second-hand, see docs/decisions/removers.md."""


def locate(name: str, settings: Settings) -> Path | None:
    """The file that serves under `name`, or None: the setting first, then checkpoints/, then the user's cache.

    The setting's file serves as OWN, and under a model's name too where its file name begins with it.
    """
    own = settings.yolo_weights
    if name == OWN:
        return own if own is not None and own.is_file() else None
    if own is not None and own.is_file() and own.stem.startswith(name):
        return own
    files = (folder / f"{name}.pt" for folder in settings.weight_folders)
    return next((file for file in files if file.is_file()), None)


def missing(name: str, settings: Settings) -> tuple[Missing, ...]:
    """What is not there for the segmenter of that name, and how to get it; empty when it is ready."""
    lacks = _package()
    if locate(name, settings) is not None:
        return tuple(lacks)
    if name == OWN:
        what = f"the weight file {settings.yolo_weights}" if settings.yolo_weights else "a weight file"
        return (*lacks, Missing(what, "point INPAINT_YOLO_WEIGHTS at a YOLO segmentation .pt file"))
    cure = f"fetch it in Models, or put {name}.pt into checkpoints/, or set INPAINT_YOLO_WEIGHTS"
    return (*lacks, Missing(f"the weight file {name}.pt", cure, MEGABYTES.get(name), fetch=name))


def prompted_missing(name: str, settings: Settings) -> tuple[Missing, ...]:
    """The same for what outlines the thing that is pointed at."""
    return (*_package(), *PROMPTED[name].missing(name, settings))


def _package() -> list[Missing]:
    if importlib.util.find_spec("ultralytics") is not None:
        return []
    return [Missing("the Python package ultralytics", "pip install ultralytics")]
