"""All segmenters, as data, best first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from inpaint_app.errors import InpaintError, MissingWeights, OptionError
from inpaint_app.segmenters import weights, weights_content
from inpaint_app.segmenters.base import SegmenterSpec, labels_of
from inpaint_app.segmenters.tiling import shrunk
from inpaint_app.settings import Settings
from inpaint_app.types import Instance

COCO: tuple[str, ...] = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
    "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
    "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
    "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
    "hair drier", "toothbrush",
)  # fmt: skip
"""The 80 classes of COCO, in YOLO's order."""


SHIPPED = "finder"
"""The one that this project trained: ready everywhere, less sure than the others."""


WORDED = "yoloe-11s-seg-pf"
"""The one that finds by thousands of words, which its weights bring; asked for words that no other knows."""


def _yolo(size: str, title: str, megabytes: float) -> SegmenterSpec:
    return SegmenterSpec(
        name=f"yolov8{size}-seg",
        title=f"YOLOv8 {title}",
        summary=f"Finds 80 kinds of objects with their outlines ({megabytes:g} MB of weights).",
        factory="inpaint_app.segmenters.yolo:YoloSegmenter",
        lacks="inpaint_app.segmenters.weights:missing",
        labels=COCO,
        argument=f"yolov8{size}-seg",
    )


SEGMENTERS: tuple[SegmenterSpec, ...] = (
    _yolo("n", "nano", 6.7),
    _yolo("s", "small", 22.8),
    _yolo("m", "medium", 52.4),
    _yolo("l", "large", 88.1),
    _yolo("x", "extra large", 137.4),
    SegmenterSpec(
        name=SHIPPED,
        title="Built-in finder",
        summary="Finds people and vehicles; trained and shipped by this project (6.5 MB), nothing to fetch.",
        factory="inpaint_app.segmenters.own:OwnSegmenter",
        lacks="inpaint_app.segmenters.own:missing",
        labels=("person", "bicycle", "car", "motorcycle", "bus", "truck"),
        argument="finder",
        note="It is less sure than YOLOv8, which Models or 'inpaint-app models fetch yolov8n-seg' brings.",
    ),
    SegmenterSpec(
        name=WORDED,
        title="YOLOE prompt-free",
        summary="Finds things by some 4,500 words, such as 'traffic cone' (31.5 MB of weights).",
        factory="inpaint_app.segmenters.yolo:YoloSegmenter",
        lacks="inpaint_app.segmenters.weights:missing",
        labels=(),
        argument=WORDED,
    ),
)


SELECTORS: tuple[SegmenterSpec, ...] = (
    SegmenterSpec(
        name="mobile-sam",
        title="MobileSAM",
        summary="Outlines whatever is clicked, boxed or scribbled over in Select (40.7 MB of weights).",
        factory="inpaint_app.segmenters.sam:Sam",
        lacks="inpaint_app.segmenters.weights:prompted_missing",
        labels=(),
        argument="mobile-sam",
    ),
)
"""What outlines the thing that a gesture means, where it is here; see selecting/outlined.py."""


def selector(settings: Settings) -> SegmenterSpec | None:
    """The one that is ready here, or None."""
    return next((spec for spec in SELECTORS if not spec.missing(settings)), None)


def offer(settings: Settings) -> str:
    """A line on the first of them, where none is here and it could be fetched; "" elsewhere."""
    lack = next((one for one in SELECTORS[0].missing(settings) if one.fetch), None)
    if selector(settings) or lack is None or not settings.may_fetch(lack.megabytes or 0):
        return ""
    return (
        f"{SELECTORS[0].title} ({lack.megabytes or 0:.0f} MB) outlines whatever is pointed at. Fetch it in Models, or "
        f"with: inpaint-app models fetch {lack.fetch}"
    )


def specs(settings: Settings) -> tuple[SegmenterSpec, ...]:
    """All segmenters as the settings have them: the user's own weights come before everything."""
    path = settings.yolo_weights
    known = tuple(spec if spec.labels else _worded(spec, settings) for spec in SEGMENTERS)
    return known if path is None else (_own(path), *known)


def _worded(spec: SegmenterSpec, settings: Settings) -> SegmenterSpec:
    """A segmenter with the vocabulary of its weights, where they are here."""
    path = weights.locate(spec.argument, settings)
    try:
        return spec if path is None else replace(spec, labels=weights_content.content(path).labels)
    except InpaintError as error:
        return replace(spec, note=str(error))


def _own(path: Path) -> SegmenterSpec:
    """The file of INPAINT_YOLO_WEIGHTS with its own classes; one that cannot be read says why when it is used."""
    try:
        known, note = weights_content.content(path).labels, ""
    except InpaintError as error:
        known, note = COCO, str(error)
    return SegmenterSpec(
        name=weights.OWN,
        title=path.stem,
        summary=f"Your own weights, {len(known)} kinds of objects.",
        factory="inpaint_app.segmenters.yolo:YoloSegmenter",
        lacks="inpaint_app.segmenters.weights:missing",
        labels=known,
        argument=weights.OWN,
        note=note,
    )


def find(name: str, settings: Settings) -> SegmenterSpec:
    """The spec of that name; raises OptionError that lists the known ones."""
    known = specs(settings)
    for spec in known:
        if spec.name == name:
            return spec
    raise OptionError(f"There is no segmenter {name!r}. Known: {', '.join(spec.name for spec in known)}.")


def best(settings: Settings) -> SegmenterSpec:
    """The first segmenter that is ready here; raises MissingWeights with the cure where none is."""
    known = specs(settings)
    for spec in known:
        if not spec.missing(settings):
            return spec
    lack = known[0].missing(settings)[0]
    raise MissingWeights(
        f"Objects cannot be found here yet: {lack.what} is missing ({lack.cure}). Brushing works without it."
    )


def knowing(words: Iterable[str], first: SegmenterSpec, settings: Settings) -> SegmenterSpec:
    """The ready segmenter that knows most of what the words stand for, `first` before others; raises OptionError."""
    wanted = set(labels_of(words, labels(settings)))
    ready = (first, *(spec for spec in specs(settings) if not spec.missing(settings)))
    return max(ready, key=lambda spec: len(wanted & set(spec.labels)))


CROWD, SMALL = 6, 100
"""So many people of fewer pixels in height, as the finder sees them: of such YOLOv8 nano finds one in three
(benchmarks/results/belongings.md)."""


def larger(
    name: str, found: Iterable[Instance], size: tuple[int, int], settings: Settings
) -> SegmenterSpec | None:
    """The next larger finder, where this one found many small people and others are likely; or None.

    size: width and height of the photo.
    """
    small = sum(one.label == "person" and one.box.height < SMALL * shrunk(*size) for one in found)
    names = [SHIPPED, *(spec.name for spec in SEGMENTERS if spec.labels == COCO)]
    if small < CROWD or name not in names[:-1]:
        return None
    return find(names[names.index(name) + 1], settings)


def labels(settings: Settings) -> tuple[str, ...]:
    """Every class that any segmenter knows."""
    seen: dict[str, None] = {}
    for spec in specs(settings):
        seen.update(dict.fromkeys(spec.labels))
    return tuple(seen)
