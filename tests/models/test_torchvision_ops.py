"""torchvision imports beside any torch, and its stand-in for suppression is the real thing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from inpaint_app.models import torchvision_ops

torch = pytest.importorskip("torch")


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    shared = width * height
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_suppressed_keeps_what_the_definition_keeps(threshold: float) -> None:
    random = np.random.default_rng(3)
    corner = random.uniform(0, 50, (60, 2))
    boxes = np.hstack([corner, corner + random.uniform(5, 40, (60, 2))]).astype(np.float32)
    scores = random.permutation(60).astype(np.float32)
    expected: list[int] = []
    for index in np.argsort(-scores):
        if all(overlap(boxes[index], boxes[kept]) <= threshold for kept in expected):
            expected.append(int(index))
    kept = torchvision_ops.suppressed(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    assert kept.tolist() == expected


def test_suppressed_takes_no_boxes() -> None:
    assert torchvision_ops.suppressed(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_provide_is_needed_once_and_makes_torchvision_usable() -> None:
    first = torchvision_ops.provide()
    assert torchvision_ops.provide() == first
    import torchvision

    boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 30, 30]])
    kept = torchvision.ops.nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5)
    assert kept.tolist() == [1, 2]
    several = torchvision.ops.batched_nms(boxes, torch.tensor([0.5, 0.9, 0.1]), torch.tensor([0, 1, 0]), 0.5)
    assert several.tolist() == [1, 0, 2]


def test_importing_the_module_imports_no_torch() -> None:
    torch_too = "sys.exit('torch' in sys.modules or 'torchvision' in sys.modules)"
    code = f"import sys, inpaint_app.models.torchvision_ops; {torch_too}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
