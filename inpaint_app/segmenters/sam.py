"""Segment Anything: the outline of what is pointed at, by a network that others trained, fetched when asked for.

MobileSAM (Zhang et al., "Faster Segment Anything", 2023; prompts and decoder of Kirillov et al., "Segment Anything",
ICCV 2023) as ultralytics builds it. Its encoder looks once at a picture; each further gesture there asks the small
decoder alone.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np

from inpaint_app import environment
from inpaint_app.errors import CheckpointError
from inpaint_app.segmenters import sam_test, yolo
from inpaint_app.segmenters.selecting.cut import Soft
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.segmenters.weights import PROMPTED
from inpaint_app.settings import Settings
from inpaint_app.types import Image

SIDE, CELL = 1024, 4
"""Longest side in pixels of what the network sees, and how many of them each cell of its answer covers."""
WARM = 8
"""Pictures of which is kept what the encoder saw, 4 MB each."""
NEARLY = 0.05
"""A click may mean a part or the whole: of the answers that are so nearly as sure as the surest, the largest counts."""


class Sam:
    """One network with what it saw of the last pictures; safe to share between threads."""

    def __init__(self, name: str, settings: Settings) -> None:
        """Load and test the weights; raises MissingWeights, MissingPackage, CheckpointError."""
        path = PROMPTED[name].verified(settings)
        (build,) = yolo.imported(settings, "ultralytics.models.sam.build")
        import torch

        environment.give_threads(settings.threads)
        self._device = environment.torch_device(settings.device)
        self._seen: OrderedDict[tuple[tuple[int, ...], bytes], Any] = OrderedDict()
        self._lock = threading.Lock()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            network = build.build_mobile_sam()
            network.load_state_dict(state)
        except Exception as error:  # whatever a file can hold
            raise CheckpointError(
                f"{path.name} is no MobileSAM that this app can read ({type(error).__name__}): {error}"
            ) from error
        self._network: Any = network.eval().requires_grad_(False).to(self._device)
        sam_test.check(self.outline)

    def outline(self, image: Image, gesture: Gesture) -> Soft:
        """How surely each cell of a picture belongs to what a gesture in it means: float32 in 0..1, up to 256 cells.

        Of a gesture's points each is on the thing; its box is around the thing.
        """
        import torch

        scale = SIDE / max(image.shape[:2])
        size = tuple(max(1, round(side * scale / CELL)) * CELL for side in image.shape[:2])
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        picture = np.asarray(cv2.resize(image, size[::-1], interpolation=how), dtype=np.uint8)
        across, down = size[1] / image.shape[1], size[0] / image.shape[0]

        def placed(*corners: tuple[float, float]) -> Any:
            moved = [[x * across - 0.5, y * down - 0.5] for x, y in corners]
            return torch.tensor([moved], dtype=torch.float32, device=self._device)

        points, box, net = None, None, self._network
        if gesture.points:
            points = (placed(*gesture.points), torch.ones((1, len(gesture.points)), device=self._device))
        if gesture.box is not None:
            box = placed(gesture.box[:2], gesture.box[2:])
        with self._lock, torch.inference_mode():
            sparse, dense = net.prompt_encoder(points=points, boxes=box, masks=None)
            logits, sure = net.mask_decoder(
                self._encoded(picture),
                net.prompt_encoder.get_dense_pe(),
                sparse,
                dense,
                multimask_output=gesture.kind == "click",
            )
            logits, sure = logits[0, :, : size[0] // CELL, : size[1] // CELL], sure[0]
            sizes = (logits > 0).sum((1, 2)) * (sure >= sure.max() - NEARLY)
            return np.asarray(torch.sigmoid(logits[sizes.argmax()]).float().cpu().numpy())

    def lower(self) -> str | None:
        """Go on where there is more memory, and say where; None where there is no such place."""
        if self._device == "cpu":
            return None
        self._device = "cpu"
        self._network.to("cpu")
        self._seen.clear()
        return "on the processor, which is slower"

    def _encoded(self, picture: Image) -> Any:
        """What the encoder sees in a picture, (1, 256, 64, 64)."""
        import torch

        key = picture.shape, hashlib.blake2b(picture.tobytes()).digest()
        if key not in self._seen:
            tensor = torch.from_numpy(picture).to(self._device).permute(2, 0, 1)[None].float()
            tensor = (tensor - self._network.pixel_mean) / self._network.pixel_std
            rest = (0, SIDE - tensor.shape[3], 0, SIDE - tensor.shape[2])
            self._seen[key] = self._network.image_encoder(torch.nn.functional.pad(tensor, rest))
        self._seen.move_to_end(key)
        while len(self._seen) > WARM:
            self._seen.popitem(last=False)
        return self._seen[key]
