"""What the tabs of forms share: a line that tells how far the work is, and files as addresses."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.server.visitors import Visits
from inpaint_app.settings import Settings

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


def note(text: str, settings: Settings, kind: str = "") -> str:
    """A sentence on the page; kind: "good", "bad" or none."""
    said = escape(without_paths(text, settings))
    return f'<p class="note {kind}" role="{"alert" if kind == "bad" else "status"}">{said}</p>'


def numbered(tab: str) -> str:
    """JavaScript for a start button whose last input is hidden: the work's number goes there, kept for its cancel."""
    kept = f"(window.inpaintWorks = window.inpaintWorks || {{}})[{tab!r}]"
    return f"(...given) => [...given.slice(0, -1), {kept} = window.inpaintWork()]"


def cancels(button: gr.Button, visits: Visits, tab: str) -> None:
    """Let a Cancel button stop the work that this tab began last, and no other tab's."""

    def stop(number: float | None, request: gr.Request) -> None:
        """Stop that piece of work, also where it has not begun yet."""
        visits.met(request).cancels.cancel(int(number or 0))

    button.click(
        stop,
        gr.Number(visible=False),
        js=f"() => [(window.inpaintWorks || {{}})[{tab!r}] || 0]",
        api_visibility="private",
        queue=False,
        trigger_mode="multiple",
    )
