"""The project's own finder: its looks, its outlines, and what it says when its weights are not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as PillowImage

from inpaint_app.errors import MissingWeights
from inpaint_app.models import checkpoints
from inpaint_app.models.finder import BINS, Raw, centres
from inpaint_app.segmenters import own, registry
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Progress


class Red:
    """Stands for the trained network: sees red as one car, its whole extent, with the mask drawn by the pixels."""

    def to(self, device: str) -> Red:
        return self

    def __call__(self, images: torch.Tensor) -> Raw:
        return Raw(*(torch.cat(parts) for parts in zip(*map(self.one, images.split(1)), strict=True)))

    def one(self, image: torch.Tensor) -> Raw:
        _, _, height, width = image.shape
        red = (image[0, 0] > 0.6) & (image[0, 1] < 0.4)
        points, strides = centres(height, width)
        edges = torch.full((1, len(points), 4, BINS), -50.0)
        scores = torch.full((1, len(points), 6), -9.0)
        rows, columns = torch.nonzero(red.any(1)).flatten(), torch.nonzero(red.any(0)).flatten()
        if len(rows):
            box = torch.tensor([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]).float()
            middle = (box[:2] + box[2:]) / 2
            reach = (box[2:] - box[:2]).max() / 2
            stride = next((s for s in (8, 16, 32) if reach / s < BINS - 2), 32)
            on = strides == stride
            at = int(torch.where(on, (points - middle).square().sum(1), 1e9).argmin())
            scores[0, at, 2] = 3.0
            far = torch.cat([points[at] - box[:2], box[2:] - points[at]]) / stride
            for edge, value in enumerate(far.tolist()):
                low = int(value)
                edges[0, at, edge, low] = float(np.log(1 - (value - low) + 1e-9))
                edges[0, at, edge, low + 1] = float(np.log(max(0.0, value - low) + 1e-9))
        small = torch.nn.functional.avg_pool2d(red[None, None].float(), 4)[0]
        prototypes = torch.cat([16 * small - 8])[None]
        return Raw(edges, scores, torch.ones(1, len(points), 1), prototypes, torch.zeros(1, 6, 1, 1))


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> own.OwnSegmenter:
    monkeypatch.setattr("inpaint_app.models.checkpoints.create", lambda name, where: Red())
    return own.OwnSegmenter(registry.SHIPPED, Settings())


def photo(height: int, width: int, box: tuple[int, int, int, int]) -> Image:
    made = np.full((height, width, 3), 120, np.uint8)
    made[box[1] : box[3], box[0] : box[2]] = (220, 30, 30)
    return made


class Sinister(Red):
    """Sees red in the left half of a picture only."""

    def one(self, image: torch.Tensor) -> Raw:
        image = image.clone()
        image[..., image.shape[-1] // 2 :] = 0.45
        return super().one(image)


def test_what_is_not_there_in_a_mirror_counts_half(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inpaint_app.models.checkpoints.create", lambda name, where: Sinister())
    finder, there = own.OwnSegmenter(registry.SHIPPED, Settings()), photo(320, 320, (40, 100, 120, 260))
    (found,) = finder.detect(there, 0.2, Progress())
    assert 0.4 < found.confidence < 0.5
    assert abs(found.box.left - 40) < 6
    assert finder.detect(there, 0.6, Progress()) == ()
    (mirrored,) = finder.detect(np.ascontiguousarray(there[:, ::-1]), 0.2, Progress())
    assert abs(mirrored.box.right - 280) < 6
    assert mirrored.confidence == pytest.approx(found.confidence, abs=0.02)


@pytest.mark.parametrize(
    ("shape", "box"),
    [((480, 640), (200, 100, 440, 400)), ((480, 640), (10, 10, 630, 470)), ((90, 61), (20, 30, 40, 70))],
)
def test_an_object_of_any_size_is_found_once_with_its_outline(
    finder: own.OwnSegmenter, shape: tuple[int, int], box: tuple[int, int, int, int]
) -> None:
    reports: list[float] = []
    progress = Progress(lambda fraction, stage: reports.append(fraction))
    (found,) = finder.detect(photo(*shape, box), 0.35, progress)
    assert (found.label, found.number) == ("car", 1)
    assert found.confidence > 0.8
    true = np.zeros(shape, dtype=bool)
    true[box[1] : box[3], box[0] : box[2]] = True
    mask = found.full_mask(shape)
    assert (mask & true).sum() / (mask | true).sum() > 0.9
    assert reports == sorted(reports)
    assert reports[-1] == 1.0


def test_small_objects_of_large_photos_are_found_in_tiles(finder: own.OwnSegmenter) -> None:
    (found,) = finder.detect(photo(2000, 3000, (2400, 1500, 2460, 1600)), 0.35, Progress())
    assert abs(found.box.left - 2400) < 12
    assert abs(found.box.bottom - 1600) < 12


def test_nothing_red_nothing_found(finder: own.OwnSegmenter) -> None:
    assert finder.detect(np.full((50, 70, 3), 120, np.uint8), 0.35, Progress()) == ()


def test_without_its_weights_it_says_how_to_get_them(tmp_path: Path) -> None:
    settings = Settings(checkpoints=tmp_path)
    spec = registry.find("finder", settings)
    (lack,) = spec.missing(settings)
    assert "inpaint-app train finder" in lack.cure
    with pytest.raises(MissingWeights, match="inpaint-app train finder"):
        spec.create(settings)


def test_it_comes_last_so_that_yolo_is_taken_where_it_is() -> None:
    *_, shipped, worded = registry.SEGMENTERS
    assert (shipped.name, worded.name) == (registry.SHIPPED, registry.WORDED), (
        "words alone ask for the very last"
    )
    assert shipped.labels == own.LABELS
    assert "less sure" in shipped.note


def asset(name: str) -> Image:
    """A photo that comes with ultralytics, found without importing it."""
    from inpaint_app.ui.view_models import samples

    return np.asarray(PillowImage.open(samples()[name]).convert("RGB"))


def test_the_shipped_weights_find_the_people_of_the_bus() -> None:
    photo = asset("bus.jpg")
    found = registry.find(registry.SHIPPED, Settings()).create(Settings()).detect(photo, 0.35, Progress())
    people = [one for one in found if one.label == "person"]
    # Three of the four that YOLOv8n-seg finds, by a point on each: x, y in pixels. The fourth is cut off at the edge.
    for x, y in ((120, 560), (280, 620), (760, 600)):
        assert any(one.full_mask(photo.shape[:2])[y, x] for one in people), (x, y)


def test_the_shipped_weights_are_the_manifests_and_small() -> None:
    where = checkpoints.folder(Settings())
    entry = checkpoints.entry(registry.SHIPPED, where)
    path = where / entry.file
    assert path.stat().st_size <= 7_000_000
    assert entry.training["note"].startswith("from random weights")
    checkpoints.create(registry.SHIPPED, where)  # verified, every name and shape fitting


@pytest.mark.parametrize(
    ("first", "nearer", "kept"), [(0.45, 0.2, False), (0.45, 0.7, True), (0.7, 0.2, True)]
)
def test_what_a_tile_makes_doubtful_has_to_be_found_again_from_nearer(
    finder: own.OwnSegmenter, monkeypatch: pytest.MonkeyPatch, first: float, nearer: float, kept: bool
) -> None:
    """A car of 60 pixels in a photo of tiles: seen in the tile with one confidence, in its own view with another."""
    place = Box(2000, 1500, 2060, 1560)
    views: list[Box] = []

    def look(image: Image, view: Box, side: int, confidence: float) -> list[Instance]:
        views.append(view)
        whole = view.width == image.shape[1]
        inside = view.left <= place.left and view.top <= place.top and view.right >= place.right
        inside = inside and view.bottom >= place.bottom
        sure = nearer if view.width < 400 else first
        if whole or not inside or sure < confidence:
            return []
        return [Instance(0, "car", sure, place, np.ones((60, 60), bool))]

    monkeypatch.setattr(finder, "_look", look)
    found = finder.detect(np.zeros((3000, 4000, 3), np.uint8), 0.35, Progress())
    assert [one.confidence for one in found] == ([first] if kept else [])
    near = [view for view in views if view.width < 400]
    assert bool(near) == (first < own.SURE), "a sure find is not looked at again"
    assert all(view.width == own.AGAIN * 60 for view in near)
