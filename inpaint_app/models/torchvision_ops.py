"""Makes `import torchvision` work beside a torch that its compiled operators do not fit.

torchvision's wheel is built for one build of torch. Beside another one (typically a CUDA wheel next to torch for the
CPU) its library does not load, `import torchvision` fails with "operator torchvision::nms does not exist", and
ultralytics, piq and diffusers fail with it. Only non-maximum suppression is ever called here, so that is what is put
in its place, in plain torch. Where the pair matches, nothing is touched.
"""

from __future__ import annotations

import importlib
import sys
import threading
from typing import Any

from inpaint_app.errors import MissingPackage

_LOCK = threading.Lock()
BLOCK = 512
"""Boxes that are compared with all others at once."""
_KEPT: list[Any] = []
"""torch.library registrations vanish with the object that made them."""


def provide() -> bool:
    """Import torchvision, with its operators replaced where they are missing. Call before anything imports it.

    Returns whether a replacement was needed. Safe to call often and from any thread. Raises MissingPackage where
    torchvision is not installed.
    """
    with _LOCK:
        try:
            importlib.import_module("torchvision")
        except ModuleNotFoundError as error:
            raise MissingPackage("torchvision is not installed: pip install torchvision==0.28.0") from error
        except RuntimeError as error:
            if "torchvision::nms" not in str(error):
                raise
            _replace()
        return bool(_KEPT)


def _replace() -> None:
    """Declare the operators, give nms a kernel, and import again."""
    torch: Any = importlib.import_module("torch")
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", suppressed, "CompositeExplicitAutograd")
    _KEPT.append(library)
    importlib.import_module("torchvision")
    boxes: Any = importlib.import_module("torchvision.ops.boxes")
    # Each module of torchvision.ops has its own name for the check; only boxes has its operator now.
    boxes._assert_has_ops = lambda: None


def suppressed(boxes: Any, scores: Any, iou_threshold: float) -> Any:
    """Non-maximum suppression as torchvision.ops.nms defines it: indices of the boxes to keep, best first.

    boxes: (N, 4) tensor, left, top, right, bottom. scores: (N,). A box goes when its intersection over union with
    a better one that stays is above `iou_threshold`.
    """
    import torch

    order = torch.sort(scores, descending=True, stable=True).indices
    ranked = boxes[order].float()
    area = (ranked[:, 2] - ranked[:, 0]) * (ranked[:, 3] - ranked[:, 1])
    alive = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    kept: list[int] = []
    for start in range(0, len(order), BLOCK):
        block = slice(start, start + BLOCK)
        least = torch.maximum(ranked[block, None, :2], ranked[None, start:, :2])
        most = torch.minimum(ranked[block, None, 2:], ranked[None, start:, 2:])
        shared = (most - least).clamp(min=0).prod(dim=2)
        covers = shared / (area[block, None] + area[None, start:] - shared) > iou_threshold
        rows, left = covers.cpu().numpy(), alive[start:].cpu().numpy()
        for row in range(len(rows)):
            if left[row]:
                kept.append(start + row)
                left[row + 1 :] &= ~rows[row, row + 1 :]
        alive[start:] = torch.from_numpy(left).to(alive.device)
    return order[torch.tensor(kept, dtype=torch.long, device=boxes.device)]
