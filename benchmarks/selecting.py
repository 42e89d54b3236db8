"""What a rough gesture becomes: python -m benchmarks.selecting DATA [--half tuned|told] [--finder none|own|best].

DATA holds segment/coco_val2017_person_car. Of each photo the four largest labelled things that cover 1 to 70 % of it
are pointed at, as hands do it, from the true outline (seeded): a box whose sides are off by 3 % (standard deviation);
the thing painted to and fro with a wide brush that leaves gaps and goes beyond; a line through it; a circle around
it; a click well inside. Every second photo is what was tuned on, the others are told. IoU with the true outline, 95 %
bootstrap intervals over photos. --edge: pixels between the outline found and the true one on photos of full size, of
shapes whose edge is known because they were laid in; and the processor time of it. --clicks: what a click costs, in
processor time. With MobileSAM here, --finder best asks it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks import runner
from benchmarks.masks import outlines, photo
from inpaint_app.errors import OptionError
from inpaint_app.imaging import strokes
from inpaint_app.imaging.mask import bounds
from inpaint_app.lab.evaluation.statistics import estimate
from inpaint_app.removal.session import Request, Session
from inpaint_app.segmenters import registry
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.selecting.select import selected
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask

LEAST, MOST, EACH = 0.01, 0.7, 4


def things(folder: Path, half: int) -> Iterator[tuple[str, Image, Mask]]:
    for number, (stem, image, known) in enumerate(outlines(folder)):
        if number % 2 != half:
            continue
        masks = [mask for _, mask in known if LEAST < mask.mean() < MOST]
        for mask in sorted(masks, key=lambda one: -int(one.sum()))[:EACH]:
            yield stem, image, mask


def gestures(mask: Mask, rng: np.random.Generator) -> dict[str, Gesture]:
    box = bounds(mask)
    assert box is not None
    size = float(np.sqrt(mask.sum()))
    inside = cv2.distanceTransform(np.pad(mask, 1).view(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    off = rng.normal(0, 0.03, 4) * ((box.width, box.height) * 2)
    left, top, right, bottom = np.round(np.array(box) + off).astype(int)
    return {
        "box": Gesture(Box(max(0, left), max(0, top), max(right, left + 2), max(bottom, top + 2))),
        "painted": painted(mask, box, size, rng),
        "line": line(inside, rng, size),
        "circle": circle(mask, size, rng),
        "click": Gesture(points=(well_inside(inside, rng, 0.6, 1)[0],)),
    }


def well_inside(
    inside: np.ndarray, rng: np.random.Generator, depth: float, count: int
) -> list[tuple[float, float]]:
    rows, columns = np.nonzero(inside >= depth * inside.max())
    chosen = rng.integers(len(rows), size=count)
    return [(float(columns[at]) + 0.5, float(rows[at]) + 0.5) for at in chosen]


def painted(mask: Mask, box: Box, size: float, rng: np.random.Generator) -> Gesture:
    width, way, points = max(3.0, size * rng.uniform(0.18, 0.3)), 1, []
    row, step = box.top + 0.4 * width, width * rng.uniform(0.9, 1.3)
    while row < box.bottom - 0.2 * width:
        columns = np.nonzero(mask[min(int(row), len(mask) - 1)])[0]
        if len(columns):
            ends = np.quantile(columns, [0.08, 0.92]) + rng.normal(0, 0.1 * size, 2)
            points += [(x, row) for x in ends[::way]]
            way = -way
        row += step
    points = points or [(box.left, box.top), (box.right, box.bottom)]
    shaken = np.array(points) + rng.normal(0, 0.04 * size, (len(points), 2))
    return Gesture(points=tuple(map(tuple, shaken)), width=width)


def line(inside: np.ndarray, rng: np.random.Generator, size: float) -> Gesture:
    points = np.array(well_inside(inside, rng, 0.35, 4))
    along = np.linalg.eigh(np.cov(np.array(np.nonzero(inside > 0))[::-1]))[1][:, 1]
    return Gesture(points=tuple(map(tuple, points[np.argsort(points @ along)])), width=max(2.0, 0.06 * size))


def circle(mask: Mask, size: float, rng: np.random.Generator) -> Gesture:
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    hull = cv2.convexHull(np.concatenate(contours))[:, 0].astype(float)
    hull = np.concatenate([hull, hull[:1]])
    at = np.linspace(0, 0.97 * (len(hull) - 1), 40)
    points = np.stack([np.interp(at, np.arange(len(hull)), hull[:, axis]) for axis in (0, 1)], axis=1)
    away = points - hull.mean(axis=0)
    away /= np.maximum(1, np.linalg.norm(away, axis=1, keepdims=True))
    wobble = cv2.GaussianBlur(rng.normal(0, 0.06 * size, (40, 2)), (1, 7), 2)
    points = points + away * size * rng.uniform(0.03, 0.15) + wobble
    return Gesture(points=tuple(map(tuple, points)), width=max(2.0, 0.03 * size))


def covered(gesture: Gesture, shape: tuple[int, int]) -> Mask:
    """What the gesture itself covers, a circle with what it runs around."""
    mask = np.zeros(shape, dtype=bool)
    if gesture.box:
        mask[gesture.box.slices] = True
    else:
        box = strokes.box_of(np.array(gesture.points), gesture.width, shape)
        if box:
            mask[box.slices] = strokes.stroke(np.array(gesture.points), gesture.width, box)
    return mask


def overlap(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / max(1, (one | other).sum()))


def scores(data: Path, half: int, finder: str) -> Iterator[str]:
    session = Session(Settings.from_environment())
    name = {"own": registry.SHIPPED, "best": None}.get(finder)
    rows: dict[str, dict[str, list[tuple[float, float, float]]]] = {}
    for number, (stem, image, mask) in enumerate(things(data / "segment" / "coco_val2017_person_car", half)):
        rng = np.random.default_rng(number)
        for kind, gesture in gestures(mask, rng).items():
            began = time.process_time()
            try:
                one = (
                    selected(image, gesture) if finder == "none" else session.select(image, gesture, (), name)
                )
            except OptionError:
                one = Instance(0, "", 0, Box(0, 0, 1, 1), np.zeros((1, 1), dtype=bool))
            spent = time.process_time() - began
            before = covered(gesture, mask.shape)
            if kind == "circle":
                corners = np.round(np.array(gesture.points)).astype(np.int32)
                before |= cv2.fillPoly(np.zeros(mask.shape, np.uint8), [corners], 1) > 0
            known = rows.setdefault(kind, {}).setdefault(stem, [])
            known.append((overlap(before, mask), overlap(one.full_mask(mask.shape), mask), spent))
    for kind, photos in rows.items():
        means = np.array([np.mean(values, axis=0) for values in photos.values()])
        count = sum(map(len, photos.values()))
        before, after = estimate(means[:, 0].tolist()), estimate(means[:, 1].tolist())
        gain = estimate((means[:, 1] - means[:, 0]).tolist())
        cells = [kind, str(count), *map(shown, (before, after, gain)), f"{1000 * means[:, 2].mean():.0f}"]
        yield f"| {' | '.join(cells)} |"


def shown(value) -> str:  # type: ignore[no-untyped-def]
    return f"{value.mean:.3f} ({value.low:.3f}–{value.high:.3f})"


def laid(data: Path, share: float) -> Iterator[tuple[str, Image, Mask]]:
    """Shapes of labelled things, enlarged to a share of the short side, smoothed, filled from another large photo."""
    photos = sorted((data / "eval" / "fullsize").glob("*.jpg"))
    shapes = [mask for _, _, mask in things(data / "segment" / "coco_val2017_person_car", 1)]
    for number, path in enumerate(photos):
        image, other = photo(path), photo(photos[number - 1])
        box = bounds(shapes[3 * number])
        assert box is not None
        side = share * min(image.shape[:2]) / max(box.width, box.height)
        shape = cv2.resize(shapes[3 * number][box.slices].astype(np.float32), None, fx=side, fy=side)
        shape = cv2.GaussianBlur(shape, (0, 0), side) > 0.5
        top, left = image.shape[0] // 4, image.shape[1] // 4
        truth = np.zeros(image.shape[:2], dtype=bool)
        truth[top : top + shape.shape[0], left : left + shape.shape[1]] = shape
        filled = cv2.resize(other, image.shape[1::-1])
        image[truth] = filled[truth]
        yield path.stem, image, truth


def clicks(data: Path) -> Iterator[str]:
    """What a click costs on large photos: its outline, and with parts and who stands around, once all is warm."""
    session = Session(Settings.from_environment())
    session.select(np.zeros((64, 64, 3), np.uint8), Gesture(points=((9, 9),)))
    for name in ("cyclists.jpg", "handbag.jpg", "skiers.jpg"):
        image = session.load(data / "eval" / "camera" / name).rgb
        for across, down in ((0.5, 0.5), (0.35, 0.6), (0.7, 0.7)):
            click = Gesture(points=((across * image.shape[1], down * image.shape[0]),))
            began = time.process_time()
            label = session.select(image, click).label
            outlined_at = time.process_time()
            session.decided(image, Request(gestures=(click,)))
            spent = outlined_at - began, time.process_time() - outlined_at
            megapixels = image.shape[0] * image.shape[1] / 1e6
            yield f"| {name} | {megapixels:.1f} | {across:g}, {down:g} | {label} | {spent[0]:.2f} | {spent[1]:.2f} |"


def edges(data: Path) -> Iterator[str]:
    """How near the outline comes to the true one."""
    for number, (stem, image, truth) in enumerate(laid(data, 0.4)):
        gesture = gestures(truth, np.random.default_rng(number))["painted"]
        began = time.process_time()
        one = selected(image, gesture)
        seconds = time.process_time() - began
        away = cv2.distanceTransform((~rim(truth)).view(np.uint8), cv2.DIST_L2, 5)
        found = one.full_mask(truth.shape)
        megapixels = image.shape[0] * image.shape[1] / 1e6
        yield (
            f"| {stem} | {megapixels:.1f} | {overlap(found, truth):.3f} | {np.median(away[rim(found)]):.1f} | "
            f"{seconds:.2f} |"
        )


def rim(mask: Mask) -> Mask:
    return (cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~mask


def main() -> None:
    parser = runner.parser(__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--half", choices=("tuned", "told"), default="told")
    parser.add_argument("--finder", choices=("none", "own", "best"), default="none")
    parser.add_argument("--edge", action="store_true")
    parser.add_argument("--clicks", action="store_true")
    given = parser.parse_args()
    head, found = "| gesture | things | IoU before | IoU after | gain | CPU ms |", None
    if given.clicks:
        head, found = "| photo | megapixels | at | what | outline, CPU s | with parts |", clicks(given.data)
    elif given.edge:
        head, found = (
            "| photo | megapixels | IoU | median pixels from the true edge | CPU s |",
            edges(given.data),
        )
    print(head + "\n" + "|---" * (head.count("|") - 1) + "|")
    for row in found or scores(given.data, int(given.half == "told"), given.finder):
        print(row, flush=True)


if __name__ == "__main__":
    main()
