"""YOLO with real weights on real photos."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.segmenters import registry, tiling, weights
from inpaint_app.segmenters.base import Segmenter
from inpaint_app.segmenters.yolo import YoloSegmenter
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Progress

LABELS = 0.35
CUT_OFF = (5, 25, 28, 39, 48)
"""Labelled photos of people whom the lower border cuts off."""


@pytest.fixture(scope="module")
def yolo(yolo_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    settings = Settings(yolo_weights=yolo_weights, cache=tmp_path_factory.mktemp("cache"))
    return registry.find("yolov8n-seg", settings).create(settings)


def asset(name: str) -> Image:
    """A photo that comes with ultralytics, found without importing it."""
    spec = importlib.util.find_spec("ultralytics")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    read = cv2.imread(str(Path(spec.submodule_search_locations[0]) / "assets" / name))
    return np.ascontiguousarray(read[..., ::-1])


def test_bus_has_four_people_and_the_bus(yolo: Segmenter) -> None:
    photo = asset("bus.jpg")
    found = yolo.detect(photo, LABELS, Progress())
    counts = Counter(instance.label for instance in found)
    assert counts["person"] == 4
    assert counts["bus"] == 1
    assert [instance.number for instance in found] == list(range(1, len(found) + 1))
    confidences = [instance.confidence for instance in found]
    assert confidences == sorted(confidences, reverse=True)
    for instance in found:
        assert instance.mask.shape == (instance.box.height, instance.box.width)
        assert instance.mask.any(axis=0).all() or instance.mask.any(axis=1).all(), "the box is tight"
        assert instance.full_mask(photo.shape[:2]).sum() == instance.mask.sum()


def test_zidane_has_two_people(yolo: Segmenter) -> None:
    found = yolo.detect(asset("zidane.jpg"), LABELS, Progress())
    assert Counter(instance.label for instance in found)["person"] == 2


def test_small_people_of_a_large_photo_are_found(yolo: Segmenter, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bus picture, halved, in a photo of 48 times its area: seen as a whole its people shrink away."""
    photo = cv2.resize(asset("bus.jpg"), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    large = np.full((3240, 3240, 3), 114, np.uint8)
    large[1000:1540, 1300:1705] = photo
    with monkeypatch.context() as patch:
        patch.setattr(tiling, "LARGE", 10_000)
        as_a_whole = yolo.detect(large, LABELS, Progress())
    people = [instance for instance in yolo.detect(large, LABELS, Progress()) if instance.label == "person"]
    assert len(people) == 3
    assert sum(instance.label == "person" for instance in as_a_whole) < 3
    alone = yolo.detect(photo, LABELS, Progress())
    first = max(people, key=lambda instance: int(instance.mask.sum()))
    twin = max(
        (instance for instance in alone if instance.label == "person"), key=lambda one: int(one.mask.sum())
    )
    placed = twin.full_mask(photo.shape[:2])
    cut = first.full_mask(large.shape[:2])[1000:1540, 1300:1705]
    assert (placed & cut).sum() / (placed | cut).sum() > 0.8


def test_people_of_two_per_cent_of_the_height_are_found_at_48_megapixels(yolo: Segmenter) -> None:
    photo = cv2.resize(asset("bus.jpg"), None, fx=0.24, fy=0.24, interpolation=cv2.INTER_AREA)
    large = np.full((6000, 8000, 3), 114, np.uint8)
    large[3100 : 3100 + photo.shape[0], 5200 : 5200 + photo.shape[1]] = photo
    people = [find for find in yolo.detect(large, LABELS, Progress()) if find.label == "person"]
    assert len(people) == 3
    assert max(find.box.height for find in people) <= 130


def test_all_nine_people_of_a_panorama_are_found(yolo: Segmenter, data: Path) -> None:
    """20000×2160, three times three people of 470 pixels: seen as a whole each is fifteen pixels high."""
    read = cv2.imread(str(data / "cases" / "panorama" / "pano.jpg"))
    found = yolo.detect(np.ascontiguousarray(read[..., ::-1]), LABELS, Progress())
    people = [find for find in found if find.label == "person"]
    assert len(people) == 9
    assert all(400 < find.box.height < 520 for find in people)


def test_a_person_that_the_border_cuts_off_is_covered_to_the_border(yolo: Segmenter, data: Path) -> None:
    from inpaint_app.imaging.mask import grow

    folder, left = data / "segment" / "coco_val2017_person_car", []
    for number in CUT_OFF:
        path = sorted((folder / "images").glob("*.jpg"))[number]
        photo = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
        shape = (photo.shape[0], photo.shape[1])
        people = [one for one in yolo.detect(photo, LABELS, Progress()) if one.label == "person"]
        cover = grow(np.any([one.full_mask(shape) for one in people], axis=0))[0]
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            label, *points = line.split()
            polygon = np.round(np.array(points, float).reshape(-1, 2) * shape[::-1]).astype(np.int32)
            truth = cv2.fillPoly(np.zeros(shape, np.uint8), [polygon], 1) > 0
            best = max(((one.full_mask(shape) & truth).sum() / truth.sum() for one in people), default=0)
            row = truth[-3:].any(axis=0)
            if label == "0" and best > 0.5 and row.sum() > 10:
                left.append(float((row & ~cover[-1]).sum() / row.sum()))
    assert len(left) >= 6
    assert max(left) < 0.1


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (37, 61), (700, 9)])
def test_any_size_is_taken(yolo: Segmenter, shape: tuple[int, int]) -> None:
    grey = np.full((*shape, 3), 128, np.uint8)
    before = grey.copy()
    assert yolo.detect(grey, LABELS, Progress()) == ()
    assert np.array_equal(grey, before)


def test_the_same_photo_gives_the_same_finds(yolo: Segmenter) -> None:
    photo = asset("zidane.jpg")
    one, other = (yolo.detect(photo, LABELS, Progress()) for _ in range(2))
    assert [(find.box, find.confidence) for find in one] == [(find.box, find.confidence) for find in other]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(one, other, strict=True))


def test_confidence_bounds_what_is_found(yolo: Segmenter) -> None:
    photo = asset("bus.jpg")
    few, many = (yolo.detect(photo, bound, Progress()) for bound in (0.8, 0.1))
    assert all(find.confidence >= 0.8 for find in few)
    assert len(many) > len(few) > 0


def test_found_objects_are_covered_after_growing(yolo: Segmenter, data: Path) -> None:
    """A sample of the measurement in benchmarks/masks.py: less than 3 % of a found person stays uncovered."""
    from inpaint_app.imaging.mask import grow

    folder = data / "segment" / "coco_val2017_person_car"
    left = []
    for path in sorted((folder / "images").glob("*.jpg"))[:12]:
        photo = np.ascontiguousarray(cv2.imread(str(path))[..., ::-1])
        shape = photo.shape[:2]
        people = [find for find in yolo.detect(photo, LABELS, Progress()) if find.label == "person"]
        masks = [find.full_mask(shape) for find in people]
        for line in (folder / "labels" / f"{path.stem}.txt").read_text().splitlines():
            label, *points = line.split()
            if label != "0":
                continue
            polygon = np.round(np.array(points, float).reshape(-1, 2) * shape[::-1]).astype(np.int32)
            truth = cv2.fillPoly(np.zeros(shape, np.uint8), [polygon], 1) > 0
            best = max(masks, key=lambda mask: (mask & truth).sum() / (mask | truth).sum(), default=None)
            if best is None or (best & truth).sum() <= 0.5 * (best | truth).sum():
                continue
            left.append((truth & ~grow(best)[0]).sum() / truth.sum())
    assert len(left) > 15
    assert np.mean(left) < 0.03


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "yolov8n-seg.pt"
    path.write_bytes(pickle.dumps({"model": print}))
    settings = Settings(yolo_weights=path)
    with pytest.raises(CheckpointError, match="no YOLO checkpoint"):
        registry.find("yolov8n-seg", settings).create(settings)


def test_without_weights_the_cure_is_said(tmp_path: Path) -> None:
    settings = Settings(cache=tmp_path, checkpoints=tmp_path)
    with pytest.raises(MissingWeights, match=r"yolov8x-seg\.pt is missing: fetch it"):
        registry.find("yolov8x-seg", settings).create(settings)
    assert weights.locate("yolov8x-seg", settings) is None


def test_the_readers_of_pillow_and_opencv_stay_as_they_were(yolo_weights: Path) -> None:
    """ultralytics replaces them at its import; a fresh process shows whether ours come back."""
    script = (
        "import io, cv2, numpy as np, PIL.Image\n"
        "before = PIL.Image.open, cv2.imread, cv2.imwrite\n"
        "from inpaint_app.removal.session import Session\n"
        "Session().detect(np.zeros((64, 64, 3), np.uint8))\n"
        "assert (PIL.Image.open, cv2.imread, cv2.imwrite) == before\n"
    )
    environment = {**os.environ, "INPAINT_YOLO_WEIGHTS": str(yolo_weights)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr


def test_a_finder_goes_on_where_there_is_more_memory_and_no_further(yolo_weights: Path) -> None:
    finder = YoloSegmenter(weights.OWN, Settings(yolo_weights=yolo_weights))
    finder._settings = replace(finder._settings, device="cuda:0")
    before = finder._predictor
    assert finder.lower() == "on the processor, which is slower"
    assert finder._predictor is not before
    assert finder._predictor.device.type == "cpu"
    assert finder.lower() is None
