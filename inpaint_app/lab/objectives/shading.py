"""How the shadow's network learns: from made views, and where there are some from real photos with labelled shadows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor, nn

from inpaint_app.errors import OptionError
from inpaint_app.imaging.mask import bounds
from inpaint_app.lab.objectives.casting import Cast, Caster, bordered, mirrored
from inpaint_app.lab.objectives.compose import weathered
from inpaint_app.lab.objectives.finding import SceneSampler
from inpaint_app.lab.objectives.inpainting import Objective, Turn
from inpaint_app.lab.objectives.painted import Photo
from inpaint_app.segmenters.parts.shadow_network import SHAPE, Sight, placed, sight
from inpaint_app.segmenters.parts.shadow_view import dilated
from inpaint_app.types import Box, Image, Instance

UNKNOWN = -1
TOUCHES = 13
"""A shadow belongs to the objects from which it is not further than half of this, in pixels."""
NEARER = 1.6
"""Of a shadow that touches several, a pixel belongs to the one that is so many times nearer than the next."""
SMALLEST = 60


class Shadowed(NamedTuple):
    """A photo with labelled shadows. owner: (H, W), whose shadow a pixel is: 0 nobody's, UNKNOWN somebody's.

    truth: the same without objects and shadows, where that is known.
    """

    image: Image
    objects: tuple[Instance, ...]
    owner: NDArray[np.int16]
    truth: Image | None = None


class Shades(NamedTuple):
    """What a step trains on: photo (B, PLANES, h, w), see Sight.planes; target and weight (B, 1, h, w), see Cast."""

    photo: Tensor
    target: Tensor
    weight: Tensor


def load_shadowed(folder: Path) -> tuple[Shadowed, ...]:
    """Photos in folders of their own: photo.*, objects.png (object 1, 2, … 0: none), shadow.png (white: shadow).

    truth.png, where it is there: the photo without either.
    """
    loaded = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        image, numbers, shadow = (
            np.asarray(PillowImage.open(next(path.glob(f"{name}.*"))).convert(mode))
            for name, mode in (("photo", "RGB"), ("objects", "L"), ("shadow", "L"))
        )
        objects = []
        for number in range(1, int(numbers.max()) + 1):
            box = bounds(numbers == number)
            if box is not None and np.count_nonzero(numbers[box.slices] == number) >= SMALLEST:
                objects.append(Instance(number, "object", 1.0, box, numbers[box.slices] == number))
        if objects:
            known = path / "truth.png"
            truth = np.asarray(PillowImage.open(known).convert("RGB")) if known.is_file() else None
            loaded.append(Shadowed(image, tuple(objects), _owners(numbers, shadow > 127), truth))
    if not loaded:
        raise OptionError(f"--shadows {folder} holds no photo with objects.")
    return tuple(loaded)


def _owners(numbers: NDArray[np.uint8], shadow: NDArray[np.bool_]) -> NDArray[np.int16]:
    owner = np.zeros(shadow.shape, np.int16)
    count, labels = cv2.connectedComponents(shadow.view(np.uint8))
    for number in range(1, count):
        part = labels == number
        near = np.unique(numbers[dilated(part, TOUCHES)])
        near = near[near > 0]
        owner[part] = UNKNOWN if len(near) != 1 else near[0]
        if len(near) > 1:
            away = np.stack(
                [cv2.distanceTransform((numbers != n).view(np.uint8), cv2.DIST_L2, 5)[part] for n in near]
            )
            first, second = np.sort(away, axis=0)[:2]
            owner[part] = np.where(second > NEARER * first + 2, near[away.argmin(0)], UNKNOWN)
    return owner


def real(photos: tuple[Shadowed, ...], rng: np.random.Generator, ground: Photo | None = None) -> Cast:
    """A view of an object of a real photo, seen from a little beside, in another light.

    ground: laid under objects and shadows where the truth behind them is known.
    """
    image, objects, owner, truth = photos[rng.integers(len(photos))]
    one = objects[rng.integers(len(objects))]
    longer = max(one.box.width, one.box.height)
    grow = longer * (np.exp(rng.uniform(-0.2, 0.2)) - 1) / 2
    right, down = rng.normal(0, 0.05 * longer, 2)
    box = Box(
        round(one.box.left + right - grow), round(one.box.top + down - 2 * grow),
        round(one.box.right + right + grow), round(one.box.bottom + down),
    )  # fmt: skip
    others = [other for other in objects if other is not one]
    view = sight(image, one, others, box)
    mine = _owner(owner, view)
    if ground is not None and truth is not None:
        lit = sight(truth, one, others, box).photo
        view = replace(view, photo=_transplanted(view, lit, mine != 0, ground))
    target = (mine == one.number).astype(np.float32)
    edge = cv2.morphologyEx(target, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    weight = view.free * (mine != UNKNOWN) * (1 - 0.7 * edge)
    made = Cast(
        weathered(view.photo, rng), view.own, view.others, view.valid, target, weight.astype(np.float32)
    )
    return mirrored(made) if rng.random() < 0.5 else made


def _transplanted(view: Sight, lit: Photo, shade: NDArray[np.bool_], ground: Photo) -> Photo:
    """The view's objects and what their shadows take from the light, on other ground."""
    photo, behind, under = (array.astype(np.float32) + 6 for array in (view.photo, lit, ground))
    share = cv2.GaussianBlur(dilated(shade, 5).astype(np.float32), (0, 0), 1.5)[..., None]
    cover = np.minimum(1, view.own + view.others)[..., None]
    cast = under * np.minimum(1, photo / behind) ** share
    return bordered(cast + (photo - cast) * cover - 6, view.valid)


def _owner(owner: NDArray[np.int16], view: Sight) -> NDArray[np.int16]:
    inside = view.area.shared(Box(0, 0, owner.shape[1], owner.shape[0]))
    place, mine = placed(inside, view.area), np.full(SHAPE, UNKNOWN, np.int16)
    size = (place.width, place.height)
    mine[place.slices] = cv2.resize(owner[inside.slices], size, interpolation=cv2.INTER_NEAREST)
    return mine


def packed(made: list[Cast]) -> Shades:
    """Views as tensors."""
    area = Box(0, 0, SHAPE[1], SHAPE[0])
    planes = [Sight(area, one.photo, one.own, one.others, one.valid).planes() for one in made]
    arrays = (planes, [one.target[None] for one in made], [one.weight[None] for one in made])
    return Shades(*(torch.from_numpy(np.stack(array).astype(np.float32)) for array in arrays))


class Shading(Objective):
    """Cross entropy over the ground, and one minus the overlap where there is a shadow (Dice).

    Settings: "dice", its factor; "real", the share of real views among the made ones.
    """

    def sampler(
        self, photos: Any, batch: int, seed: int, device: torch.device, rank: int, ranks: int, holes: int
    ) -> Any:
        """See Objective; photos: a Street."""
        caster, share = Caster(photos), self.recipe.settings["real"]

        def make(rng: np.random.Generator) -> Cast:
            if photos.shadowed and rng.random() < share:
                return real(photos.shadowed, rng, caster.ground(rng) if rng.random() < 0.5 else None)
            return caster.make(rng)

        return SceneSampler(make, packed, batch, seed, device, rank, ranks)

    def losses(self, batch: Any, step: int) -> Iterator[Turn]:
        """See Objective."""
        logits = self.modules["network"](batch.photo)
        with torch.autocast(batch.photo.device.type, enabled=False):
            logits = logits.float()
            entropy = F.binary_cross_entropy_with_logits(logits, batch.target, batch.weight, reduction="sum")
            entropy = entropy / batch.weight.sum()
            chance = logits.sigmoid() * batch.weight
            truth = batch.target * batch.weight
            shared, whole = (chance * truth).sum((1, 2, 3)), (chance + truth).sum((1, 2, 3))
            there = truth.sum((1, 2, 3)) > 20
            dice = ((1 - (2 * shared + 1) / (whole + 1)) * there).sum() / there.sum().clamp(min=1)
        yield (
            "network",
            4 * entropy + self.recipe.settings["dice"] * dice,
            {"entropy": entropy.detach(), "dice": dice.detach()},
        )

    def picture(self, network: nn.Module, batch: Any) -> NDArray[np.uint8]:
        """Eight views, under them what is found and what is true."""
        light = batch.photo[:8, :3].clamp(-2, 2) / 4 + 0.5
        chance = network(batch.photo[:8]).sigmoid()
        rows = [light, chance.expand(-1, 3, -1, -1), batch.target[:8].expand(-1, 3, -1, -1)]
        grid = torch.cat([torch.cat(list(row), 2) for row in rows], 1)
        return (grid * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
