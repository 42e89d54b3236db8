"""Scores of networks and baselines on photos that none of them has seen, scaled whole to the networks' size.

Everything is measured inside the hole on 8-bit values, but HaarPSI and SSIM, which look at the hole's box and 16
pixels around it, and texture, the contrast in the hole beside that around it (median). L1 and L2 are shares of the full
range in percent. PSNR is given both ways: averaged over the images (psnr) and of the averaged squared error
(psnr_pooled), which is lower.

`python -m inpaint_app.lab.training.validate --data eval.tar --fillers mean,telea,context-encoder [--sheet sheet.png]`
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.backends import registry
from inpaint_app.backends.base import BackendSpec, Window
from inpaint_app.errors import InpaintError
from inpaint_app.imaging.mask import bounds
from inpaint_app.lab.objectives.data import Batch, Photos, load_photos
from inpaint_app.lab.objectives.holes import make_holes
from inpaint_app.lab.objectives.inpainting import Objective
from inpaint_app.lab.training.export import write_entry
from inpaint_app.lab.training.recipe import Recipe
from inpaint_app.lab.training.retrieval import NearestNeighbour
from inpaint_app.metrics.no_reference import report
from inpaint_app.metrics.structure import haarpsi, ssim_map
from inpaint_app.models.checkpoints import MANIFEST, entries, folder
from inpaint_app.models.prefill import pixelate
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress, Result

Fill = Callable[[Image, Mask], Image]
MOSAIC, BLOCK = "mosaic", 8
"""The mosaic as it stands, and the side of its blocks; what restores is shown one, everything else a blank."""
BASELINES = ("mean", "nearest", MOSAIC)
SHOWN = ("l1", "l2", "psnr", "psnr_pooled", "ssim", "haarpsi", "texture", "seconds")


def in_training(photos: Photos, recipe: Recipe) -> Callable[[Objective], dict[str, float]]:
    """A function that scores the objective's network on the centre hole of photos (N, size, size, 3)."""
    hole = make_holes({"centre": 1.0}, recipe.size, 1, 0)

    def validate(objective: Objective) -> dict[str, float]:
        masks = np.broadcast_to(hole, (len(photos), *hole.shape[1:]))
        return score(filled(objective, photos, masks), photos, masks)

    return validate


def filled(objective: Objective, truths: Photos, masks: NDArray[np.bool_]) -> Photos:
    """What the objective's network makes of photos, (N, S, S, 3) uint8, known pixels put back."""
    network = objective.modules["network"]
    device = next(network.parameters()).device
    made = []
    for start in range(0, len(truths), 40):
        part = slice(start, start + 40)
        photo = torch.from_numpy(np.array(truths[part])).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1
        mask = torch.from_numpy(np.array(masks[part])).to(device)[:, None].float()
        with torch.inference_mode():
            made.append(_pixels(objective.fill(network, Batch(photo, mask))))
    return np.where(masks[..., None], np.concatenate(made), truths)


def score(fills: Photos, truths: Photos, masks: NDArray[np.bool_]) -> dict[str, float]:
    """L1 % and L2 % in the hole, PSNR averaged over the images and pooled. All (N, S, S, 3) uint8, masks (N, S, S)."""
    l1, l2 = [], []
    for fill, truth, mask in zip(fills, truths, masks, strict=True):
        difference = (fill[mask].astype(np.float64) - truth[mask]) / 255
        l1.append(np.abs(difference).mean())
        l2.append(np.square(difference).mean())
    floor = (0.5 / 255) ** 2  # half a grey level: a perfect fill counts as 54 dB
    return {
        "l1": float(np.mean(l1)) * 100,
        "l2": float(np.mean(l2)) * 100,
        "psnr": float(np.mean(-10 * np.log10(np.maximum(l2, floor)))),
        "psnr_pooled": float(-10 * np.log10(max(np.mean(l2), floor))),
    }


def filler(name: str, train: Photos | None, settings: Settings) -> Fill:
    """A function that fills: "mean" colour, "nearest" neighbour in `train`, the "mosaic", or any backend.

    A name such as "semantic:steps=1000" sets options, JSON behind the equals sign. Raises OptionError.
    """
    if name == "mean":
        return _mean_colour
    if name == "nearest" and train is not None:
        return NearestNeighbour(train).inpaint
    if name == MOSAIC:
        return lambda image, mask: image
    spec, given = _spec(name), name.partition(":")[2]
    backend = spec.create(settings)
    values = dict(pair.split("=", 1) for pair in given.split(",") if pair)
    options = spec.make_options({key: json.loads(value) for key, value in values.items()})
    guide = filler(spec.guide, train, settings) if spec.guide else None

    def fill(image: Image, mask: Mask) -> Image:
        coarse = guide(image, mask) if guide else None
        if coarse is not None:
            coarse = np.where(mask[..., None], coarse, image)
        return backend.inpaint(Window(image, mask, guide=coarse), options, Progress())

    return fill


def measure(
    fill: Fill, truths: Photos, masks: NDArray[np.bool_], block: int = 0
) -> tuple[dict[str, float], Photos]:
    """Scores, seconds a photo and the results of one way to fill, known pixels put back.

    block: side of the mosaic's blocks that are left in the hole; 0 leaves nothing there.
    """
    fills, alike = [], []
    began = time.perf_counter()
    for truth, mask in zip(truths, masks, strict=True):
        blanked = truth.copy()
        blanked[mask] = 127 if not block else mosaic(truth, block)[mask]
        fills.append(np.where(mask[..., None], fill(blanked, mask), truth))
    seconds = (time.perf_counter() - began) / len(truths)
    for made, truth, mask in zip(fills, truths, masks, strict=True):
        box = bounds(mask)
        if box is not None:
            part = (
                slice(max(0, box.top - 16), box.bottom + 16),
                slice(max(0, box.left - 16), box.right + 16),
            )
            alike.append((haarpsi(truth[part], made[part]), float(ssim_map(truth[part], made[part]).mean())))
    similar, structural = np.mean(alike, axis=0)
    scores = score(np.stack(fills), truths, masks)
    energy = np.nanmedian([texture(made, mask) for made, mask in zip(fills, masks, strict=True)])
    looks = {"haarpsi": float(similar), "ssim": float(structural), "texture": float(energy)}
    return {**scores, **looks, "seconds": seconds}, np.stack(fills)


def texture(fill: Image, mask: Mask) -> float:
    """High-frequency contrast in the hole beside that around it: 1 is as rich; nan where there is none around it."""
    box = bounds(mask)
    if box is None:
        return math.nan
    found = report(fill, Result(fill, mask, "", 0.0, (box,), 0, 0, 0, Options())).texture_energy
    return math.nan if found is None else found


def mosaic(photo: Image, block: int) -> Image:
    """The photo as block × block tiles of their mean colours, the first one in the upper left corner."""
    tensor = torch.from_numpy(np.ascontiguousarray(photo)).permute(2, 0, 1)[None]
    tiles = pixelate(tensor, torch.ones(1, 1, *photo.shape[:2]), block)
    return np.asarray(tiles[0].permute(1, 2, 0).round().to(torch.uint8).numpy())


def _mean_colour(image: Image, mask: Mask) -> Image:
    mean = image[~mask].mean(0) if not mask.all() else np.full(3, 127.0)
    filled: Image = np.where(mask[..., None], np.rint(mean).astype(np.uint8), image)
    return filled


def _spec(name: str) -> BackendSpec:
    return registry.find(name.partition(":")[0])


def _pixels(images: torch.Tensor) -> Photos:
    scaled = ((images.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(0, 2, 3, 1).cpu().numpy()


def _record(where: Path, name: str, hole: str, count: int, scores: dict[str, float]) -> None:
    """Put the scores of a shipped network into the manifest."""
    known = entries(where).get(name)
    if known is None:
        return
    table = {
        field.name: getattr(known, field.name) for field in dataclasses.fields(known) if field.name != "name"
    }
    rounded = {key: round(value, 4) for key, value in scores.items() if key != "seconds"}
    table["scores"] = {**known.scores, hole: {"photos": count, **rounded}}
    write_entry(where / MANIFEST, name, table)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 0 when measured, 2 with a message when not."""
    parser = argparse.ArgumentParser(description="Score networks and baselines at 128 px.")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="photos to score on")
    parser.add_argument("--train", type=Path, nargs="*", default=[], help='photos for the filler "nearest"')
    parser.add_argument("--fillers", default="mean,navier-stokes,telea,patchmatch,context-encoder-raw")
    parser.add_argument("--holes", default="centre,freeform")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--sheet", type=Path, help="a PNG of 16 examples a hole")
    parser.add_argument("--record", action="store_true", help="write the scores into the manifest")
    try:
        _run(parser.parse_args(argv), Settings.from_environment())
    except InpaintError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _run(arguments: argparse.Namespace, settings: Settings) -> None:
    size, cache = arguments.size, arguments.cache
    truths = load_photos(arguments.data, size, cache)[: arguments.count]
    train = load_photos(arguments.train, size, cache) if arguments.train else None
    names = arguments.fillers.split(",")
    head = ("L1 %", "L2 %", "PSNR", "pooled", "SSIM", "HaarPSI", "texture", "s")
    for hole in arguments.holes.split(","):
        masks = make_holes({hole: 1.0}, size, len(truths), 7)
        blanked = np.where(masks[..., None], np.uint8(127), truths)
        columns = [blanked]
        sys.stdout.write(
            f"\n{hole}, {len(truths)} photos\n{'':28}" + "".join(f"{one:>9}" for one in head) + "\n"
        )
        for name in names:
            spec = None if name in BASELINES else _spec(name)
            told = name == MOSAIC or (spec is not None and spec.restores)
            scores, fills = measure(filler(name, train, settings), truths, masks, BLOCK if told else 0)
            line = [scores[key] for key in SHOWN]
            sys.stdout.write(f"{name:28}" + "".join(f"{value:9.3f}" for value in line) + "\n")
            sys.stdout.flush()
            columns.append(fills)
            if arguments.record and spec is not None and spec.guide is None:
                for weights in spec.weights[:1]:
                    _record(folder(settings), weights, hole, len(truths), scores)
        if arguments.sheet:
            rows = [
                np.concatenate([column[i] for column in (*columns, truths)], 1)
                for i in range(min(16, len(truths)))
            ]
            path = arguments.sheet.with_stem(f"{arguments.sheet.stem}-{hole}")
            PillowImage.fromarray(np.concatenate(rows)).save(path)


if __name__ == "__main__":
    sys.exit(main())
