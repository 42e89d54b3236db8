"""Who owns what, whom a photo is about, how small people may be: python -m benchmarks.belongings DATA [--output FILE].

DATA holds segment/coco_val2017_person_car (62 photos, all things labelled), eval/photos_people_cars and eval/camera.
What belongs to somebody in truth is told by the same rule on the labelled outlines; only pixels beside the people that
were found count. Weak finds were tuned on photos with an even number. SUBJECTS was judged by eye, for all photos in
which two or more people are found and it is clear who is meant; they are named by place, since numbers change.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.backends.registry import DEFAULT
from inpaint_app.errors import NothingFound
from inpaint_app.imaging.mask import marked
from inpaint_app.photofile.files import load
from inpaint_app.removal.object_check import people, seen_in_fill, shown_of
from inpaint_app.removal.parts import with_found_parts
from inpaint_app.removal.session import CONFIDENCE, Request, Session
from inpaint_app.segmenters.crowd import seen_nearer
from inpaint_app.segmenters.finer import redrawn
from inpaint_app.segmenters.parts import belongings
from inpaint_app.segmenters.parts.subjects import subjects
from inpaint_app.segmenters.registry import COCO
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Progress

Counts = NDArray[np.float64]

WEAKEST = (0.35, 0.25, 0.2, 0.15, 0.1, 0.07)
PEOPLE = (0.35, 0.25, 0.2, 0.15, 0.12, 0.1, 0.08)
REVEALED = 0.2
HEIGHTS = (0, 16, 32, 50, 100, 200, 10_000)
SUBJECTS = {
    "000000000872": ((47, 58), (57, 51)), "000000000885": ((54, 69),),
    "000000001000": ((89, 70), (25, 55), (49, 53), (72, 72), (58, 66), (12, 60), (38, 62), (67, 67), (73, 34),
        (36, 54)),
    "000000001268": ((89, 60),), "000000001584": (), "000000002153": ((59, 75), (63, 62), (51, 77)),
    "000000002299": ((35, 82), (84, 82), (21, 82), (72, 79), (5, 69), (26, 64), (91, 68), (83, 58), (12, 67),
        (54, 59), (75, 62), (47, 79), (25, 40), (19, 61), (68, 61), (59, 80)),
    "000000002431": (), "000000002473": ((48, 39),), "000000003934": ((36, 61),),
    "000000004134": ((64, 56), (25, 56)), "000000005001": ((69, 60), (21, 73), (44, 78), (14, 45), (42, 42)),
    "000000005193": ((54, 67), (31, 63), (66, 70), (67, 45)), "000000006471": ((14, 71), (62, 56), (31, 78)),
    "000000006763": ((31, 60), (47, 63)), "000000006771": ((49, 64),),
    "000000006954": ((13, 58), (63, 49), (44, 52), (79, 52), (31, 47)), "000000007281": ((67, 59),),
    "000000007511": ((69, 75),), "000000007816": ((56, 40),), "000000008211": ((57, 60), (70, 58)),
    "000000008844": ((73, 40),), "000000009483": ((17, 57),),
    "000000009590": ((19, 57), (45, 50), (65, 50), (29, 52), (88, 45)), "000000009891": ((43, 53), (22, 40)),
    "cyclists": ((69, 78), (60, 77), (25, 75), (79, 77), (36, 77), (75, 79)), "bus": ((18, 60), (35, 59)),
    "couple_snow": ((40, 52), (57, 54)), "cyclists_horses": ((17, 58), (44, 38), (69, 34)),
    "kite_beach": ((10, 77), (18, 86)), "motorbikes": ((87, 46), (40, 53), (66, 51), (14, 34)),
    "zidane": ((49, 64), (74, 53)), "rocks-two-people": ((61, 41), (26, 55)),
    "skiers": ((68, 57), (55, 57), (39, 59)),
}  # fmt: skip
"""The middles of their boxes, in per cent of width and height."""


def truths(path: Path, shape: tuple[int, int]) -> list[Instance]:
    """The labelled things of a photo of `shape` (H, W)."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        kind, *corners = line.split()
        outline = (np.array(corners, float).reshape(-1, 2) * shape[::-1]).round().astype(np.int32)
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [outline], 1)
        left, top, width, height = cv2.boundingRect(mask)
        box = Box(left, top, left + width, top + height)
        if width and height:
            found.append(Instance(number, COCO[int(kind)], 1.0, box, mask[box.slices].astype(bool)))
    return found


def labelled(data: Path) -> Iterator[tuple[str, Image, list[Instance]]]:
    """Name, photo and labelled things."""
    folder = data / "segment" / "coco_val2017_person_car"
    for path in sorted((folder / "images").glob("*.jpg")):
        image = load(path).rgb
        yield path.stem, image, truths(folder / "labels" / f"{path.stem}.txt", image.shape[:2])


def at_each(
    image: Image, session: Session, kinds: Iterable[str], tried: Sequence[float]
) -> Iterator[tuple[float, tuple[Instance, ...]]]:
    """By the least confidence of weak finds what is found, with what belongs to whom.

    Looked at again for each: a filter is not the same, for a less sure large find swallows surer small ones within it.
    """
    finder = session.device.warm.get(session.resolve_segmenter(None))
    for least in tried:
        look = partial(
            finder.detect, confidence=CONFIDENCE, progress=Progress(), weak=dict.fromkeys(kinds, least)
        )
        found = redrawn(finder, image, seen_nearer(image, look(image), CONFIDENCE, look), Progress())
        yield least, with_found_parts(image, found, ("belongings",), CONFIDENCE, Settings())


def table(
    sums: Mapping[tuple[int, float], Counts], *head: str, cells: Callable[[Counts], str]
) -> Iterator[str]:
    """The lines of a table with a row for each half of the photos and each confidence."""
    yield f"| {' | '.join(head)} |"
    yield "| --- " * len(head) + "|"
    for (odd, least), counts in sorted(sums.items(), key=lambda row: (row[0][0], -row[0][1])):
        yield f"| {least:g} | {'odd, told' if odd else 'even, tuned'} | {cells(counts)} |"


def owned(data: Path, session: Session) -> Iterator[str]:
    """How much of the true belongings beside the people goes along, by the confidence of weak finds."""
    kinds = set(belongings.WEAKEST) - {"person"}
    sums: dict[tuple[int, float], Counts] = defaultdict(lambda: np.zeros(4))
    for name, image, truth in labelled(data):
        shape = image.shape[:2]
        his = {one.number for one in belongings.owned(image, tuple(truth)) if one.of and one.label in kinds}
        right = marked(shape, [one for one in truth if one.number in his])
        any_of = marked(shape, [one for one in truth if one.label in kinds | {"person"}])
        for least, found in at_each(image, session, kinds, WEAKEST):
            people = marked(shape, [one for one in found if one.label == "person"])
            parts = marked(shape, [one for one in found if one.of and one.label in kinds]) & ~people
            counts = [(right & ~people).sum(), (parts & right).sum(), (parts & ~any_of).sum(), parts.sum()]
            sums[int(name) % 2, least] += counts
    head = "weak finds from", "half", "of true belongings", "of what is added is neither person nor thing"
    yield from table(sums, *head, cells=lambda n: f"{n[1] / n[0]:.2f} | {n[2] / n[3]:.2f}")


def companions(data: Path, session: Session) -> Iterator[str]:
    """What is left of the labelled people, by the confidence of weak finds beside sure ones."""
    sums: dict[tuple[int, float], Counts] = defaultdict(lambda: np.zeros(5))
    for name, image, truth in labelled(data):
        there = marked(image.shape[:2], [one for one in truth if one.label == "person"])
        for least, found in at_each(image, session, ("person",), PEOPLE):
            people = [one for one in found if one.label == "person"]
            taken = marked(image.shape[:2], people)
            weak = sum(one.confidence < CONFIDENCE for one in people)
            sums[int(name) % 2, least] += [
                there.sum(), (there & ~taken).sum(), taken.sum(), (taken & ~there).sum(), weak,
            ]  # fmt: skip
    head = (
        "people beside people from",
        "half",
        "weak finds",
        "left of the labelled",
        "of what is marked is nobody",
    )
    yield from table(sums, *head, cells=lambda n: f"{n[4]:.0f} | {n[1] / n[0]:.3f} | {n[3] / n[2]:.3f}")


def revealed(data: Path, session: Session) -> Iterator[str]:
    """Who is seen only in the default's fill, of whom the photo shows enough, surest first; right: share of that part.

    Only in the labelled photos it is known what is right; the others are looked at.
    """
    finder = session.device.warm.get(session.resolve_segmenter(None))
    folders = (data / "eval" / "camera", data / "eval" / "photos_people_cars")
    others = (
        (path.stem, load(path).rgb, None) for folder in folders for path in sorted(folder.glob("*.jpg"))
    )
    rows, photos = [], 0
    for name, image, truth in (*labelled(data), *others):
        with suppress(NothingFound):
            made = session.decided(image, Request(objects=("people",)))
            result, new = session.remove(made, DEFAULT), list[Instance]()
            photos += 1
            gone = people(made.removed)
            seen = seen_in_fill(gone, result, lambda small: finder.detect(small, REVEALED, Progress()))
            for one in sorted(people(seen), key=lambda one: -one.confidence):
                new += shown_of(one, made, result, new)
            there = marked(image.shape[:2], [one for one in truth or () if one.label == "person"])
            for one in new:
                right = f"{(one.mask & there[one.box.slices]).sum() / one.mask.sum():.2f}" if truth else ""
                rows.append(
                    (-one.confidence, f"| {name} | {one.confidence:.2f} | {tuple(one.box)} | {right} |")
                )
    yield f"{photos} photos with people.\n"
    yield "| photo | sure | box | right |"
    yield "| --- | --- | --- | --- |"
    yield from (row for _, row in sorted(rows))


def by_height(data: Path, session: Session) -> Iterator[str]:
    """Share of the labelled people that are found (IoU over 0.5), by their height in pixels."""
    found = dict.fromkeys(HEIGHTS[:-1], 0)
    there = dict.fromkeys(HEIGHTS[:-1], 0)
    for _, image, truth in labelled(data):
        left = [one for one in session.detect(image, parts=()) if one.label == "person"]
        for person in (one for one in truth if one.label == "person"):
            step = max(height for height in HEIGHTS if height <= person.box.height)
            there[step] += 1
            mask = marked(image.shape[:2], [person])
            for one in left:
                other = marked(image.shape[:2], [one])
                if 2 * (mask & other).sum() > (mask | other).sum():
                    found[step] += 1
                    left = [each for each in left if each is not one]
                    break
    yield "| height in pixels | people | found |"
    yield "| --- | --- | --- |"
    for low, high in pairwise(HEIGHTS):
        yield f"| {low} to {high} | {there[low]} | {found[low] / max(1, there[low]):.2f} |"


def judged(data: Path, session: Session) -> Iterator[str]:
    """Every photo with the subjects by eye and as they are chosen."""
    folders = [data / "segment" / "coco_val2017_person_car" / "images", data / "eval" / "photos_people_cars"]
    yield "| photo | subjects by eye | chosen | |"
    yield "| --- | --- | --- | --- |"
    right = [0, 0]
    for index, (name, middles) in enumerate(SUBJECTS.items()):
        places = [folder / f"{name}.jpg" for folder in (*folders, data / "eval" / "camera")]
        image = load(next(path for path in places if path.exists())).rgb
        found = session.detect(image)
        sure = {one.number for one in found if one.confidence >= CONFIDENCE}
        truth = {_nearest(middle, found, image.shape) for middle in middles}
        got = subjects(image, found) & sure
        right[index % 2] += got == truth
        said = [", ".join(map(str, sorted(numbers))) or "nobody" for numbers in (truth, got)]
        yield f"| {name} | {said[0]} | {said[1]} | {'right' if got == truth else 'wrong'} |"
    yield f"\nRight: {right[0]} of the 17 that were tuned on, {right[1]} of the 17 others."


def _nearest(middle: tuple[int, int], found: Iterable[Instance], shape: tuple[int, ...]) -> int:
    """The number of the person whose box has its middle nearest to a place in per cent."""

    def apart(one: Instance) -> float:
        across = 50 * (one.box.left + one.box.right) / shape[1] - middle[0]
        return math.hypot(across, 50 * (one.box.top + one.box.bottom) / shape[0] - middle[1])

    return min((one for one in found if one.label == "person"), key=apart).number


def main() -> None:
    """Measure and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--only", choices=("owned", "companions", "revealed", "by_height", "judged"))
    arguments = parser.parse_args()
    session, lines = Session(), []
    for measure in (owned, companions, revealed, by_height, judged):
        if arguments.only in (None, measure.__name__):
            lines += [*measure(arguments.data, session), ""]
            print("\n".join(lines[-40:]), flush=True)
    if arguments.output:
        arguments.output.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
