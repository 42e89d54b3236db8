"""The Models tab: each backend and segmenter with its state, and fetching what can be fetched."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

import gradio as gr

from inpaint_app.backends import registry as backends
from inpaint_app.errors import OptionError
from inpaint_app.runtime import downloads
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.server.guard.server_paths import without_paths
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.server.work import pump
from inpaint_app.settings import Settings
from inpaint_app.types import Missing, Progress
from inpaint_app.ui import view_models
from inpaint_app.ui.messages import Message
from inpaint_app.ui.tabs.parts import IDLE, bar, cancels, heading, note, numbered


def build(visits: Visits, settings: Settings) -> None:
    """Draw the tab and wire it."""
    with gr.Column(elem_classes="sheet"):
        heading(
            "Models",
            "What fills holes and what finds objects, and whether it is ready here. Nothing is fetched "
            "unless you ask for it.",
        )
        with gr.Row():
            which = gr.Dropdown(choices(settings), value=None, label="Fetch", scale=0, min_width=280)
            start = gr.Button("Fetch", variant="primary", scale=0, min_width=120)
            stop = gr.Button("Cancel", scale=0, min_width=110)
        status = gr.HTML(IDLE, js_on_load=None, apply_default_css=False)
        body = gr.HTML(table(settings), js_on_load=None, apply_default_css=False, elem_id="models-table")

    def run(name: str | None, number: float, request: gr.Request) -> Iterator[tuple[str, str]]:
        """Fetch the weights of that name."""
        yield from fetch(visits.met(request), name, int(number or 0))

    start.click(
        run, [which, gr.Number(visible=False)], [status, body], js=numbered("models"), api_visibility="private",
        show_progress="hidden", concurrency_limit=4,
    )  # fmt: skip
    cancels(stop, visits, "models")


def choices(settings: Settings) -> list[tuple[str, str]]:
    """What can be fetched: (words, name)."""
    return [(words, name) for name, words in downloads.fetchable(settings, settings.fetch_limit).items()]


def fetched(name: str, settings: Settings, progress: Progress) -> Path:
    """Fetch the weights of that name and say where they lie; raises OptionError where that is not allowed here."""
    if name not in downloads.fetchable(settings, settings.fetch_limit):
        raise OptionError(f"{name} cannot be fetched here: it is here already, or too large for this server.")
    return downloads.fetch(name, settings, progress)


def bring(visit: Visit, message: Message, progress: Progress) -> None:
    """Fetch what a backend in the list of the Remove tab lacks, and say what is ready then."""
    path = fetched(str(message.get("name")), visit.settings, progress)
    known = view_models.configuration(visit.settings)
    ready = {key: known[key] for key in ("backends", "sideBySide")}
    visit.say("fetched", configuration=ready, backend=message.get("backend"), text=f"{path.name} is here.")


def fetch(visit: Visit, name: str | None, number: int = 0) -> Iterator[tuple[str, str]]:
    """Status and table of the tab until the weights are here."""
    said: list[str] = []
    settings = visit.settings

    def task(progress: Progress) -> None:
        path = fetched(name or "", settings, progress)
        said.append(note(f"{path.name} is here.", settings, "good"))

    def say(kind: str, text: str) -> None:
        said.append(note(text, settings, "bad" if kind == "error" else ""))

    if not name:
        yield note("Choose what to fetch first.", settings), table(settings)
        return
    for progress in pump(visit, task, say, number):
        yield bar(progress, "Connecting"), table(settings)
    yield "".join(said), table(settings)


def table(settings: Settings) -> str:
    """All backends and segmenters."""
    parts = [
        _part("Fill holes", [(s.title, s.summary, s.missing(settings)) for s in backends.BACKENDS], settings),
        _part(
            "Find and outline objects",
            [
                (s.title, s.summary, s.missing(settings))
                for s in (*segmenters.specs(settings), *segmenters.SELECTORS)
            ],
            settings,
        ),
    ]
    return "".join(parts)


def _part(title: str, specs: list[tuple[str, str, tuple[Missing, ...]]], settings: Settings) -> str:
    specs = sorted(specs, key=lambda spec: bool(spec[2]))
    lines = "".join(
        f"<tr><td><b>{escape(name)}</b></td><td>{_state(lacks)}</td>"
        f"<td>{escape(summary)}{_cures(lacks, settings)}</td></tr>"
        for name, summary, lacks in specs
    )
    return (
        f'<div class="scroll"><table><thead><tr><th>{title}</th><th>State</th><th>What it is</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _state(lacks: tuple[Missing, ...]) -> str:
    if not lacks:
        return '<span class="state ready">Ready</span>'
    size = sum(lack.megabytes or 0 for lack in lacks)
    return f'<span class="state lacks">Not here{f" · {size:g} MB" if size else ""}</span>'


def _cures(lacks: tuple[Missing, ...], settings: Settings) -> str:
    return "".join(
        f"<br><small>{escape(without_paths(f'{lack.what} is missing: {lack.cure}', settings))}"
        f"{escape(f'. {lack.terms}' if lack.terms else '')}</small>"
        for lack in lacks
    )
