"""Photos to train on: decoded once into one uint8 array, then drawn from by step number.

The batch of step n depends on (seed, n) alone, so that a run that was killed continues with the batch that it would
have seen, and no position has to be stored.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError
from torch import Tensor

from inpaint_app.errors import OptionError, UnreadablePhoto

Photos = NDArray[np.uint8]
SUFFIXES = frozenset({".webp", ".jpg", ".jpeg", ".png", ".bmp"})


def load_photos(sources: Sequence[Path], size: int, cache: Path | None = None) -> Photos:
    """Decode tar files and folders into (N, size, size, 3) uint8 RGB, each photo scaled and cut to its central square.

    cache: a folder where the decoded array is kept and memory-mapped from; its name holds a digest of the sources'
    paths, byte sizes and times. Raises OptionError for a source that is not there or holds no photo, UnreadablePhoto
    for a damaged one.
    """
    for source in sources:
        if not source.exists():
            raise OptionError(f"--data {source} is not there. Give a .tar of photos or a folder of photos.")
    stored = cache / f"photos-{_digest(sources, size)}.npy" if cache else None
    if stored and stored.exists():
        mapped: Photos = np.load(stored, mmap_mode="c")  # copy on write: torch takes it as it is
        return mapped
    squares = [_square(name, data, size) for source in sources for name, data in _files(source)]
    if not squares:
        raise OptionError(f"No photo ({', '.join(sorted(SUFFIXES))}) in {', '.join(map(str, sources))}.")
    photos = np.stack(squares)
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=stored.parent, suffix=".part", delete=False) as file:
            np.save(file, photos)
        os.replace(file.name, stored)
    return photos


def names(source: Path) -> list[str]:
    """The names of a source's photos, in the order in which `load_photos` stacks them."""
    if source.is_dir():
        return [str(path) for path in sorted(source.rglob("*")) if path.suffix.lower() in SUFFIXES]
    with tarfile.open(source) as archive:
        return [m.name for m in archive if m.isfile() and Path(m.name).suffix.lower() in SUFFIXES]


def _digest(sources: Sequence[Path], size: int) -> str:
    parts = [str(size)]
    for source in sources:
        files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
        parts += [f"{file.resolve()}:{file.stat().st_size}:{file.stat().st_mtime_ns}" for file in files]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each photo: in a tar in its order, in a folder sorted by path."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in SUFFIXES:
                yield str(path), path.read_bytes()
        return
    try:
        with tarfile.open(source) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isfile() else None
                if file and Path(member.name).suffix.lower() in SUFFIXES:
                    yield member.name, file.read()
    except tarfile.TarError as error:
        raise OptionError(f"--data {source} is neither a folder nor a tar file: {error}.") from error


def _square(name: str, data: bytes, size: int) -> Photos:
    try:
        with PillowImage.open(io.BytesIO(data)) as opened:
            photo = opened.convert("RGB")
    except (UnidentifiedImageError, OSError) as error:
        raise UnreadablePhoto(f"{name} among the training photos cannot be read: {error}.") from error
    width, height = photo.size
    side = min(width, height)
    if (width, height) == (size, size):
        return np.asarray(photo)
    left, top = (width - side) // 2, (height - side) // 2
    cut = photo.resize((size, size), PillowImage.Resampling.LANCZOS, (left, top, left + side, top + side))
    return np.asarray(cut)


class Batch(NamedTuple):
    """What a step trains on: photo (B, 3, S, S) in -1..1, mask (B, 1, S, S) with 1 = hole."""

    photo: Tensor
    mask: Tensor


class Sampler:
    """Draws batches: shuffled epochs, random crops, left-right flips, holes from a bank.

    photos: (N, P, P, 3) uint8. holes: (K, S, S) bool, S <= P. Everything lies on `device`, so that on a GPU no batch
    crosses the bus. rank, ranks: this process takes every `ranks`-th photo of the batch. zoom: crops are between
    S / zoom and S · zoom pixels wide, as far as the photo goes, and scaled to S; 1 cuts them as they are. whole: share
    of the photos that are scaled to S instead (Lanczos, as `load_photos` does it): the same
    scenes, finer drawn.
    """

    def __init__(
        self,
        photos: Photos,
        holes: NDArray[np.bool_],
        batch: int,
        seed: int,
        device: torch.device | str = "cpu",
        rank: int = 0,
        ranks: int = 1,
        augment: bool = True,
        zoom: float = 1.0,
        whole: float = 0.0,
    ) -> None:
        if batch % ranks:
            raise OptionError(f"A batch of {batch} cannot be shared by {ranks} processes: take a multiple.")
        self.count, self.photo_side, self.side = len(photos), photos.shape[1], holes.shape[1]
        if self.side > self.photo_side:
            raise OptionError(f"Photos of {self.photo_side} px are too small for crops of {self.side} px.")
        self.batch, self.seed, self.rank, self.ranks, self.augment = batch, seed, rank, ranks, augment
        self.zoom = zoom if augment else 1.0
        self.whole = whole if augment else 0.0
        self.device = torch.device(device)
        self.photos = torch.from_numpy(photos if photos.flags.writeable else np.array(photos)).to(self.device)
        self.holes = torch.from_numpy(holes).to(self.device)
        self._epochs: dict[int, NDArray[np.int64]] = {}

    def draw(self, step: int) -> Batch:
        """The batch of that step: the same for the same (seed, step), whatever was drawn before."""
        rng = np.random.default_rng([self.seed, 1, step])
        mine = slice(self.rank, None, self.ranks)
        photos = self._indices(step)[mine]
        holes = rng.integers(len(self.holes), size=self.batch)[mine]
        top, left = rng.integers(self.photo_side - self.side + 1, size=(2, self.batch))
        flipped, turned = rng.random((2, self.batch)) < 0.5
        if not self.augment:
            top[:] = left[:] = (self.photo_side - self.side) // 2
            flipped[:] = turned[:] = False
        mask = self.holes[self._put(holes)]
        mask = torch.where(self._put(turned[mine])[:, None, None], mask.flip(2), mask)[:, None].float()
        if self.zoom > 1:
            return Batch(self._zoomed(rng, photos, flipped), mask)
        span = np.arange(self.side)
        rows = top[mine, None] + span  # (B, S)
        columns = left[mine, None] + np.where(flipped[mine, None], span[::-1], span)
        photo = self.photos[
            self._put(photos)[:, None, None], self._put(rows)[:, :, None], self._put(columns)[:, None]
        ]
        cut = photo.permute(0, 3, 1, 2).float() / 127.5 - 1
        scaled = self._put(np.flatnonzero(rng.random(self.batch)[mine] < self.whole))
        if len(scaled):
            cut[scaled] = self._scaled(self._put(photos)[scaled], self._put(flipped[mine])[scaled])
        return Batch(cut, mask)

    def _scaled(self, photos: Tensor, flipped: Tensor) -> Tensor:
        """Whole photos by their numbers, scaled: (B, 3, S, S) in -1..1."""
        size, lanczos = (self.side, self.side), PillowImage.Resampling.LANCZOS
        whole = self.photos[photos].cpu().numpy()
        small = np.stack([np.asarray(PillowImage.fromarray(one).resize(size, lanczos)) for one in whole])
        upright = self._put(small).permute(0, 3, 1, 2).float() / 127.5 - 1
        return torch.where(flipped[:, None, None, None], upright.flip(3), upright)

    def _zoomed(
        self, rng: np.random.Generator, photos: NDArray[np.int64], flipped: NDArray[np.bool_]
    ) -> Tensor:
        """Crops of random size, scaled bilinearly: (B, 3, S, S) in -1..1."""
        mine = slice(self.rank, None, self.ranks)
        largest = min(self.zoom, self.photo_side / self.side)
        sides = self.side * np.exp(rng.uniform(-np.log(self.zoom), np.log(largest), self.batch))[mine, None]
        top, left = (rng.random((2, self.batch))[:, mine, None] * (self.photo_side - sides)).astype(
            np.float32
        )
        places = (np.arange(self.side) + 0.5) / self.side * sides  # (B, S) pixels from the crop's edge
        across = np.where(flipped[mine, None], places[:, ::-1], places)
        rows, columns = (
            (2 * (start + way) / self.photo_side - 1) for start, way in ((top, places), (left, across))
        )
        shape = (len(rows), self.side, self.side)
        grid = np.stack(
            [np.broadcast_to(columns[:, None], shape), np.broadcast_to(rows[:, :, None], shape)], 3
        )
        whole = self.photos[self._put(photos)].permute(0, 3, 1, 2).float() / 127.5 - 1
        where = self._put(grid.astype(np.float32))
        return F.grid_sample(whole, where, padding_mode="border", align_corners=False)

    def _indices(self, step: int) -> NDArray[np.int64]:
        places = np.arange(step * self.batch, (step + 1) * self.batch)
        return np.array([self._order(int(place) // self.count)[place % self.count] for place in places])

    def _order(self, epoch: int) -> NDArray[np.int64]:
        if epoch not in self._epochs:
            self._epochs = {k: v for k, v in self._epochs.items() if k >= epoch - 1}
            self._epochs[epoch] = np.random.default_rng([self.seed, 0, epoch]).permutation(self.count)
        return self._epochs[epoch]

    def _put(self, values: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device, non_blocking=True)
