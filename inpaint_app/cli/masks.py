"""The mask of a photo on the command line: which file it is, and how it is to be taken."""

from __future__ import annotations

import argparse
from pathlib import Path

from inpaint_app.cli.console import Console
from inpaint_app.errors import UnreadablePhoto
from inpaint_app.imaging.mask_reader import Reading
from inpaint_app.mask_file import open_mask
from inpaint_app.photofile.photo import Photo
from inpaint_app.session import Session
from inpaint_app.types import Mask


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How a mask is taken where its picture could mean several things."""
    group = parser.add_argument_group("how the mask is read")
    group.add_argument("--invert-mask", action="store_true", help="what it would leave goes")
    group.add_argument(
        "--mask-as-is", action="store_true", help="take it though it covers nearly all, or looks like a photo"
    )
    fit = group.add_mutually_exclusive_group()
    fit.add_argument("--stretch-mask", action="store_true", help="fit it though its proportion is another")
    fit.add_argument("--letterbox-mask", action="store_true", help="cut off the bars at two of its sides")


def reading(arguments: argparse.Namespace) -> Reading:
    """What those arguments say."""
    return Reading(
        arguments.invert_mask, arguments.mask_as_is, arguments.stretch_mask, arguments.letterbox_mask
    )


def mask_of(
    photo: Photo, path: Path, arguments: argparse.Namespace, session: Session, console: Console
) -> Mask | None:
    """The mask for a photo: the given file, or the one in the given folder that has the photo's name."""
    given: Path | None = arguments.mask
    if given is None:
        return None
    if given.is_dir():
        fitting = [found for found in sorted(given.iterdir()) if found.stem == path.stem and found.is_file()]
        if not fitting:
            raise UnreadablePhoto(f"there is no mask {path.stem}.png (or another ending) in {given}")
        given = fitting[0]
    found = open_mask(
        given,
        photo.rgb.shape,
        orientation=photo.orientation,
        reading=reading(arguments),
        limits=session.limits,
    )
    if found.note:
        console.note(f"{path.name}: {found.note}")
    return found.mask
