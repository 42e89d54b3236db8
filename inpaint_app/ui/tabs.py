"""What the tabs of forms share: a line that tells how far the work is, and files as addresses."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from inpaint_app.ui.visits import Visits

IDLE = ""


def heading(title: str, lead: str) -> None:
    """Draw a tab's title and the sentences under it; both are HTML."""
    gr.HTML(f"<h1>{title}</h1><p class='lead'>{lead}</p>", js_on_load=None, apply_default_css=False)


def address(path: str | Path) -> str:
    """Where the browser gets a file of a visit; relative, so that it holds behind any proxy."""
    return f"gradio_api/file={quote(str(path))}"


def bar(progress: dict[str, Any] | None, stage: str = "Starting") -> str:
    """The progress line."""
    share = float(progress["fraction"]) if progress else 0.0
    said = escape(str(progress["stage"] or stage) if progress else stage)
    seconds = f"{progress['seconds']:.0f} s" if progress else ""
    return (
        f'<div class="line" role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share * 100:.0f}">'
        f'<p><b>{said}</b><span>{seconds}</span></p><i style="--share:{share:.3f}"></i></div>'
    )


def note(text: str, kind: str = "") -> str:
    """A sentence on the page; kind: "good", "bad" or none."""
    return f'<p class="note {kind}" role="{"alert" if kind == "bad" else "status"}">{escape(text)}</p>'


def stopper(visits: Visits) -> Callable[[gr.Request], None]:
    """The handler of a Cancel button."""

    def stop(request: gr.Request) -> None:
        """Stop what this visitor has going on."""
        visits.met(request).stop.set()

    return stop
