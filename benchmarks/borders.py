"""What stays of people whom a border of the photo cuts off: python -m benchmarks.borders DATA [--pictures FOLDER].

The 62 labelled photos of segment/coco_val2017_person_car: as they are, and cut at a row or column through every
labelled person and car of 1,000 pixels, a share of 0.3 to 0.8 of its length from its top or left (one cut at the
bottom, one at the right; the shares are drawn by the photo's name). A border counts where 8 pixels of the object or
more lie in its outermost row or column; it is left where over a tenth of these is outside the grown masks: of the
object's own find (mask IoU of 0.5), or of all finds of its class. Intervals are Wilson's. Pictures: the photo's border
with label and mask.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks import runner
from benchmarks.masks import CLASSES, CONFIDENCE, labelled, of, outlines, pairs
from inpaint_app.imaging.rim import grow
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask

LARGE, SEEN, LEFT = 1000, 8, 0.1
Truths = dict[str, list[Mask]]
SIDES = {"top": np.s_[0, :], "bottom": np.s_[-1, :], "left": np.s_[:, 0], "right": np.s_[:, -1]}


@dataclass(frozen=True)
class Border:
    """One object at one border: shares of its outermost pixels that stay, own: None where it was not found."""

    name: str
    own: float | None
    all: float
    picture: Image


def cut(data: Path, every: int) -> Iterator[tuple[str, str, Image, Truths, tuple[str, ...]]]:
    """Sort, name, photo, labels and the sides that are looked at, of every photo and of every cut through one."""
    photos = labelled(outlines(data / "segment" / "coco_val2017_person_car"))
    for number, (image, truths, _) in enumerate(photos):
        yield "as they are", f"{number}", image, truths, tuple(SIDES)
        for label, masks in truths.items() if number % every == 0 else ():
            for index, mask in enumerate(masks):
                if mask.sum() < LARGE:
                    continue
                left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
                share = 0.3 + 0.5 * (zlib.crc32(f"{number} {label} {index}".encode()) % 1000) / 1000
                row, column = top + round(share * height), left + round(share * width)
                for side, end in (("bottom", np.s_[:row, :]), ("right", np.s_[:, :column])):
                    part = image[end]
                    if min(part.shape[:2]) < 64:
                        continue
                    kept = {one: [m[end] for m in all if m[end].any()] for one, all in truths.items()}
                    yield (
                        "cut through",
                        f"{number}-{label}-{index}-{side}",
                        np.ascontiguousarray(part),
                        kept,
                        (side,),
                    )


def borders(
    session: Session, name: str, image: Image, truths: Truths, sides: tuple[str, ...]
) -> Iterator[Border]:
    """The borders of one photo that cut somebody off."""
    found = session.detect(image, confidence=CONFIDENCE)
    for label in CLASSES:
        plain = of(tuple(found), (label,), image.shape)
        masks = [grow(image, mask)[0] for mask in plain]
        own = {i: j for i, j, _ in pairs(truths[label], plain)}
        together = np.any(masks, axis=0) if masks else np.zeros(image.shape[:2], bool)
        for index, truth in enumerate(truths[label]):
            for side in sides:
                edge = truth[SIDES[side]]
                if edge.sum() < SEEN or truth.sum() < LARGE / 4:
                    continue
                alone = (
                    float((edge & ~masks[own[index]][SIDES[side]]).sum() / edge.sum())
                    if index in own
                    else None
                )
                left = float((edge & ~together[SIDES[side]]).sum() / edge.sum())
                yield Border(f"{name}-{label}-{index}-{side}", alone, left, seen(image, truth, together))


def seen(image: Image, truth: Mask, together: Mask) -> Image:
    """The photo with the object's outline in green and what goes in red."""
    view = image.copy()
    view[together] = view[together] // 2 + np.array([110, 0, 0], np.uint8)
    outline = cv2.morphologyEx(truth.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    view[outline] = (0, 255, 0)
    return view


def wilson(count: int, total: int) -> str:
    """A share with its 95 % interval."""
    z, p = 1.96, count / max(total, 1)
    middle, half = p + z * z / 2 / total, z * (p * (1 - p) / total + z * z / 4 / total**2) ** 0.5
    low, high = ((middle + sign * half) / (1 + z * z / total) for sign in (-1, 1))
    return f"{count} ({100 * low:.1f} to {100 * high:.1f} %)"


def main() -> None:
    """Print a table, keep a picture of every border that is left."""
    parser = runner.parser(__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--every", type=int, default=1, help="cut only every n-th photo")
    given = parser.parse_args()
    session = Session(Settings.from_environment())
    rows: dict[str, list[Border]] = {}
    for sort, name, image, truths, sides in cut(given.data, given.every):
        for border in borders(session, name, image, truths, sides):
            rows.setdefault(sort, []).append(border)
            if border.all > LEFT and given.pictures:
                path = given.pictures / f"{border.name}{'' if border.own is None else '-found'}.png"
                cv2.imwrite(str(path), border.picture[..., ::-1])
    print(
        "| photos | cut borders | left by all finds | of found objects | left by their own | by all | mean, all |"
    )
    print("|---|---|---|---|---|---|---|")
    for sort, some in rows.items():
        known = [one for one in some if one.own is not None]
        counts = [sum(one.all > LEFT for one in some), sum((one.own or 0) > LEFT for one in known)]
        last = sum(one.all > LEFT for one in known)
        print(
            f"| {sort} | {len(some)} | {wilson(counts[0], len(some))} | {len(known)} | {wilson(counts[1], len(known))} "
            f"| {wilson(last, len(known))} | {100 * np.mean([one.all for one in known]):.1f} % |"
        )


if __name__ == "__main__":
    main()
