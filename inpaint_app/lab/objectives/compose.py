"""Made photos to learn finding from: crops at every scale, mosaics, pasted cut-outs, blur, noise and JPEG.

The photos that there are show small people; what a holiday photo shows is large ones. So scale is drawn first (objects
from a tenth of the frame to more than all of it), then everything else. Sources: mosaics, Bochkovskiy et al. 2020
(YOLOv4, section 3.3); pasted cut-outs, Ghiasi et al. 2021 (simple copy-paste), with soft borders as in Dwibedi et al.
2017. A made photo depends on (seed, step, place in the batch) alone.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app.lab.objectives.street import Labelled, Street

Floats = NDArray[np.floating]
SMALLEST = 6.0
"""Objects whose longer side is shorter than this many pixels are left unlabelled."""
LEAST_SEEN = 0.2
"""And those of which less than this share is left in the frame and uncovered."""
CUT_OUT = 0.16
"""Cut-outs are taken from objects at least this share of the photo high or wide."""


class Scene(NamedTuple):
    """A made photo: image (S, S, 3) uint8; per object kind, weight, and mask (S, S) in 0..255."""

    image: NDArray[np.uint8]
    kinds: list[int]
    weights: list[float]
    masks: list[NDArray[np.uint8]]


class Composer:
    """Makes scenes of `size` pixels a side out of labelled photos."""

    def __init__(self, street: Street, size: int) -> None:
        self.street, self.size = street, size
        self.side = street.photos.shape[1]
        pairs = [(at, one) for at in street.shown for one in street.objects[at]]
        self.cuts = [(int(at), one) for at, one in pairs if one.weight >= 0.5 and one.size.max() >= CUT_OUT]
        # Cars outnumber everything but people; rarer kinds are pasted more often, larger ones too.
        counts = np.bincount([one.kind for _, one in self.cuts], minlength=8)
        odds = np.array([one.size.max() ** 0.5 / counts[one.kind] ** 0.5 for _, one in self.cuts])
        self.odds = odds / odds.sum() if len(odds) else odds

    def make(self, rng: np.random.Generator) -> Scene:
        """One scene."""
        kind = rng.random()
        if kind < 0.25:
            scene = self._mosaic(rng)
        else:
            at = self._pick(rng, 0.65)
            scene = self.view(at, self._placed(at, rng))
        if self.cuts and rng.random() < 0.5:
            for _ in range(int(rng.integers(1, 4))):
                scene = self._paste(scene, rng)
        scene = self._kept(scene)
        return scene._replace(image=weathered(scene.image, rng))

    def _pick(self, rng: np.random.Generator, shown: float) -> int:
        street = self.street
        pool = street.shown if rng.random() < shown or not len(street.empty) else street.empty
        return int(pool[rng.integers(len(pool))])

    def _placed(self, at: int, rng: np.random.Generator) -> Floats:
        """Photo pixels → frame pixels, (2, 3): near an object where there is one, at a scale drawn for its size."""
        size, side, objects = self.size, self.side, self.street.objects[at]
        if objects and rng.random() < 0.75:
            extents = np.array([one.size.max() for one in objects])
            one = objects[int(rng.choice(len(objects), p=extents / extents.sum()))]
            long = float(one.size.max()) * side
            wanted = size * float(np.exp(rng.uniform(np.log(0.1), np.log(1.15))))
            # Beyond five times its own size an object is a blur that nobody would call one.
            scale = float(np.clip(wanted / long, 0.5 * size / side, 5.0))
            middle = (one.points.max(0) + one.points.min(0)) / 2 * side
            target = size * rng.uniform(0.25, 0.75, 2)
        else:
            scale = size / side * float(np.exp(rng.uniform(np.log(0.7), np.log(2.2))))
            middle = side * rng.uniform(0.2, 0.8, 2)
            target = np.full(2, size / 2)
        return _affine(rng, scale, middle, target)

    def view(self, at: int, way: Floats) -> Scene:
        """A photo seen through an affine map, with its objects."""
        size = self.size
        photo = self.street.photos[at]
        scale = float(np.sqrt(abs(np.linalg.det(way[:, :2]))))
        flags = cv2.INTER_AREA if scale < 0.7 else cv2.INTER_LINEAR
        if scale < 0.7:  # warpAffine knows no area averaging: soften first
            photo = cv2.GaussianBlur(np.ascontiguousarray(photo), (0, 0), 0.4 / scale)
        image = cv2.warpAffine(photo, way, (size, size), flags=cv2.INTER_LINEAR if flags else flags,
                               borderMode=cv2.BORDER_CONSTANT, borderValue=(114, 114, 114))  # fmt: skip
        objects = self.street.objects[at]
        masks = [_drawn(one, way, self.side, size) for one in objects]
        return Scene(np.asarray(image), [o.kind for o in objects], [o.weight for o in objects], masks)

    def _mosaic(self, rng: np.random.Generator) -> Scene:
        """Four photos around a point."""
        size = self.size
        across, down = (int(size * value) for value in rng.uniform(0.3, 0.7, 2))
        image = np.empty((size, size, 3), np.uint8)
        kinds, weights, masks = [], [], []
        for top, bottom in ((0, down), (down, size)):
            for left, right in ((0, across), (across, size)):
                at = self._pick(rng, 0.7)
                scale = max(right - left, bottom - top) / self.side * float(np.exp(rng.uniform(0, 0.9)))
                middle = np.full(2, self.side / 2)
                objects = self.street.objects[at]
                if objects:
                    one = objects[int(rng.integers(len(objects)))]
                    middle = (one.points.max(0) + one.points.min(0)) / 2 * self.side
                half = np.array([right - left, bottom - top]) / (2 * scale)
                middle = np.clip(
                    middle, np.minimum(half, self.side / 2), np.maximum(self.side - half, self.side / 2)
                )
                target = np.array([(left + right) / 2, (top + bottom) / 2])
                view = self.view(at, _affine(rng, scale, middle, target, turn=0.0))
                where = slice(top, bottom), slice(left, right)
                image[where] = view.image[where]
                for mask in view.masks:
                    cut = np.zeros_like(mask)
                    cut[where] = mask[where]
                    masks.append(cut)
                kinds += view.kinds
                weights += view.weights
        return Scene(image, kinds, weights, masks)

    def _paste(self, scene: Scene, rng: np.random.Generator) -> Scene:
        """A cut-out over the scene: what it covers is no longer part of the objects behind it."""
        at, one = self.cuts[int(rng.choice(len(self.cuts), p=self.odds))]
        size, side = self.size, self.side
        long = float(one.size.max()) * side
        wanted = size * float(np.exp(rng.uniform(np.log(0.12), np.log(1.1))))
        scale = float(np.clip(wanted / long, 0.3, 6.0))
        low, high = one.points.min(0) * side, one.points.max(0) * side
        target = size * rng.uniform(0.1, 0.9, 2)
        if high[1] > side - 3:  # cut off at the photo's lower edge: so it has to stand at this frame's
            target[1] = size - scale * float(high[1] - low[1]) / 2 + 1
        way = _affine(rng, scale, (low + high) / 2, target, turn=0.05)
        if scale < 0.7:
            photo = cv2.GaussianBlur(np.ascontiguousarray(self.street.photos[at]), (0, 0), 0.4 / scale)
        else:
            photo = self.street.photos[at]
        moved = cv2.warpAffine(
            photo, way, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        mask = _drawn(one, way, side, size)
        soft = cv2.GaussianBlur(mask, (0, 0), float(np.clip(0.6 * scale, 0.6, 2.0)))
        alpha = (soft.astype(np.float32) / 255)[..., None]
        image = (moved * alpha + scene.image * (1 - alpha)).astype(np.uint8)
        behind = [np.minimum(other, 255 - mask) for other in scene.masks]
        whole = [int(other.sum()) for other in scene.masks]
        left = [
            b if b.sum() > LEAST_SEEN * max(1, w) else np.zeros_like(b)
            for b, w in zip(behind, whole, strict=True)
        ]
        return Scene(image, [*scene.kinds, one.kind], [*scene.weights, one.weight], [*left, mask])

    @staticmethod
    def _kept(scene: Scene) -> Scene:
        """Without objects too small to be told."""
        keep = []
        for at, mask in enumerate(scene.masks):
            rows, columns = (np.flatnonzero(mask.max(axis) > 127) for axis in (1, 0))
            if len(rows) and max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 >= SMALLEST:
                keep.append(at)
        return Scene(
            scene.image,
            [scene.kinds[at] for at in keep],
            [scene.weights[at] for at in keep],
            [scene.masks[at] for at in keep],
        )


def _affine(
    rng: np.random.Generator, scale: float, middle: Floats, target: Floats, turn: float = 0.12
) -> Floats:
    """A map that puts `middle` at `target`, mirrored half of the time, a little turned and stretched."""
    angle = rng.uniform(-turn, turn)
    stretch = float(np.exp(rng.uniform(-0.15, 0.15)))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    cosine, sine = np.cos(angle), np.sin(angle)
    linear = scale * np.array([[cosine, -sine], [sine, cosine]]) @ np.diag([mirror * stretch, 1 / stretch])
    return np.column_stack([linear, target - linear @ middle]).astype(np.float32)


def _drawn(one: Labelled, way: Floats, side: int, size: int) -> NDArray[np.uint8]:
    """An outline as a mask of the frame, 255 inside."""
    points = (one.points * side) @ way[:, :2].T + way[:, 2]
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(np.clip(points, -2 * size, 3 * size) * 16).astype(np.int32)], 255, shift=4)
    return mask


def weathered(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, colour, blur, noise and JPEG as cameras and phones differ in them."""
    gains = np.exp(rng.uniform(-0.2, 0.2)) * np.exp(rng.uniform(-0.08, 0.08, 3))
    gamma, lift = np.exp(rng.uniform(-0.25, 0.25)), rng.uniform(-15, 15)
    levels = np.arange(256, dtype=np.float64)[:, None]
    table = np.clip(255 * (levels / 255) ** gamma * gains + lift, 0, 255).astype(np.uint8)
    image = np.asarray(cv2.LUT(image, table[:, None]))
    if rng.random() < 0.5:
        grey = image.mean(2, keepdims=True)
        share = 0.0 if rng.random() < 0.1 else rng.uniform(0.4, 1.3)
        image = np.clip(grey + share * (image - grey), 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.6)))
    elif rng.random() < 0.4:
        soft = cv2.GaussianBlur(image, (0, 0), 1.2)
        image = np.asarray(cv2.addWeighted(image, 2.0, soft, -1.0, 0))  # sharpened, as phones do
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(2, 12), image.shape)
        image = np.clip(image + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return image
