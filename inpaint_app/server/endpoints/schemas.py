"""What the tools are called, what goes in and what comes out, as JSON schemas."""

from __future__ import annotations

from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.removal.candidates import MOST
from inpaint_app.removal.parts import AUTO, CHOICES, KINDS
from inpaint_app.removal.session import CONFIDENCE
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import GROUPS
from inpaint_app.segmenters.selecting.gesture import MOST as MOST_GESTURES
from inpaint_app.server.guard.limits import SHOTS
from inpaint_app.settings import Settings

FILES = ("photo", "mask")
"""Arguments that name a file."""

NAMED = (
    "a data: address with base64, the path or the address of a file that was sent to this server (POST to "
    "/gradio_api/upload, form field 'files'), or a public http(s) address."
)


def tools(settings: Settings) -> tuple[dict[str, Any], ...]:
    """The three tools: name, title, description, inputSchema, outputSchema, annotations."""
    how = {
        "backend": _backend(settings),
        "options": OPTIONS,
        "grow": GROW,
        "feather": FEATHER,
        "candidates": CANDIDATES,
        "frame": FRAME,
        "exact": EXACT,
        "mark_edited": MARK_EDITED,
        "shots": SHOTS_GIVEN,
    }
    finding = {"confidence": SURE, "segmenter": _segmenter(settings)}
    return (
        _tool(
            "detect",
            "Find objects in a photo",
            "Finds people, cars and other things in a photo. The report lists them: number, label, confidence, box "
            "(left, top, right, bottom, in pixels) and pixels. The file is a 16-bit PNG of the photo's size whose "
            "pixels are those numbers, 0 where nothing was found. Changes nothing.",
            {"photo": PHOTO, **finding},
            ["photo"],
            {"type": "array", "items": FIND},
        ),
        _tool(
            "remove_objects",
            "Remove kinds of things from a photo",
            "Finds every object of the kinds named and what is pointed at, removes them and fills the holes. The file "
            "is the photo in its own format with its metadata; pixels away from the removed things stay as they were, "
            "and the report counts them. Fails with a sentence where nothing of those kinds is found.",
            {"photo": PHOTO, "objects": OBJECTS, **how, **finding, **PARTS, **POINTING, **MOVING},
            ["photo"],
            REPORT,
        ),
        _tool(
            "remove_mask",
            "Remove what a mask covers from a photo",
            "Removes what is white in the mask and fills the hole. The file is the photo in its own format with its "
            "metadata; pixels away from the mask stay as they were, and the report counts them.",
            {"photo": PHOTO, "mask": MASK, **how, **READING},
            ["photo", "mask"],
            REPORT,
        ),
    )


PHOTO = {"type": "string", "description": f"The photo: {NAMED}"}
MASK = {
    "type": "string",
    "description": "The mask, white (or painted, in a picture with alpha) where something is to go, of any size: "
    f"{NAMED}",
}
OBJECTS = {
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}],
    "default": AUTO,
    "description": f"Kinds of things, such as 'people, dog': groups {', '.join(GROUPS)}, or any of COCO's 80 kinds. "
    "Left out: people, or alone what is pointed at or moves.",
}
OPTIONS = {
    "type": "object",
    "default": {},
    "description": "Options of the backend; all have a seed: {'seed': 1}.",
}
GROW = {
    "type": "integer",
    "minimum": 0,
    "maximum": 4096,
    "description": "Pixels that the mask is widened by. Left out, the size of the hole decides.",
}
FEATHER = {
    "type": "integer",
    "minimum": 0,
    "maximum": 4096,
    "description": "Pixels of soft edge, inside what the mask was widened by. Left out, the size of the hole decides.",
}
CANDIDATES = {
    "type": "integer",
    "minimum": 1,
    "maximum": MOST,
    "default": 1,
    "description": "Fills to make with different seeds; the best one comes back.",
}
FRAME = {
    "type": "integer",
    "minimum": 0,
    "default": 0,
    "description": "Of an animation, a TIFF with pages or a HEIC with several pictures: which one is edited, from 1; 0 "
    "is the first. The others stay as they are.",
}
EXACT = {
    "type": "boolean",
    "default": False,
    "description": "Write so that no known pixel changes: PNG, TIFF or lossless WebP.",
}
MARK_EDITED = {
    "type": "boolean",
    "default": False,
    "description": "State in the file's XMP that it was edited (IPTC's digital source type).",
}
PARTS = {
    name: {"type": "string", "enum": [*CHOICES], "default": AUTO, "description": f"Whether {kind.help}."}
    for name, kind in KINDS.items()
}
POINTING = {
    word: {
        "type": "array",
        "maxItems": max(MOST_GESTURES, len(sides)),
        "items": {"anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}}]},
        "default": [],
        "description": f"Things to remove that {what}: [{', '.join(sides)}] in pixels, or a list of such lists.",
    }
    for word, sides, what in (
        ("at", ("x", "y"), "lie at a pixel"),
        ("box", ("left", "top", "right", "bottom"), "fill a box"),
    )
}
READING = {
    "invert_mask": {"type": "boolean", "default": False, "description": "Remove what the mask leaves."},
    "stretch_mask": {
        "type": "boolean",
        "default": False,
        "description": "Fit a mask of another proportion by stretching it.",
    },
    "letterbox_mask": {
        "type": "boolean",
        "default": False,
        "description": "Cut the bars off that make the mask another proportion.",
    },
    "mask_as_is": {
        "type": "boolean",
        "default": False,
        "description": "Take a mask that covers nearly all, or looks like a photo, as it is.",
    },
}
SHOTS_GIVEN = {
    "type": "array",
    "items": {"type": "string"},
    "maxItems": SHOTS,
    "default": [],
    "description": "Further shots of the photo's place, such as the next ones of a burst: what they show behind the "
    f"removed is taken before any fill, and the report tells how much. Each is {NAMED}",
}
MOVING = {
    "everything_that_moves": {
        "type": "boolean",
        "default": False,
        "description": "Remove what is gone in the shots; no detector is asked unless objects are named.",
    }
}
SURE = {
    "type": "number",
    "minimum": 0,
    "maximum": 1,
    "default": CONFIDENCE,
    "description": "How sure a find must be.",
}
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


def _backend(settings: Settings) -> dict[str, Any]:
    return {
        "type": "string",
        "enum": [spec.name for spec in backends.BACKENDS],
        "default": backends.default(settings),
        "description": "What fills the hole. "
        + " ".join(
            f"{spec.name}: {spec.summary.rstrip('.')}."
            for spec in backends.BACKENDS
            if not spec.missing(settings)
        ),
    }


def _segmenter(settings: Settings) -> dict[str, Any]:
    return {
        "type": "string",
        "enum": [spec.name for spec in segmenters.specs(settings)],
        "description": "What finds. Left out, the best that is there.",
    }


def _tool(
    name: str,
    title: str,
    description: str,
    properties: dict[str, Any],
    required: list[str],
    report: dict[str, Any],
) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": {
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {
                "file": {"type": "string", "description": "Address of the file."},
                "report": report,
            },
            "required": ["file", "report"],
        },
        "annotations": {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False},
    }
