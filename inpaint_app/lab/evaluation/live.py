"""The evaluation as it comes in, for the page: photos in, a snapshot after every fill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.lab.evaluation import page, plots, summary
from inpaint_app.lab.evaluation.measure import Measured, Plan, Row, run
from inpaint_app.lab.evaluation.photosets import gathered, photos
from inpaint_app.metrics.full_reference import HIGHER_IS_BETTER, QUICK
from inpaint_app.removal.session import Session
from inpaint_app.types import Progress

HEAD = ("Backend", "Photos", "L1 %", "L2 %", "PSNR dB", "SSIM", "TV %", "HaarPSI", "Seconds")
_NAMES = ("l1", "l2", "psnr", "ssim", "tv", "haarpsi", summary.SECONDS)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What is known so far. rows: all of them, in the order in which they came; latest: the newest, with pictures."""

    rows: tuple[Row, ...]
    plan: Plan
    latest: Measured

    @property
    def total(self) -> int:
        """Rows that it will come to."""
        return self.plan.count

    def table(self, hole: str = summary.ALL) -> list[list[str]]:
        """Lines under HEAD: means over the photos, over the hole, with their 95 % intervals."""
        lines = []
        for backend, cells in summary.table(self.rows, hole, "hole").cells.items():
            count = max(cell.count for cell in cells.values())
            lines.append([backend, str(count), *(_said(cells, name) for name in _NAMES)])
        return lines

    def plots(self, hole: str = summary.ALL) -> list[str]:
        """SVG drawings: bars with intervals for HaarPSI and PSNR, and quality against time."""
        table = summary.table(self.rows, hole, "hole")
        cells = table.cells
        colours = {
            backend: plots.colour(number) for number, backend in enumerate(summary.backends_of(self.rows))
        }
        drawn = []
        for name in (summary.RANKED_BY, "psnr"):
            better = "more is better" if HIGHER_IS_BETTER[name] else "less is better"
            title, digits = page.COLUMNS[name]
            chosen = {backend: cell[name] for backend, cell in cells.items() if name in cell}
            drawn.append(plots.bars(chosen, colours, f"{title} over the hole ({better})", digits))
        drawn.append(page.speed(table, colours))
        return [drawing for drawing in drawn if drawing]


def _said(cells: summary.Cells, name: str) -> str:
    if name not in cells:
        return "–"
    digits, factor = page.COLUMNS[name][1], 100 if name in ("l1", "l2") else 1
    cell = cells[name]
    return f"{factor * cell.mean:.{digits}f} ({factor * cell.low:.{digits}f}–{factor * cell.high:.{digits}f})"


def stream(
    session: Session,
    source: Path | Sequence[Path],
    holes: Sequence[str],
    backends: Sequence[str],
    progress: Progress | None = None,
    *,
    size: int | None = 256,
    crop: str = "square",
    limit: int | None = None,
    seed: int = 0,
    names: Sequence[str] = QUICK,
) -> Iterator[Snapshot]:
    """Measure backends on a folder or an archive, or on several of them and single files; a snapshot after each fill.

    What fails is a row with its error. Raises OptionError before the first fill for what cannot be read, Cancelled.
    """
    found = photos(source, limit=limit, seed=seed) if isinstance(source, Path) else gathered(source)[:limit]
    plan = Plan(found, tuple(holes), tuple(backends), size, crop, seed, tuple(names))
    rows: list[Row] = []
    for measured in run(plan, session, progress):
        rows.append(measured.row)
        yield Snapshot(tuple(rows), plan, measured)
