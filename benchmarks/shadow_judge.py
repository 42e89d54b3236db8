"""Fits the judge of shadows: the share of a region that is shadow, from what is measured of it.

    python -m benchmarks.shadow_judge DATA/train

Learned from are 1500 made views (`lab.objectives.casting`) and, on photos, the tuning half of `benchmarks.shadows`, the
photos without shadows among them. A logistic regression with a ridge; every object weighs the same, however many
regions it has. Prints the weights for `shadow_judge.py`, and the area under the curve on every scene by the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import runner
from benchmarks import shadows as photos
from inpaint_app.imaging.mask import bounds, dilated
from inpaint_app.lab.objectives.casting import Cast, Caster
from inpaint_app.lab.objectives.street import load_street
from inpaint_app.segmenters.parts.shadow_view import LEAST, part_of, seen
from inpaint_app.segmenters.parts.shadows import candidates
from inpaint_app.types import Box, Image, Instance, Mask

VIEWS, SEED = 1500, 1
RIDGE = 30.0
SMALLEST = 30
"""Pixels of a made object below which it is none."""

Values = NDArray[np.float64]


class Rows(NamedTuple):
    """The regions of one object: (n, features) and (n,), the share of each that is shadow."""

    features: Values
    share: Values


def of_photo(image: Image, found: tuple[Instance, ...], shadow: Mask) -> Iterator[Rows]:
    """The regions of every find of a photo whose shadows are known."""
    true, solid = dilated(shadow, 2), [one for one in found if max(one.box.width, one.box.height) >= LEAST]
    for one in solid:
        view = seen(image, one, [other for other in solid if other is not one])
        rows = []
        for region in candidates(view, np.ones(view.own.shape, np.float32), 0.0) if view else ():
            part = part_of(one, "shadow", 1.0, region.region, view.area, found) if view else None
            if part is not None:
                rows.append((region.features, np.mean(true[part.box.slices][part.mask])))
        if rows:
            yield Rows(*(np.array(column) for column in zip(*rows, strict=True)))


def of_made(made: Cast) -> Iterator[Rows]:
    """The regions of a made view's object."""
    inside = (bounds(made.valid > 0.5) or Box(0, 0, 1, 1)).slices
    own = _instance(1, made.own[inside] > 0.5)
    rest = _instance(2, (made.others[inside] > 0.5) & (made.own[inside] <= 0.5))
    if own is None:
        return
    view = seen(np.ascontiguousarray(made.photo[inside]), own, [rest] if rest is not None else [])
    rows = []
    for region in candidates(view, np.ones(view.own.shape, np.float32), 0.0) if view else ():
        size = region.region.shape[::-1]
        true, known = (
            cv2.resize(
                plane[inside][view.area.slices].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST
            )
            > 0
            for plane in (made.target > 0.5, made.weight > 0)
        )
        known &= region.region
        if np.count_nonzero(known) >= 10:
            rows.append((region.features, np.mean(dilated(true, 1)[known])))
    if rows:
        yield Rows(*(np.array(column) for column in zip(*rows, strict=True)))


def _instance(number: int, mask: Mask) -> Instance | None:
    box = bounds(mask)
    if box is None or np.count_nonzero(mask) < SMALLEST:
        return None
    return Instance(number, "person", 1.0, box, mask[box.slices].copy())


def fitted(objects: list[Rows]) -> Values:
    """The weights of a logistic regression with a ridge (Newton's method)."""
    values = np.concatenate([one.features for one in objects])
    share = np.concatenate([one.share for one in objects])
    weight = np.concatenate([np.full(len(one.share), 1 / len(one.share)) for one in objects])
    weight /= weight.mean()
    middle, scale = values.mean(axis=0), values.std(axis=0) + 1e-9
    middle[0], scale[0] = 0.0, 1.0
    z, slope = (values - middle) / scale, np.zeros(values.shape[1])
    ridge = RIDGE * np.r_[0.0, np.ones(len(slope) - 1)]
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ slope))
        curve = (z * (weight * p * (1 - p))[:, None]).T @ z + np.diag(ridge + 1e-9)
        slope -= np.linalg.solve(curve, z.T @ (weight * (p - share)) + ridge * slope)
    slope /= scale
    slope[0] -= slope[1:] @ middle[1:]
    return slope


def under_curve(scenes: dict[str, list[Rows]], made: list[Rows]) -> float:
    """How often a region that is shadow (0.7 of it) is judged higher than one that is none (0.3), by other scenes."""
    said, share = [], []
    for scene, mine in scenes.items():
        others = [one for name, rows in scenes.items() if name != scene for one in rows]
        slope = fitted([*others, *made])
        said += [one.features @ slope for one in mine]
        share += [one.share for one in mine]
    values, true = np.concatenate(said), np.concatenate(share)
    return float(np.mean(values[true >= 0.7][:, None] > values[true < 0.3]))


def main() -> None:
    parser = runner.parser(__doc__)
    parser.add_argument("train", type=Path, help="the folder with scenes-train-2.tar and street-labels.json")
    folder = parser.parse_args().train
    caster = Caster(load_street([folder / "scenes-train-2.tar"], folder / "street-labels.json", 150))
    made = [row for at in range(VIEWS) for row in of_made(caster.make(np.random.default_rng([SEED, at])))]
    tune, scenes = photos.tuning(), dict[str, list[Rows]]()
    for shot in photos.shots("shadow"):
        if shot.scene in tune:
            scenes.setdefault(shot.scene, []).extend(of_photo(shot.image, shot.objects, shot.shadow))
    for at, (image, found) in enumerate(photos.without(0)):
        none = np.zeros(image.shape[:2], bool)
        scenes.setdefault(f"without {at % 4}", []).extend(of_photo(image, found, none))
    print(f"under the curve, by other scenes: {under_curve(scenes, made):.3f}")
    weights = fitted([*made, *(one for rows in scenes.values() for one in rows)])
    print(",\n".join(f"        {value:.4f}" for value in weights) + ",")


if __name__ == "__main__":
    main()
