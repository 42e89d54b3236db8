"""The project's own finder beside YOLOv8n-seg in one run: python -m benchmarks.finder DATA [--names finder …].

DATA holds segment/coco_val2017_person_car (polygons) and eval/scenes-val.tar. Average precision counts every find from
0.08 up (mask IoU 0.5); everything else is at the app's threshold. A photo of scenes-val counts as one without people
where YOLOv8n-seg finds none from 0.15 up, looked at at 640 px, and the first 200 of those are taken: its own column of
false people is 0 by that choice. Sizes are COCO's: small below 32², large from 96² pixels on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.masks import labelled, of, pairs
from inpaint_app.imaging.rim import grow
from inpaint_app.lab.objectives.data import load_photos
from inpaint_app.metrics.finding import Tally
from inpaint_app.segmenters import registry
from inpaint_app.segmenters.base import Segmenter
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Progress

LEAST = 0.08
CLASSES = ("person", "car")
SIZES = {"small": (0, 32**2), "medium": (32**2, 96**2), "large": (96**2, 10**9)}
VEHICLES = ("car", "bus", "truck", "motorcycle")


class Row:
    """What is counted of one segmenter."""

    def __init__(self) -> None:
        self.tallies = {label: Tally() for label in CLASSES}
        self.sizes = {name: [0, 0] for name in SIZES}
        self.left: dict[str, list[float]] = {"before": [], "after": []}
        self.milliseconds: list[float] = []
        self.false = {"person": 0, "vehicle": 0}

    def photo(
        self, segmenter: Segmenter, image: Image, truths: dict[str, list[Mask]], threshold: float
    ) -> None:
        """Count one photo with labels."""
        shape = (image.shape[0], image.shape[1])
        began = time.perf_counter()
        segmenter.detect(image, threshold, Progress())
        self.milliseconds.append(1000 * (time.perf_counter() - began))
        found = segmenter.detect(image, LEAST, Progress())
        for label, tally in self.tallies.items():
            mine = [(one.confidence, one.full_mask(shape)) for one in found if one.label == label]
            tally.add(mine, truths[label])
        sure = tuple(one for one in found if one.confidence >= threshold)
        people = of(sure, ("person",), image.shape)
        matched = {i: j for i, j, _ in pairs(truths["person"], people)}
        for number, truth in enumerate(truths["person"]):
            area = int(truth.sum())
            size = next(name for name, (low, high) in SIZES.items() if low <= area < high)
            self.sizes[size][0] += number in matched
            self.sizes[size][1] += 1
        if people and matched:
            cover = np.any(people, axis=0)
            grown = np.any([grow(image, mask)[0] for mask in people], axis=0)
            for number in matched:
                truth = truths["person"][number]
                self.left["before"].append(float((truth & ~cover).sum() / truth.sum()))
                self.left["after"].append(float((truth & ~grown).sum() / truth.sum()))

    def without(self, segmenter: Segmenter, image: Image, threshold: float) -> None:
        """Count the false finds in a photo without people."""
        for one in segmenter.detect(image, threshold, Progress()):
            self.false["person"] += one.label == "person"
            self.false["vehicle"] += one.label in VEHICLES

    def lines(self, name: str, threshold: float, empty: int) -> Iterator[str]:
        """The row of the table."""
        cells = [name]
        for tally in self.tallies.values():
            recall, precision = tally.at(threshold)
            cells += [f"{tally.average_precision():.3f}", f"{recall:.2f} / {precision:.2f}"]
        cells += [f"{hit}/{all_}" for hit, all_ in self.sizes.values()]
        cells += [f"{100 * np.mean(self.left[when]):.1f}" if self.left[when] else "–" for when in self.left]
        cells += [f"{self.false[kind] / max(1, empty):.3f}" for kind in self.false]
        cells.append(f"{np.median(self.milliseconds):.0f}")
        yield "| " + " | ".join(cells) + " |"


HEAD = (
    "| finder | person AP50 | recall / precision | car AP50 | recall / precision | small people | medium | large "
    "| uncovered % | after growing % | false people a photo | false vehicles | ms a photo |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


def empty_photos(data: Path, judge: Segmenter, count: int) -> list[Image]:
    """Photos of scenes-val in which the judge finds no person from 0.15 up."""
    chosen: list[Image] = []
    for photo in load_photos([data / "eval" / "scenes-val.tar"], 150):
        if len(chosen) == count:
            break
        found = judge.detect(photo, 0.15, Progress())
        if not any(one.label == "person" for one in found):
            chosen.append(np.ascontiguousarray(photo))
    return chosen


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--names", nargs="+", default=["best", "finder"], help="segmenters; best: what is ready"
    )
    parser.add_argument("--threshold", type=float, default=0.35)
    parser.add_argument("--empty", type=int, default=200, help="photos without people")
    arguments = parser.parse_args()
    cv2.setNumThreads(2)
    items = list(labelled(arguments.data / "segment" / "coco_val2017_person_car"))
    settings = Settings.from_environment()
    judge = registry.best(settings).create(settings)
    empty = empty_photos(arguments.data, judge, arguments.empty)
    print(HEAD)
    for name in arguments.names:
        spec = registry.best(settings) if name == "best" else registry.find(name, settings)
        segmenter = judge if name == "best" else spec.create(settings)
        segmenter.detect(items[0][0], arguments.threshold, Progress())
        row = Row()
        for image, truths in items:
            row.photo(segmenter, image, truths, arguments.threshold)
        for image in empty:
            row.without(segmenter, image, arguments.threshold)
        print("\n".join(row.lines(spec.title, arguments.threshold, len(empty))), flush=True)


if __name__ == "__main__":
    main()
