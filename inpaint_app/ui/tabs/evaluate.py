"""The Evaluate tab: holes of known content in many photos; tables, plots and examples appear as they come."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from inpaint_app import environment
from inpaint_app.backends import registry as backends
from inpaint_app.errors import InpaintError, OptionError
from inpaint_app.lab.evaluation import command, measure, page, summary
from inpaint_app.lab.evaluation.measure import Plan, Row
from inpaint_app.lab.evaluation.photosets import gathered
from inpaint_app.lab.evaluation.statistics import Estimate
from inpaint_app.lab.evaluation.store import Store
from inpaint_app.removal import proof
from inpaint_app.removal.session import Session
from inpaint_app.server.guard.hosts import Hosts, from_this_machine
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.server.work import AT_ONCE, pump
from inpaint_app.settings import Settings
from inpaint_app.types import Progress
from inpaint_app.ui.tabs.parts import IDLE, address, bar, cancels, heading, note, numbered

HOLES = {
    "square:0.25": "Square", "circle:0.25": "Circle", "squares": "Small squares", "freeform": "Brush strokes",
    "objects": "People and cars", "lama-medium": "Wide strokes and boxes",
}  # fmt: skip
SIZES = {"128 px": 128, "256 px": 256, "512 px": 512, "As they are": 0}
FILES = ("report.html", "rows.csv", "results.json")
FOLDER = "evaluate-folder"
SHOWN = 4
"""Holes whose fills are shown while the work goes on, the newest first."""
REFRESH = 0.8
"""Seconds between two drawings of tables and plots, which take a while with many rows."""
SCORES = ("l1", "l2", "psnr", "ssim", "tv", "haarpsi", summary.SECONDS)
Update = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be measured. folder: on the server's own disk, "" for the uploaded files alone."""

    files: tuple[str, ...]
    folder: str
    holes: tuple[str, ...]
    backends: tuple[str, ...]
    size: int
    limit: int
    seed: int


@dataclass(slots=True)
class Known:
    """What has come in so far. written: the report's files."""

    plan: Plan | None = None
    store: Store | None = None
    rows: list[Row] = field(default_factory=list)
    written: list[str] = field(default_factory=list)


def build(session: Session, visits: Visits, hosts: Hosts) -> None:
    """Draw the tab and wire it. A folder of the machine's can be named where nobody but its owner gets here."""
    ready = [(spec.title, spec.name) for spec in backends.BACKENDS if spec.measurable(session.settings)]
    own = session.settings.surroundings == environment.OWN and hosts.private
    with gr.Column(elem_classes="sheet"):
        heading(
            "Evaluate",
            "Cuts holes out of photos, lets each backend fill them, and compares with what was there: means "
            "with 95 % intervals, plots, examples, and a report to keep.",
        )
        with gr.Row():
            photos = gr.File(
                label="Photos, or a zip of them", file_count="multiple", height=190, elem_id="evaluate-photos", scale=3
            )  # fmt: skip
            with gr.Column(scale=2, min_width=260):
                folder = gr.Textbox(
                    label="Or a folder on this machine", placeholder="/home/me/photos", visible=own,
                    elem_id=FOLDER,
                )  # fmt: skip
                with gr.Row():
                    size = gr.Dropdown(list(SIZES), value="256 px", label="Size", min_width=120)
                    limit = gr.Number(20, label="Photos at most", precision=0, minimum=1, min_width=100)
                    seed = gr.Number(0, label="Seed", precision=0, minimum=0, min_width=80)
        holes = gr.CheckboxGroup(
            [(title, name) for name, title in HOLES.items()], value=["square:0.25", "freeform"], label="Holes"
        )
        names = gr.CheckboxGroup(
            ready,
            value=list(proof.quick(session.settings)),
            label="Backends",
            elem_id="evaluate-backends",
        )
        with gr.Row():
            start = gr.Button("Evaluate", variant="primary", scale=0, min_width=140, elem_id="evaluate-start")
            stop = gr.Button("Cancel", scale=0, min_width=110, elem_id="evaluate-stop")
            links = [
                gr.DownloadButton(
                    f"↓ {words}", visible=False, scale=0, min_width=110, elem_id=f"evaluate-{words.lower()}"
                )
                for words in ("Report", "CSV", "JSON")
            ]  # fmt: skip
        status = gr.HTML(IDLE, js_on_load=None, apply_default_css=False, elem_id="evaluate-status")
        body = gr.HTML(IDLE, js_on_load=None, apply_default_css=False, elem_id="evaluate-body")

    def run(
        photos: list[str] | None, folder: str, size: str, limit: float, seed: float, holes: list[str],
        names: list[str], number: float, request: gr.Request,
    ) -> Iterator[Update]:  # fmt: skip
        """Measure; tables, plots and examples appear as they come."""
        asked = Asked(
            tuple(photos or ()), _own_folder(folder, own and hosts.private, request), tuple(holes), tuple(names),
            SIZES[size], int(limit or 1), int(seed or 0),
        )  # fmt: skip
        yield from evaluate(session, visits.met(request), asked, int(number or 0))

    start.click(
        run, [photos, folder, size, limit, seed, holes, names, gr.Number(visible=False)], [status, body, *links],
        js=numbered("evaluate"), api_visibility="private", show_progress="hidden", concurrency_id="device",
        concurrency_limit=AT_ONCE,
    )  # fmt: skip
    cancels(stop, visits, "evaluate")


def evaluate(session: Session, visit: Visit, asked: Asked, number: int = 0) -> Iterator[Update]:
    """Status, body and the three files of the tab, again and again until all is measured or it was stopped."""
    known, said, began = Known(), list[str](), time.perf_counter()

    def task(progress: Progress) -> None:
        _measure(session, visit, asked, known, progress, began)

    def say(kind: str, text: str) -> None:
        said.append(note(text, visit.settings, "bad" if kind == "error" else ""))

    skip = (gr.skip(),) * len(FILES)
    yield bar(None), "", *(gr.update(visible=False) for _ in FILES)
    drawn, last = 0, 0.0
    for progress in pump(visit, task, say, number):
        if len(known.rows) > drawn and time.monotonic() - last > REFRESH:
            drawn, last = len(known.rows), time.monotonic()
            yield bar(progress), _body(known, visit.settings), *skip
        else:
            yield bar(progress), gr.skip(), *skip
    if known.plan is not None and known.written:
        rows, total = known.rows, known.plan.count
        failed = sum(bool(row.error) for row in rows)
        of = "" if len(rows) == total else f" of {total}"
        said.append(
            note(
                f"{len(rows)}{of} fills measured{f', {failed} failed' if failed else ''}, "
                f"{time.perf_counter() - began:.0f} s.",
                visit.settings,
                "good" if not failed else "",
            )
        )
    files = [gr.update(value=path, visible=True) for path in known.written] or skip
    yield "".join(said), _body(known, visit.settings), *files


def _measure(
    session: Session, visit: Visit, asked: Asked, known: Known, progress: Progress, began: float
) -> None:
    """Measure and keep every row; the report is written also of what was measured before a cancel."""
    if not asked.files and not asked.folder:
        raise InpaintError("There are no photos yet: add some first.")
    if not asked.holes or not asked.backends:
        raise InpaintError("Nothing is to be measured: tick at least one hole and one backend.")
    most = session.settings.batch_photos
    limit = min(asked.limit, most) if most else asked.limit
    source = [Path(path) for path in asked.files]
    if asked.folder:
        source.append(Path(asked.folder).expanduser())
        if not source[-1].is_dir():
            raise OptionError(f"There is no folder {asked.folder} on this machine.")
    fills = limit * len(asked.holes) * len(asked.backends)
    with ExitStack() as stack:
        stack.enter_context(visit.allowance.turn(fills, progress))
        try:
            photos, size = gathered(source)[:limit], asked.size or None
            plan = known.plan = Plan(photos, asked.holes, asked.backends, size, seed=asked.seed)
            for measured in measure.run(plan, session, progress):
                if known.store is None:
                    known.store = stack.enter_context(closing(Store(visit.file("", "evaluation"), plan)))
                known.store.add(measured)
                known.rows.append(measured.row)
        finally:
            if known.store is not None and known.plan is not None:
                title = f"Evaluation of {len({row.photo for row in known.rows})} photos"
                seconds = time.perf_counter() - began
                command.write(known.rows, known.store, known.plan, title, _call(asked), seconds)
                known.written = [str(known.store.folder / name) for name in FILES]


def _own_folder(folder: str | None, own: bool, request: gr.Request) -> str:
    """The folder that is named; raises OptionError where the request does not come from this machine itself."""
    named = (folder or "").strip()
    if named and not (own and from_this_machine(request)):
        raise OptionError("A folder can be named on one's own machine only: add the photos themselves.")
    return named


def _call(asked: Asked) -> str:
    """The same on the command line."""
    size = f" --size {asked.size}" if asked.size else ""
    return (
        f"inpaint-app evaluate {asked.folder or 'PHOTOS'} --masks {' '.join(asked.holes)}{size} --limit {asked.limit} "
        f"--seed {asked.seed} --backends {','.join(asked.backends)} --report OUT"
    )


def _body(known: Known, settings: Settings) -> str:
    rows = tuple(known.rows)
    if not rows or known.store is None:
        return ""
    drawings = "".join(f"<figure>{drawing}</figure>" for drawing in page.drawings(rows))
    return f'{_table(rows, settings)}<div class="plots">{drawings}</div>{_examples(rows, known.store)}'


def _table(rows: Sequence[Row], settings: Settings) -> str:
    """Means over the photos, over the hole, with their 95 % intervals."""
    titles = ["Photos", *(page.COLUMNS[name][0] for name in SCORES[:-1]), "Seconds"]
    head = "<th>Backend</th>" + "".join(f'<th class="n">{word}</th>' for word in titles)
    lines = []
    for backend, cells in summary.table(rows, summary.ALL, "hole").cells.items():
        count = max(cell.count for cell in cells.values())
        numbers = "".join(f'<td class="n">{_spread(cells.get(name), name)}</td>' for name in SCORES)
        title = escape(backends.find(backend).title)
        lines.append(f'<tr><td>{title}</td><td class="n">{count}</td>{numbers}</tr>')
    failed = {row.error for row in rows if row.error}
    problems = "".join(note(error, settings) for error in sorted(failed)[:5])
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
        f"{problems}"
    )


def _spread(cell: Estimate | None, name: str) -> str:
    """A mean with its interval in small below it."""
    if cell is None:
        return "–"
    cell, digits = page.shown(cell, name), page.COLUMNS[name][1]
    low, mean, high = (f"{value:.{digits}f}" for value in (cell.low, cell.mean, cell.high))
    return f"{mean}<br><small>{low}–{high}</small>"


def _examples(rows: Sequence[Row], store: Store) -> str:
    """The newest holes: what was there, what was cut, and each backend's fill with its score."""
    keys = list(dict.fromkeys((row.photo, row.hole) for row in rows))[: -SHOWN - 1 : -1]
    parts = []
    for photo, hole in keys:
        filled = [row for row in rows if (row.photo, row.hole) == (photo, hole) and not row.error]
        tiles = [
            _tile(store, photo, hole, "truth", "What was there"),
            _tile(store, photo, hole, "cut", "The hole"),
        ]
        for row in filled:
            score = row.scores["hole"].get(summary.RANKED_BY)
            words = backends.find(row.backend).title
            tiles.append(
                _tile(store, photo, hole, row.backend, words, f"HaarPSI {score:.3f}" if score else "")
            )
        title = f"{escape(photo)} <small>{escape(HOLES.get(hole, hole))}</small>"
        parts.append(f'<h3>{title}</h3><div class="tiles small">{"".join(tiles)}</div>')
    return "".join(parts)


def _tile(store: Store, photo: str, hole: str, backend: str, title: str, small: str = "") -> str:
    path = store.picture(photo, hole, backend)
    if not path.is_file():
        return ""
    return (
        f'<figure><img src="{address(path)}" alt="{escape(title)}"><figcaption><b>{escape(title)}</b> '
        f"<small>{escape(small)}</small></figcaption></figure>"
    )
