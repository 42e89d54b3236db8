"""What the tools are called, what goes in and what comes out, as JSON schemas."""

from __future__ import annotations

import dataclasses
from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.removal.parts import AUTO
from inpaint_app.removal.request import ARGUMENTS as SHARED
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import GROUPS
from inpaint_app.segmenters.selecting.gesture import MOST as MOST_GESTURES
from inpaint_app.server.endpoints.arguments import ENDPOINTS, REQUIRED
from inpaint_app.server.guard.limits import SHOTS
from inpaint_app.settings import Settings

NAMED = (
    "a data: address with base64, the path or the address of a file that was sent to this server (POST to "
    "/gradio_api/upload, form field 'files'), or a public http(s) address."
)


def tools(settings: Settings) -> tuple[dict[str, Any], ...]:
    """The three tools: name, title, description, inputSchema, outputSchema, annotations."""
    return (
        _tool(
            "detect",
            "Find objects in a photo",
            "Finds people, cars and other things in a photo. The report lists them: number, label, confidence, box "
            "(left, top, right, bottom, in pixels) and pixels. The file is a 16-bit PNG of the photo's size whose "
            "pixels are those numbers, 0 where nothing was found. Changes nothing.",
            {"type": "array", "items": FIND},
            settings,
        ),
        _tool(
            "remove_objects",
            "Remove kinds of things from a photo",
            "Finds every object of the kinds named and what is pointed at, removes them and fills the holes. The file "
            "is the photo in its own format with its metadata; pixels away from the removed things stay as they were, "
            "and the report counts them. Fails with a sentence where nothing of those kinds is found.",
            REPORT,
            settings,
        ),
        _tool(
            "remove_mask",
            "Remove what a mask covers from a photo",
            "Removes what is white in the mask and fills the hole. The file is the photo in its own format with its "
            "metadata; pixels away from the mask stay as they were, and the report counts them.",
            REPORT,
            settings,
        ),
    )


def _of(kind: str, description: str, **rules: Any) -> dict[str, Any]:
    return {"type": kind, **rules, "description": description}


def _described(asked: dataclasses.Field[Any]) -> dict[str, Any]:
    """An argument that all faces have (`request.ARGUMENTS`); where left out is automatic there is no default."""
    rules, default = asked.metadata, asked.default
    names = {"minimum": "minimum", "maximum": "maximum", "choices": "enum"}
    known: dict[str, Any] = {name: rules[word] for word, name in names.items() if rules[word] is not None}
    if "enum" in known:
        known["enum"] = [*known["enum"]]
    if default is not None:
        known["default"] = default
    kind = {bool: "boolean", str: "string", float: "number"}.get(type(default), "integer")
    words = rules["help"].replace("; auto:", "; left out,")
    return _of(kind, f"{words[0].upper()}{words[1:]}.", **known)


def _pointing(sides: tuple[str, ...], what: str) -> dict[str, Any]:
    return _of(
        "array",
        f"Things to remove that {what}: [{', '.join(sides)}] in pixels, or a list of such lists.",
        maxItems=max(MOST_GESTURES, len(sides)),
        items={"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
        default=[],
    )


ARGUMENTS: dict[str, dict[str, Any]] = {
    "photo": _of("string", f"The photo: {NAMED}"),
    "mask": _of(
        "string",
        "The mask, white (or painted, in a picture with alpha) where something is to go, of any size: "
        + NAMED,
    ),
    "objects": {
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
        "default": AUTO,
        "description": f"Kinds of things, such as 'people, dog': groups {', '.join(GROUPS)}, or any of COCO's 80 "
        "kinds. Left out: people, or alone what is pointed at or moves.",
    },
    "options": _of("object", "Options of the backend; all have a seed: {'seed': 1}.", default={}),
    **{name: _described(asked) for name, asked in SHARED.items()},
    "frame": _of(
        "integer",
        "Of an animation, a TIFF with pages or a HEIC with several pictures: which one is edited, from 1; 0 is the "
        "first. The others stay as they are.",
        minimum=0,
        default=0,
    ),
    "at": _pointing(("x", "y"), "lie at a pixel"),
    "box": _pointing(("left", "top", "right", "bottom"), "fill a box"),
    "shots": _of(
        "array",
        "Further shots of the photo's place, such as the next ones of a burst: what they show behind the removed is "
        f"taken before any fill, and the report tells how much. Each is {NAMED}",
        items={"type": "string"},
        maxItems=SHOTS,
        default=[],
    ),
}
"""What each argument is; `backend` and `segmenter` follow from the settings."""

FIND = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"},
        "label": {"type": "string"},
        "confidence": {"type": "number"},
        "box": {"type": "array", "items": {"type": "integer"}, "minItems": 4, "maxItems": 4},
        "pixels": {"type": "integer"},
        "of": {
            "type": ["integer", "null"],
            "description": "The number of the find that this one belongs to.",
        },
    },
    "required": ["number", "label", "confidence", "box", "pixels"],
}
REPORT = {
    "type": "object",
    "properties": {
        "backend": {"type": "string"},
        "seconds": {"type": "number"},
        "changed_known": {
            "type": "integer",
            "description": "Pixels outside the hole that the fill changed: 0.",
        },
        "hole_pixels": {"type": "integer"},
        "grow": {"type": "integer"},
        "feather": {"type": "integer"},
        "removed": {"type": "array", "items": FIND},
        "shots": {
            "type": ["object", "null"],
            "description": "How much of the hole the further shots showed, and how each fits.",
        },
        "file": {"type": "object", "description": "How the file was written, counted on the file itself."},
    },
    "required": ["backend", "seconds", "changed_known", "hole_pixels", "removed", "file"],
}


def _chosen(settings: Settings) -> dict[str, dict[str, Any]]:
    """The arguments that name a backend and a segmenter."""
    ready = [spec for spec in backends.BACKENDS if not spec.missing(settings)]
    told = " ".join(f"{spec.name}: {spec.summary.rstrip('.')}." for spec in ready)
    fills, finds = backends.BACKENDS, segmenters.specs(settings)
    return {
        "backend": _of(
            "string",
            f"What fills the hole. {told}",
            enum=[spec.name for spec in fills],
            default=backends.default(settings),
        ),
        "segmenter": _of(
            "string", "What finds. Left out, the best that is there.", enum=[spec.name for spec in finds]
        ),
    }


def _tool(
    name: str, title: str, description: str, report: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """A tool with the arguments of the endpoint of its name."""
    known, taken = {**ARGUMENTS, **_chosen(settings)}, ENDPOINTS[name]
    file = {"type": "string", "description": "Address of the file."}
    return {
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": {word: known[word] for word in taken},
            "required": [word for word in taken if word in REQUIRED],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"file": file, "report": report},
            "required": ["file", "report"],
        },
        "annotations": {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    }
