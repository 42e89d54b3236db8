"""Removes people, cars and anything else from photos, and leaves every other pixel exactly as it was.

    import inpaint_app

    photo = inpaint_app.load("street.jpg")
    result = inpaint_app.remove(photo, objects=["people"])
    inpaint_app.save(photo, result, "clean.jpg")

Names resolve at first use, so that importing the package costs nothing.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inpaint_app.errors import (
        BackendError,
        Cancelled,
        CheckpointError,
        InpaintError,
        MaskError,
        MissingError,
        MissingPackage,
        MissingWeights,
        NothingFound,
        OptionError,
        PhotoError,
        PhotoTooLarge,
        SaveError,
        UnreadablePhoto,
    )
    from inpaint_app.photofile.photo import Photo, Saved
    from inpaint_app.removal.api import detect, load, prove, remove, save, select
    from inpaint_app.removal.session import Request, Session
    from inpaint_app.types import Box, Image, Instance, Mask, Progress, Result

_HOME = {
    "inpaint_app.removal.api": ("detect", "load", "prove", "remove", "save", "select"),
    "inpaint_app.errors": (
        "BackendError", "Cancelled", "CheckpointError", "InpaintError", "MaskError", "MissingError",
        "MissingPackage", "MissingWeights", "OptionError", "PhotoError", "PhotoTooLarge", "SaveError",
        "NothingFound", "UnreadablePhoto",
    ),
    "inpaint_app.photofile.photo": ("Photo", "Saved"),
    "inpaint_app.removal.session": ("Request", "Session"),
    "inpaint_app.types": ("Box", "Image", "Instance", "Mask", "Progress", "Result"),
}  # fmt: skip
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BackendError", "Box", "Cancelled", "CheckpointError", "Image", "InpaintError", "Instance", "Mask",
    "MaskError", "MissingError", "MissingPackage", "MissingWeights", "NothingFound", "OptionError",
    "Photo", "PhotoError", "PhotoTooLarge", "Progress", "Request", "Result", "SaveError", "Saved", "Session",
    "UnreadablePhoto", "detect", "load", "prove", "remove", "save", "select",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """A public name, from the module where it lives."""
    if name == "Job":
        warnings.warn("inpaint_app.Job is called Request since 0.2.0.", DeprecationWarning, stacklevel=2)
        name = "Request"
    if name not in _WHERE:
        raise AttributeError(f"module 'inpaint_app' has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(__all__)
