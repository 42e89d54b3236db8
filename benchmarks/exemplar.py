"""How good and how fast the exemplar engine is, beside its peers, on photos with holes cut into them.

    python -m benchmarks.exemplar                     # the 100 BSDS test photos
    python -m benchmarks.exemplar --scale 4           # the same at four times the size
    python -m benchmarks.exemplar --speed             # seconds and memory at 768x512 and at 12 megapixels
    python -m benchmarks.exemplar --guide             # steered by Navier-Stokes and by the blurred truth
    python -m benchmarks.exemplar --sheet out.png     # photo, hole, peers, ours

All methods see the same photo with the hole painted grey. Seconds are the process's CPU time and wall time; compare
them within one run only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.exemplar_cases import Case, cases, scores
from inpaint_app.backends.base import Window
from inpaint_app.backends.exemplar import Exemplar, ExemplarOptions
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

GUIDANCE = 0.5
Fill = Callable[[Case], NDArray[np.uint8]]


def exemplar(case: Case, guide: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
    window = Window(case.holed, case.mask, guide=guide)
    return Exemplar(Settings.from_environment()).inpaint(
        window, ExemplarOptions(guidance=GUIDANCE), Progress()
    )


def patchmatch(case: Case) -> NDArray[np.uint8]:
    from patchmatch import patch_match

    return patch_match.inpaint(case.holed, case.mask.astype(np.uint8) * 255, patch_size=3)


def navier_stokes(case: Case) -> NDArray[np.uint8]:
    return cv2.inpaint(case.holed, case.mask.astype(np.uint8), 3, cv2.INPAINT_NS)


def telea(case: Case) -> NDArray[np.uint8]:
    return cv2.inpaint(case.holed, case.mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)


def biharmonic(case: Case) -> NDArray[np.uint8]:
    from skimage.restoration import inpaint_biharmonic

    crop = case.crop  # elsewhere nothing changes, and the whole photo takes minutes
    out = case.holed.copy()
    filled = inpaint_biharmonic(case.holed[crop], case.mask[crop], channel_axis=-1)
    out[crop] = np.clip(np.rint(filled * 255), 0, 255)
    return out


def blurred_truth(case: Case) -> NDArray[np.uint8]:
    blurred = cv2.GaussianBlur(case.image, (0, 0), 8)
    return np.where(case.mask[..., None], blurred, case.image)


PEERS: dict[str, Fill] = {
    "exemplar": exemplar,
    "PyPatchMatch": patchmatch,
    "Navier-Stokes": navier_stokes,
    "Telea": telea,
    "biharmonic": biharmonic,
}
GUIDED: dict[str, Fill] = {
    "exemplar": exemplar,
    "Navier-Stokes": navier_stokes,
    "guided by Navier-Stokes": lambda case: exemplar(case, navier_stokes(case)),
    "blurred truth": blurred_truth,
    "guided by blurred truth": lambda case: exemplar(case, blurred_truth(case)),
}


def table(methods: dict[str, Fill], photos: list[Case]) -> None:
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in methods}
    for method in methods.values():
        method(photos[0])  # compiled and loaded before the clock starts
    for number, case in enumerate(photos):
        for name, method in methods.items():
            cpu, wall = time.process_time(), time.perf_counter()
            fill = method(case)
            took = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
            rows[name].append(scores(case, fill) | took)
        if number % 10 == 9:
            print(f"... {number + 1} of {len(photos)}", flush=True)
    print("| method | HaarPSI | FSIM | PSNR in the hole, dB | texture, median | CPU s | wall s |")
    print("|---|---|---|---|---|---|---|")
    for name, values in rows.items():
        mean = {key: np.mean([value[key] for value in values]) for key in values[0]}
        texture = np.median([value["texture"] for value in values])
        print(
            f"| {name} | {mean['haarpsi']:.4f} | {mean['fsim']:.4f} | {mean['psnr']:.2f} | {texture:.2f} "
            f"| {mean['cpu']:.3f} | {mean['wall']:.3f} |"
        )
    truth = np.median([scores(case, case.image)["texture"] for case in photos])
    print(f"Texture of the truth: {truth:.2f}. Photos: {len(photos)}.")


def _megapixel_case(width: int, height: int, hole: tuple[int, int] | None) -> Case:
    """The first test photo enlarged, with an object-shaped hole of 5 % or one of `hole` (height, width) in its box."""
    first = next(iter(cases(count=1)))
    image = cv2.resize(first.image, (width, height), interpolation=cv2.INTER_CUBIC)
    image = cv2.add(image, np.random.default_rng(0).integers(0, 12, image.shape, dtype=np.uint8))
    if hole is None:
        mask = cv2.resize(first.mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    else:
        mask = np.zeros((height, width), bool)
        top, left = (height - hole[0]) // 2, (width - hole[1]) // 2
        mask[top : top + hole[0], left : left + hole[1]] = True
    return Case("enlarged", image, mask)


def _window(case: Case, context: float = 1.0, least: int = 96) -> Case:
    """The crop that the pipeline hands to the engine: the hole's box with context as in its SizeRule."""
    rows, columns = np.flatnonzero(case.mask.any(1)), np.flatnonzero(case.mask.any(0))
    around = max(least, int(context * max(np.ptp(rows) + 1, np.ptp(columns) + 1)))
    top, left = max(0, int(rows[0]) - around), max(0, int(columns[0]) - around)
    crop = slice(top, int(rows[-1]) + 1 + around), slice(left, int(columns[-1]) + 1 + around)
    return Case(case.name, np.ascontiguousarray(case.image[crop]), np.ascontiguousarray(case.mask[crop]))


def _measured(connection: object, width: int, height: int, hole: tuple[int, int] | None) -> None:
    case = _window(_megapixel_case(width, height, hole))
    Exemplar(Settings.from_environment()).warm()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = []
    for _ in range(3):
        started, cpu = time.perf_counter(), time.process_time()
        exemplar(case)
        seconds.append((time.perf_counter() - started, time.process_time() - cpu))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    connection.send((min(seconds), (after - before) / 1024))  # type: ignore[attr-defined]


def speed() -> None:
    """Best of three in a fresh process each, so that the peak of memory is the fill's own."""
    small = _megapixel_case(768, 512, None)
    times = []
    for _ in range(3):
        started, cpu = time.perf_counter(), time.process_time()
        patchmatch(small)
        times.append((time.perf_counter() - started, time.process_time() - cpu))
    reference = min(times)
    print(f"PyPatchMatch 768x512: {reference[0]:.2f} s, CPU {reference[1]:.2f} s")
    for width, height, hole in ((768, 512, None), (4000, 3000, (600, 900))):
        ours, theirs = multiprocessing.get_context("spawn").Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=_measured, args=(theirs, width, height, hole)
        )
        process.start()
        (wall, cpu), memory = ours.recv()
        process.join()
        print(
            f"exemplar {width}x{height}: {wall:.2f} s, CPU {cpu:.2f} s ({wall / reference[0]:.2f} and "
            f"{cpu / reference[1]:.2f} of PyPatchMatch's at 768x512), {memory:.0f} MB over the photo"
        )


def sheet(path: Path, photos: list[Case], methods: dict[str, Fill]) -> None:
    """One row a photo: the photo with its hole in magenta, then every method, cropped around the hole."""
    strips = []
    for case in photos:
        marked = case.image.copy()
        marked[case.mask] = (255, 0, 255)
        views = [marked] + [
            np.where(case.mask[..., None], method(case), case.image) for method in methods.values()
        ]
        views.append(case.image)
        strips.append(np.hstack([_fit(view[case.crop]) for view in views]))
    part = path.with_suffix(".part.png")
    cv2.imwrite(str(part), cv2.cvtColor(np.vstack(strips), cv2.COLOR_RGB2BGR))
    part.replace(path)


def _fit(view: NDArray[np.uint8], side: int = 260) -> NDArray[np.uint8]:
    scale = side / max(view.shape[:2])
    small = cv2.resize(view, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    out = np.full((side, side, 3), 255, np.uint8)
    out[: small.shape[0], : small.shape[1]] = small[:side, :side]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", default="eval/bsds_test100")
    parser.add_argument("--count", type=int, default=None)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--without", nargs="*", default=[], help="methods to leave out")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--guide", action="store_true")
    parser.add_argument("--sheet", type=Path, default=None)
    arguments = parser.parse_args()
    if arguments.speed:
        speed()
        return
    methods = GUIDED if arguments.guide else PEERS
    methods = {name: method for name, method in methods.items() if name not in arguments.without}
    photos = list(cases(arguments.folder, arguments.count, arguments.scale))
    if arguments.sheet:
        sheet(arguments.sheet, photos, methods)
        return
    table(methods, photos)


if __name__ == "__main__":
    main()
