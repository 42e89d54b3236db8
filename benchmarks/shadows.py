"""Cast shadows found from photo and outline: how many, how wrong, and what they are worth to a real removal.

    python -m benchmarks.shadows find               # eval/shadow, and photos where nothing casts one
    python -m benchmarks.shadows fills OUT          # fills of eval/real_removal: objects, + found, + true shadows
    python -m benchmarks.shadows photos OUT         # the tuning half, for `inpaint-app train shadow --shadows OUT`

Scenes are sorted by name over both folders; every second one is for tuning, the others tell. Photos of one scene stay
together. Objects are the labelled ones (connected parts of objects.png); where nothing casts a shadow they are found.
A true shadow is clear where its part (of the mask) is at least 14 % darker than the true background, or, where that is
not known, than what lies around it. A marked pixel is wrong where no true shadow is within 2 px: labels are no sharper.
Intervals: 95 % bootstrap over scenes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage

from benchmarks.exemplar_cases import DATA, Case, load, scores
from benchmarks.runner import interval, keep, parser, rows_of
from inpaint_app.backends import registry
from inpaint_app.imaging import mask as masks
from inpaint_app.imaging.mask import dilated
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.segmenters.parts import shadows
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Mask

CLEAR = 0.15
SMALLEST = 60
NONE = {
    "eval/photos_people_cars": (
        "cat couple_snow cyclists_horses dog_bench eagle giraffe groceries_car man_portrait parrot people_table "
        "pictures_wall stop_sign woman_fence zidane"
    ),
    "segment/coco_val2017_person_car/images": " ".join(
        f"{number:012}"
        for number in (
            724, 1268, 1296, 1490, 1761, 2261, 2299, 2473, 3156, 4134, 4395, 4765, 5001, 5193, 6460, 6763, 6771, 6894,
            8021, 7278, 8762, 8532, 9378, 8844, 9448, 9400,
        )
    ),
}  # fmt: skip
"""Photos in which nothing found casts a shadow that could be seen, by looking; every second one is for tuning."""


@dataclass(frozen=True)
class Shot:
    """A photo with its objects and their true shadows."""

    name: str
    image: Image
    objects: tuple[Instance, ...]
    shadow: Mask
    clear: Mask
    truth: Image | None = None

    @property
    def scene(self) -> str:
        """Photos of one scene share it."""
        return self.name if self.name.startswith("desoba") else self.name.rsplit("_", 1)[0]


def shots(folder: str) -> Iterator[Shot]:
    """The labelled photos of eval/shadow or eval/real_removal."""
    for path in sorted(p for p in (DATA / "eval" / folder).iterdir() if p.is_dir()):
        image = load(path / "photo.jpg")
        objects, shadow = (load(path / f"{name}.png")[..., 0] > 127 for name in ("objects", "shadow"))
        known = DATA / "eval/real_removal" / path.name / "truth.png"
        truth = load(known) if known.is_file() else None
        yield Shot(path.name, image, _parts(objects), shadow, _clear(image, truth, objects, shadow), truth)


def tuning() -> set[str]:
    """The scenes for tuning."""
    both = {shot.scene for folder in ("shadow", "real_removal") for shot in shots(folder)}
    return set(sorted(both)[::2])


def _parts(mask: Mask) -> tuple[Instance, ...]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8))
    boxes = [Box(int(x), int(y), int(x + w), int(y + h)) for x, y, w, h, _ in stats]
    kept = [number for number in range(1, len(stats)) if stats[number][4] >= SMALLEST]
    return tuple(
        Instance(number, "person", 1.0, boxes[number], labels[boxes[number].slices] == number)
        for number in kept
    )


def _clear(image: Image, truth: Image | None, objects: Mask, shadow: Mask) -> Mask:
    light = np.log((image.mean(axis=2) + 6) / 261)
    lit = None if truth is None else np.log((truth.mean(axis=2) + 6) / 261)
    clear = np.zeros_like(shadow)
    count, labels = cv2.connectedComponents(shadow.view(np.uint8))
    for number in range(1, count):
        part = labels == number
        around = dilated(part, 12) & ~dilated(shadow | objects, 2)
        if not (dilated(part, 4) & objects).any() or (lit is None and not around.any()):
            continue
        beside = float(np.median(light[around])) if lit is None else lit[part]
        clear |= part & (float(np.median(beside - light[part])) >= CLEAR)
    return clear


def marked(shot: Shot) -> Mask:
    """What is marked as shadow."""
    found = shadows.with_shadows(shot.image, shot.objects, Settings())
    return masks.marked(shot.shadow.shape, found[len(shot.objects) :])


def find() -> None:
    """Prints coverage of the clear shadows, the share of wrong marks, and what is marked where there is none."""
    tune = tuning()
    rows: dict[str, list[tuple[str, float, float, float, float]]] = {}
    for shot in shots("shadow"):
        mask = marked(shot)
        wrong = mask & ~dilated(shot.shadow, 2)
        values = tuple(
            float(np.count_nonzero(part)) / mask.size for part in (shot.clear, shot.clear & mask, mask, wrong)
        )
        rows.setdefault(shot.scene, []).append((shot.name, *values))
        print(shot.name, *(f"{value:.4f}" for value in values), flush=True)
    print("| half | photos | clear pixels covered | marked pixels wrong |\n|---|---|---|---|")
    for name, chosen in (("tuning", True), ("telling", False)):
        groups = [[row[1:] for row in group] for scene, group in rows.items() if (scene in tune) == chosen]
        covered = interval(groups, lambda t: t[:, 1].sum() / max(t[:, 0].sum(), 1e-9))
        wrong_share = interval(groups, lambda t: t[:, 3].sum() / max(t[:, 2].sum(), 1e-9))
        print(f"| {name} | {sum(map(len, groups))} | {covered} | {wrong_share} |", flush=True)
    print("\n| nothing is cast | photos | objects | left unmarked |\n|---|---|---|---|")
    for chosen in (0, 1):
        counts = [_silent(image, found) for image, found in without(chosen)]
        share = interval([[pair] for pair in counts], lambda t: t[:, 1].sum() / t[:, 0].sum())
        half, objects = ("tuning", "telling")[chosen], sum(one for one, _ in counts)
        print(f"| {half} | {len(counts)} | {objects} | {share} |", flush=True)


def _silent(image: Image, found: tuple[Instance, ...]) -> tuple[int, int]:
    """How many objects there are, and how many of them get no shadow."""
    of = {part.of for part in shadows.with_shadows(image, found, Settings())[len(found) :]}
    return len(found), len(found) - len(of)


def without(half: int) -> Iterator[tuple[Image, tuple[Instance, ...]]]:
    """Photos in which nothing casts a shadow, with what is found there; half: 0 for tuning, 1 for telling."""
    session = Session()
    for folder, listed in NONE.items():
        for name in listed.split()[half::2]:
            image = load(DATA / folder / f"{name}.jpg")
            if found := session.detect(image, parts=()):
                yield image, found
    tune = tuning()
    for shot in shots("real_removal"):
        if not shot.shadow.any() and (shot.scene in tune) == (half == 0):
            yield shot.image, shot.objects


def photos(out: Path) -> None:
    """The tuning half as `train shadow --shadows` takes it."""
    tune = tuning()
    cases = [
        (shot.name, shot.image, shot.objects, shot.shadow, shot.truth)
        for shot in shots("shadow")
        if shot.scene in tune
    ]
    cases += [(f"none-{n}", i, o, np.zeros(i.shape[:2], bool), None) for n, (i, o) in enumerate(without(0))]
    for name, image, objects, shadow, truth in cases:
        (out / name).mkdir(parents=True, exist_ok=True)
        numbers = np.zeros(shadow.shape, np.uint8)
        for number, one in enumerate(objects, start=1):
            numbers[one.box.slices][one.mask] = number
        kinds = {"photo": image, "objects": numbers, "shadow": shadow.view(np.uint8) * 255, "truth": truth}
        for kind, array in kinds.items():
            if array is not None:
                PillowImage.fromarray(array).save(out / name / f"{kind}.png")


def fills(out: Path) -> None:
    """The default's fill of eval/real_removal with objects alone, found and true shadows, over one region for all."""
    session, done = Session(), {row["photo"] for row in rows_of(out)}
    tune = tuning()
    for shot in sorted(shots("real_removal"), key=lambda shot: shot.scene in tune):
        if shot.name in done or shot.truth is None:
            continue
        objects = load(DATA / "eval/real_removal" / shot.name / "objects.png")[..., 0] > 127
        found = marked(shot)
        case = Case(shot.name, shot.truth, objects | shot.shadow | found)
        row: dict[str, object] = {"photo": shot.name, "scene": shot.scene}
        known: dict[int, dict[str, float]] = {}
        for name, mask in (("objects", objects), ("found", objects | found), ("true", objects | shot.shadow)):
            size = np.count_nonzero(mask)
            if size not in known:
                known[size] = scores(case, session.remove(Removal(shot.image, mask), registry.DEFAULT).image)
            row[name] = known[size]
        keep(out, row)
        print(row, flush=True)


def worth(rows: list[dict[str, dict[str, float]]]) -> str:
    """What found and true shadows gain in dB over objects alone, by scene and half."""
    tune = tuning()
    lines = ["| scene | photos | objects alone, dB | + found | + true |", "|---" * 5 + "|"]
    scenes = sorted({str(row["scene"]) for row in rows})
    gains = {}
    for scene in scenes:
        same = [row for row in rows if row["scene"] == scene]
        mine = np.array([[row[name]["psnr"] for name in ("objects", "found", "true")] for row in same])
        gains[scene] = (mine[:, 1:] - mine[:, :1]).tolist()
        base, found, true = mine.mean(axis=0)
        lines.append(f"| {scene} | {len(mine)} | {base:.2f} | {found - base:+.2f} | {true - base:+.2f} |")
    for name, chosen in (("tuning", True), ("telling", False)):
        groups = [gains[scene] for scene in scenes if (scene in tune) == chosen]
        if not groups:
            continue
        cells = [interval(groups, lambda t, k=k: float(t[:, k].mean())) for k in (0, 1)]
        lines.append(f"| **{name}** | {sum(map(len, groups))} | | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)


def main() -> None:
    line = parser(__doc__)
    line.add_argument("what", choices=("find", "fills", "photos"))
    line.add_argument("out", type=Path, nargs="?", default=Path("."))
    arguments = line.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.what == "find":
        find()
    elif arguments.what == "photos":
        photos(arguments.out)
    else:
        fills(arguments.out)
        print(worth(rows_of(arguments.out)))


if __name__ == "__main__":
    main()
