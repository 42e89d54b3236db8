"""What a right layout brings at full size, and what wrong ones do: benchmarks/results/layout.md, "A right layout".

    python -m benchmarks.layouts OUT               # the photos of eval/fullsize and eval/camera: holes of 5 %
    python -m benchmarks.layouts OUT --photos fullsize/creek camera/handbag --seeds 1

The truth, shrunk to the window that LaMa gets (512 px at most), stands for a network that is right; then it is made
wrong in known ways. Holes are those of benchmarks.fullsize. Each layout is followed as far as the engine trusts it by
itself (lama-guided).
OUT gets rows.jsonl (what is there is not done again) and table.md, by halves: photos for tuning, photos for telling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import cv2
import numpy as np

from benchmarks.exemplar_cases import DATA, load
from benchmarks.fullsize import compared, hole, living, session
from benchmarks.runner import Row, interval, keep, parser, publish, rows_of
from inpaint_app.backends import registry
from inpaint_app.backends.base import Window
from inpaint_app.backends.exemplar.options import TrustedOptions
from inpaint_app.backends.exemplar.trust import trust
from inpaint_app.imaging import window as windows
from inpaint_app.imaging.coarse import blurred, enlarged
from inpaint_app.imaging.mask import bounds
from inpaint_app.removal.pipeline import Removal
from inpaint_app.types import Box, Image, Mask, Progress

TUNING = (
    "fullsize/cables",
    "fullsize/creek",
    "fullsize/leaves",
    "fullsize/sunset",
    "camera/cyclists",
    "camera/hall-crowd",
    "camera/rocks-two-people",
    "camera/sunset-shadow",
)
TELLING = (
    "fullsize/dandelion",
    "fullsize/path",
    "fullsize/ridge",
    "camera/handbag",
    "camera/racing-car",
    "camera/skiers",
)
NONE = "no layout"
SCORES = ("haarpsi", "quarter", "texture", "guidance", "strength")


def right(truth: Image, mask: Mask) -> tuple[Image, float]:
    """The truth as LaMa's window would have it, in the hole (H, W, 3), and what one of its pixels covers."""
    where = _frame("lama", truth, mask)
    guide = truth.copy()
    windows.laid(
        windows.restored(windows.resized(truth[where.crop.slices], where), where),
        mask[where.crop.slices],
        guide[where.crop.slices],
    )
    return guide, where.crop.width / where.size[1]


def wrong(guide: Image, mask: Mask) -> Iterator[tuple[str, Image]]:
    """The layout blurred by 4 and by 8 of the photo's pixels, moved by 4 and by 64, mirrored, without an edge."""
    for sigma in (4, 8):
        yield f"blurred by {sigma} px", _inside(cv2.GaussianBlur(guide, (0, 0), sigma), guide, mask)
    for pixels in (4, 64):
        yield f"shifted by {pixels} px", _inside(np.roll(guide, pixels, 1), guide, mask)
    box = bounds(mask) or Box(0, 0, 1, 1)
    turned = guide.copy()
    turned[box.slices] = guide[box.slices][:, ::-1]
    yield "mirrored", _inside(turned, guide, mask)
    radius = max(4, min(box.width, box.height) // 4)
    luma = cv2.cvtColor(guide, cv2.COLOR_RGB2GRAY)[box.slices].astype(np.float32)
    luma = cv2.GaussianBlur(luma, (0, 0), radius / 8)
    steps = np.hypot(cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1))
    top, left = np.unravel_index(int(np.where(mask[box.slices], steps, -1).argmax()), steps.shape)
    near = np.zeros(mask.shape, np.float32)
    cv2.circle(near, (box.left + int(left), box.top + int(top)), radius, 1.0, -1)
    whole = Box(0, 0, mask.shape[1], mask.shape[0])
    share = enlarged(blurred(near, radius / 4), whole, mask.shape)[..., None]
    soft = enlarged(blurred(guide, radius / 2), whole, mask.shape)
    yield "an edge missing", _inside((share * soft + (1 - share) * guide).astype(np.uint8), guide, mask)


def _inside(made: Image, guide: Image, mask: Mask) -> Image:
    return np.where(mask[..., None], made, guide)


def _frame(backend: str, image: Image, mask: Mask) -> windows.Frame:
    box = bounds(mask)
    assert box is not None, "a hole is never empty"
    return windows.frame(box, image.shape, **asdict(registry.find(backend).size))


def layouts(truth: Image, mask: Mask) -> Iterator[tuple[str, Image, float]]:
    """Name, layout and its pixel: the right one, the wrong ones, and the context encoder's."""
    guide, pixel = right(truth, mask)
    yield "right", guide, pixel
    for name, made in wrong(guide, mask):
        yield name, made, pixel
    image = _inside(np.full_like(truth, windows.BLANK), truth, mask)
    network = "context-encoder-raw"
    where = _frame(network, truth, mask)
    laid = session().remove(Removal(image, mask, grow=0, feather=0), network).image
    yield "the context encoder's", laid, where.crop.width / where.size[1]


def rows(truth: Image, mask: Mask) -> Iterator[Row]:
    """Every layout with its scores, and how far it was followed."""
    engine = session().device.warm.get(registry.find("exemplar"))
    where = _frame("exemplar", truth, mask)
    crop = where.crop.slices
    image, opening = windows.cut(truth, mask, where)

    def scored(layout: str, guide: Image | None = None, pixel: float = 0.0) -> Row:
        options = TrustedOptions()
        seen = trust(guide, opening, pixel, options.finest).of(options) if guide is not None else None
        fill = engine.inpaint(Window(image, opening, None, guide, pixel), options, Progress())
        result = truth.copy()
        windows.laid(fill, mask[crop], result[crop])
        followed = {"guidance": seen.guidance if seen else 0.0, "strength": seen.layout if seen else 0.0}
        return {"layout": layout} | followed | compared(truth, result, mask)

    yield scored(NONE)
    for name, guide, pixel in layouts(truth, mask):
        yield scored(name, guide[crop], pixel)


def table(found: list[Row]) -> str:
    """By half and layout: HaarPSI full / quarter, how far it was followed, texture, and what it brings over no layout:
    mean, 95 % interval by bootstrap, the worst hole."""
    lines = [
        "| half | layout | holes | HaarPSI | matching, split | texture | over none: full | quarter | worst |",
        "|---" * 9 + "|",
    ]
    rows = {(row["photo"], row["seed"], row["layout"]): row for row in found}
    for half, photos in (("tuning", TUNING), ("telling", TELLING)):
        for layout in dict.fromkeys(row["layout"] for row in found):
            holes = [key[:2] for key in rows if key[0] in photos and key[2] == layout]
            if not holes:
                continue
            mine, bare = ([rows[*hole, one] for hole in holes] for one in (layout, NONE))
            mean = {name: float(np.mean([row[name] for row in mine])) for name in SCORES}
            full, quarter = (
                np.array([row[name] - none[name] for row, none in zip(mine, bare, strict=True)])
                for name in SCORES[:2]
            )
            gains = " | ".join(interval(one, form="+.3f") for one in (full, quarter))
            gains += f" | {full.min():+.3f} / {quarter.min():+.3f}"
            lines.append(
                f"| {half} | {layout} | {len(holes)} | {mean['haarpsi']:.3f} / {mean['quarter']:.3f} | "
                f"{mean['guidance']:.2f}, {mean['strength']:.2f} | {mean['texture']:.2f} | "
                f"{gains if layout != NONE else '| | '} |"
            )
    return "\n".join(lines)


def main() -> None:
    line = parser(__doc__, "rows and table")
    line.add_argument("--photos", nargs="+", choices=(*TUNING, *TELLING), default=(*TUNING, *TELLING))
    line.add_argument("--seeds", type=int, default=1)
    arguments = line.parse_args()
    done = {(row["photo"], row["seed"]) for row in rows_of(arguments.out)}
    for photo in arguments.photos:
        for seed in range(arguments.seeds):
            if (photo, seed) in done:
                continue
            truth = load(DATA / "eval" / f"{photo}.jpg")
            mask = hole(living(truth), photo, 0.05, seed)
            if mask is None:
                print(f"{photo}: no place without people, seed {seed}", flush=True)
                continue
            keep(arguments.out, *[{"photo": photo, "seed": seed} | row for row in rows(truth, mask)])
    publish(arguments.out, table(rows_of(arguments.out)))


if __name__ == "__main__":
    main()
