"""Views of objects with made shadows, to learn finding them from.

Outlines of people and vehicles of the training set, and plain shapes, stand in other scenes of it or on painted ground.
One light lays their shadows onto the ground and up walls, or pushes them aside as seen from above, widening softly with
the way; under them it is dim. What misleads is there as well: shadows of others, of poles and leaves, dark patches,
joints of bricks, nothing cast at all. A made view depends on its random generator alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.imaging.mask import bounds
from inpaint_app.lab.objectives import painted, sunlight
from inpaint_app.lab.objectives.compose import weathered
from inpaint_app.lab.objectives.painted import HEIGHT, WIDTH, Photo
from inpaint_app.lab.objectives.street import Street
from inpaint_app.lab.objectives.sunlight import Sprite
from inpaint_app.segmenters.parts.shadow_network import FOOT, LONGER, SHAPE
from inpaint_app.segmenters.parts.shadow_view import Plane
from inpaint_app.types import Box

CUT_OUT = 0.16
"""Cut-outs are taken from objects at least this share of the photo high or wide."""
FAINT = 0.1
"""Shadows that take less of the light's logarithm than this are none that should be marked."""


class Cast(NamedTuple):
    """A view (see segmenters.parts.shadow_network.View), and of each of its pixels whether it is the object's shadow.

    target: (h, w), 0..1. weight: (h, w), 0 where that does not matter or is not known.
    """

    photo: Photo
    own: Plane
    others: Plane
    valid: Plane
    target: Plane
    weight: Plane


class Caster:
    """Makes views out of labelled photos."""

    def __init__(self, street: Street) -> None:
        self.photos = street.photos
        self.cuts = [
            (int(at), one)
            for at in street.shown
            for one in street.objects[at]
            if one.weight >= 0.5 and one.size.max() >= CUT_OUT and one.points[:, 1].max() < 0.97
        ]

    def make(self, rng: np.random.Generator) -> Cast:
        """One view."""
        photo, sun = self.ground(rng), sunlight.drawn(rng)
        if sun.wall >= 0:
            photo[: sun.wall] = (self._photo(rng, 1.5, 3.0) if rng.random() < 0.5 else painted.ground(rng))[
                : sun.wall
            ]
        cut = (
            rng.uniform(4, 40) if rng.random() < 0.1 else 0.0
        )  # how much of it the photo's lower border cuts off
        longer = LONGER * rng.uniform(0.9, 1.1) + cut
        main = self._sprite(
            longer,
            WIDTH / 2 + rng.normal(0, 2),
            FOOT + cut + rng.normal(0, 1.5),
            rng,
            0.4 if sun.up < -1 else 0.1,
        )
        around = [
            self._sprite(
                LONGER * (1 + 0.012 * low) * rng.uniform(0.7, 1.2), WIDTH / 2 + aside, FOOT + low, rng
            )
            for low, aside in self._places(rng)
        ]
        if (
            rng.random() < 0.15
        ):  # a crowd: what stands nearer hides the foot, and mostly there is no clear shadow
            around += [
                self._sprite(
                    LONGER * rng.uniform(1.2, 3), rng.uniform(20, 140), FOOT + rng.uniform(5, 50), rng
                )
                for _ in range(rng.integers(1, 4))
            ]
            sun = sun._replace(kind="none", dim=0.0) if rng.random() < 0.7 else sun
        suns = [sun] + [
            sunlight.drawn(rng)._replace(wall=sun.wall)
            for _ in range(rng.choice([0, 1, 2], p=[0.8, 0.14, 0.06]))
        ]
        mine = np.sum([sunlight.darkness(main, one, rng) for one in suns], 0)
        rest = painted.stray(np.array([sun.across, -sun.up]), sun.depth, rng)
        for one in around:
            rest = np.maximum(rest, np.sum([sunlight.darkness(one, light, rng) for light in suns], 0))
        tint = np.array([1 + rng.uniform(-0.02, 0.2), 1, 1 - rng.uniform(-0.02, 0.2)], np.float32)
        lit = (photo.astype(np.float32) + 6) * np.exp(-np.maximum(mine, rest)[..., None] * tint) - 6
        own, others, hidden = _stood(lit, main, around, rng)
        target, weight = _truth(mine, rest, own + others + hidden)
        valid = _valid(rng)
        valid[FOOT if cut else HEIGHT :] = 0
        own, others = _inexact(own, rng) * valid, _inexact(others, rng) * valid
        weight *= valid * (own < 0.5) * (others < 0.5)
        if rng.random() < 0.12:  # dusk
            lit *= rng.uniform(0.1, 0.4)
        made = Cast(weathered(bordered(lit, valid), rng), own, others, valid, target, weight)
        return mirrored(made) if rng.random() < 0.5 else made

    @staticmethod
    def _places(rng: np.random.Generator) -> NDArray[np.float64]:
        """Where others stand, (n, 2) down and right of the first: anywhere, or in a group with it."""
        count = rng.choice([0, 1, 2, 3, 5], p=[0.35, 0.2, 0.2, 0.15, 0.1])
        group = rng.random() < 0.35
        return rng.uniform((-8, -30) if group else (-30, -90), (8, 30) if group else (45, 90), (count, 2))

    def _photo(
        self, rng: np.random.Generator, low: float = 1.07, high: float = 2.0, below: float = 0.0
    ) -> Photo:
        """A crop of a photo, as large as a view; below: how often of the photo's lower edge."""
        photo = np.ascontiguousarray(self.photos[rng.integers(len(self.photos))])
        scale = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        side = photo.shape[0] * scale
        move = [-rng.uniform(0, max(1.0, side - length)) for length in (WIDTH, HEIGHT)]
        if rng.random() < below:
            move[1] = HEIGHT - side
        return _warped(photo, np.array([[scale, 0, move[0]], [0, scale, move[1]]]), (WIDTH, HEIGHT))

    def ground(self, rng: np.random.Generator) -> Photo:
        """What everything stands on: a scene as it is, a piece of one drawn large, or painted ground below a scene.

        Most pieces are of a scene's lower part: there lies sand, snow or a street.
        """
        kind = rng.choice(["scene", "piece", "painted"], p=[0.25, 0.4, 0.35])
        if kind == "scene":
            return self._photo(rng)
        ground = self._photo(rng, 2.0, 4.0, 0.7) if kind == "piece" else painted.ground(rng)
        horizon = int(rng.uniform(-60, FOOT - 8))
        if horizon > 0:
            gloom = (
                np.exp(-rng.uniform(0, 1.8)) if rng.random() < 0.3 else 1.0
            )  # dark behind, as undergrowth is
            ground[:horizon] = self._photo(rng)[:horizon] * gloom
        return ground

    def _sprite(
        self, longer: float, middle: float, foot: float, rng: np.random.Generator, dark: float = 0.1
    ) -> Sprite:
        """An object whose longer side has so many pixels, its foot's middle at a place; dark: how often it is black."""
        at, points = int(rng.integers(len(self.photos))), painted.shape(rng)
        if rng.random() < 0.75 and self.cuts:
            cut, one = self.cuts[rng.integers(len(self.cuts))]
            at, points = at if rng.random() < 0.25 else cut, one.points
        source, points = np.ascontiguousarray(self.photos[at]), points * self.photos.shape[1]
        low, high = points.min(0), points.max(0)
        scale = longer / max(high - low)
        turn = rng.choice([-1, 1]) * rng.uniform(0.85, 1.15)
        size = (high - low) * scale
        way = np.array([[turn * scale, 0, middle], [0, scale, foot - scale * high[1]]])
        way[0, 2] -= turn * scale * (low[0] + high[0]) / 2
        mask = np.zeros(SHAPE, np.uint8)
        corners = np.round((points @ way[:, :2].T + way[:, 2]) * 16).astype(np.int32)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.4, 0.9)) / np.float32(255)
        left, top = int(max(0, middle - 0.6 * size[0] - 3)), int(max(0, foot - size[1] - 3))
        box = Box(left, top, int(min(WIDTH, middle + 0.6 * size[0] + 4)), int(min(HEIGHT, foot + 4)))
        box = box if min(box.width, box.height) > 0 else Box(0, 0, 1, 1)
        way[:, 2] -= box.left, box.top
        if scale < 0.6:  # warpAffine knows no area averaging: soften first
            source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 / scale), np.uint8)
        colours = _warped(source, way, (box.width, box.height)) * np.float32(np.exp(rng.uniform(-0.7, 0.2)))
        if rng.random() < dark:  # against the light
            colours *= np.float32(0.15)
        return Sprite(soft.astype(np.float32), box, colours, foot, float(size[1]), float(size[0]))


def _warped(photo: Photo, way: NDArray[np.float64], size: tuple[int, int]) -> Photo:
    return np.asarray(cv2.warpAffine(photo, way, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


def _stood(
    lit: Plane, main: Sprite, around: list[Sprite], rng: np.random.Generator
) -> tuple[Plane, Plane, Plane]:
    """Draws the objects onto the ground, the nearest last; what the first, the found and the other ones cover."""
    own, others, hidden = (np.zeros(SHAPE, np.float32) for _ in range(3))
    planes = [(main, own), *((one, others if rng.random() < 0.7 else hidden) for one in around)]
    for sprite, covered in sorted(planes, key=lambda pair: pair[0].foot):
        at, cover = sprite.box.slices, sprite.cover[sprite.box.slices]
        lit[at] += (sprite.colours - lit[at]) * cover[..., None]
        for plane in (own, others, hidden):
            plane[at] *= 1 - cover
        covered[at] += cover
    return own, others, hidden


def bordered(lit: Plane, valid: Plane) -> Photo:
    """The photo as far as it goes, its last pixels repeated beyond."""
    photo = np.clip(lit, 0, 255).astype(np.uint8)
    box = bounds(valid > 0)
    if box is None or box == (0, 0, WIDTH, HEIGHT):
        return photo
    rest = (box.top, HEIGHT - box.bottom, box.left, WIDTH - box.right)
    return np.asarray(cv2.copyMakeBorder(photo[box.slices], *rest, cv2.BORDER_REPLICATE), np.uint8)


def mirrored(one: Cast) -> Cast:
    """The same, left and right changed."""
    parts: list[Any] = [np.ascontiguousarray(part[:, ::-1]) for part in one]
    return Cast(*parts)


def _truth(own: Plane, rest: Plane, covered: Plane) -> tuple[Plane, Plane]:
    """What of the ground counts as the object's shadow, and where that matters."""
    deepest = float((own * (covered < 0.5)).max())
    if deepest < FAINT:
        return np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
    edge = max(0.06, 0.4 * deepest)
    target = ((own > edge) & (covered < 0.5)).astype(np.float32)
    weight = np.ones(SHAPE, np.float32)
    weight[np.abs(own - edge) < 0.35 * edge] = 0.3
    weight[(own > 0.5 * edge) & (rest > 0.6 * own)] = 0.0  # others darken it as well
    if deepest < 1.6 * FAINT:
        weight[target > 0] = 0.2
    return target, weight


def _inexact(cover: Plane, rng: np.random.Generator) -> Plane:
    """The outline as a finder would find it."""
    size = int(rng.integers(1, 4))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    changed = (cv2.dilate if rng.random() < 0.7 else cv2.erode)(cover, kernel)
    return np.asarray(cv2.GaussianBlur(changed, (0, 0), rng.uniform(0.3, 1.2)), np.float32)


def _valid(rng: np.random.Generator) -> Plane:
    valid = np.ones(SHAPE, np.float32)
    if rng.random() < 0.25:
        valid[int(rng.uniform(FOOT - 4, HEIGHT)) :] = 0
    if rng.random() < 0.2:
        valid[: int(rng.uniform(1, FOOT - LONGER + 6))] = 0
    if rng.random() < 0.15:
        valid[:, : int(rng.uniform(1, 72))] = 0
    if rng.random() < 0.15:
        valid[:, int(rng.uniform(88, WIDTH)) :] = 0
    return valid
