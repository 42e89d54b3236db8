"""The Batch tab: many photos, one job, one zip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from inpaint_app import batch
from inpaint_app.backends import registry as backends
from inpaint_app.batch.bursts import NEAREST
from inpaint_app.batch.journal import Row
from inpaint_app.errors import InpaintError, TooMany
from inpaint_app.removal.session import Request, Session
from inpaint_app.server.guard.limits import OPENING
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.server.work import AT_ONCE, pump
from inpaint_app.types import Progress
from inpaint_app.ui.tabs.parts import IDLE, bar, cancels, heading, note, numbered

WORDS = [("People", "people"), ("Cars", "cars"), ("Animals", "animals")]
STATES = {"removed": "ready", "unchanged": "", "failed": "lacks"}
Update = tuple[str, str, Any]


def build(session: Session, visits: Visits) -> None:
    """Draw the tab and wire it."""
    ready = [(spec.title, spec.name) for spec in backends.BACKENDS if not spec.missing(session.settings)]
    with gr.Column(elem_classes="sheet"):
        heading(
            "Many photos at once",
            "Each photo comes back in its own format with its metadata. One that cannot be done stops none of "
            f"the others. Masks are matched by name: beach.jpg takes beach.png.{_most(session)}",
        )
        with gr.Row():
            photos = gr.File(
                label="Photos", file_count="multiple", height=190, elem_id="batch-photos", scale=3
            )
            masks = gr.File(label="Masks (optional)", file_count="multiple", height=190, scale=2)
        with gr.Row():
            words = gr.CheckboxGroup(WORDS, value=["people"], label="Remove", scale=2)
            bursts = gr.Checkbox(
                False,
                label="Bursts",
                info="Photos taken seconds apart show what is behind the removed in one another.",
                elem_id="batch-bursts",
            )
            backend = gr.Dropdown(ready, value=backends.default(session.settings), label="Fill with", scale=1)
        with gr.Row():
            start = gr.Button("Start", variant="primary", scale=0, min_width=140, elem_id="batch-start")
            stop = gr.Button("Cancel", scale=0, min_width=110)
            result = gr.DownloadButton(
                "Download all (zip)", visible=False, scale=0, min_width=200, elem_id="batch-zip"
            )
        status = gr.HTML(IDLE, js_on_load=None, apply_default_css=False, elem_id="batch-status")
        body = gr.HTML(IDLE, js_on_load=None, apply_default_css=False, elem_id="batch-rows")

    def run(
        photos: list[str] | None,
        masks: list[str] | None,
        words: list[str],
        backend: str,
        bursts: bool,
        number: float,
        request: gr.Request,
    ) -> Iterator[Update]:
        """Do the batch; a row appears as each photo is done."""
        yield from work(
            session, visits.met(request), photos or [], masks or [], words, backend, int(number or 0), bursts
        )

    start.click(
        run, [photos, masks, words, backend, bursts, gr.Number(visible=False)], [status, body, result],
        js=numbered("batch"), api_visibility="private", show_progress="hidden", concurrency_id="device",
        concurrency_limit=AT_ONCE,
    )  # fmt: skip
    cancels(stop, visits, "batch")


def _most(session: Session) -> str:
    most = session.settings.batch_photos
    return f" This server takes {most} photos at once." if most else ""


def work(
    session: Session,
    visit: Visit,
    photos: Sequence[str],
    masks: Sequence[str],
    words: Sequence[str],
    backend: str,
    number: int = 0,
    bursts: bool = False,
) -> Iterator[Update]:
    """Status, rows and zip of the tab, again and again until the batch is done."""
    rows: list[Row] = []
    said: list[str] = []
    zips: list[Path] = []

    def task(progress: Progress) -> None:
        if not photos:
            raise InpaintError("There are no photos yet: add some first.")
        if not words and not masks:
            raise InpaintError("Nothing is to be removed: tick people or cars, or add masks.")
        most = session.settings.batch_photos
        if most and len(photos) > most:
            raise TooMany(
                f"There are {len(photos)} photos, this server takes {most} in a batch: choose fewer, or run the app on "
                "your own machine, where there is no limit."
            )
        paths = [Path(photo) for photo in photos]
        cost = len(paths) * (1 + OPENING * min(NEAREST, len(paths) - 1) * bursts)
        with visit.allowance.turn(cost, progress):
            summary = batch.run(
                paths,
                Request(objects=tuple(words), backend=backend),
                visit.file("", "batch").parent,
                session,
                progress,
                rows.append,
                masks=batch.masks_among([Path(mask) for mask in masks], paths) if masks else None,
                bursts=bursts,
            )
        zips.append(batch.zipped(summary, visit.file(".zip", "inpaint.zip")))
        counts = {state: summary.count(state) for state in STATES}
        said.append(
            note(
                f"{counts['removed']} done, {counts['unchanged']} had nothing to remove, {counts['failed']} failed. "
                f"{summary.seconds:.1f} s.",
                visit.settings,
                "good" if not counts["failed"] else "",
            )
        )

    def say(kind: str, text: str) -> None:
        said.append(note(text, visit.settings, "bad" if kind == "error" else ""))

    yield bar(None), "", gr.skip()
    for progress in pump(visit, task, say, number):
        yield bar(progress), table(rows), gr.skip()
    link = gr.DownloadButton(value=str(zips[0]), visible=True) if zips else gr.skip()
    yield "".join(said), table(rows), link


def table(rows: Sequence[Row]) -> str:
    """What became of each photo."""
    if not rows:
        return ""
    lines = "".join(
        f'<tr><td>{escape(Path(row.photo).name)}</td><td><span class="state {STATES.get(row.status, "")}">{row.status}'
        f"</span></td><td>{escape('. '.join(filter(None, [row.removed, row.message])))}</td><td>{_kept(row)}</td>"
        f'<td class="n">{row.seconds:.1f} s</td></tr>'
        for row in rows
    )
    head = "".join(f"<th>{word}</th>" for word in ("Photo", "", "What", "Kept"))
    return (
        f'<div class="scroll"><table><thead><tr>{head}<th class="n">Time</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _kept(row: Row) -> str:
    """What can be said of the pixels outside the hole, by how the file was written."""
    if row.status != "removed":
        return "as it was" if row.status == "unchanged" else "–"
    if row.method == "jpeg-blocks":
        return "every block outside the mask"
    if row.method == "lossless" and row.changed_outside is not None:
        return (
            "every pixel outside the mask"
            if row.changed_outside == 0
            else f"{row.changed_outside} pixels differ"
        )
    return "encoded anew"
