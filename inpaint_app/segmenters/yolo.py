"""YOLO's segmentation models through ultralytics: the only place that imports it, for sam.py too."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app import environment
from inpaint_app.errors import CheckpointError, MissingPackage, MissingWeights
from inpaint_app.models import torchvision_ops
from inpaint_app.segmenters import weights, weights_content
from inpaint_app.segmenters.base import NONE
from inpaint_app.segmenters.letterbox import Find, Place, cropped, instances, seen
from inpaint_app.segmenters.tiling import closer, ranked, whole_in
from inpaint_app.settings import Settings
from inpaint_app.types import Box, Image, Instance, Progress

SIDE = 640
"""The longest side in pixels at which the photo is looked at."""
FINER = 0.1
"""Confidence from which a thing that was found is seen again from nearer."""
OVERLAP = 0.7
"""Two finds of one class are one when their boxes share more than this."""
_LOADING = threading.RLock()
_READERS: tuple[tuple[Any, str], ...] = (
    (PillowImage, "open"),
    (cv2, "imread"),
    (cv2, "imwrite"),
    (cv2, "imshow"),
)


@contextmanager
def _readers_kept() -> Iterator[None]:
    """Pillow's and OpenCV's readers as they were: ultralytics puts its own in their place, for the whole process.

    With its Image.open a file that is no picture ends in "No module named 'pi_heif'" instead of Pillow's own error.
    """
    kept = [(module, name, getattr(module, name)) for module, name in _READERS]
    threads = cv2.getNumThreads()
    try:
        yield
    finally:
        cv2.setNumThreads(threads)  # it takes OpenCV's threads away too
        for module, name, reader in kept:
            setattr(module, name, reader)


class YoloSegmenter:
    """Finds objects with a YOLO segmentation model (Jocher et al. 2023, ultralytics), weights loaded safely."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Load the weights that serve under `name`; raises MissingWeights, MissingPackage, CheckpointError."""
        self._settings = settings
        path = weights.locate(name, self._settings)
        if path is None:
            lack = weights.missing(name, settings)[-1]
            raise MissingWeights(f"{lack.what} is missing: {lack.cure}. Brushing works without it.")
        self.labels = weights_content.content(path).labels
        self._path = path
        self._predictor = _predictor(path, self._settings)
        self._lock = threading.Lock()

    def detect(
        self, image: Image, confidence: float, progress: Progress, weak: Mapping[str, float] = NONE
    ) -> tuple[Instance, ...]:
        """Every instance found at `confidence` (0..1) or above, and the weak ones: see Segmenter."""
        shape = (image.shape[0], image.shape[1])
        least = {label: min(confidence, weak.get(label, confidence)) for label in self.labels}
        whole, rounds = Box(0, 0, shape[1], shape[0]), closer(*shape)
        looks, done = 1 + sum(len(one.tiles) for one in rounds), 1
        progress(0.0, "Looking for objects")
        views = [instances(self._look(image, whole, least), shape)]
        for one in rounds:
            near: list[Instance] = []
            for tile in one.tiles:
                progress(done / looks, f"Looking closer ({done} of {looks - 1})")
                finds = self._look(image, tile, least)
                near += instances([f for f in finds if whole_in(f.box, tile, shape, one.longest)], shape)
                done += 1
            views.append(near)
        found = tuple(ranked(views, confidence))
        progress(1.0, f"{sum(one.confidence >= confidence for one in found)} found")
        return found

    def look(self, image: Image, view: Box, side: int) -> list[Find]:
        """See finer.Redrawing."""
        return self._look(image, view, dict.fromkeys(self.labels, FINER), side)

    def lower(self) -> str | None:
        """Go on where there is more memory, and say where; None where there is no such place."""
        if environment.torch_device(self._settings.device) == "cpu":
            return None
        self._settings = replace(self._settings, device="cpu")
        self._predictor = _predictor(self._path, self._settings)
        return "on the processor, which is slower"

    def _look(self, image: Image, view: Box, least: Mapping[str, float], side: int = SIDE) -> list[Find]:
        """What is found in one view of the photo, scaled to the network's size, from each label's confidence on."""
        padded, place = seen(image, view, side)
        with self._lock:
            rows, prototypes = self._predict(padded, min(least.values()))
        rows = rows[[row[4] >= least[self.labels[int(row[5])]] for row in rows]]
        return [self._find(row, prototypes, place, padded.shape) for row in rows]

    def _predict(self, padded: Image, confidence: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Rows (left, top, right, bottom, confidence, class, coefficients …) and prototypes (C, h, w)."""
        self._predictor.args.conf = confidence
        self._predictor.args.imgsz = list(padded.shape[:2])
        (found,) = self._predictor(np.ascontiguousarray(padded[..., ::-1]))
        rows, prototypes = found.raw
        return rows.float().cpu().numpy(), prototypes.float().cpu().numpy()

    def _find(
        self,
        row: NDArray[np.float32],
        prototypes: NDArray[np.float32],
        place: Place,
        shape: tuple[int, ...],
    ) -> Find:
        """Keep of the prototypes only what lies under the find's box and a little around it."""
        box = (float(row[0]), float(row[1]), float(row[2]), float(row[3]))
        logits, area = cropped(row[6:], prototypes, box, shape)
        label = self.labels[int(row[5])]
        return Find(label, float(row[4]), place.of(*box), logits, place.of(*area))


def imported(settings: Settings, *names: str) -> Any:
    """Modules of ultralytics, which leaves the process as it was; raises MissingPackage."""
    with _LOADING:
        _quiet(settings)
        try:
            with _readers_kept():
                return [importlib.import_module(name) for name in names]
        except ModuleNotFoundError as error:
            raise MissingPackage(f"{error.name} is not installed: pip install ultralytics") from error


def _predictor(path: Path, settings: Settings) -> Any:
    """A predictor of ultralytics that hands out coefficients and prototypes instead of finished masks."""
    with _LOADING:
        ultralytics, results, predict = imported(
            settings, "ultralytics", "ultralytics.engine.results", "ultralytics.models.yolo.segment.predict"
        )
        if ultralytics.settings.get("sync"):
            ultralytics.settings.update({"sync": False})

        class RawPredictor(predict.SegmentationPredictor):  # type: ignore[misc, name-defined]
            """Stops after non-maximum suppression: outlines are drawn by our own code."""

            def construct_result(self, pred: Any, img: Any, orig_img: Any, img_path: Any, proto: Any) -> Any:
                result = results.Results(orig_img, path=img_path, names=self.model.names, boxes=pred[:, :6])
                result.raw = (pred, proto)
                return result

        try:
            model = ultralytics.YOLO(str(path), task="segment")
        except Exception as error:
            raise CheckpointError(
                f"{path.name} cannot be loaded ({type(error).__name__}: {error}). Expected a YOLO segmentation "
                "checkpoint as ultralytics saves it; nothing in it was run."
            ) from error
        predictor = RawPredictor(
            overrides={
                "task": "segment", "mode": "predict", "save": False, "verbose": False, "iou": OVERLAP,
                "device": environment.torch_device(settings.device), "rect": True, "batch": 1,
            }
        )  # fmt: skip
        _set_up(predictor, model.model, settings)
        return predictor


def _set_up(predictor: Any, model: Any, settings: Settings) -> None:
    """Put the model on its device; ultralytics takes threads away from all of torch there: give them back."""
    import torch

    threads = torch.get_num_threads()
    predictor.setup_model(model, verbose=False)
    if predictor.device.type == "cpu":
        # All that warming does there is to import torchvision, which takes seconds; ultralytics' own suppression of
        # overlaps finds the same.
        predictor.done_warmup = True
    else:
        torchvision_ops.provide()
    torch.set_num_threads(settings.threads or threads)


def _quiet(settings: Settings) -> None:
    """What ultralytics reads from the environment when it is imported: no telemetry, no installing, safe loading."""
    threads = settings.cores
    os.environ.setdefault("OMP_NUM_THREADS", str(threads))
    environment.share_cores()
    os.environ["YOLO_AUTOINSTALL"] = "0"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"
    os.environ["YOLO_VERBOSE"] = "0"
    os.environ["YOLO_OFFLINE"] = "1"
    os.environ.setdefault("YOLO_CONFIG_DIR", str(settings.cache / "ultralytics"))
