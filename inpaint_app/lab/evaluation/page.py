"""The report as one HTML file that needs nothing beside it: tables to sort, plots, examples beside the truth."""

from __future__ import annotations

import base64
import statistics as middle
from collections.abc import Mapping, Sequence
from html import escape

from inpaint_app.lab.evaluation import page_shell, plots, summary
from inpaint_app.lab.evaluation.measure import MOSAIC, Plan, Row
from inpaint_app.lab.evaluation.protocol import PROTOCOLS, REPORTED
from inpaint_app.lab.evaluation.statistics import Estimate
from inpaint_app.lab.evaluation.store import Store
from inpaint_app.metrics.full_reference import HIGHER_IS_BETTER, unavailable

COLUMNS: Mapping[str, tuple[str, int]] = {
    "l1": ("L1 %", 2), "l2": ("L2 %", 3), "psnr": ("PSNR dB", 2), "ssim": ("SSIM", 4), "ms-ssim": ("MS-SSIM", 4),
    "tv": ("TV %", 2), "haarpsi": ("HaarPSI", 4), "fsim": ("FSIM", 4), "lpips": ("LPIPS", 4), "seam": ("seam", 2),
    "texture": ("texture", 2), summary.SECONDS: ("s", 3), summary.MEMORY: ("MB", 1),
}  # fmt: skip
LOWER = {"l1", "l2", "lpips", summary.SECONDS, summary.MEMORY}
FID = (
    "FID is not shown: it compares 2,048 × 2,048 covariances, which under 2,048 photos are not even of full rank, "
    "and its Inception weights are not part of this app."
)
_TITLES = {
    "hole": "Over the hole",
    "image": "Over the image",
    "seeds": "As the reports have it: over the image, values −1…1, MAX = 1",
}


def render(rows: Sequence[Row], store: Store, plan: Plan, title: str, command: str, seconds: float) -> str:
    """The whole page."""
    holes = summary.holes_of(rows)
    places = [*holes, *([summary.ALL] if len(holes) > 1 else [])]
    backends = summary.backends_of(rows)
    colours = _colours(backends)
    photos = len({row.photo for row in rows})
    size = f"{plan.size} px, {plan.crop}" if plan.size else "full size"
    parts = [
        page_shell.HEAD.replace("TITLE", escape(title)),
        f"<header><h1>{escape(title)}</h1><p>{photos} photos, {escape(size)}; {len(holes)} kinds of hole; "
        f"{len(backends)} backends; seed {plan.seed}; {len(rows)} fills measured in {_duration(seconds)}. "
        f"Means over the photos, with 95 % bootstrap intervals in small.</p><pre>{escape(command)}</pre></header>",
    ]
    for place in places:
        parts.append(_section(rows, store, place, colours, plan.seed))
    parts += [_speed(rows, colours), _reported(rows, plan), _notes(plan, rows)]
    return "".join(parts) + f"<script>{page_shell.SCRIPT}</script></body></html>"


def drawings(rows: Sequence[Row]) -> list[str]:
    """SVG drawings of all holes together: bars with intervals for HaarPSI and PSNR, and quality against time."""
    colours, table = _colours(summary.backends_of(rows)), summary.table(rows, summary.ALL, "hole")
    drawn = [_bars(table.cells, colours, name) for name in (summary.RANKED_BY, "psnr")]
    return [drawing for drawing in (*drawn, speed(table, colours)) if drawing]


def _colours(backends: Sequence[str]) -> dict[str, str]:
    return {backend: plots.colour(number) for number, backend in enumerate(backends)}


def _bars(cells: Mapping[str, summary.Cells], colours: Mapping[str, str], name: str) -> str:
    """A score of each backend with its interval."""
    chosen = {backend: shown(cell[name], name) for backend, cell in cells.items() if name in cell}
    better = "more is better" if HIGHER_IS_BETTER.get(name) else "less is better"
    title, digits = COLUMNS[name]
    return plots.bars(chosen, colours, f"{title} over the hole ({better})", digits)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _section(rows: Sequence[Row], store: Store, hole: str, colours: Mapping[str, str], seed: int) -> str:
    tables = {protocol: summary.table(rows, hole, protocol, seed) for protocol in PROTOCOLS}
    cells = tables["hole"].cells
    if not cells:
        return f"<section><h2>{escape(hole)}</h2>{_failures(rows, hole)}</section>"
    share = middle.fmean(row.hole_share for row in rows if not row.error and hole in (summary.ALL, row.hole))
    parts = [f"<section><h2>{escape(hole)} <small>{100 * share:.1f} % of the photo on average</small></h2>"]
    parts += [_table(tables[protocol], protocol, colours) for protocol in PROTOCOLS]
    parts.append('<div class="plots">')
    parts += [_bars(cells, colours, name) for name in ("haarpsi", "psnr", "l1", "ssim", "lpips")]
    parts += [_by_size(rows, hole, colours), "</div>", _pairs(rows, hole, seed)]
    if hole != summary.ALL:
        parts.append(_examples(rows, store, hole))
    return "".join(parts) + _failures(rows, hole) + "</section>"


def shown(cell: Estimate, name: str) -> Estimate:
    """L1 and L2 in %."""
    factor = 100 if name in ("l1", "l2") else 1
    return Estimate(factor * cell.mean, factor * cell.low, factor * cell.high, cell.count)


def _table(table: summary.Table, protocol: str, colours: Mapping[str, str]) -> str:
    names = [name for name in COLUMNS if any(name in cells for cells in table.cells.values())]
    if protocol != "hole":
        names = [name for name in names if name not in (summary.SECONDS, summary.MEMORY)]
    head = "".join(f"<th>{escape(_unit(name, protocol))}</th>" for name in names)
    body = []
    for backend, cells in table.cells.items():
        row = [f'<td><i style="background:{colours[backend]}"></i>{escape(backend)}</td>']
        row += [_cell(cells.get(name), name, protocol, _best(table, name)) for name in names]
        count = max(cell.count for cell in cells.values())
        body.append(f"<tr>{''.join(row)}<td>{count}</td></tr>")
    opened = " open" if protocol == "hole" else ""
    return (
        f'<details{opened}><summary>{_TITLES[protocol]}</summary><div class="scroll"><table class="sortable">'
        f"<thead><tr><th>backend</th>{head}<th>photos</th></tr></thead><tbody>{''.join(body)}</tbody></table></div></details>"
    )


def _unit(name: str, protocol: str) -> str:
    return COLUMNS[name][0] if protocol != "seeds" or name not in ("l1", "l2") else COLUMNS[name][0][:2]


def _best(table: summary.Table, name: str) -> float | None:
    if name not in LOWER and name not in HIGHER_IS_BETTER:
        return None
    found = [
        cells[name].mean for backend, cells in table.cells.items() if name in cells and backend != MOSAIC
    ]
    if len(found) < 2:
        return None
    return min(found) if name in LOWER else max(found)


def _cell(cell: Estimate | None, name: str, protocol: str, best: float | None) -> str:
    if cell is None:
        return "<td>–</td>"
    factor, digits = 1, COLUMNS[name][1]
    if name in ("l1", "l2"):
        factor, digits = (100, digits) if protocol != "seeds" else (1, 4)
    mark = ' class="best"' if best is not None and cell.mean == best else ""
    low, mean, high = (f"{factor * value:.{digits}f}" for value in (cell.low, cell.mean, cell.high))
    return f'<td{mark} data-value="{cell.mean}">{mean}<small>{low} – {high}</small></td>'


def _by_size(rows: Sequence[Row], hole: str, colours: Mapping[str, str]) -> str:
    """HaarPSI against the hole's share of the photo, where the holes differ in size."""
    chosen = [
        row for row in rows if not row.error and hole in (summary.ALL, row.hole) and "hole" in row.scores
    ]
    shares = {round(row.hole_share, 3) for row in chosen}
    if len(shares) < 4:
        return ""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in chosen:
        if summary.RANKED_BY in row.scores["hole"]:
            points.setdefault(row.backend, []).append(
                (100 * row.hole_share, row.scores["hole"][summary.RANKED_BY])
            )
    return plots.scatter(
        points, colours, "HaarPSI against the hole's size", "hole, % of the photo", "HaarPSI", lines=True
    )


def _pairs(rows: Sequence[Row], hole: str, seed: int) -> str:
    pairs = summary.differences(rows, hole, seed=seed)
    if not pairs:
        return ""
    lines = []
    for pair in pairs:
        said = "clear" if pair.clear else "not clear: the interval holds 0"
        mean = pair.estimate
        lines.append(
            f"<tr><td>{escape(pair.first)} − {escape(pair.second)}</td><td>{mean.mean:+.4f}"
            f"<small>{mean.low:+.4f} – {mean.high:+.4f}</small></td><td>{100 * pair.won:.0f} %</td>"
            f"<td>{said}</td></tr>"
        )
    return (
        "<details open><summary>The best against each other one, photo by photo (HaarPSI over the hole)</summary>"
        '<div class="scroll"><table class="sortable"><thead><tr><th>pair</th><th>mean difference</th><th>better on</th>'
        f"<th>95 % interval</th></tr></thead><tbody>{''.join(lines)}</tbody></table></div></details>"
    )


def _examples(rows: Sequence[Row], store: Store, hole: str) -> str:
    lines = []
    for example in summary.examples(rows, hole):
        chosen = [row for row in rows if (row.photo, row.hole) == (example.photo, hole) and not row.error]
        cells = [_picture(store, example, "truth", "truth"), _picture(store, example, "cut", "cut")]
        for row in chosen:
            score = row.scores["hole"].get(summary.RANKED_BY)
            cells.append(
                _picture(store, example, row.backend, f"{row.backend} {score:.3f}" if score else row.backend)
            )
        head = f"<h3>{example.rank} <small>{escape(example.photo)}, mean HaarPSI {example.value:.3f}</small></h3>"
        lines.append(head + f'<div class="examples">{"".join(cells)}</div>')
    return "".join(lines)


def _picture(store: Store, example: summary.Example, backend: str, caption: str) -> str:
    path = store.picture(example.photo, example.hole, backend)
    if not path.is_file():
        return ""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return (
        f'<figure><img alt="{escape(caption, quote=True)}" src="data:image/jpeg;base64,{data}"/>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def speed(table: summary.Table, colours: Mapping[str, str]) -> str:
    """Quality against time as SVG, a point a backend; "" where there is none."""
    points = {
        backend: [(cells[summary.SECONDS].mean, cells[summary.RANKED_BY].mean)]
        for backend, cells in table.cells.items()
        if summary.SECONDS in cells and summary.RANKED_BY in cells
    }
    title = f"Quality against time, {table.hole}"
    return plots.scatter(points, colours, title, "seconds a fill", "HaarPSI", logarithmic=True, labels=True)


def _speed(rows: Sequence[Row], colours: Mapping[str, str]) -> str:
    drawn = speed(summary.table(rows, summary.ALL, "hole"), colours)
    return (
        f'<section><h2>Quality against time</h2><div class="plots">{drawn}</div></section>' if drawn else ""
    )


def _reported(rows: Sequence[Row], plan: Plan) -> str:
    """The reports' own rows beside ours, where the hole and the size are theirs."""
    ours = [row for row in rows if row.hole in ("square:64/128", "square:0.5") and not row.error]
    if plan.size != 128 or not ours:
        return ""
    lines = []
    for backend, cells in summary.table(ours, ours[0].hole, "seeds").cells.items():
        lines.append(
            f"<tr><td>ours</td><td>{escape(backend)}</td><td>these photos</td><td>{cells['l1'].mean:.4f}</td>"
            f"<td>{cells['l2'].mean:.4f}</td><td>{cells['psnr'].mean:.2f}</td><td>{_ssim(cells)}</td><td></td></tr>"
        )
    for row in REPORTED:
        l1, l2, psnr = (
            (row.l1, row.l2, row.psnr) if row.protocol == "seeds" else (row.l1 / 2, row.l2, row.psnr)
        )
        ssim = f"{row.ssim:.4f}" if row.ssim else "–"
        lines.append(
            f"<tr><td>{row.report}</td><td>{escape(row.model)}</td><td>{escape(row.data)}</td><td>{l1:.4f}</td>"
            f"<td>{l2:.4f}</td><td>{psnr:.2f}</td><td>{ssim}</td><td class='note'>{escape(row.note)}</td></tr>"
        )
    return (
        "<section><h2>Beside the reports</h2><p>Centre square of 64 px in 128 px, all in the reports' protocol. The "
        "data differ, so that a row above another is no proof of a better method: faces are easier than streets, and "
        "the reports' networks were trained on the data set that they were measured on.</p>"
        '<div class="scroll"><table class="sortable"><thead><tr><th>report</th><th>model</th><th>data</th><th>L1</th>'
        f"<th>L2</th><th>PSNR dB</th><th>SSIM</th><th>mind</th></tr></thead><tbody>{''.join(lines)}</tbody></table>"
        "</div></section>"
    )


def _ssim(cells: Mapping[str, Estimate]) -> str:
    return f"{cells['ssim'].mean:.4f}" if "ssim" in cells else "–"


def _failures(rows: Sequence[Row], hole: str) -> str:
    failed = [row for row in rows if row.error and hole == row.hole]
    if not failed:
        return ""
    said = {f"{row.backend}: {row.error}" for row in failed}
    items = "".join(f"<li>{escape(text)}</li>" for text in sorted(said)[:12])
    return f"<details><summary>{len(failed)} fills failed</summary><ul>{items}</ul></details>"


def _notes(plan: Plan, rows: Sequence[Row]) -> str:
    notes = [*unavailable(plan.names).values(), FID]
    notes.append(
        "Over the hole, L1, L2 and PSNR count hole pixels; SSIM, HaarPSI, FSIM, MS-SSIM and LPIPS look at each hole's "
        "box with 16 px around. PSNR is the mean of the photos' PSNRs. TV is of the fill alone; the truth's is "
        + _truth_tv(rows)
    )
    notes.append("Seam and texture are scores without truth: 1 is as in the surroundings.")
    if any(row.backend == MOSAIC for row in rows):
        notes.append(
            "'mosaic' is the hole's content in 8×8 blocks as it stands; only backends that restore are shown it."
        )
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<section><h2>Notes</h2><ul>{items}</ul></section>"


def _truth_tv(rows: Sequence[Row]) -> str:
    found = [row.scores["truth"]["hole tv"] for row in rows if "truth" in row.scores]
    return f"{middle.fmean(found):.2f} % over the hole." if found else "not measured."
