"""True pixels from several shots of one place, beside plain medians and a fill of the photo alone.

    python -m benchmarks.stacks OUT                        # all stacks of eval/stacks that have a truth
    python -m benchmarks.stacks OUT --stacks worker quad --methods shots median
    python -m benchmarks.stacks OUT --large PHOTO          # writes a burst of 12 megapixels and 6 shots, tells seconds
    python -m benchmarks.stacks OUT --large PHOTO --megapixels 48 --count 3

In each stack the hole is what objects.png marks in its own shot; PSNR and HaarPSI are over it, against truth.png.
`shots` is this app's `remove(photo, mask, shots=…)` with all defaults, `median` the plain median of the other shots
under SIFT, a homography and one gain a channel (where that fails: as they lie), `ECC` and `MTB` OpenCV's own alignment
before the same median, `alone` the default backend without shots. Tuning saw the stacks in TUNED only. OUT gets
rows.jsonl (what is there is not done again), table.md and the picture of every stack and method.
"""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.exemplar_cases import DATA, load
from benchmarks.runner import Row, keep, parser, publish, rows_of, write
from inpaint_app.imaging.mask import dilated
from inpaint_app.metrics.full_reference import scores
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.shots.stack import Shot
from inpaint_app.types import Image, Mask

TUNED = ("busstation", "cathedral", "intelcar", "quad", "street", "synth_vtest", "worker")
FOLDER = DATA / "eval/stacks"


@lru_cache(maxsize=1)
def session() -> Session:
    return Session(Settings.from_environment())


def stack(name: str) -> tuple[Image, Mask, list[Image], Image]:
    """Photo, hole, the other shots and the truth."""
    folder = FOLDER / name
    own = re.search(r"belong to (\S+\.jpg)", (folder / "SOURCE.txt").read_text())
    assert own, f"{name} has no truth"
    hole = load(folder / "objects.png")[..., 0] > 127
    others = [load(path) for path in sorted(folder.glob("shot*.jpg")) if path.name != own[1]]
    return load(folder / own[1]), hole, others, load(folder / "truth.png")


def shots(photo: Image, hole: Mask, others: Sequence[Image]) -> tuple[Image, dict[str, Any]]:
    result = session().run(photo, Request(mask=hole, shots=tuple(Shot(one) for one in others)))
    assert result.behind is not None
    inside = result.behind.seen[hole]
    return result.image, {"true": float(inside.mean()), "notes": list(result.behind.notes)}


def alone(photo: Image, hole: Mask, others: Sequence[Image]) -> tuple[Image, dict[str, Any]]:
    return session().run(photo, Request(mask=hole)).image, {}


def _sift(photo: Image, hole: Mask, other: Image) -> Image:
    sift = cv2.SIFT_create()
    a, b = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (photo, other))
    points, words = sift.detectAndCompute(a, (~hole).astype(np.uint8))
    others, theirs = sift.detectAndCompute(b, None)
    good = [m for m, n in cv2.BFMatcher().knnMatch(words, theirs, k=2) if m.distance < 0.75 * n.distance]
    if len(good) < 12:
        return _fitted(other, photo)
    source = np.float32([points[m.queryIdx].pt for m in good])
    target = np.float32([others[m.trainIdx].pt for m in good])
    matrix, _ = cv2.findHomography(source, target, cv2.RANSAC, 3.0)
    return _fitted(other, photo) if matrix is None else _warped(other, matrix, photo)


def _ecc(photo: Image, hole: Mask, other: Image) -> Image:
    other = _fitted(other, photo)
    a, b = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (photo, other))
    ends = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
    start = np.eye(3, dtype=np.float32)
    try:
        _, matrix = cv2.findTransformECC(
            a, b, start, cv2.MOTION_HOMOGRAPHY, ends, (~hole).astype(np.uint8), 5
        )
    except cv2.error:
        return other
    return _warped(other, matrix, photo)


def _mtb(photo: Image, hole: Mask, other: Image) -> Image:
    other = _fitted(other, photo)
    a, b = (cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in (photo, other))
    aligner = cv2.createAlignMTB()
    shift = aligner.calculateShift(a, b)
    return _warped(other, np.float64([[1, 0, -shift[0]], [0, 1, -shift[1]], [0, 0, 1]]), photo)


def _fitted(other: Image, photo: Image) -> Image:
    return cv2.resize(other, photo.shape[1::-1], interpolation=cv2.INTER_AREA)


def _warped(other: Image, matrix: Any, photo: Image) -> Image:
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(
        other, matrix, photo.shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _median(how: Callable[[Image, Mask, Image], Image]) -> Any:
    def method(photo: Image, hole: Mask, others: Sequence[Image]) -> tuple[Image, dict[str, Any]]:
        aligned = []
        for other in others:
            moved = how(photo, hole, other).astype(np.float32)
            gain = np.median(photo[~hole], axis=0) / np.maximum(1, np.median(moved[~hole], axis=0))
            aligned.append(moved * gain)
        out = photo.copy()
        out[hole] = np.clip(np.rint(np.median(aligned, axis=0)), 0, 255).astype(np.uint8)[hole]
        return out, {}

    return method


METHODS: dict[str, Any] = {
    "shots": shots,
    "median": _median(_sift),
    "ECC": _median(_ecc),
    "MTB": _median(_mtb),
    "alone": alone,
}


def measure(name: str, method: str) -> tuple[dict[str, Any], Image]:
    photo, hole, others, truth = stack(name)
    began = time.perf_counter()
    image, more = METHODS[method](photo, hole, others)
    seconds = time.perf_counter() - began
    found = scores(truth, image, hole, names=("psnr", "haarpsi"))["hole"]
    pasted = np.where(hole[..., None], truth, photo)  # the best there can be: no known pixel may change
    limit = float(scores(truth, pasted, hole, names=("haarpsi",))["hole"]["haarpsi"])
    row = {"stack": name, "method": method, "seconds": round(seconds, 2), "limit": round(limit, 4), **more}
    return row | {key: round(float(found[key]), 4) for key in ("psnr", "haarpsi")}, image


def table(rows: list[Row]) -> str:
    methods = [name for name in METHODS if any(row["method"] == name for row in rows)]
    lines = [
        "| stack | " + " | ".join(methods) + " | truth pasted | true pixels |",
        "| --- |" + " --- |" * (len(methods) + 2),
    ]
    names = list(dict.fromkeys(row["stack"] for row in rows))
    held = [name for name in names if name not in TUNED]
    for title, members in (("", names), ("**tuned on**", TUNED), ("**held out**", held), ("**mean**", names)):
        for group in [[name] for name in members] if not title else [list(members)]:
            cells = []
            for method in methods:
                own = [row for row in rows if row["method"] == method and row["stack"] in group]
                psnr, haar = (np.array([row[key] for row in own]) for key in ("psnr", "haarpsi"))
                spread = f" ± {1.96 * psnr.std(ddof=1) / np.sqrt(len(own)):.1f}" if len(own) > 1 else ""
                cells.append(f"{psnr.mean():.1f}{spread} · {haar.mean():.3f}" if len(own) else "")
            true = [row["true"] for row in rows if "true" in row and row["stack"] in group]
            share = f"{100 * np.mean(true):.0f} %" if true else ""
            limit = np.mean([row["limit"] for row in rows if row["stack"] in group])
            lines.append(f"| {title or group[0]} | " + " | ".join(cells) + f" | {limit:.3f} | {share} |")
    return "\n".join(lines)


def burst(photo: Image, megapixels: float, count: int) -> tuple[Image, Mask, list[Image], Image]:
    """A hand-held burst made of one photo, as `stack` gives it; another part of the photo walks by."""
    scale = float(np.sqrt(megapixels * 1e6 / (photo.shape[0] * photo.shape[1])))
    truth = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    height, width = truth.shape[:2]
    random = np.random.default_rng(5)
    body = np.zeros((height // 3, width // 8), np.uint8)
    center = (body.shape[1] // 2, body.shape[0] // 2)
    cv2.ellipse(body, (center, body.shape[::-1], 0), 1, -1)
    coat = cv2.flip(truth[: body.shape[0], : body.shape[1]], 0) // 2

    def with_somebody(left: int) -> tuple[Image, Mask]:
        there = np.zeros((height, width), bool)
        there[height // 2 :, left:][: body.shape[0], : body.shape[1]] = body > 0
        picture = truth.copy()
        picture[there] = coat[body > 0]
        return picture, there

    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    given, hole = with_somebody(width * 4 // 9)
    others = []
    for number in range(count):
        moved = corners + random.uniform(-0.01, 0.01, (4, 2)).astype(np.float32) * width
        shot = cv2.warpPerspective(
            with_somebody(width * (number + 1) // (count + 3))[0],
            cv2.getPerspectiveTransform(corners, moved),
            (width, height),
            flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT,
        )
        grain = np.zeros_like(shot, np.int8)
        cv2.randn(grain, 0, 2)
        shot = cv2.add(cv2.convertScaleAbs(shot, alpha=random.uniform(0.9, 1.1)), grain, dtype=cv2.CV_8U)
        others.append(shot)
    return given, dilated(hole, 3), others, truth


def large(path: Path, megapixels: float, count: int, out: Path) -> None:
    """Writes a burst's files into `out`, and tells what it takes here beside a fill of the photo alone."""
    given, hole, others, truth = burst(load(path), megapixels, count)
    out.mkdir(parents=True, exist_ok=True)
    for number, image in enumerate([given, *others], 1):
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(out / f"shot{number:02}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])
    cv2.imwrite(str(out / "mask.png"), hole.view(np.uint8) * np.uint8(255))
    session().run(given[:512, :512], Request(mask=dilated(np.eye(512, dtype=bool), 3)))
    for method in (shots, alone):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter(), time.process_time()
        image, more = method(given, hole, others)
        spent = time.perf_counter() - began[0], time.process_time() - began[1]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = scores(truth, image, hole, names=("psnr",))["hole"]
        print(
            f"{method.__name__}: {spent[0]:.1f} s, {spent[1]:.1f} s of processor, peak {peak / 1024:.0f} MB "
            f"(before {before / 1024:.0f}), {found['psnr']:.1f} dB {more}"
        )


def main() -> None:
    line = parser(__doc__, "rows, table and pictures")
    truths = sorted(path.parent.name for path in FOLDER.glob("*/truth.png"))
    line.add_argument("--stacks", nargs="+", default=truths)
    line.add_argument("--methods", nargs="+", default=list(METHODS))
    line.add_argument("--large", type=Path, metavar="PHOTO")
    line.add_argument("--megapixels", type=float, default=12)
    line.add_argument("--count", type=int, default=6)
    arguments = line.parse_args()
    if arguments.large:
        return large(arguments.large, arguments.megapixels, arguments.count, arguments.out)
    done = {(row["stack"], row["method"]) for row in rows_of(arguments.out)}
    for name in arguments.stacks:
        for method in arguments.methods:
            if (name, method) in done:
                continue
            row, image = measure(name, method)
            print(row, flush=True)
            keep(arguments.out, row)
            write(arguments.out / f"{name}-{method}.png", [image])
    publish(arguments.out, table(rows_of(arguments.out)))


if __name__ == "__main__":
    main()
