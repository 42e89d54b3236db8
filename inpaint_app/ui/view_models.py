"""What the app knows → what the page shows: plain dictionaries, nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec, Expected
from inpaint_app.backends.diffusion.estimate import spoken
from inpaint_app.imaging.mask import hull
from inpaint_app.photofile.files import Photo, Report
from inpaint_app.removal.candidates import MOST
from inpaint_app.removal.session import CONFIDENCE
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import GROUPS, counted_words, plural
from inpaint_app.server import pictures
from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.settings import Settings
from inpaint_app.types import Instance, Missing, Result

EXAMPLES = {"wall.jpg": "the cone", "beach.jpg": "the ball", "hills.jpg": "the pole"}
"""Photos that the project made itself, with masks, and what the masks cover: one click opens one and removes that."""


def example(name: str) -> tuple[Path, Path]:
    """An example's photo and mask."""
    photo = Path(__file__).parent / "static" / "examples" / name
    return photo, photo.with_suffix(".png")


def samples() -> dict[str, Path]:
    """Photos to try by name: our examples, and those of the installed ultralytics, found without importing it."""
    known = {name: example(name)[0] for name in EXAMPLES}
    spec = find_spec("ultralytics")
    if spec is None or not spec.submodule_search_locations:
        return known
    folder = Path(next(iter(spec.submodule_search_locations))) / "assets"
    return known | {path.name: path for path in sorted(folder.glob("*.jpg"))}


def configuration(settings: Settings) -> dict[str, Any]:
    """Everything that the page draws its controls from."""
    return {
        "backends": [backend(spec, settings) for spec in backends.BACKENDS],
        "chosen": backends.default(settings),
        "sideBySide": side_by_side(settings),
        "segmenters": [
            {"name": spec.name, "title": spec.title, "lacks": missing_text(spec.missing(settings), settings)}
            for spec in segmenters.specs(settings)
        ],
        "confidence": CONFIDENCE,
        "candidates": MOST,
        "groups": {word: list(labels) for word, labels in GROUPS.items()},
        "previewSide": pictures.PREVIEW_SIDE,
        "examples": EXAMPLES,
    }


def side_by_side(settings: Settings) -> dict[str, Any]:
    """The three that are compared at one press: those that are ready, and a line on what the others take."""
    specs = [backends.find(name) for name in backends.SIDE_BY_SIDE]
    lacks = {spec.name: missing_text(spec.missing(settings), settings) for spec in specs}
    said = [
        f"{spec.title} is left out. {spec.summary.rsplit('. ', 1)[-1]} Now {lacks[spec.name]}."
        for spec in specs
        if lacks[spec.name]
    ]
    return {"names": [name for name, lack in lacks.items() if not lack], "lacks": " ".join(said)}


def backend(spec: BackendSpec, settings: Settings) -> dict[str, Any]:
    """A backend with its state and the controls of its options."""
    missing = spec.missing(settings)
    return {
        "name": spec.name,
        "title": spec.title,
        "summary": spec.summary,
        "group": spec.group,
        "slow": spec.slow,
        "seeded": spec.seeded,
        "lacks": missing_text(missing, settings),
        **_fetch(missing, settings),
        "options": [control(field) for field in dataclasses.fields(spec.options)],
    }


def _fetch(missing: Sequence[Missing], settings: Settings) -> dict[str, str]:
    """What one press fetches of a backend that lacks one thing: its name, size and terms; nothing where none does."""
    if len(missing) != 1 or not missing[0].fetched_within(settings.fetch_limit):
        return {}
    size = missing[0].megabytes or 0.0
    told = f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB"
    return {"fetch": str(missing[0].fetch), "size": told, "terms": missing[0].terms or missing[0].what}


def missing_text(missing: Iterable[Missing], settings: Settings) -> str:
    """What is missing and the cure, in one line; "" when it is ready."""
    said = "; ".join(f"{lack.what} is missing: {lack.cure}" for lack in missing)
    return without_paths(said, settings)


def control(field: dataclasses.Field[Any]) -> dict[str, Any]:
    """What a control for one option needs to know."""
    metadata = dict(field.metadata)
    return {
        "name": field.name,
        "label": field.name.replace("_", " ").capitalize(),
        "default": field.default,
        "kind": type(field.default).__name__,
        "help": metadata.get("help", ""),
        "minimum": metadata.get("minimum"),
        "maximum": metadata.get("maximum"),
        "step": metadata.get("step") or (1 if isinstance(field.default, int) else None),
        "choices": _choices(metadata, field.default),
    }


def _choices(metadata: dict[str, Any], default: Any) -> list[Any] | None:
    """What can be chosen; of an option that may name a file elsewhere, what a page may name."""
    listed = metadata.get("listed")
    chosen = (default, *listed) if listed else metadata.get("choices")
    return list(chosen) if chosen else None


def photo(given: Photo) -> dict[str, Any]:
    """The photo's facts."""
    width, height = pictures.preview_size(given.width, given.height)
    return {
        "name": given.name,
        "format": given.format,
        "width": given.width,
        "height": given.height,
        "previewWidth": width,
        "previewHeight": height,
        "megapixels": round(given.width * given.height / 1e6, 1),
        "bytes": len(given.source),
        "note": given.note,
        "frame": given.frame,
        "frames": given.frames,
    }


def found(instances: Iterable[Instance], size: tuple[int, int]) -> list[dict[str, Any]]:
    """Found objects with their outlines in preview pixels; size is the photo's (width, height)."""
    return [
        {
            "number": instance.number,
            "label": instance.label,
            "confidence": round(instance.confidence, 2),
            "polygons": pictures.outlines(instance, size),
            "area": int(instance.mask.sum()),
            "of": instance.of,
        }
        for instance in instances
    ]


def finds(instances: Sequence[Instance], photo: Photo, name: str, settings: Settings) -> dict[str, Any]:
    """All that the page is told of what the named segmenter found."""
    size = (photo.width, photo.height)
    said = finder(name, settings, instances, size)
    return {"instances": found(instances, size), "finder": said, **counted(instances)}


def finder(
    name: str, settings: Settings, found: Sequence[Instance] = (), size: tuple[int, int] = (1, 1)
) -> str:
    """Which segmenter looked and what is to be known about it, in a sentence or two; "" where none did."""
    if not name:
        return ""
    spec = segmenters.find(name, settings)
    larger = segmenters.larger(name, found, size, settings)
    crowd = (
        f"Many people here are small: {larger.title} sees more of them (Finder, Models)." if larger else ""
    )
    return f"Found by: {spec.title}. {spec.note} {crowd}".strip()


def removed(instances: Iterable[Instance], brushed: bool) -> str:
    """What was taken out, in words: "3 people, 1 bus"."""
    said = counted_words(instance.label for instance in instances)
    if brushed or not said:
        said = f"{said}, brushed area" if said else "brushed area"
    return said


def counted(instances: Sequence[Instance]) -> dict[str, Any]:
    """What was found in words ("Found 3 people, 1 bus."), and what more than one of each label is called."""
    labels = [instance.label for instance in instances]
    said = counted_words(labels)
    return {
        "said": f"Found {said}." if said else "",
        "plurals": {label: plural(label) for label in dict.fromkeys(labels)},
    }


def result(made: Result, key: str, title: str, what: str) -> dict[str, Any]:
    """The facts of one result; area: the windows that were worked on, in photo pixels."""
    return {
        "key": key,
        "backend": made.backend,
        "title": title,
        "what": what,
        "seconds": round(made.seconds, 2),
        "told": made.behind.told if made.behind else "",
        "changedKnown": made.changed_known,
        "grow": made.grow,
        "feather": made.feather,
        "windows": len(made.boxes),
        "area": list(hull(made.boxes)),
        "options": dataclasses.asdict(made.options),
    }


def estimate(told: Sequence[tuple[Expected, int]]) -> str:
    """What the chosen slow backends take for one hole, with the number of seeds of each; "" where there is none."""
    if not told:
        return ""
    times = [expected.seconds * seeds for expected, seeds in told if expected.seconds is not None]
    memory = max((expected.megabytes or 0.0 for expected, _ in told), default=0.0)
    held = f", {memory / 1000:.1f} GB" if memory else ""
    if not times:
        return "Minutes; the first run measures it"
    return f"About {spoken(sum(times))} a hole{held}" + (" and more" if len(times) < len(told) else "")


def certificate(report: Report) -> str:
    """How the file was written, in one sentence."""
    kept = f"{report.kept[:1].upper()}{report.kept[1:]}"
    return f"{kept}. Shown elsewhere in the file: {report.elsewhere}. {report.note}".strip()
