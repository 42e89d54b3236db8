"""Photos to measure on: a folder, a tar or a zip, scaled and cut as a report did it. Nothing is ever downloaded."""

from __future__ import annotations

import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.errors import OptionError, PhotoTooLarge, UnreadablePhoto, printable
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Limits
from inpaint_app.types import Image

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".heic", ".avif"})
CROPS = ("square", "stretch", "fit")
_tar_lock = threading.Lock()


METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
"""Ways of packing that are read; LZMA's header may ask for gigabytes."""

NAMES_BYTES = 16_000_000
"""Longest list of a zip's entries; read, it takes ten times as much memory. 100,000 photos have a list of 10 MB."""

BROKEN = (OSError, EOFError, RuntimeError, ValueError, zipfile.BadZipFile, tarfile.TarError, zlib.error)
"""What an archive can raise: NotImplementedError and names that are no UTF-8 among them."""


@lru_cache(maxsize=2)
def _archive(path: Path) -> tarfile.TarFile:
    """The open archive, so that its index is read once."""
    return tarfile.open(path)


@dataclass(frozen=True, slots=True)
class PhotoRef:
    """One photo of a set: `path` is its file, or the tar or zip file that holds it as `member`."""

    name: str
    path: Path
    member: str = ""

    def read(
        self, limits: Limits, load: Callable[[Path | bytes, str | None], files.Photo] | None = None
    ) -> Image:
        """The photo as (H, W, 3) uint8; raises PhotoError where it cannot be read.

        load: what opens it, given its name too; by default `files.load`.
        """
        load = load or (lambda source, name: files.load(source, name=name, limits=limits))
        if not self.member:
            return load(self.path, None).rgb
        return load(_unpacked(self.path, self.member, limits), self.name).rgb


@dataclass(frozen=True, slots=True)
class Preset:
    """A data set as a report used it. Sizes are the reports'; `crop` is ours where the report does not say.

    inside: where in the data set's own layout its test photos lie, tried in turn; the folder itself otherwise.
    holes: what the report cut. note: what is not as in the report.
    """

    title: str
    report: str
    size: int
    crop: str
    holes: tuple[str, ...]
    inside: tuple[str, ...] = ()
    note: str = ""


_CUT = "the report does not say how it cut its photos: the central square is taken"

PRESETS: Mapping[str, Preset] = {
    "celeba-hq": Preset(
        "CelebA-HQ", "000", 128, "square", ("square:64/128",), ("CelebA-HQ-img", "celeba_hq_256"),
        "square already; the report's own figures are on its training photos",
    ),
    "cityscapes": Preset("Cityscapes", "000", 128, "square", ("square:64/128",), ("leftImg8bit/val",), _CUT),
    "places365": Preset(
        "Places365", "000", 128, "square", ("square:64/128",), ("val_256", "val_large"), _CUT
    ),
    "places-256": Preset(
        "Places", "002", 256, "square", ("square:64/256",), ("val_256", "val_large"), "2,000 test photos",
    ),
    "miniplaces": Preset(
        "MiniPlaces", "004", 128, "square", ("square:64/128",), ("images/val", "val"),
        "10,000 photos, 128 px and square already",
    ),
    "paris-streetview": Preset(
        "Paris StreetView", "000 (after Pathak et al. 2016)", 128, "square", ("square:64/128",),
        ("paris_eval_gt", "paris_eval"), "100 photos, 227 px and square already",
    ),
    "animals": Preset(
        "ANIMALS", "001", 256, "square", ("square:128/256", "mosaic:128/256"), ("animals/animals", "animals"),
        "450 test photos whose list and size the report does not give; " + _CUT,
    ),
    "imagenet": Preset(
        "ImageNet", "001", 256, "square", ("square:128/256", "mosaic:128/256"),
        ("ILSVRC/Data/CLS-LOC/val", "val"), _CUT,
    ),
    "celeba": Preset(
        "CelebA", "003", 64, "stretch",
        ("square:20/64", "square:10/64", "square:30/64", "circle:20/64", "squares:10x2/64", "equal-area:20/64"),
        ("img_align_celeba",), "aligned and cropped photos, resized as they are",
    ),
    "dtd": Preset("DTD", "003", 64, "stretch", ("square:20/64",), ("images",), "resized as they are"),
    "pets": Preset("Oxford-IIIT Pets", "003", 64, "stretch", ("square:20/64",), ("images",), "resized as they are"),
}  # fmt: skip
"""The reports' data sets. Each points into a folder that the user has; none comes with the app."""


def preset(name: str) -> Preset:
    """The preset of that name; raises OptionError that lists them."""
    if name not in PRESETS:
        raise OptionError(f"There is no data set preset {name!r}. Known: {', '.join(PRESETS)}.")
    return PRESETS[name]


def photos(
    source: Path,
    *,
    limit: int | None = None,
    seed: int = 0,
    like: Preset | None = None,
    only: str | None = None,
) -> tuple[PhotoRef, ...]:
    """The photos of a folder (with its subfolders), a tar or a zip file, by name.

    only: a pattern such as "crfill_*" for the name. limit: so many of them, drawn by the seed. Raises OptionError where
    there is none.
    """
    if source.is_dir():
        inside = [source / part for part in (like.inside if like else ()) if (source / part).is_dir()]
        root = inside[0] if inside else source
        found = [
            PhotoRef(printable(path.relative_to(root).as_posix()), path)
            for path in sorted(root.rglob("*"))
            if _is_photo(path)
        ]
    elif source.is_file() and (tarfile.is_tarfile(source) or zipfile.is_zipfile(source)):
        found = [PhotoRef(printable(name), source, name) for name in _members(source)]
    else:
        raise OptionError(f"{source} is neither a folder nor a tar or zip file of photos.")
    if only:
        found = [photo for photo in found if fnmatchcase(photo.name, only)]
    if not found:
        raise OptionError(f"There is no photo{f' named {only}' if only else ''} in {source}.")
    if limit is None or limit >= len(found):
        return tuple(found)
    chosen = np.random.default_rng([seed, 7]).permutation(len(found))[:limit]
    return tuple(found[index] for index in sorted(chosen))


def gathered(sources: Iterable[Path]) -> tuple[PhotoRef, ...]:
    """The photos of several folders, archives and single files; where names are the same, the later are numbered.

    An archive is a zip alone: a tar packed as a whole has to be unpacked before it is known what is in it.
    Raises OptionError for a folder or an archive without photos; a single file may be anything, and fails when read.
    """
    found: dict[str, PhotoRef] = {}
    for source in sources:
        single = source.suffix.lower() != ".zip" and not source.is_dir()
        if not single and source.is_file() and not zipfile.is_zipfile(source):
            raise OptionError(f"{source.name} is no zip file of photos: pack it again.")
        for photo in (PhotoRef(printable(source.name), source),) if single else photos(source):
            name, number = photo.name, 1
            while name in found:
                number += 1
                name = f"{photo.name} ({number})"
            found[name] = PhotoRef(name, photo.path, photo.member)
    return tuple(found.values())


def _members(path: Path) -> list[str]:
    """The photos in a tar or zip file, by name."""
    try:
        if zipfile.is_zipfile(path):
            with path.open("rb") as file:
                if zipfile._EndRecData(file)[5] > NAMES_BYTES:  # type: ignore[attr-defined]
                    raise ValueError("it lists too many files")
            with zipfile.ZipFile(path) as packed:
                names = sorted(entry.filename for entry in packed.infolist() if not entry.is_dir())
        else:
            with tarfile.open(path) as archive:
                names = sorted(member.name for member in archive if member.isfile())
    except BROKEN as error:
        raise OptionError(f"{path.name} is damaged ({error}): pack it again.") from error
    return [
        name
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not Path(name).name.startswith((".", "__MACOSX"))
    ]


def _unpacked(path: Path, member: str, limits: Limits) -> bytes:
    """A member's bytes; no more than a photo may have, however small it is packed."""
    most = int(limits.megabytes * 1e6)
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                if packed.getinfo(member).compress_type not in METHODS:
                    raise NotImplementedError("packed in a way that is not read here")
                with packed.open(member) as stream:
                    data = stream.read(most + 1)
        else:
            with _tar_lock:
                held = _archive(path).extractfile(member)
                data = held.read(most + 1) if held else b""
    except BROKEN as error:
        raise UnreadablePhoto(
            f"{member} cannot be unpacked ({error}): pack it again, as a usual zip without a password."
        ) from error
    if len(data) > most:
        raise PhotoTooLarge(f"{member} has more than {most / 1e6:.0f} MB unpacked: leave it out.")
    return data


def _is_photo(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")


def fitted(image: Image, size: int | None, crop: str = "square") -> Image:
    """The photo as it is measured on.

    square: its central square, size×size. stretch: size×size without regard to its form. fit: longer side = size.
    size None: as it is (square still cuts nothing then).
    """
    if crop not in CROPS:
        raise OptionError(f"crop is {crop!r}, expected one of {', '.join(CROPS)}.")
    if size is None:
        return image
    height, width = image.shape[:2]
    if crop == "square":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    target = (size, size)
    if crop == "fit":
        scale = size / max(height, width)
        target = (max(1, round(width * scale)), max(1, round(height * scale)))
    if (image.shape[1], image.shape[0]) == target:
        return np.ascontiguousarray(image)
    smaller = target[0] < image.shape[1]
    scaled = cv2.resize(image, target, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.asarray(scaled, dtype=np.uint8)
