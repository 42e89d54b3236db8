"""Photos in, batches out: the same for the same step."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from inpaint_app.errors import OptionError, UnreadablePhoto
from inpaint_app.lab.objectives.data import Sampler, load_photos
from inpaint_app.lab.objectives.holes import HOLES, RANDOM, centre, equal_area, make_holes, squares


def png(shade: int, size: tuple[int, int] = (12, 10)) -> bytes:
    buffer = io.BytesIO()
    PillowImage.new("RGB", size, (shade, 0, 255 - shade)).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    (photos / "inner").mkdir(parents=True)
    (photos / "a.png").write_bytes(png(10))
    (photos / "inner" / "b.png").write_bytes(png(20))
    (photos / "notes.txt").write_text("no photo")
    return photos


@pytest.fixture
def tar(tmp_path: Path) -> Path:
    path = tmp_path / "shard.tar"
    with tarfile.open(path, "w") as archive:
        for shade in (30, 40, 50):
            data = png(shade)
            member = tarfile.TarInfo(f"{shade}.png")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_tars_and_folders_together(folder: Path, tar: Path) -> None:
    photos = load_photos([folder, tar], 8)
    assert photos.shape == (5, 8, 8, 3)
    assert photos.dtype == np.uint8
    assert photos[:, 4, 4, 0].tolist() == [10, 20, 30, 40, 50]


def test_the_cache_is_used_and_left_when_a_source_changes(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = load_photos([folder], 8, cache)
    (stored,) = cache.iterdir()
    np.save(stored, np.full_like(first, 77))
    assert (load_photos([folder], 8, cache) == 77).all()
    (folder / "c.png").write_bytes(png(90))
    assert len(load_photos([folder], 8, cache)) == 3


def test_what_is_wrong_is_said(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(OptionError, match="not there"):
        load_photos([tmp_path / "missing.tar"], 8)
    (tmp_path / "broken.tar").write_bytes(b"no tar at all" * 100)
    with pytest.raises(OptionError, match="neither a folder nor a tar"):
        load_photos([tmp_path / "broken.tar"], 8)
    (folder / "b.jpg").write_bytes(b"\xff\xd8 cut off")
    with pytest.raises(UnreadablePhoto, match=r"b\.jpg"):
        load_photos([folder], 8)


def numbered(count: int, side: int = 8) -> np.ndarray:
    photos = np.zeros((count, side, side, 3), dtype=np.uint8)
    photos[..., 0] = np.arange(count)[:, None, None]
    photos[..., 1] = np.arange(side)
    return photos


def test_a_batch_depends_on_its_step_alone() -> None:
    holes = make_holes(RANDOM, 6, 20, 0)
    one, other = (Sampler(numbered(10), holes, 4, seed=5) for _ in range(2))
    for step in range(3):
        one.draw(step)
    again = other.draw(3)
    expected = one.draw(3)
    assert torch.equal(again.photo, expected.photo)
    assert torch.equal(again.mask, expected.mask)
    assert not torch.equal(one.draw(4).photo, expected.photo)
    assert not torch.equal(Sampler(numbered(10), holes, 4, seed=6).draw(3).photo, expected.photo)


def test_each_photo_comes_once_an_epoch() -> None:
    sampler = Sampler(numbered(10), make_holes({"centre": 1}, 6, 1, 0), 4, seed=0)
    seen = torch.cat([sampler.draw(step).photo[:, 0, 0, 0] for step in range(5)])
    numbers = ((seen + 1) * 127.5).round().int()
    assert sorted(numbers[:10].tolist()) == list(range(10))
    assert sorted(numbers[10:].tolist()) == list(range(10))


def test_processes_share_the_batch() -> None:
    holes = make_holes(RANDOM, 6, 20, 0)
    whole = Sampler(numbered(10), holes, 4, seed=5).draw(7)
    parts = [Sampler(numbered(10), holes, 4, seed=5, rank=rank, ranks=2).draw(7) for rank in (0, 1)]
    assert torch.equal(torch.stack([p.photo for p in parts], 1).flatten(0, 1), whole.photo)
    assert torch.equal(torch.stack([p.mask for p in parts], 1).flatten(0, 1), whole.mask)
    with pytest.raises(OptionError, match="shared"):
        Sampler(numbered(10), holes, 5, seed=5, ranks=2)


def test_crops_are_flipped_as_wholes() -> None:
    sampler = Sampler(numbered(4), make_holes({"centre": 1}, 6, 1, 0), 4, seed=0)
    columns = torch.cat([sampler.draw(step).photo[:, 1, 0] for step in range(10)])
    steps = ((columns[:, 1:] - columns[:, :-1]) * 127.5).round()
    assert set(steps.unique().tolist()) == {-1.0, 1.0}
    assert (steps == steps[:, :1]).all()


def test_a_share_of_the_photos_is_scaled_whole(folder: Path) -> None:
    rng = np.random.default_rng(0)
    (folder / "a.png").unlink()
    PillowImage.fromarray(rng.integers(0, 255, (24, 24, 3), np.uint8)).save(folder / "inner" / "b.png")
    small = load_photos([folder], 16)[0].astype(np.float32)
    sampler = Sampler(load_photos([folder], 24), make_holes({"centre": 1}, 16, 1, 0), 50, seed=0, whole=0.3)
    drawn = ((sampler.draw(0).photo.permute(0, 2, 3, 1) + 1) * 127.5).numpy()
    scaled = [np.abs(one - small).max() < 0.01 or np.abs(one[:, ::-1] - small).max() < 0.01 for one in drawn]
    assert 5 <= sum(scaled) <= 25
    assert torch.equal(sampler.draw(1).photo, sampler.draw(1).photo)


def test_zoomed_crops_stay_inside_and_keep_slopes() -> None:
    holes = make_holes({"centre": 1}, 16, 1, 0)
    slope = np.zeros((1, 24, 24, 3), dtype=np.uint8)
    slope[..., 1] = np.arange(24) * 10
    slope[..., 2] = np.arange(24)[:, None] * 10
    sampler = Sampler(slope, holes, 8, seed=0, zoom=1.4)
    photo = torch.cat([sampler.draw(step).photo for step in range(6)])
    assert torch.equal(sampler.draw(2).photo, Sampler(slope, holes, 8, seed=0, zoom=1.4).draw(2).photo)
    inner = photo[:, :, 2:-2, 2:-2]
    steps = (inner[:, 1, :, 1:] - inner[:, 1, :, :-1]) * 12.75
    sizes = steps.abs().mean((1, 2))
    assert steps.std((1, 2)).max() < 0.02
    assert sizes.min() < 0.85
    assert sizes.max() > 1.15
    assert sizes.min() > 1 / 1.45
    assert sizes.max() < 1.45
    down = (inner[:, 2, 1:] - inner[:, 2, :-1]) * 12.75
    assert torch.allclose(down.mean((1, 2)), sizes, atol=1e-3)  # square, and never upside down
    assert set(steps.mean((1, 2)).sign().tolist()) == {-1.0, 1.0}


@pytest.mark.parametrize("kind", HOLES)
@pytest.mark.parametrize("size", [16, 64, 128])
def test_every_hole_is_a_hole_and_the_same_again(kind: str, size: int) -> None:
    holes, again = make_holes({kind: 1}, size, 12, 3), make_holes({kind: 1}, size, 12, 3)
    assert holes.shape == (12, size, size)
    assert holes.dtype == bool
    assert holes.any((1, 2)).all()
    assert not holes.all((1, 2)).any()
    assert np.array_equal(holes, again)


def test_holes_of_the_reports() -> None:
    rng = np.random.default_rng(0)
    assert centre(rng, 128).sum() == 64 * 64
    assert centre(rng, 128)[32:96, 32:96].all()
    assert equal_area(rng, 64).sum() == 20 * 20
    assert 30 <= squares(rng, 64).sum() <= 40


def test_an_unknown_hole_is_named() -> None:
    with pytest.raises(OptionError, match=r"'star'.*Known: centre"):
        make_holes({"star": 1}, 8, 1, 0)
