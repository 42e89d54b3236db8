"""Which photos a batch is about: those of a folder, or those that a list names; their masks; what rows call them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from inpaint_app.errors import OptionError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".avif", ".heic", ".heif", ".ppm", ".pgm", ".pnm", ".jp2"}
)
"""What is taken for a photo in a folder, by its name; what it is decides its content."""

MAX_LIST_BYTES = 256 * 2**20
"""Longest list that is read: some millions of names."""


def photos_in(folder: Path, recursive: bool = False) -> tuple[Path, ...]:
    """The photos of a folder by name, sorted. Links that lead out of the folder are not followed."""
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder of photos.")
    root = folder.resolve()
    return tuple(
        path
        for path in sorted(folder.rglob("*") if recursive else folder.iterdir())
        if path.suffix.lower() in SUFFIXES and path.is_file() and path.resolve().is_relative_to(root)
    )


def listed(source: Path) -> tuple[Path, ...]:
    """The photos that a text names, a path a line, in its order; `-` reads stdin.

    Paths count from the list's folder (stdin: from the current one). Blank lines, lines that begin with # and a path
    that comes again are left out. A path that is not there is kept: its photo fails by itself. Raises OptionError.
    """
    try:
        if str(source) == "-":
            text, folder = sys.stdin.read(MAX_LIST_BYTES), Path()
        elif source.suffix.lower() in SUFFIXES:
            raise OptionError(
                f"{source} is a photo: give a folder or a list of photos, or use the command remove."
            )
        elif source.stat().st_size > MAX_LIST_BYTES:
            raise OptionError(f"{source} is too large for a list of photos.")
        else:
            text, folder = source.read_text(encoding="utf-8-sig"), source.parent
    except UnicodeDecodeError:
        raise OptionError(
            f"{source} is no list of photos: expected a text in UTF-8, a path a line."
        ) from None
    except FileNotFoundError:
        raise OptionError(f"There is no folder and no list {source}.") from None
    except OSError as error:
        raise OptionError(f"The list {source} cannot be read: {error.strerror or error}.") from error
    lines = (line.strip() for line in text.splitlines())
    return tuple(dict.fromkeys(folder / line for line in lines if line and not line.startswith("#")))


def masks_in(folder: Path, photos: Iterable[Path]) -> dict[Path, Path]:
    """For each photo the mask of that folder that has its name, whatever the ending; photos without are left out."""
    masks = {path.stem: path for path in reversed(photos_in(folder))}
    return {photo: masks[photo.stem] for photo in photos if photo.stem in masks}


def labels(photos: Sequence[Path], root: Path | None) -> list[str]:
    """What rows call the photos; a name that comes again gets (2), (3), … behind it."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    for photo in photos:
        inside = root is not None and photo.is_relative_to(root)
        name = photo.relative_to(root).as_posix() if inside and root is not None else photo.name
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
