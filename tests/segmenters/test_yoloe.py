"""YOLOE prompt-free with random weights of the same class: its vocabulary, and who is asked for which words."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.errors import CheckpointError, OptionError
from inpaint_app.segmenters import registry, weights_content, yolo
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

WORDS = ("person", "traffic cone", "trash can", *(f"thing {number}" for number in range(300)))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Checkpoints with a tiny YOLOE that sees a traffic cone everywhere, and one that waits for words."""
    torch: Any = pytest.importorskip("torch")
    (tasks,) = yolo.imported(Settings(), "ultralytics.nn.tasks")
    torch.manual_seed(0)
    teacher = tasks.YOLOESegModel("yoloe-11n-seg.yaml", verbose=False).eval()
    teacher.args = {"imgsz": 640}
    model, head = copy.deepcopy(teacher), teacher.model[-1]
    folder = tmp_path_factory.mktemp("yoloe")
    torch.save({"model": teacher, "ema": None}, folder / "prompted.pt")
    head.fuse(torch.randn(1, len(WORDS), head.embed))
    vocabulary = torch.nn.ModuleList(one[-1] for one in head.cv3)
    for one in vocabulary:
        linear = one if hasattr(one, "bias") else one[-1]
        linear.bias.data[:] = -9.0
        linear.bias.data[1] = 3.0
    model.set_vocab(vocabulary, list(WORDS))
    torch.save({"model": model.half(), "ema": None}, folder / f"{registry.WORDED}.pt")
    return Settings(checkpoints=folder, cache=folder / "cache")


def test_its_words_come_from_the_weights(settings: Settings) -> None:
    spec = registry.find(registry.WORDED, settings)
    assert spec.labels == WORDS
    assert not spec.missing(settings)
    assert "thing 299" in registry.labels(settings)
    assert not registry.find(registry.WORDED, Settings(checkpoints=Path("nowhere"))).labels


def test_it_is_asked_for_what_the_best_one_does_not_know(settings: Settings) -> None:
    first = registry.find(registry.SHIPPED, settings)
    assert registry.knowing(["traffic cones"], first, settings).name == registry.WORDED
    assert registry.knowing(["cars", "people"], first, settings) is first
    with pytest.raises(OptionError, match="Did you mean 'traffic cone'"):
        registry.knowing(["traffic can"], first, settings)


def test_it_finds_by_its_words_within_the_photo(settings: Settings) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8)
    found = registry.find(registry.WORDED, settings).create(settings).detect(photo, 0.5, Progress())
    assert found
    for one in found:
        assert one.label == "traffic cone"
        assert 0 <= one.box.left < one.box.right <= 200
        assert 0 <= one.box.top < one.box.bottom <= 120
        assert one.mask.shape == (one.box.height, one.box.width)


def test_one_that_waits_for_words_is_refused(settings: Settings) -> None:
    with pytest.raises(CheckpointError, match="prompt-free"):
        weights_content.content(settings.checkpoints / "prompted.pt")
