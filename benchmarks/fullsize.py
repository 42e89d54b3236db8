"""How good, quick and large fills are on photos as cameras give them, 3 to 16 megapixels, beside peers.

    python -m benchmarks.fullsize OUT                       # both folders, holes of 5 and 15 %, two seeds each
    python -m benchmarks.fullsize OUT --shares 0.05 --seeds 3 --methods default exemplar
    python -m benchmarks.fullsize OUT --methods "PyPatchMatch as it is"     # on the whole photo: minutes a fill
    python -m benchmarks.fullsize OUT --sheet SHEET.webp    # the pictures that OUT has, one below the other
    python -m benchmarks.fullsize OUT --scaling             # seconds for each megapixel of hole, 0.3 to 48 megapixels
    python -m benchmarks.fullsize OUT --megapixels 12 --seeds 1 --methods default       # all photos at that size

Holes have the shapes of eval/object_removal and lie where no person or vehicle is. OUT gets rows.jsonl (what is there
is not done again), table.md, and a picture for every hole: the photo with its hole, the truth, every method.

HaarPSI: over the hole's box, at full size and at a quarter of the sides. Texture: energy of detail finer than 2 px in
the hole over the truth's. Bands: the same of what lies between blurs of 1 and 4 px. Seam: step across the hole's
border over the steps beside it, 1 = not to be told. Memory: the process's peak over what it held before the fill, the
photo loaded (Linux). Seconds hold for one run only.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from benchmarks.exemplar_cases import DATA, load, place, silhouettes
from benchmarks.runner import Row, keep, marked, parser, publish, rows_of, write
from inpaint_app.backends import registry
from inpaint_app.backends.exemplar.strength import energy
from inpaint_app.backends.memory import peak
from inpaint_app.errors import InpaintError
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.metrics import no_reference
from inpaint_app.metrics.full_reference import scores
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Mask, Result

FOLDERS = ("eval/fullsize", "eval/camera")
LIVING = frozenset(("person", "bicycle", "car", "motorcycle", "bus", "truck", "dog", "horse"))
SMALL = 384
"""Side of the window that biharmonic filling gets: the number of its unknowns is what its time grows with."""
NEAR = 0.6
"""Share of a wanted size that a photo has at least: smaller ones, enlarged to it, would be a blur."""
SIZES = (0.3, 1, 3, 12, 24, 48)
"""Megapixels that the default's time is told for; what the smallest takes counts as fixed."""


@lru_cache(maxsize=1)
def session() -> Session:
    return Session(Settings.from_environment())


def _ours(name: str) -> Callable[[Image, Mask], Image]:
    return lambda image, mask: session().remove(Removal(image, mask, grow=0, feather=0), name).image


def _patchmatch_whole(image: Image, mask: Mask) -> Image:
    from patchmatch import patch_match

    return np.asarray(patch_match.inpaint(image, mask.view(np.uint8) * np.uint8(255), patch_size=3))


def _biharmonic(image: Image, mask: Mask) -> Image:
    """Solved at `SMALL` pixels around the hole, and scaled back: at full size it needs more memory than there is."""
    from skimage.restoration import inpaint_biharmonic

    area = _around(mask, 0.5)
    part, hole = image[area], mask[area]
    scale = min(1.0, SMALL / max(hole.shape))
    size = (max(1, round(hole.shape[1] * scale)), max(1, round(hole.shape[0] * scale)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    opening = cv2.resize(hole.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
    filled = np.clip(inpaint_biharmonic(small, opening, channel_axis=-1) * 255, 0, 255).astype(np.uint8)
    out = image.copy()
    out[area] = cv2.resize(filled, hole.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return out


METHODS: dict[str, Callable[[Image, Mask], Image]] = {
    "default": _ours(registry.DEFAULT),
    "contextual-attention": _ours("contextual-attention"),
    "contextual-attention-raw": _ours("contextual-attention-raw"),
    "exemplar": _ours("exemplar"),
    "PyPatchMatch, our 768 px window": _ours("patchmatch"),
    "Navier-Stokes": _ours("navier-stokes"),
    f"biharmonic at {SMALL} px": _biharmonic,
}
SLOW = {"PyPatchMatch as it is": _patchmatch_whole}


def _around(mask: Mask, share: float) -> tuple[slice, slice]:
    box = bounds(mask) or Box(0, 0, mask.shape[1], mask.shape[0])
    return padded(box, max(24, round(share * max(box.width, box.height))), mask.shape).slices


def living(image: Image) -> Mask:
    """Where people, animals and vehicles are found, with a margin; raises MissingWeights where nothing can look."""
    mask = np.zeros(image.shape[:2], bool)
    for found in session().detect(image, confidence=0.2):
        if found.label in LIVING:
            mask[padded(found.box, 16, mask.shape).slices] = True
    return mask


def hole(taken: Mask, name: str, share: float, seed: int) -> Mask | None:
    """A seeded object-shaped hole outside `taken`; None where thirty places all met it."""
    shapes = silhouettes()
    for attempt in range(30):
        key = zlib.crc32(f"{name} {seed} {attempt}".encode())
        mask = place(shapes[key % len(shapes)], (taken.shape[0], taken.shape[1]), share, key)
        if not (mask & taken).any():
            return mask
    return None


def measured(
    method: Callable[[Image, Mask], Image], truth: Image, mask: Mask
) -> tuple[Image, dict[str, float]]:
    """The fill, and its numbers; the hole is painted grey before, so that no method can peek."""
    image = truth.copy()
    image[mask] = 127
    with peak() as most:
        began, cpu = time.perf_counter(), time.process_time()
        filled = method(image, mask)
        took = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    took["megabytes"] = float("nan") if most.megabytes is None else most.megabytes
    result = np.where(mask[..., None], filled, truth)
    return result, compared(truth, result, mask) | took


def compared(truth: Image, result: Image, mask: Mask) -> dict[str, float]:
    """HaarPSI at both sizes, PSNR, texture, bands and seam."""
    area = _around(mask, 0.1)
    one, other, opening = truth[area], result[area], mask[area]
    small = [cv2.resize(part, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for part in (one, other)]
    near = cv2.resize(opening.astype(np.float32), small[0].shape[1::-1], interpolation=cv2.INTER_AREA) > 0
    full = scores(one, other, opening, names=("haarpsi", "psnr"))["hole"]
    quarter = scores(small[0], small[1], near, names=("haarpsi",))["hole"]["haarpsi"]
    energies, bands = (
        [float(energy(part, *blurs)[opening].mean()) for part in (other, one)] for blurs in ((0, 2), (1, 4))
    )
    box = Box(0, 0, opening.shape[1], opening.shape[0])
    seen = no_reference.report(
        one, Result(other, opening, "", 0.0, (box,), 0, 0, 0, registry.find("telea").options())
    )
    return {
        "haarpsi": full["haarpsi"],
        "quarter": quarter,
        "psnr": full["psnr"],
        "texture": (energies[0] + 0.1) / (energies[1] + 0.1),
        "bands": (bands[0] + 0.1) / (bands[1] + 0.1),
        "seam": float("nan") if seen.seam_contrast is None else seen.seam_contrast,
    }


def photos(megapixels: float | None = None) -> Iterator[tuple[str, Image]]:
    """Both folders' photos; or those of `NEAR` of so many megapixels or more, brought to that size."""
    for path in (path for folder in FOLDERS for path in sorted((DATA / folder).glob("*.jpg"))):
        image = load(path)
        if megapixels is None or image.shape[0] * image.shape[1] >= NEAR * megapixels * 1e6:
            yield f"{path.parent.name}/{path.stem}", resized(image, megapixels) if megapixels else image


def resized(image: Image, megapixels: float) -> Image:
    scale = (megapixels * 1e6 / (image.shape[0] * image.shape[1])) ** 0.5
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how))


def run(
    out: Path, methods: dict[str, Callable[[Image, Mask], Image]], shares: list[float], seeds: int,
    megapixels: float | None = None,
) -> None:  # fmt: skip
    """Fill every hole with every method; a row for each goes to rows.jsonl at once."""
    done = {(row["photo"], row["share"], row["seed"], row["method"]) for row in rows_of(out)}
    warmed: set[str] = set()
    for photo, truth in photos(megapixels):
        taken = living(truth)
        for share in shares:
            for seed in range(seeds):
                mask = hole(taken, photo, share, seed)
                if mask is None:
                    print(f"{photo}: no place for {share:.0%} without people, seed {seed}", flush=True)
                    continue
                views = []
                for name, method in methods.items():
                    if (photo, share, seed, name) in done:
                        continue
                    if name not in warmed:  # loaded and compiled before the clock starts
                        measured(method, truth[:400, :400], _dot())
                        warmed.add(name)
                    try:
                        result, numbers = measured(method, truth, mask)
                    except InpaintError as error:
                        print(f"{photo} {share:.0%} {name}: {error}", flush=True)
                        continue
                    views.append(result)
                    key = {"photo": photo, "pixels": mask.size, "share": share, "seed": seed, "method": name}
                    keep(out, key | numbers)
                if views:
                    path, area = out / f"{photo.replace('/', '-')}-{share:.0%}-{seed}.jpg", _around(mask, 0.3)
                    write(path, [view[area] for view in (marked(truth, mask), truth, *views)], 900)


def _dot() -> Mask:
    return np.pad(np.ones((70, 70), bool), ((150, 180), (150, 180)))


def sheet(out: Path, target: Path) -> None:
    """The strips of all holes as one picture, 1500 pixels wide."""
    strips = [np.asarray(cv2.imread(str(path))) for path in sorted(out.glob("*.jpg"))]
    sizes = [(1500, 1500 * strip.shape[0] // strip.shape[1]) for strip in strips]
    small = [cv2.resize(*pair, interpolation=cv2.INTER_AREA) for pair in zip(strips, sizes, strict=True)]
    cv2.imwrite(str(target), np.vstack(small), [cv2.IMWRITE_WEBP_QUALITY, 40])


def table(rows: list[Row]) -> str:
    """Means by folder, share of the hole and method; texture, seam and seconds as medians, memory as the largest."""
    lines = [
        "| photos | hole | method | fills | HaarPSI, full | HaarPSI, quarter | PSNR, dB | texture | bands | seam "
        "| s, median | CPU s, median | CPU s a hole MP | MB, most |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    order = [*METHODS, *SLOW]
    median = np.nanmedian
    folders = [Path(folder).name for folder in FOLDERS]
    keys = {(row["share"], order.index(row["method"])) for row in rows}
    for folder, (share, number) in product([*folders, "both"], sorted(keys)):
        method = order[number]
        same = [row for row in rows if (row["share"], row["method"]) == (share, method)]
        mine = [row for row in same if folder in (row["photo"].split("/")[0], "both")]
        if not mine:
            continue
        column = {
            name: np.array([row[name] for row in mine]) for name in mine[0] if name not in ("photo", "method")
        }
        each = median(column["cpu"] / (column["pixels"] * share / 1e6))
        lines.append(
            f"| {folder} | {share:.0%} | {method} | {len(mine)} | {column['haarpsi'].mean():.3f} | "
            f"{column['quarter'].mean():.3f} | {column['psnr'].mean():.2f} | {median(column['texture']):.2f} | "
            f"{median(column['bands']):.2f} | {median(column['seam']):.2f} | {median(column['seconds']):.1f} | "
            f"{median(column['cpu']):.1f} | {each:.1f} | {column['megabytes'].max():.0f} |"
        )
    return "\n".join(lines)


def scaling() -> str:
    """The default's time on one photo scaled to SIZES, each with a hole of 5 %, and what is above the smallest's."""
    _, truth = next(photos())
    lines = ["| megapixels | hole, MP | s | CPU s | CPU s a hole MP | … above the fixed |", "|---" * 6 + "|"]
    rows = []
    measured(METHODS["default"], truth[:400, :400], _dot())
    for megapixels in SIZES:
        image = resized(truth, megapixels)
        mask = hole(np.zeros(image.shape[:2], bool), "scaling", 0.05, 0)
        if mask is not None:
            runs = (measured(METHODS["default"], image, mask)[1] for _ in range(3))
            least = min(runs, key=lambda numbers: numbers["cpu"])
            rows.append((megapixels, float(mask.sum()) / 1e6, least["seconds"], least["cpu"]))
    for size, area, took, cpu in rows:
        each, above = cpu / area, max(0.0, cpu - rows[0][3]) / area
        lines.append(f"| {size:g} | {area:.3f} | {took:.2f} | {cpu:.2f} | {each:.1f} | {above:.1f} |")
    return "\n".join(lines)


def main() -> None:
    line = parser(__doc__, "rows, table and pictures")
    line.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.15])
    line.add_argument("--seeds", type=int, default=2)
    line.add_argument("--methods", nargs="+", choices=[*METHODS, *SLOW])
    line.add_argument("--megapixels", type=float, help="photos of about this size alone, brought to it")
    line.add_argument("--scaling", action="store_true", help="only the time by the photo's size")
    line.add_argument("--sheet", type=Path, help="only a sheet of the pictures that are there, WebP")
    arguments = line.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.sheet:
        return sheet(arguments.out, arguments.sheet)
    if arguments.scaling:
        return print(scaling())
    methods = {name: (METHODS | SLOW)[name] for name in arguments.methods or METHODS}
    run(arguments.out, methods, arguments.shares, arguments.seeds, arguments.megapixels)
    publish(arguments.out, table(rows_of(arguments.out)))


if __name__ == "__main__":
    main()
