"""What a removal costs beside what cannot be avoided: decoding the photo, copying it once, encoding it.

    python benchmarks/remove.py [--rounds 7] [--sizes 12 48] [--people bus.jpg]

A 200×200 hole is filled by Navier-Stokes in JPEGs of 12 and 48 megapixels, load → remove → save, everything warm.
Prints Markdown tables: time beside the baseline (target ≤ 2), the fill's own time at both sizes (target: equal within
20 %), and peak memory over the loaded imports beside width × height × 3 bytes (target ≤ 4; Linux only). With
--people also one-click "Remove people" on that photo, everything warm (target ≤ 3 s with the default backend).

Each size runs in a process of its own. Times are the best of the rounds, ours and the baseline's taken in turn:
the best is what a busy machine stretches least. Processor seconds are given beside them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SIDE = 200
QUALITY = 92
SHAPES = {12: (3000, 4000), 48: (6000, 8000)}


def synthetic(shape: tuple[int, int]) -> np.ndarray:
    """A photo-like picture: soft forms, edges and sensor grain, (H, W, 3) uint8, the same every time."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (shape[0] // 100, shape[1] // 100, 3)).astype(np.uint8)
    soft = cv2.resize(small, shape[::-1], interpolation=cv2.INTER_CUBIC)
    tile = rng.normal(0, 4, (500, 500, 3))
    for top in range(0, shape[0], 500):
        for left in range(0, shape[1], 500):
            part = soft[top : top + 500, left : left + 500]
            part[:] = np.clip(part + tile[: part.shape[0], : part.shape[1]], 0, 255)
    return soft


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock and of processor time."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def child(source: Path, rounds: int) -> dict[str, Any]:
    """Measure one photo in this process."""
    from inpaint_app.backends.memory import peak
    from inpaint_app.backends.opencv import NavierStokes
    from inpaint_app.photofile import files
    from inpaint_app.removal.session import Request, Session

    session, folder = Session(), source.parent
    fills: list[float] = []
    inpaint = NavierStokes.inpaint

    def measured(*arguments: Any) -> Any:
        began = time.process_time()  # the same work at both sizes; the clock would measure the machine's load
        fill = inpaint(*arguments)
        fills.append(time.process_time() - began)
        return fill

    NavierStokes.inpaint = measured  # type: ignore[method-assign]
    target, steps = folder / "ours.jpg", {"load": [], "remove": [], "save": [], "fill": []}
    last: dict[str, Any] = {}

    def removal(path: Path = source) -> None:
        began = time.perf_counter()
        photo = session.load(path)
        loaded = time.perf_counter()
        mask = np.zeros((photo.height, photo.width), dtype=bool)
        top, left = photo.height // 2, photo.width // 2
        mask[top : top + SIDE, left : left + SIDE] = True
        result = session.run(photo.rgb, Request(mask=mask, backend="navier-stokes"))
        removed = time.perf_counter()
        saved = files.save(photo, result.image, result.mask, target)
        for name, seconds in (
            ("load", loaded - began),
            ("remove", removed - loaded),
            ("save", time.perf_counter() - removed),
            ("fill", fills[-1]),
        ):
            steps[name].append(seconds)
        last["report"] = saved.report

    def opencv() -> None:
        image = cv2.imdecode(np.fromfile(source, np.uint8), cv2.IMREAD_COLOR)
        cv2.imencode(".jpg", image.copy(), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tofile(folder / "cv.jpg")

    def pillow() -> None:
        import PIL.Image

        with PIL.Image.open(source) as opened:
            image = np.asarray(opened)
        PIL.Image.fromarray(image.copy()).save(folder / "pil.jpg", quality=QUALITY)

    warm = folder / "warm.jpg"
    cv2.imwrite(str(warm), synthetic((600, 800)))
    removal(warm)
    with peak() as most:
        removal()
    memory = 1024**2 * (most.megabytes or 0.0)
    for values in steps.values():
        values.clear()
    times: dict[str, list[tuple[float, float]]] = {"ours": [], "opencv": [], "pillow": []}
    for _ in range(rounds):
        for name, work in (("ours", removal), ("opencv", opencv), ("pillow", pillow)):
            times[name].append(timed(work))
    return {
        "memory": memory,
        **{name: [min(run[i] for run in runs) for i in (0, 1)] for name, runs in times.items()},
        "steps": {name: min(values) for name, values in steps.items()},
        "method": last["report"].method,
        "outside": last["report"].changed_pixels_outside,
    }


def in_a_process(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def people(photo: Path, rounds: int) -> dict[str, Any]:
    """One-click "Remove people" as the page does it, everything warm."""
    from inpaint_app.removal.session import Request, Session

    session = Session()
    image = session.load(photo).rgb
    request = Request(objects=("people",))
    session.run(image, request)
    whole = min(timed(lambda: session.run(image, request)) for _ in range(rounds))
    finding = min(timed(lambda: session.detect(image)) for _ in range(rounds))
    return {"backend": request.backend, "whole": whole, "finding": finding}


def tables(measured: dict[int, dict[str, Any]]) -> str:
    """The measurements as Markdown."""
    lines = [
        "| load → remove → save, 200×200 hole | seconds | processor | ÷ OpenCV's decode, copy, encode | ÷ Pillow's |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size, run in measured.items():
        (ours, work), by_cv, by_pil = run["ours"], run["opencv"], run["pillow"]
        lines.append(
            f"| {size} MP, {run['method']}, {run['outside']} pixels changed outside | {ours:.3f} | {work:.3f} | "
            f"{ours / by_cv[0]:.2f} ({by_cv[0]:.3f} s; processor {work / by_cv[1]:.2f}) | "
            f"{ours / by_pil[0]:.2f} ({by_pil[0]:.3f} s; processor {work / by_pil[1]:.2f}) |"
        )
    lines += ["", "| step | " + " | ".join(f"{size} MP" for size in measured) + " |"]
    lines.append("| --- |" + " --- |" * len(measured))
    for step in ("load", "remove", "save"):
        cells = " | ".join(f"{run['steps'][step] * 1000:.0f} ms" for run in measured.values())
        lines.append(f"| {step} | {cells} |")
    fills = [run["steps"]["fill"] for run in measured.values()]
    cells = " | ".join(f"{fill * 1000:.1f} ms" for fill in fills)
    lines.append(
        f"| of remove: the fill itself, processor time (largest ÷ smallest {max(fills) / min(fills):.2f}) | {cells} |"
    )
    lines += ["", "| memory | peak over the loaded imports | ÷ width × height × 3 |", "| --- | --- | --- |"]
    for size, run in measured.items():
        plain = SHAPES[size][0] * SHAPES[size][1] * 3
        lines.append(
            f"| {size} MP | {run['memory'] / 1e6:.0f} MB | {run['memory'] / plain:.2f} (target ≤ 4) |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[12, 48], choices=SHAPES)
    parser.add_argument("--people", type=Path, metavar="PHOTO")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(child(arguments.child, arguments.rounds)))
        return
    measured = {}
    for size in arguments.sizes:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "photo.jpg"
            print(f"measuring {size} MP", file=sys.stderr)
            cv2.imwrite(str(source), synthetic(SHAPES[size]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            measured[size] = in_a_process("--child", str(source), "--rounds", str(arguments.rounds))
    print(tables(measured))
    if arguments.people:
        run = people(arguments.people, arguments.rounds)
        print(f"\n| one click, {arguments.people.name}, warm | seconds | processor |\n| --- | --- | --- |")
        print(
            f"| remove people, {run['backend']} | {run['whole'][0]:.2f} (target ≤ 3) | {run['whole'][1]:.2f} |"
        )
        print(f"| of it: finding | {run['finding'][0]:.2f} | {run['finding'][1]:.2f} |")


if __name__ == "__main__":
    main()
