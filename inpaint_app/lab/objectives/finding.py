"""How the finder learns: scores, boxes, outlines and a semantic map, on scenes made as they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor, nn

from inpaint_app.lab.objectives.assign import Assigned, assign, iou
from inpaint_app.lab.objectives.compose import Composer, Scene
from inpaint_app.lab.objectives.inpainting import Objective, Turn
from inpaint_app.lab.objectives.street import CLASSES, Street
from inpaint_app.lab.training.recipe import Recipe
from inpaint_app.metrics.finding import Tally
from inpaint_app.models.finder import BINS, Raw, boxes, centres, decoded

SURE = 0.8
"""Labels of this confidence and above count in full, others in proportion."""
MASK_STRIDE = 4
PLACES = 24
"""Of each image this many places learn to draw masks: all of them would cost more than the network does."""


class Scenes(NamedTuple):
    """What a step trains on.

    photo: (B, 3, S, S) in 0..1. Of each of M objects: kinds, weights (B, M), 0 for padding; boxes (B, M, 4) in
    pixels; masks (B, M, S/4, S/4) in 0..1.
    """

    photo: Tensor
    kinds: Tensor
    weights: Tensor
    boxes: Tensor
    masks: Tensor


class SceneSampler:
    """Draws batches of made scenes; the batch of a step depends on (seed, step) alone. The next is made meanwhile.

    make: a scene from a random generator. pack: scenes → a named tuple of tensors.
    """

    def __init__(
        self, make: Callable[[np.random.Generator], Any], pack: Callable[[list[Any]], Any],
        batch: int, seed: int, device: torch.device, rank: int, ranks: int,
    ) -> None:  # fmt: skip
        self.make, self.pack = make, pack
        self.batch, self.seed, self.device = batch, seed, device
        self.mine = range(rank, batch, ranks)
        self._ahead = ThreadPoolExecutor(1, thread_name_prefix="scenes")
        self._next: tuple[int, Any] | None = None

    def draw(self, step: int) -> Any:
        """The batch of that step."""
        waiting, self._next = self._next, None
        made = waiting[1].result() if waiting and waiting[0] == step else self._make(step)
        self._next = step + 1, self._ahead.submit(self._make, step + 1)
        return type(made)(*(tensor.to(self.device, non_blocking=True) for tensor in made))

    def _make(self, step: int) -> Any:
        return self.pack([self.make(np.random.default_rng([self.seed, 3, step, at])) for at in self.mine])


def packed(scenes: list[Scene]) -> Scenes:
    """Scenes as tensors, padded to the most objects that one of them has."""
    size, most = scenes[0].image.shape[0], max(1, *(len(scene.kinds) for scene in scenes))
    cells = size // MASK_STRIDE
    kinds = np.zeros((len(scenes), most), np.int64)
    weights = np.zeros((len(scenes), most), np.float32)
    placed = np.zeros((len(scenes), most, 4), np.float32)
    masks = np.zeros((len(scenes), most, cells, cells), np.float32)
    for at, scene in enumerate(scenes):
        for number, mask in enumerate(scene.masks):
            rows, columns = (np.flatnonzero(mask.max(axis) > 127) for axis in (1, 0))
            kinds[at, number], weights[at, number] = (
                scene.kinds[number],
                min(1.0, scene.weights[number] / SURE),
            )
            placed[at, number] = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
            shares = mask.reshape(cells, MASK_STRIDE, cells, MASK_STRIDE).mean((1, 3), dtype=np.float32)
            masks[at, number] = shares / 255
    photo = np.stack([scene.image for scene in scenes]).transpose(0, 3, 1, 2)
    arrays = (photo.astype(np.float32) / 255, kinds, weights, placed, masks)
    return Scenes(*(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays))


class Finding(Objective):
    """Scores and boxes as in YOLOv8, masks as in YOLACT, a semantic map beside them.

    Settings: factors "score", "box", "edges", "mask", "semantic".
    """

    def __init__(self, recipe: Recipe, where: Path) -> None:
        super().__init__(recipe, where)
        self.held: Street | None = None

    def sampler(
        self, photos: Any, batch: int, seed: int, device: torch.device, rank: int, ranks: int, holes: int
    ) -> Any:
        """See Objective; photos: a Street."""
        self.held = photos
        make = Composer(photos, self.recipe.size).make
        return SceneSampler(make, packed, batch, seed, device, rank, ranks)

    def losses(self, batch: Any, step: int) -> Iterator[Turn]:
        """See Objective."""
        raw: Raw = self.modules["network"](batch.photo)
        with torch.autocast(batch.photo.device.type, enabled=False):
            terms = self._terms(Raw(*(part.float() for part in raw)), batch)
        total = torch.stack([self.recipe.settings[name] * value for name, value in terms.items()]).sum()
        yield "network", total, {name: value.detach() for name, value in terms.items()}

    def _terms(self, raw: Raw, batch: Scenes) -> dict[str, Tensor]:
        points, strides = centres(batch.photo.shape[2], batch.photo.shape[3], batch.photo.device)
        placed = boxes(raw.edges, points, strides)
        real = batch.weights > 0
        chosen = assign(raw.scores.sigmoid(), placed, points, strides, batch.kinds, batch.boxes, real)
        aim = torch.zeros_like(raw.scores)
        weight = chosen.quality * batch.weights.gather(1, chosen.owner) * chosen.positive
        aim.scatter_(2, batch.kinds.gather(1, chosen.owner)[..., None], weight[..., None])
        total = aim.sum().clamp(min=1.0)
        scored = F.binary_cross_entropy_with_logits(raw.scores, aim, reduction="sum") / total
        terms = {"score": scored, "semantic": _semantic(raw.semantic, batch)}
        image, place = chosen.positive.nonzero(as_tuple=True)
        if not len(image):
            nothing = raw.edges.sum() * 0 + raw.coefficients.sum() * 0 + raw.prototypes.sum() * 0
            return terms | {"box": nothing, "edges": nothing, "mask": nothing}
        owner = chosen.owner[image, place]
        truth, share = batch.boxes[image, owner], weight[image, place]
        terms["box"] = ((1 - iou(placed[image, place], truth, complete=True)) * share).sum() / total
        far = (
            torch.cat([points[place] - truth[:, :2], truth[:, 2:] - points[place]], 1) / strides[place, None]
        )
        terms["edges"] = (_edges(raw.edges[image, place], far) * share).sum() / total
        terms["mask"] = self._masks(raw, batch, chosen)
        return terms

    @staticmethod
    def _masks(raw: Raw, batch: Scenes, chosen: Assigned) -> Tensor:
        """Mean over chosen places, at most PLACES an image (the first ones of a stride are as good as any)."""
        losses = []
        for at in range(len(batch.photo)):
            places = chosen.positive[at].nonzero().flatten()
            if not len(places):
                continue
            places = places[torch.linspace(0, len(places) - 1, min(PLACES, len(places))).long()]
            owner = chosen.owner[at, places]
            masks = (raw.coefficients[at, places] @ raw.prototypes[at].flatten(1)).view(
                -1, *raw.prototypes.shape[2:]
            )
            frames = batch.boxes[at, owner] / MASK_STRIDE
            losses.append(_outlines(masks, batch.masks[at, owner], frames) * batch.weights[at, owner])
        return torch.cat(losses).mean()

    def validate(self) -> dict[str, float]:
        """Mask AP50 of people and cars on the labelled photos that are kept back, seen whole."""
        street, network = self.held, self.modules["network"]
        if street is None:
            return {}
        return held_scores(network, street, self.recipe.size)

    def picture(self, network: nn.Module, batch: Any) -> NDArray[np.uint8]:
        """Eight scenes, and under them what is found."""
        size = batch.photo.shape[-1]
        found = decoded(network(batch.photo[:8]), (size, size), 0.25)
        tiles = []
        for photo, one in zip(batch.photo[:8], found, strict=True):
            cover = torch.zeros(size, size, device=photo.device)
            for mask in drawn(one, size):
                cover = torch.maximum(cover, mask.float())
            red = torch.tensor([1.0, 0.1, 0.1], device=photo.device)[:, None, None]
            tiles.append(torch.cat([photo, photo * (1 - 0.6 * cover) + 0.6 * cover * red], 1))
        grid = (torch.cat(tiles, 2) * 255).round().to(torch.uint8)
        return grid.permute(1, 2, 0).cpu().numpy()


def _edges(logits: Tensor, far: Tensor) -> Tensor:
    """Distribution focal loss: (P, 4, BINS) logits against distances (P, 4) in strides, mean over the four: (P,)."""
    far = far.clamp(0, BINS - 1.01)
    low = far.long()
    share = far - low
    chances = logits.log_softmax(-1)
    lower = chances.gather(-1, low[..., None])[..., 0]
    upper = chances.gather(-1, low[..., None] + 1)[..., 0]
    return -(lower * (1 - share) + upper * share).mean(-1)


def _outlines(logits: Tensor, truth: Tensor, frame: Tensor) -> Tensor:
    """Cross entropy within the box, per pixel of the box: (P,). frame: (P, 4) in cells."""
    cells = torch.arange(logits.shape[-1], device=logits.device) + 0.5
    across = (cells > frame[:, None, 0] - 1) & (cells < frame[:, None, 2] + 1)  # (P, w)
    down = (cells > frame[:, None, 1] - 1) & (cells < frame[:, None, 3] + 1)
    inside = down[:, :, None] & across[:, None, :]
    loss = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * inside
    return loss.sum((1, 2)) / inside.sum((1, 2)).clamp(min=1)


def _semantic(logits: Tensor, batch: Scenes) -> Tensor:
    """Cross entropy of the class map, per pixel, and one minus the overlap of what is there (Dice)."""
    classes = logits.shape[1]
    kinds = F.one_hot(batch.kinds, classes).permute(0, 2, 1) * (batch.weights > 0)[:, None]  # (B, C, M)
    truth = (kinds[..., None, None] * batch.masks[:, None]).amax(2)  # (B, C, h, w)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none").sum(1).mean()
    chance = logits.sigmoid()
    shared, whole = (chance * truth).sum((0, 2, 3)), (chance + truth).sum((0, 2, 3))
    there = truth.sum((0, 2, 3)) > 0
    dice = 1 - (2 * shared + 1) / (whole + 1)
    return entropy + (dice * there).sum() / there.sum().clamp(min=1)


def drawn(one: Any, size: int) -> Tensor:
    """Finds' masks (F, size, size) bool, cut to their boxes."""
    if not len(one.boxes):
        return torch.zeros(0, size, size, dtype=torch.bool, device=one.boxes.device)
    large = F.interpolate(one.logits()[None], size=(size, size), mode="bilinear", align_corners=False)[0]
    cells = torch.arange(size, device=large.device) + 0.5
    inside: Tensor
    across = (cells > one.boxes[:, None, 0]) & (cells < one.boxes[:, None, 2])
    down = (cells > one.boxes[:, None, 1]) & (cells < one.boxes[:, None, 3])
    inside = (large > 0) & down[:, :, None] & across[:, None, :]
    return inside


@torch.no_grad()
def held_scores(network: nn.Module, street: Street, size: int, batch: int = 32) -> dict[str, float]:
    """Mask AP50 per class of interest on the photos kept back, scaled to `size`, with the network as it is."""
    composer = Composer(street, size)
    device = next(network.parameters()).device
    scale = np.array([[size / composer.side, 0, 0], [0, size / composer.side, 0]], np.float32)
    tallies = {label: Tally() for label in ("person", "car")}
    for start in range(0, len(street.held), batch):
        scenes = [composer.view(int(at), scale) for at in street.held[start : start + batch]]
        photo = packed(scenes).photo.to(device).contiguous(memory_format=torch.channels_last)
        for scene, one in zip(scenes, decoded(network(photo), (size, size), 0.01), strict=True):
            masks = drawn(one, size).cpu().numpy()
            for label, tally in tallies.items():
                kind = CLASSES.index(label)
                mine = [at for at, k in enumerate(one.kinds.tolist()) if k == kind]
                truth = [m > 127 for k, m in zip(scene.kinds, scene.masks, strict=True) if k == kind]
                tally.add([(float(one.scores[at]), masks[at]) for at in mine], truth)
    return {f"ap50_{label}": tally.average_precision() for label, tally in tallies.items()}
