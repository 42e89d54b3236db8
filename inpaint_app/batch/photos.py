"""Which photos a batch is about: those of a folder, or those that a list names; their masks; what rows call them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inpaint_app.batch.naming import beside, key
from inpaint_app.errors import OptionError, printable

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".avif", ".heic", ".heif", ".ppm", ".pgm", ".pnm", ".jp2"}
)
"""What is taken for a photo in a folder, by its name; what it is decides its content."""

MAX_LIST_BYTES = 256 * 2**20
"""Longest list that is read: some millions of names."""


def photos_in(
    folder: Path,
    recursive: bool = False,
    without: Iterable[Path] = (),
    suffixes: frozenset[str] = SUFFIXES,
) -> tuple[Path, ...]:
    """The photos of a folder by name, sorted. Links that lead out of the folder are not followed.

    What systems and programs lay beside photos (._a.jpg, .thumbnails/, @eaDir/, a.jpg.xmp) is passed over, and so is
    `without`, files and folders: those of the results and of the masks, where they are within this one.
    """
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder of photos.")
    root = folder.resolve()
    left = [path.resolve() for path in without if path.resolve() != root]
    found = []
    for path in sorted(folder.rglob("*") if recursive else folder.iterdir()):
        if path.suffix.lower() not in suffixes or any(beside(p) for p in path.relative_to(folder).parts):
            continue
        real = path.resolve()
        apart = any(real.is_relative_to(other) for other in left)
        if path.is_file() and real.is_relative_to(root) and not apart:
            found.append(path)
    return tuple(found)


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
        else:
            with source.open("rb") as stream:  # which may be a pipe: a shell's <(…)
                data = stream.read(MAX_LIST_BYTES + 1)
            if len(data) > MAX_LIST_BYTES:
                raise OptionError(f"{source} is too large for a list of photos.")
            text, folder = data.decode("utf-8-sig"), source.parent
        if "\0" in text:
            raise OptionError(f"{source} is no list of photos: no path holds a zero byte.")
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


class Masks(dict[Path, Path]):
    """The mask of each photo that has one. place: where they were looked for."""

    def __init__(self, found: Mapping[Path, Path], place: str) -> None:
        super().__init__(found)
        self.place = place

    def missing(self, photo: Path) -> str:
        """What was looked for in vain."""
        return (
            f"Nothing is marked: there is no mask {photo.stem}.png (or with another ending) in {self.place} for "
            f"{photo.name}."
        )


def masks_in(given: Path, photos: Iterable[Path], root: Path | None = None) -> Masks:
    """For each photo its mask in a folder, which may hold folders as the photos' own does below `root`.

    Where `given` is a file, that is the mask of all. Raises OptionError where it is neither.
    """
    if given.is_file():
        return Masks(dict.fromkeys(photos, given), str(given))
    if not given.is_dir():
        raise OptionError(f"There is no mask and no folder of masks {given}.")
    seen: dict[Path, dict[str, Path]] = {}
    found: dict[Path, Path] = {}
    for photo in photos:
        inside = root is not None and photo.is_relative_to(root)
        within = photo.parent.relative_to(root) if inside and root is not None else Path()
        for place in (given, given / within):
            if place not in seen:
                seen[place] = _by_stem(photos_in(place)) if place.is_dir() else {}
            mask = _named(photo, seen[place])
            found |= {} if mask is None else {photo: mask}
    return Masks(found, str(given))


def masks_among(masks: Sequence[Path], photos: Sequence[Path]) -> Masks:
    """For each photo its mask among files that were given; a single mask with another name is the mask of all."""
    known = _by_stem(masks)
    found = {photo: mask for photo in photos if (mask := _named(photo, known)) is not None}
    if len(masks) == 1 and not found:
        found = dict.fromkeys(photos, masks[0])
    return Masks(found, "the masks")


def _by_stem(masks: Iterable[Path]) -> dict[str, Path]:
    return {key(path.stem): path for path in reversed(list(masks))}


def _named(photo: Path, masks: Mapping[str, Path]) -> Path | None:
    """The mask that has a photo's name: a.png for a.jpg; a_mask.png, a-mask.png and a.jpg.png count too.

    However its accents are composed, and whatever the case of its letters.
    """
    for stem in (photo.stem, f"{photo.stem}_mask", f"{photo.stem}-mask", f"{photo.stem}.mask", photo.name):
        if key(stem) in masks:
            return masks[key(stem)]
    return None


def labels(photos: Sequence[Path], root: Path | None) -> list[str]:
    """What rows call the photos, each in one printable line; a name that comes again gets (2), (3), … behind it."""
    found: list[str] = []
    seen: Counter[str] = Counter()
    for photo in photos:
        inside = root is not None and photo.is_relative_to(root)
        name = printable(photo.relative_to(root).as_posix() if inside and root is not None else photo.name)
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
