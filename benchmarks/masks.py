"""How well YOLO's masks cover people and cars: python benchmarks/masks.py DATA [--output FILE].

DATA holds segment/coco_val2017_person_car (polygons) and segment/camvid_test (class labels). Weights are found as the
app finds them (INPAINT_YOLO_WEIGHTS, checkpoints/, the cache). A labelled object counts as found when a find of its
class reaches a mask IoU of 0.5 before growing. "uncovered" is the share of a found object's pixels that its own
find's mask leaves out; "by all" is what all finds of its class leave out, which is what "Remove people" leaves.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.imaging.rim import grow
from inpaint_app.segmenters import outline, registry, tiling
from inpaint_app.segmenters.base import Segmenter
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Instance, Mask, Progress

CONFIDENCE = 0.35
CLASSES = {"person": "0", "car": "2"}
CAMVID = {"person": (9,), "car": (8,)}
LABELS = {"person": ("person",), "car": ("car", "bus", "truck")}


@dataclass
class Tally:
    """What was counted for one class."""

    labelled: int = 0
    finds: int = 0
    overlaps: list[float] = field(default_factory=list)
    left: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def add(self, column: str, truth: Mask, cover: Mask) -> None:
        """Count the pixels of a labelled object that a mask leaves out."""
        self.left.setdefault(column, []).append((int((truth & ~cover).sum()), int(truth.sum())))

    def share(self, column: str) -> str:
        """Mean over objects, and pooled over pixels, in per cent."""
        if column not in self.left:
            return "–"
        rows = np.array(self.left[column], float)
        pooled = 100 * rows[:, 0].sum() / rows[:, 1].sum()
        return f"{100 * (rows[:, 0] / rows[:, 1]).mean():.1f} ({pooled:.1f})"


def photo(path: Path) -> Image:
    return np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])


def labelled(folder: Path) -> Iterator[tuple[Image, dict[str, list[Mask]]]]:
    for path in sorted((folder / "images").glob("*.jpg")):
        image = photo(path)
        shape = (image.shape[0], image.shape[1])
        truths: dict[str, list[Mask]] = {label: [] for label in CLASSES}
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            number, *points = line.split()
            for label, known in CLASSES.items():
                if number == known:
                    polygon = np.round(np.array(points, float).reshape(-1, 2) * shape[::-1]).astype(np.int32)
                    mask = cv2.fillPoly(np.zeros(shape, np.uint8), [polygon], 1) > 0
                    truths[label] += [mask] if mask.any() else []
        yield image, truths


def mosaics(
    items: list[tuple[Image, dict[str, list[Mask]]]],
) -> Iterator[tuple[Image, dict[str, list[Mask]]]]:
    """Four photos, each enlarged to 1000 pixels, as one of 2000: small objects in a large photo."""
    for start in range(0, len(items) - 3, 4):
        canvas = np.full((2000, 2000, 3), 114, np.uint8)
        truths: dict[str, list[Mask]] = {label: [] for label in CLASSES}
        for index, (image, masks) in enumerate(items[start : start + 4]):
            scale = 1000 / max(image.shape[:2])
            size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
            top, left = (index // 2) * 1000, (index % 2) * 1000
            where = slice(top, top + size[1]), slice(left, left + size[0])
            canvas[where] = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
            for label, known in masks.items():
                for mask in known:
                    full = np.zeros((2000, 2000), dtype=bool)
                    full[where] = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
                    truths[label].append(full)
        yield canvas, truths


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


def coco(segmenter: Segmenter, items: list[tuple[Image, dict[str, list[Mask]]]]) -> dict[str, Tally]:
    tallies = {label: Tally() for label in CLASSES}
    for image, truths in items:
        found = segmenter.detect(image, CONFIDENCE, Progress())
        for label, tally in tallies.items():
            masks = of(found, (label,), image.shape)
            grown = [grow(image, mask)[0] for mask in masks]
            tally.labelled += len(truths[label])
            tally.finds += len(masks)
            for i, j, overlap in pairs(truths[label], masks):
                truth = truths[label][i]
                tally.overlaps.append(overlap)
                tally.add("before", truth, masks[j])
                tally.add("after", truth, grown[j])
                tally.add("all before", truth, np.any(masks, axis=0))
                tally.add("all after", truth, np.any(grown, axis=0))
    return tallies


def camvid(segmenter: Segmenter, folder: Path, every: int) -> dict[str, Tally]:
    """Coverage of connected regions of a class that a find of its class reaches by a tenth or more."""
    tallies = {label: Tally() for label in CAMVID}
    for path in sorted((folder / "images").glob("*.jpg"))[::every]:
        image = photo(path)
        classes = cv2.imread(str(folder / "labels" / f"{path.stem}.png"), cv2.IMREAD_UNCHANGED)
        found = segmenter.detect(image, CONFIDENCE, Progress())
        for label, tally in tallies.items():
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
    return tallies


def rows(name: str, tallies: dict[str, Tally]) -> Iterator[str]:
    for label, tally in tallies.items():
        overlap = f"{np.mean(tally.overlaps):.3f}" if tally.overlaps else "–"
        cells = [
            name,
            label,
            f"{len(tally.overlaps)} of {tally.labelled}",
            str(tally.finds),
            overlap.replace("nan", "–"),
            *(tally.share(column) for column in ("before", "after", "all before", "all after")),
        ]
        yield "| " + " | ".join(cells) + " |"


def cost(segmenter: Segmenter, image: Image) -> Iterator[str]:
    """Processor seconds, and memory beside the photo, of looking at one photo enlarged to several sizes."""
    segmenter.detect(image, CONFIDENCE, Progress())
    for side in (640, 1280, 4000, 8000):
        scale = side / max(image.shape[:2])
        large = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, began = time.perf_counter(), time.process_time()
        segmenter.detect(large, CONFIDENCE, Progress())
        busy, wall = time.process_time() - began, time.perf_counter() - wall
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        height, width = large.shape[:2]
        yield f"| {width}×{height} | {wall:.2f} | {busy:.2f} | {grown:.0f} | {large.nbytes / 1e6:.0f} |"


COST = """| size | s | CPU s | memory MB | photo MB |
|---|---|---|---|---|"""

HEAD = """| data | class | found | finds | mask IoU | uncovered | after growing | by all | by all, grown |
|---|---|---|---|---|---|---|---|---|"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--every", type=int, default=3, help="take every n-th CamVid frame")
    parser.add_argument("--cost", action="store_true", help="only time and memory")
    given = parser.parse_args()
    settings = Settings.from_environment()
    spec = registry.best(settings)
    segmenter = spec.create(settings)
    print("\n".join([COST, *cost(segmenter, photo(given.data / "eval" / "photos_people_cars" / "bus.jpg"))]))
    if given.cost:
        return
    items = list(labelled(given.data / "segment" / "coco_val2017_person_car"))
    lines = [HEAD]
    chosen = outline.THRESHOLD
    for threshold in (0.5, 0.3, chosen):
        outline.THRESHOLD = threshold
        lines += rows(f"COCO, outline at {threshold}", coco(segmenter, items))
    large = list(mosaics(items))
    limit = tiling.LARGE
    tiling.LARGE = 10**9
    lines += rows("large photo, seen as a whole", coco(segmenter, large))
    tiling.LARGE = limit
    lines += rows("large photo, with tiles", coco(segmenter, large))
    lines += rows("CamVid regions", camvid(segmenter, given.data / "segment" / "camvid_test", given.every))
    table = "\n".join(lines)
    print(f"{spec.title}\n{table}")
    if given.output:
        given.output.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
