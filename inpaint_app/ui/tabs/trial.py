"""The tab "Test on this photo": a hole of known content, every chosen backend's fill, and what it scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr
import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.errors import InpaintError
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.lab.evaluation import trial
from inpaint_app.lab.evaluation.measure import Measured, Row
from inpaint_app.lab.evaluation.trial import HOLES
from inpaint_app.metrics.full_reference import HIGHER_IS_BETTER, QUICK, unavailable
from inpaint_app.removal import proof
from inpaint_app.removal.session import Session
from inpaint_app.server import pictures
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.server.work import AT_ONCE, pump
from inpaint_app.types import Image, Progress
from inpaint_app.ui.messages import marked
from inpaint_app.ui.tabs.parts import IDLE, address, bar, cancels, heading, note

LABELS = {
    "l1": "L1 %", "l2": "L2 %", "psnr": "PSNR dB", "ssim": "SSIM", "tv": "TV %", "haarpsi": "HaarPSI", "lpips": "LPIPS",
}  # fmt: skip
DIGITS = {"psnr": 2, "l1": 2, "l2": 2, "tv": 2}
SIDE = 480
MARKS = """(...given) => [...given.slice(0, -2), JSON.stringify(window.inpaintMarks()),
    (window.inpaintWorks = window.inpaintWorks || {})["test"] = window.inpaintWork()]"""
"""Hands what is marked in the studio, and the number of the work, to the last two inputs."""


def build(session: Session, visits: Visits) -> None:
    """Draw the tab and wire it."""
    ready = [
        (spec.title, spec.name)
        for spec in backends.BACKENDS
        if not (spec.missing(session.settings) or spec.restores)
    ]
    with gr.Column(elem_classes="sheet"):
        heading(
            "Test on this photo",
            "Cuts a hole out of what is known, lets each backend fill it, and compares with what was there. "
            "The backends never see it. Uses the photo that is open in Remove.",
        )
        with gr.Row():
            hole = gr.Radio(
                [(title, name) for name, title in HOLES.items()], value="circle:0.25", label="Hole", scale=3
            )
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, scale=1, min_width=110)
        names = gr.CheckboxGroup(
            ready,
            value=list(proof.quick(session.settings)),
            label="Backends",
        )
        marks = gr.Textbox(visible=False)
        with gr.Row():
            start = gr.Button("Test", variant="primary", scale=0, min_width=140)
            stop = gr.Button("Cancel", scale=0, min_width=110)
        status = gr.HTML(IDLE, js_on_load=None, apply_default_css=False)
        body = gr.HTML(IDLE, js_on_load=None, apply_default_css=False)

    def run(
        hole: str, seed: float, names: list[str], marks: str, number: float, request: gr.Request
    ) -> Iterator[tuple[str, str]]:
        """Test the chosen backends; rows appear as they are ready."""
        yield from test(session, visits.met(request), hole, int(seed or 0), names, marks, int(number or 0))

    start.click(
        run, [hole, seed, names, marks, gr.Number(visible=False)], [status, body], js=MARKS,
        api_visibility="private", show_progress="hidden", concurrency_id="device", concurrency_limit=AT_ONCE,
    ).then(None, js="() => window.inpaintAsk()")  # fmt: skip
    cancels(stop, visits, "test")


def test(
    session: Session, visit: Visit, hole: str, seed: int, names: Sequence[str], marks: str, number: int
) -> Iterator[tuple[str, str]]:
    """Status and body of the tab, again and again until the test is done."""
    rows: list[Row] = []
    tiles: list[str] = []
    said: list[str] = []

    def task(progress: Progress) -> None:
        image = visit.pixels()
        if not names:
            raise InpaintError("No backend is chosen: tick at least one.")
        own = marked(_table(marks), visit, progress.check).mask
        scored = [*QUICK, *(() if unavailable(("lpips",)) else ("lpips",))]
        with visit.allowance.turn(len(names), progress):
            for made in trial.run(session, image, hole, names, progress, seed=seed, own=own, names=scored):
                if not rows:
                    tiles.append(_tile(visit, made, image, "The photo", "what was there"))
                    tiles.append(_tile(visit, made, made.cut, "The hole", "what the backends see"))
                if made.fill is not None:
                    title = backends.find(made.row.backend).title
                    tiles.append(_tile(visit, made, made.fill, title, f"{made.row.seconds or 0:.2f} s"))
                rows.append(made.row)
            step = visit.step()
            step.tested = {row.backend: _kept(row.scores["hole"]) for row in rows if row.scores}
            visit.say("tested", scores=step.tested)

    def say(kind: str, text: str) -> None:
        said.append(note(text, visit.settings, "bad" if kind == "error" else ""))

    for progress in pump(visit, task, say, number):
        yield bar(progress), _body(tiles, rows)
    yield "".join(said), _body(tiles, rows)


def _kept(scores: Mapping[str, float | None]) -> dict[str, float]:
    """What is shown beside a result, by its label."""
    return {LABELS[name]: value for name in ("psnr", "haarpsi") if (value := scores.get(name)) is not None}


def _table(marks: str) -> dict[str, Any]:
    """What the page says is marked."""
    try:
        given = json.loads(marks or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise InpaintError("The page sent marks that are no table: reload the page.")
    return given


def _tile(visit: Visit, made: Measured, image: Image, title: str, small: str) -> str:
    """The picture around the hole."""
    box = None if made.mask is None else bounds(made.mask)
    if box is not None:
        box = padded(box, max(24, max(box.width, box.height) // 3), image.shape)
        image = np.ascontiguousarray(image[box.slices])
    path = pictures.write_picture(image, visit.opened().shown_icc, visit.file(".jpg"), SIDE)
    return (
        f'<figure><img src="{address(path)}" alt="{escape(title)}">'
        f"<figcaption><b>{escape(title)}</b> <small>{escape(small)}</small></figcaption></figure>"
    )


def _body(tiles: list[str], rows: list[Row]) -> str:
    if not rows:
        return ""
    return f'<div class="tiles">{"".join(tiles)}</div>{_scores(rows, "hole")}{_scores(rows, "image")}'


def _scores(rows: list[Row], place: str) -> str:
    """Scores over the hole or over the image; the best of each column stands out."""
    scored = [row for row in rows if row.scores]
    names = [name for name in LABELS if any(name in row.scores.get(place, {}) for row in scored)]
    head = "".join(f'<th class="n">{LABELS[name]}</th>' for name in names)
    lines = []
    for row in rows:
        title = escape(backends.find(row.backend).title)
        if not row.scores:
            lines.append(f'<tr><td>{title}</td><td colspan="{len(names) + 1}">{escape(row.error)}</td></tr>')
            continue
        cells = "".join(_cell(row, scored, place, name) for name in names)
        lines.append(f'<tr><td>{title}</td>{cells}<td class="n">{row.seconds or 0:.2f} s</td></tr>')
    which = {"hole": "Over the hole", "image": "Over the whole image"}[place]
    return (
        f'<div class="scroll"><table><thead><tr><th>{which}</th>{head}<th class="n">Time</th></tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(row: Row, scored: list[Row], place: str, name: str) -> str:
    value = row.scores.get(place, {}).get(name)
    if value is None:
        return '<td class="n">–</td>'
    others: list[Any] = [other.scores[place].get(name) for other in scored]
    known = [other for other in others if other is not None]
    better = HIGHER_IS_BETTER.get(name)
    best = better is not None and len(known) > 1 and value == (max(known) if better else min(known))
    return f'<td class="n{" best" if best else ""}">{value:.{DIGITS.get(name, 3)}f}</td>'
