"""The editor: one component with our own canvas, carried by gr.HTML.

The photo stays on the server; the canvas works on a bounded preview and sends only what was brushed. Messages go to
Python as events of the component and come back as its value (see work.value), each with a number, so that nothing is
lost or done twice when several arrive together.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from inpaint_app.server.pictures import data_url

STATIC = Path(__file__).parent / "static"

SCRIPTS = (
    "icons.js", "dom.js", "words.js", "mask.js", "view.js", "select.js", "stage.js", "objects.js", "settings.js",
    "results.js", "compare.js", "proof.js", "shots.js", "strip.js", "intake.js", "keys.js", "studio.js",
)  # fmt: skip
"""In the order in which they are joined: each adds makers, the last one puts them together."""


STYLES = ("page.css", "studio.css", "studio-side.css", "narrow.css")
"""In the order in which they count."""


@cache
def static(name: str) -> str:
    """The text of a static file."""
    return (STATIC / name).read_text(encoding="utf-8")


def styles() -> str:
    """All of the page's CSS."""
    return "\n".join(static(name) for name in STYLES)


def studio(configuration: dict[str, Any], thumbs: dict[str, str]) -> gr.HTML:
    """The Remove tab's surface. configuration: what it draws its controls from; thumbs: sample photos by name.

    A function and no subclass, because Gradio writes a .pyi file beside every module that subclasses a component.
    """
    given = json.dumps({**configuration, "samples": thumbs}).replace("<", "\\u003c")
    scripts = "\n".join(static(name) for name in SCRIPTS)
    return gr.HTML(
        value={"events": [], "progress": None},
        html_template=static("studio.html"),
        js_on_load=f"const CONFIGURATION = {given};\n{scripts}",
        apply_default_css=False,
        elem_id="studio",
    )


def thumb(path: Path, side: int = 360) -> str:
    """A small picture of a file as a data URL, for the samples that the page offers."""
    from PIL import Image

    picture = Image.open(path)
    picture.draft("RGB", (side * 2, side * 2))
    return data_url(np.asarray(picture.convert("RGB")), side)
