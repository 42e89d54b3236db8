"""Whether small people are found in large photos, and what it takes: python -m benchmarks.finding DATA [--output FILE].

DATA holds eval/fullsize (photos without people), segment/coco_val2017_person_car (people with outlines) and
cases/panorama. Whole, upright people of the labelled photos are scaled to a share of the height, set into the photos
without people, these enlarged to the wanted size, and looked for by every segmenter that is ready here, in the tiles
that the app takes. A person counts as found when a find overlaps its box by 0.4. What is found in the photos before
anybody is set in is false. Seconds are the processor's, memory is what looking adds to the process's peak.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks import runner
from benchmarks.masks import labelled, outlines
from inpaint_app.backends.memory import peak
from inpaint_app.photofile.files import load
from inpaint_app.segmenters import registry
from inpaint_app.segmenters.base import Segmenter
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask, Progress

CONFIDENCE = 0.35
SIZES = ((4000, 3000), (8000, 6000))
SHARES = (0.02, 0.03, 0.05)
FOUND = 0.4
EACH = 6


def people(data: Path) -> list[tuple[Image, Mask]]:
    """Cut-outs of whole, upright people of at least 180 pixels, with their outlines."""
    found = []
    for image, truths, _ in labelled(outlines(data / "segment" / "coco_val2017_person_car")):
        height, width = image.shape[:2]
        for mask in truths["person"]:
            left, top, across, down = cv2.boundingRect(mask.view(np.uint8))
            whole = left > 2 and top > 2 and left + across < width - 2 and top + down < height - 2
            if whole and down > 180 and down > 2 * across:
                part = np.s_[top : top + down, left : left + across]
                found.append((image[part].copy(), mask[part].copy()))
    return found


def populated(
    photo: Image, cast: list[tuple[Image, Mask]], share: float, random: np.random.Generator
) -> tuple[Image, list[Box]]:
    """The photo with people of that share of its height in its lower half, and their boxes."""
    picture, boxes = photo.copy(), list[Box]()
    height, width = photo.shape[:2]
    down = round(share * height)
    for _ in range(EACH):
        image, mask = cast[int(random.integers(len(cast)))]
        across = max(2, round(image.shape[1] * down / image.shape[0]))
        left = int(random.integers(down, width - across - down))
        top = int(random.integers(height // 2, height - 2 * down))
        box = Box(left, top, left + across, top + down)
        if any(abs(left - other.left) < down and abs(top - other.top) < down for other in boxes):
            continue
        size = (across, down)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        opacity = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)[..., None]
        under = picture[box.slices]
        under[:] = np.rint(small * opacity + under * (1 - opacity)).astype(np.uint8)
        boxes.append(box)
    return picture, boxes


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    across = min(one.right, other.right) - max(one.left, other.left)
    down = min(one.bottom, other.bottom) - max(one.top, other.top)
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (one.width * one.height + other.width * other.height - shared)


def looked(segmenter: Segmenter, photo: Image) -> tuple[list[Instance], float]:
    """The people found and the processor's seconds."""
    began = time.process_time()
    found = segmenter.detect(photo, CONFIDENCE, Progress())
    return [one for one in found if one.label == "person"], time.process_time() - began


def rows(
    name: str, segmenter: Segmenter, photos: list[Image], cast: list[tuple[Image, Mask]]
) -> Iterator[str]:
    """One row a size: people found of those set in, at each share of the height, false finds, seconds, memory."""
    for width, height in SIZES:
        hits, total, wrong, seconds = [0] * len(SHARES), [0] * len(SHARES), 0, []
        random = np.random.default_rng(3)
        memory = 0.0
        for photo in photos:
            large = cv2.resize(photo, (width, height), interpolation=cv2.INTER_CUBIC)
            with peak() as most:
                found, taken = looked(segmenter, large)
            memory = max(memory, 1.048576 * (most.megabytes or 0.0))
            wrong += len(found)
            seconds.append(taken)
            for at, share in enumerate(SHARES):
                picture, boxes = populated(large, cast, share, random)
                found, _ = looked(segmenter, picture)
                total[at] += len(boxes)
                hits[at] += sum(any(overlap(box, one.box) > FOUND for one in found) for box in boxes)
        counted = " | ".join(f"{hit} of {count}" for hit, count in zip(hits, total, strict=True))
        yield f"| {name} | {width}×{height} | {counted} | {wrong} | {np.median(seconds):.1f} | {memory:.0f} |"


def panorama(name: str, segmenter: Segmenter, data: Path) -> str:
    """How many of the nine people of the panorama are found, and by how many finds."""
    photo = load(data / "cases" / "panorama" / "pano.jpg").rgb
    found, seconds = looked(segmenter, photo)
    standing = [one for one in found if one.box.height > 280 and one.box.width < 260]
    return f"| {name} | {photo.shape[1]}×{photo.shape[0]} | {len(standing)} | {len(found)} | {seconds:.1f} |"


HEAD = f"""| tiles | photo | {" | ".join(f"{share:.0%} of height" for share in SHARES)} | false | CPU s | memory MB |
|---|---|{"---|" * len(SHARES)}---|---|---|"""
PANORAMA = """| tiles | photo | people of 470 px found (of 9) | finds | CPU s |
|---|---|---|---|---|"""


def main() -> None:
    """Print the tables, and write them where they are wanted."""
    parser = runner.parser(__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--photos", type=int, default=3)
    given = parser.parse_args()
    photos = [
        load(path).rgb for path in sorted((given.data / "eval" / "fullsize").glob("*.jpg"))[: given.photos]
    ]
    cast = people(given.data)
    lines = [HEAD]
    last = [PANORAMA]
    settings = Settings.from_environment()
    for spec in registry.specs(settings):
        if spec.missing(settings) or spec.title in "".join(lines):
            continue
        segmenter = spec.create(settings)
        segmenter.detect(photos[0][:640, :640], CONFIDENCE, Progress())
        lines += rows(spec.title, segmenter, photos, cast)
        last.append(panorama(spec.title, segmenter, given.data))
        print("\n".join([*lines, "", *last]), flush=True)
    if given.output:
        given.output.write_text("\n".join([*lines, "", *last]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
