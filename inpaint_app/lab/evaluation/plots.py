"""The report's plots as inline SVG: bars with intervals, score against hole size, quality against time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from inpaint_app.lab.evaluation.statistics import Estimate

COLOURS = (
    "#4269d0",
    "#efb118",
    "#ff725c",
    "#6cc5b0",
    "#3ca951",
    "#ff8ab7",
    "#a463f2",
    "#97bbf5",
    "#9c6b4e",
    "#9498a0",
)


def colour(number: int) -> str:
    """The colour of the n-th backend, the same in every plot."""
    return COLOURS[number % len(COLOURS)]


def bars(cells: Mapping[str, Estimate], colours: Mapping[str, str], title: str, digits: int) -> str:
    """Horizontal bars of means with their intervals, from 0."""
    if not cells:
        return ""
    most = max(max(cell.high, cell.mean) for cell in cells.values()) or 1.0
    left, step = max(150, 14 + 7 * max(len(backend) for backend in cells)), 26
    width = 480 - left
    height = 34 + step * len(cells)
    parts = [_open(560, height, title), _text(0, 14, title, "title")]
    for number, (backend, cell) in enumerate(cells.items()):
        y = 28 + step * number
        end = left + width * max(0.0, cell.mean) / most
        low, high = (left + width * max(0.0, value) / most for value in (cell.low, cell.high))
        parts += [
            _text(left - 8, y + 13, backend, "name"),
            f'<rect x="{left}" y="{y}" width="{end - left:.1f}" height="18" rx="3" fill="{colours[backend]}"/>',
            f'<path class="interval" d="M{low:.1f} {y + 9}H{high:.1f}M{low:.1f} {y + 5}v8M{high:.1f} {y + 5}v8"/>',
            _text(max(end, high) + 8, y + 13, f"{cell.mean:.{digits}f}", "value"),
        ]
    return "".join(parts) + "</svg>"


Points = Mapping[str, Sequence[tuple[float, float]]]


def scatter(
    points: Points,
    colours: Mapping[str, str],
    title: str,
    across: str,
    up: str,
    *,
    logarithmic: bool = False,
    lines: bool = False,
    labels: bool = False,
) -> str:
    """Points (x, y) per backend. logarithmic: the x axis. lines: a running mean through each backend's points."""
    every = [point for several in points.values() for point in several]
    if not every:
        return ""
    scale_x = _scale([x for x, _ in every], 56, 500, logarithmic)
    scale_y = _scale([y for _, y in every], 250, 36, False)
    parts = [_open(560, 300, title), _text(0, 14, title, "title"), *_axes(scale_x, scale_y, across, up)]
    for backend, several in points.items():
        for x, y in several:
            radius = 6 if labels else 2.6
            place = f'cx="{scale_x.place(x):.1f}" cy="{scale_y.place(y):.1f}" r="{radius}"'
            look = f'fill="{colours[backend]}" fill-opacity="{1 if labels else 0.45}"'
            parts.append(
                f"<circle {place} {look}><title>{escape(backend)}: {x:.3g}, {y:.3g}</title></circle>"
            )
        if lines and len(several) >= 8:
            middle = [f"{scale_x.place(x):.1f},{scale_y.place(y):.1f}" for x, y in _running(several)]
            parts.append(f'<polyline points="{" ".join(middle)}" stroke="{colours[backend]}" class="mean"/>')
    if labels:
        firsts = {backend: several[0] for backend, several in points.items() if several}
        parts += _labels({name: (scale_x.place(x), scale_y.place(y)) for name, (x, y) in firsts.items()})
    return "".join(parts) + "</svg>"


def _labels(places: Mapping[str, tuple[float, float]]) -> list[str]:
    """Names beside their points, moved down where they would lie on another one."""
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for backend, (x, y) in sorted(places.items(), key=lambda item: item[1][1]):
        while any(abs(x - other) < 130 and abs(y - height) < 13 for other, height in taken):
            y += 3
        taken.append((x, y))
        parts.append(_text(x + (9 if x < 380 else -9), y + 4, backend, "label" if x < 380 else "name"))
    return parts


class _scale:  # noqa: N801 - a value that is called, not a thing that is kept
    """Where a value lies between two pixels, and round values to mark."""

    def __init__(self, values: Sequence[float], start: float, stop: float, logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        numbers = [self._at(value) for value in values]
        self.low, self.high = min(numbers), max(numbers)
        room = 0.06 * (self.high - self.low) or abs(self.high) * 0.1 or 1.0
        self.low, self.high = self.low - room, self.high + room
        self.start, self.stop = start, stop

    def _at(self, value: float) -> float:
        return math.log10(max(value, 1e-4)) if self.logarithmic else value

    def place(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (self._at(value) - self.low) / (self.high - self.low) * (self.stop - self.start)

    def marks(self) -> list[float]:
        """About five round values within."""
        if self.logarithmic:
            whole = range(math.floor(self.low), math.ceil(self.high) + 1)
            steps = (1, 2, 5) if self.high - self.low < 1.6 else (1,)
            found = [base * 10.0**power for power in whole for base in steps]
            return [value for value in found if self.low <= math.log10(value) <= self.high]
        step = 10.0 ** math.floor(math.log10((self.high - self.low) / 4))
        step *= next(factor for factor in (1, 2, 5, 10) if (self.high - self.low) / (step * factor) <= 6)
        first = math.ceil(self.low / step)
        return [step * n for n in range(first, math.floor(self.high / step) + 1)]


def _axes(scale_x: _scale, scale_y: _scale, across: str, up: str) -> list[str]:
    parts = []
    for value in scale_x.marks():
        x = scale_x.place(value)
        parts += [f'<path class="grid" d="M{x:.1f} 36V250"/>', _text(x, 266, f"{value:.4g}", "tick")]
    for value in scale_y.marks():
        y = scale_y.place(value)
        parts += [f'<path class="grid" d="M56 {y:.1f}H500"/>', _text(50, y + 4, f"{value:.4g}", "name")]
    return [*parts, _text(278, 288, across, "tick"), _text(56, 31, up, "label")]


def _running(points: Sequence[tuple[float, float]], groups: int = 6) -> list[tuple[float, float]]:
    """Means of equally large groups, from left to right."""
    ordered = sorted(points)
    size = len(ordered) / min(groups, len(ordered) // 4)
    parts = [ordered[round(n * size) : round((n + 1) * size)] for n in range(min(groups, len(ordered) // 4))]
    return [
        (sum(x for x, _ in part) / len(part), sum(y for _, y in part) / len(part)) for part in parts if part
    ]


def _open(width: int, height: int, title: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'
