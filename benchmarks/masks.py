"""How well people and cars are found and covered, by every segmenter asked for, in one run.

    python -m benchmarks.masks DATA [--names best finder] [--output FILE]

DATA holds segment/coco_val2017_person_car (polygons), segment/camvid_test (class labels), eval/scenes-val.tar. "best"
is what is ready here, as the app finds it (INPAINT_YOLO_WEIGHTS, checkpoints/, the cache). A labelled object counts as
found when a find of its class reaches a mask IoU of 0.5 before growing; average precision counts every find from 0.08
up, everything else is at the app's threshold. "uncovered" is the share of a found object's pixels that its own find's
mask leaves out; "by all" is what all finds of its class leave out, which is what "Remove people" leaves. "part left":
per cent of the found objects of which a piece of over PART stays then; "wrong": what is marked, grown, and nothing that
is labelled, in per cent of the found objects' pixels. Sizes are
COCO's: small below 32², large from 96² pixels on. A photo of scenes-val counts as one without people where "best" finds
none from 0.15 up: its own row of false people is 0 by that choice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from benchmarks import runner
from inpaint_app.imaging.rim import grow
from inpaint_app.lab.objectives.data import load_photos
from inpaint_app.metrics.finding import Tally
from inpaint_app.segmenters import registry
from inpaint_app.segmenters.base import Segmenter
from inpaint_app.segmenters.finer import redrawn
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask, Progress

CONFIDENCE, LEAST = 0.35, 0.08
PART, EDGE = 0.01, 640
CLASSES = {"person": "0", "car": "2"}
CAMVID = {"person": (9,), "car": (8,)}
LABELS = {"person": ("person",), "car": ("car", "bus", "truck")}
SIZES = (0, 32**2, 96**2, 10**9)
COLUMNS = ("before", "after", "all before", "all after")


@dataclass
class Count:
    """What was counted of one class."""

    labelled: int = 0
    finds: int = 0
    overlaps: list[float] = field(default_factory=list)
    sizes: list[list[int]] = field(default_factory=lambda: [[0, 0] for _ in SIZES[1:]])
    left: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    parts: list[bool] = field(default_factory=list)
    wrong: int = 0
    precision: Tally = field(default_factory=Tally)

    def add(self, column: str, truth: Mask, cover: Mask) -> None:
        """Count the pixels of a labelled object that a mask leaves out."""
        self.left.setdefault(column, []).append((int((truth & ~cover).sum()), int(truth.sum())))

    def leftover(self, truth: Mask, cover: Mask) -> None:
        """Count whether a piece of over PART of a labelled object stays."""
        _, _, stats, _ = cv2.connectedComponentsWithStats((truth & ~cover).view(np.uint8))
        self.parts.append(bool((stats[1:, cv2.CC_STAT_AREA] > PART * truth.sum()).any()))

    def share(self, column: str) -> str:
        """Mean over objects, and pooled over pixels, in per cent."""
        if column not in self.left:
            return "–"
        rows = np.array(self.left[column], float)
        pooled = 100 * rows[:, 0].sum() / rows[:, 1].sum()
        return f"{100 * (rows[:, 0] / rows[:, 1]).mean():.1f} ({pooled:.1f})"


def photo(path: Path) -> Image:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def outlines(folder: Path) -> Iterator[tuple[str, Image, list[tuple[str, Mask]]]]:
    """Name, photo and every labelled thing of it: its class's number and its mask."""
    for path in sorted((folder / "images").glob("*.jpg")):
        image = photo(path)
        shape, things = (image.shape[0], image.shape[1]), []
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            number, *points = line.split()
            polygon = np.round(np.array(points, float).reshape(-1, 2) * shape[::-1]).astype(np.int32)
            things.append((number, cv2.fillPoly(np.zeros(shape, np.uint8), [polygon], 1) > 0))
        yield path.stem, image, things


Labelled: TypeAlias = tuple[Image, dict[str, list[Mask]], Mask]
"""A photo, the masks of its people and cars, and what nothing that is labelled covers."""


def labelled(photos: Iterable[tuple[str, Image, list[tuple[str, Mask]]]]) -> Iterator[Labelled]:
    """Photos with the masks of their people and cars."""
    for _, image, things in photos:
        masks = {
            label: [mask for kind, mask in things if kind == known and mask.any()]
            for label, known in CLASSES.items()
        }
        yield image, masks, ~np.any([mask for _, mask in things], axis=0)


def in_fours(folder: Path, odd: int) -> Iterator[tuple[str, Image, list[tuple[str, Mask]]]]:
    """Photos of an odd or even number, four as one of 1280 pixels: seen at half their size, as large photos are."""
    chosen = [one for one in outlines(folder) if int(one[0]) % 2 == odd]
    for four in (chosen[at : at + 4] for at in range(0, len(chosen), 4)):
        large, things = np.full((2 * EDGE, 2 * EDGE, 3), 114, np.uint8), []
        for number, (_, image, own) in enumerate(four):
            top, left = (
                EDGE * step + (EDGE - side) // 2
                for step, side in zip(divmod(number, 2), image.shape, strict=False)
            )
            place = np.s_[top : top + image.shape[0], left : left + image.shape[1]]
            large[place] = image
            for kind, mask in own:
                whole = np.zeros(large.shape[:2], bool)
                whole[place] = mask
                things.append((kind, whole))
        yield four[0][0], large, things


def pairs(truths: list[Mask], masks: list[Mask]) -> list[tuple[int, int, float]]:
    """(labelled, find, IoU) from 0.5 up, best first, each used once."""
    ranked = sorted(
        (
            ((truth & mask).sum() / (truth | mask).sum(), i, j)
            for i, truth in enumerate(truths)
            for j, mask in enumerate(masks)
        ),
        reverse=True,
    )
    used: tuple[set[int], set[int]] = (set(), set())
    chosen = []
    for overlap, i, j in ranked:
        if overlap >= 0.5 and i not in used[0] and j not in used[1]:
            used[0].add(i)
            used[1].add(j)
            chosen.append((i, j, float(overlap)))
    return chosen


def of(found: tuple[Instance, ...], labels: tuple[str, ...], shape: tuple[int, ...]) -> list[Mask]:
    return [one.full_mask((shape[0], shape[1])) for one in found if one.label in labels]


def outlined(segmenter: Segmenter, image: Image, least: float = CONFIDENCE) -> tuple[Instance, ...]:
    """The finds, the outlines of the largest drawn anew."""
    return redrawn(segmenter, image, segmenter.detect(image, least, Progress()), Progress())


def coco(segmenter: Segmenter, photos: Iterable[Labelled]) -> dict[str, Count]:
    """The photos with labels."""
    counts = {label: Count() for label in CLASSES}
    for image, truths, bare in photos:
        found, sure = outlined(segmenter, image, LEAST), outlined(segmenter, image)
        for label, count in counts.items():
            shape = (image.shape[0], image.shape[1])
            every = [(one.confidence, one.full_mask(shape)) for one in found if one.label == label]
            count.precision.add(every, truths[label])
            masks = of(sure, (label,), shape)
            grown = [grow(image, mask)[0] for mask in masks]
            matched = pairs(truths[label], masks)
            count.labelled += len(truths[label])
            count.finds += len(masks)
            for i, truth in enumerate(truths[label]):
                size = count.sizes[int(np.searchsorted(SIZES, truth.sum(), side="right")) - 1]
                size[0] += any(i == one for one, _, _ in matched)
                size[1] += 1
            for i, j, overlap in matched:
                count.overlaps.append(overlap)
                covers = masks[j], grown[j], np.any(masks, axis=0), np.any(grown, axis=0)
                for column, cover in zip(COLUMNS, covers, strict=True):
                    count.add(column, truths[label][i], cover)
                count.leftover(truths[label][i], covers[-1])
            if masks:
                count.wrong += int((np.any(grown, axis=0) & bare).sum())
    return counts


def camvid(segmenter: Segmenter, folder: Path, every: int) -> dict[str, Count]:
    """Coverage of connected regions of a class that a find of its class reaches by a tenth or more."""
    counts = {label: Count() for label in CAMVID}
    for path in sorted((folder / "images").glob("*.jpg"))[::every]:
        image = photo(path)
        classes = cv2.imread(str(folder / "labels" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        found = outlined(segmenter, image)
        for label, tally in counts.items():
            masks = of(found, LABELS[label], image.shape)
            truth = np.isin(classes, CAMVID[label])
            count, regions, stats, _ = cv2.connectedComponentsWithStats(truth.view(np.uint8))
            reached = [index for index in range(1, count) if stats[index, cv2.CC_STAT_AREA] >= 400]
            tally.labelled += len(reached)
            tally.finds += len(masks)
            if not masks:
                continue
            before, after = np.any(masks, axis=0), np.any([grow(image, mask)[0] for mask in masks], axis=0)
            for index in reached:
                region = regions == index
                if (region & before).sum() < 0.1 * region.sum():
                    continue
                tally.overlaps.append(float("nan"))
                tally.add("all before", region, before)
                tally.add("all after", region, after)
    return counts


def rows(name: str, counts: dict[str, Count]) -> Iterator[str]:
    for label, one in counts.items():
        whole = bool(one.precision.labelled)  # regions of CamVid are no single objects
        cells = [
            name,
            label,
            f"{len(one.overlaps)} of {one.labelled}",
            ", ".join(f"{hit}/{there}" for hit, there in one.sizes) if whole else "–",
            str(one.finds),
            f"{one.precision.average_precision():.3f}" if whole else "–",
            f"{np.mean(one.overlaps):.3f}" if whole and one.overlaps else "–",
            *map(one.share, COLUMNS),
            f"{100 * np.mean(one.parts):.0f} of {len(one.parts)}" if whole and one.parts else "–",
            f"{100 * one.wrong / sum(size for _, size in one.left[COLUMNS[0]]):.1f}"
            if whole and one.parts
            else "–",
        ]
        yield "| " + " | ".join(cells) + " |"


def silence(name: str, segmenter: Segmenter, photos: list[Image]) -> str:
    """False finds in photos without people, and the time of a look."""
    false, spent = [0, 0], []
    for image in photos:
        began = time.process_time()
        found = outlined(segmenter, image)
        spent.append(time.process_time() - began)
        false[0] += sum(one.label == "person" for one in found)
        false[1] += sum(one.label in (*LABELS["car"], "motorcycle") for one in found)
    people, vehicles = (count / max(1, len(photos)) for count in false)
    return f"| {name} | {len(photos)} | {people:.3f} | {vehicles:.3f} | {1000 * np.median(spent):.0f} |"


def empty(data: Path, judge: Segmenter, count: int) -> list[Image]:
    """Photos of scenes-val in which the judge finds no person from 0.15 up."""
    chosen: list[Image] = []
    for image in load_photos([data / "eval" / "scenes-val.tar"], 150) if count else ():
        if not any(one.label == "person" for one in judge.detect(image, 0.15, Progress())):
            chosen.append(np.ascontiguousarray(image))
        if len(chosen) == count:
            break
    return chosen


HEAD = (
    "| finder, data | class | found | small, medium, large | finds | AP50 | mask IoU | uncovered | after growing "
    "| by all | by all, grown | part left | wrong |\n" + "|---" * 13 + "|"
)
SILENCE = "| finder | photos | false people a photo | false vehicles | CPU ms a look |\n|---|---|---|---|---|"


def main() -> None:
    """Print the tables."""
    parser = runner.parser(__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--names", nargs="+", default=["best", "finder"], help="best: what is ready")
    parser.add_argument("--every", type=int, default=3, help="take every n-th CamVid frame")
    parser.add_argument("--empty", type=int, default=200, help="photos without people")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    settings = Settings.from_environment()
    photos = empty(given.data, registry.best(settings).create(settings), given.empty)
    lines, last = [HEAD], [SILENCE]
    for name in given.names:
        spec = registry.best(settings) if name == "best" else registry.find(name, settings)
        segmenter = spec.create(settings)
        folder = given.data / "segment" / "coco_val2017_person_car"
        lines += rows(f"{spec.title}, COCO", coco(segmenter, labelled(outlines(folder))))
        for odd, half in enumerate(("even, tuned", "odd, told")):
            counts = coco(segmenter, labelled(in_fours(folder, odd)))
            lines += rows(f"{spec.title}, four in one, {half}", counts)
        street = given.data / "segment" / "camvid_test"
        lines += rows(f"{spec.title}, CamVid regions", camvid(segmenter, street, given.every))
        last.append(silence(spec.title, segmenter, photos))
        print("\n".join([*lines, "", *last]), flush=True)
    if given.output:
        given.output.write_text("\n".join([*lines, "", *last]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
