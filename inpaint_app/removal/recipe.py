"""Recipes: everything needed to make the same removal again, to the same pixels, as one JSON text.

A recipe holds the mask before it was grown, the backend with all its options, what must not be copied from, the
versions that computed it, and the hashes of the photo and of the result. Page and command line write it; the command
line replays it. A recipe comes from anywhere, so it is read as hostile: bounded, typed, and never trusted for a size.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import metadata
from typing import Any

import numpy as np

from inpaint_app.backends import registry
from inpaint_app.backends.base import BackendSpec
from inpaint_app.errors import CheckpointError, MissingWeights, OptionError
from inpaint_app.imaging.packed_mask import packed, unpacked
from inpaint_app.models import checkpoints
from inpaint_app.photofile.photo import Photo, Report
from inpaint_app.removal.ensemble import MEMBERS
from inpaint_app.removal.ensemble import NAME as AUTO
from inpaint_app.removal.parts import KINDS
from inpaint_app.removal.pipeline import WIDEST
from inpaint_app.removal.session import Request
from inpaint_app.removal.shots import record, recorded, replayed
from inpaint_app.settings import Settings
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Mask, Result

VERSION = 2
"""Of the format. In a recipe of version 1 backends have the names of its time; other numbers are refused."""

MAX_BYTES = 64 * 2**20
"""Longest recipe that is read; a mask of 200 megapixels of noise is 25 MB, 33 MB in base64."""

DISTRIBUTIONS = {"patchmatch": "PyPatchMatch"}  # where it is not called as the module of BackendSpec.packages


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """One removal, as it was made.

    shape: (H, W) of the photo. mask, avoid: (H, W) bool. photo_sha256: of the photo's file; pixels_sha256: of the
    result's pixels, see `fingerprint`; "" where the recipe was made before the removal. app, libraries: versions.
    former: what the recipe calls the backend, where that has another name now. shots: of each further shot its name,
    its file's sha256, and what in it was left out, packed.
    """

    backend: str
    options: Mapping[str, Any]
    mask: Mask
    avoid: Mask | None = None
    grow: int | None = None
    feather: int | None = None
    wall: bool = False
    photo_name: str = ""
    photo_sha256: str = ""
    pixels_sha256: str = ""
    method: str = ""
    app: str = ""
    libraries: Mapping[str, str] = field(default_factory=dict)
    former: str = ""
    shots: tuple[tuple[str, str, Any], ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the photo."""
        return self.mask.shape[0], self.mask.shape[1]

    def request(self, given: Sequence[Shot] = ()) -> Request:
        """The request that does it again: `session.run(photo.rgb, recipe.request())`.

        given: the further shots that it was made with, known by their hashes; others beside them are left out.
        Raises OptionError where one is lacking, or the recipe knows of none.
        """
        return Request(
            shots=replayed(given, self.shots),
            mask=self.mask,
            avoid=self.avoid,
            backend=self.backend,
            grow=self.grow,
            feather=self.feather,
            options=self.options,
            wall=self.wall,
            retries=0,  # the seed is the one that came out best
        )

    def differences(self, photo: Photo, settings: Settings, result: Image | None = None) -> tuple[str, ...]:
        """What is not as it was, in sentences: the photo's file, the versions, and the pixels of `result`."""
        said = [f"{self.former} is called {self.backend} now"] if self.former else []
        if self.photo_sha256 and photo.sha256 != self.photo_sha256:
            said.append(
                f"the photo's file differs (recipe {self.photo_sha256[:12]}…, {photo.name} {photo.sha256[:12]}…)"
            )
        here = {"inpaint-app": _app_version(), **versions(registry.find(self.backend), settings)}
        there = {"inpaint-app": self.app, **self.libraries}
        for name, was in there.items():
            now = here.get(name, "not installed")
            if was and was != now:
                said.append(f"{name} differs (recipe {was}, here {now})")
        if result is not None and self.pixels_sha256:
            now = fingerprint(result)
            if now != self.pixels_sha256:
                said.append(f"the pixels differ (recipe {self.pixels_sha256[:12]}…, now {now[:12]}…)")
        return tuple(said)


def fingerprint(image: Image) -> str:
    """The sha256 of an image's size and pixels, (H, W, 3) uint8: the same for the same pixels in any file format."""
    digest = hashlib.sha256("x".join(map(str, image.shape)).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def make(
    photo: Photo, result: Result, request: Request, settings: Settings, report: Report | None = None
) -> str:
    """The recipe, as JSON text, of what `session.run(photo.rgb, request)` returned; `report` says how it was saved.

    settings: the session's, which say where the weights lie.
    """
    format, method = (report.format, report.method) if report else (photo.format, "")
    content = {
        "recipe": VERSION,
        "app": _app_version(),
        "libraries": versions(registry.find(result.backend), settings),
        "photo": {"name": photo.name, "sha256": photo.sha256, "width": photo.width, "height": photo.height},
        "backend": result.backend,
        "options": asdict(result.options),
        "grow": request.grow,
        "feather": request.feather,
        "wall": request.walled,
        "parts": {name: getattr(request, name) for name in KINDS},  # told: what went stands in the mask
        "mask": packed(result.hole),
        "avoid": None if result.avoid is None else packed(result.avoid),
        "shots": record(request.shots, result.behind),
        "result": {"sha256": fingerprint(result.image), "format": format, "method": method},
        "certificate": report.plain() if report else None,
    }
    return json.dumps(content, indent=1, allow_nan=False)


def versions(spec: BackendSpec, settings: Settings) -> dict[str, str]:
    """What can change a backend's pixels: the machine, NumPy, OpenCV, packages, weights; its guide's, its members."""
    found = {"machine": platform.machine()}
    names = ["numpy", "opencv-python", *(DISTRIBUTIONS.get(name, name) for name in spec.packages)]
    if spec.weights or spec.family in ("network", "diffusion"):
        names.append("torch")
    for name in dict.fromkeys(names):
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    for name in spec.weights:
        with suppress(CheckpointError, MissingWeights):
            found[f"weights {name}"] = checkpoints.entry(name, checkpoints.folder(settings)).sha256[:16]
    parts = MEMBERS if spec.name == AUTO else (spec.guide,) if spec.guide else ()
    for name in parts:
        found = {**versions(registry.find(name), settings), **found}
    return found


def _app_version() -> str:
    try:
        return metadata.version("inpaint-app")
    except metadata.PackageNotFoundError:
        return ""


def parse(text: str | bytes, shape: tuple[int, ...]) -> Recipe:
    """Read a recipe; `shape` is the (H, W, ...) of the photo that it is meant for.

    Raises OptionError, saying which field is wrong and what was expected, for whatever is no recipe of that photo.
    """
    content = _loaded(text)
    version = content.get("recipe")
    if version not in (1, VERSION) or isinstance(version, bool):
        raise OptionError(f"The recipe's version is {_shown(version)}, this app reads 1 and {VERSION}.")
    photo = _table(content, "photo")
    result = _table(content, "result", needed=False)
    height, width = _whole(photo, "height", 1, 2**20), _whole(photo, "width", 1, 2**20)
    if (height, width) != tuple(shape[:2]):
        raise OptionError(
            f"The recipe was made for a photo of {width}×{height} pixels, this one has {shape[1]}×{shape[0]}."
        )
    named = _text(content, "backend")
    spec = registry.find(registry.FINISHED.get(named, named) if version == 1 else named)
    options = _options(_table(content, "options", needed=False), spec)
    return Recipe(
        backend=spec.name,
        options=options,
        mask=unpacked(content.get("mask"), (height, width), "mask"),
        avoid=None if content.get("avoid") is None else unpacked(content["avoid"], (height, width), "avoid"),
        grow=_pixels(content, "grow"),
        feather=_pixels(content, "feather"),
        wall=content.get("wall") is True,
        photo_name=_text(photo, "name", ""),
        photo_sha256=_text(photo, "sha256", ""),
        pixels_sha256=_text(result, "sha256", ""),
        method=_text(result, "method", ""),
        app=_text(content, "app", ""),
        shots=recorded(content.get("shots")),
        former="" if named == spec.name else named,
        libraries={
            _short(name): _short(version)
            for name, version in _table(content, "libraries", needed=False).items()
        },
    )


def _loaded(text: str | bytes) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise OptionError(
            f"The recipe has {len(text) / 1e6:.0f} MB, expected at most {MAX_BYTES / 1e6:.0f} MB."
        )

    def refused(constant: str) -> Any:
        raise OptionError(f"The recipe holds {constant}, which is no number.")

    try:
        content = json.loads(text, parse_constant=refused)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
        raise OptionError(f"This is no recipe: expected JSON, but {reason}.") from None
    if not isinstance(content, dict):
        raise OptionError(f"This is no recipe: expected a JSON object, got {type(content).__name__}.")
    return content


def _shown(value: Any) -> str:
    return ascii(value)[:40]


def _short(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 200:
        raise OptionError(f"The recipe's libraries hold {_shown(value)}, expected names and versions.")
    return value


def _table(content: Mapping[str, Any], name: str, needed: bool = True) -> dict[str, Any]:
    value = content.get(name)
    if value is None and not needed:
        return {}
    if not isinstance(value, dict) or len(value) > 100:
        raise OptionError(f"The recipe's {name} is {_shown(value)}, expected an object.")
    return value


def _text(content: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = content.get(name, default)
    if not isinstance(value, str) or len(value) > 1000:
        raise OptionError(f"The recipe's {name} is {_shown(value)}, expected a text.")
    return value


def _whole(content: Mapping[str, Any], name: str, low: int, high: int) -> int:
    value = content.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise OptionError(
            f"The recipe's {name} is {_shown(value)}, expected a whole number, {low} to {high}."
        )
    return value


def _pixels(content: Mapping[str, Any], name: str) -> int | None:
    return None if content.get(name) is None else _whole(content, name, 0, WIDEST)


def _options(values: Mapping[str, Any], spec: BackendSpec) -> dict[str, Any]:
    """The options, checked as the backend checks them, so that a broken recipe fails before any work."""
    for name, value in values.items():
        finite = not isinstance(value, float) or math.isfinite(value)
        if not isinstance(value, bool | int | float | str) or not finite or len(str(value)[:5000]) > 2000:
            raise OptionError(
                f"The recipe's option {_shown(name)} is {_shown(value)}, expected a plain value."
            )
    spec.make_options(values)
    return dict(values)
