"""What is given beside a photo on the command line: its mask, how that is taken, and further shots of its place."""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from inpaint_app.batch import masks_in
from inpaint_app.batch.naming import same_file
from inpaint_app.cli import streams
from inpaint_app.cli.console import Console
from inpaint_app.cli.parser import add_arguments
from inpaint_app.errors import OptionError, UnreadablePhoto
from inpaint_app.imaging.mask_reader import Reading
from inpaint_app.photofile.photo import Photo
from inpaint_app.removal.mask_file import open_mask
from inpaint_app.removal.request import READING
from inpaint_app.removal.session import Session
from inpaint_app.removal.shots import of_film, shot_of
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Mask

NOTHING = (
    "Nothing to remove: give --mask, --people, --bystanders, --cars, --objects dog, --at X,Y or --box L,T,R,B (or a "
    "--recipe, to remove)."
)


def add_reading(parser: argparse.ArgumentParser) -> None:
    """How a mask is taken where its picture could mean several things."""
    group = parser.add_argument_group("how the mask is read")
    add_arguments(group, "invert_mask", "mask_as_is")
    add_arguments(group.add_mutually_exclusive_group(), "stretch_mask", "letterbox_mask")


def reading(arguments: argparse.Namespace) -> Reading:
    """What those arguments say."""
    return Reading(**{field: getattr(arguments, name) for name, field in READING.items()})


def given(arguments: argparse.Namespace, session: Session) -> bytes | None:
    """The mask that comes through standard input, if one does. Raises OptionError where there is no such mask."""
    if arguments.mask is None:
        return None
    if str(arguments.mask) == streams.STREAM:
        return streams.taken_in(session.limits)
    if not arguments.mask.exists():
        raise OptionError(f"There is no mask {arguments.mask}.")
    return None


def mask_of(
    photo: Photo,
    path: Path,
    sent: bytes | None,
    arguments: argparse.Namespace,
    session: Session,
    console: Console,
) -> Mask | None:
    """The mask for a photo: what was sent, the given file, or the one in the given folder that has the photo's name."""
    source: Path | bytes | None = arguments.mask if sent is None else sent
    if source is None:
        return None
    if isinstance(source, Path) and source.is_dir():
        masks = masks_in(source, [path])
        if path not in masks:
            raise UnreadablePhoto(masks.missing(path))
        source = masks[path]
    found = open_mask(
        source,
        photo.rgb.shape,
        orientation=photo.orientation,
        reading=reading(arguments),
        limits=session.limits,
    )
    if found.note:
        console.note(f"{path.name}: {found.note}")
    return found.mask


def add_shots(parser: argparse.ArgumentParser) -> None:
    """Further shots of the photo's place, and what moves between them."""
    group = parser.add_argument_group("several shots of one place")
    group.add_argument(
        "--shots",
        nargs="+",
        type=Path,
        default=[],
        metavar="S",
        help="further shots of the photo's place: what they show behind the removed is taken before any fill",
    )
    group.add_argument(
        "--from-motion",
        action="store_true",
        help="frames of the film in a motion photo, or of the .mov beside a live photo, are its further shots",
    )
    add_arguments(group, "everything_that_moves")


def check_shots(arguments: argparse.Namespace) -> bool:
    """Whether they say what is to go; raises OptionError where they mean nothing clear."""
    if arguments.everything_that_moves and not (arguments.shots or arguments.from_motion):
        raise OptionError(
            "--everything-that-moves needs further shots of the place: --shots second.jpg third.jpg, or --from-motion."
        )
    if arguments.shots and (len(arguments.photos) > 1 or arguments.prove):
        raise OptionError("--shots goes with one PHOTO, whose place they all show, and without --prove.")
    return bool(arguments.everything_that_moves)


def shots(photo: Photo, at: Path, arguments: argparse.Namespace, session: Session) -> tuple[Shot, ...]:
    """The shots; the photo itself (`*.jpg` names it too) is none."""
    paths = [path for path in arguments.shots if not same_file(path, at)]
    frames = of_film(photo, at, session.limits) if arguments.from_motion else ()
    if not paths:
        return frames
    with ThreadPoolExecutor(session.settings.cores) as pool:
        return (*map(shot_of, pool.map(session.load, paths)), *frames)
