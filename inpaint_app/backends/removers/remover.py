"""LaMa and MI-GAN as backends: each converts a window to what its file wants, and back. Nothing else knows how."""

from __future__ import annotations

import threading
import warnings
from typing import Any, ClassVar

import cv2
import numpy as np

from inpaint_app import environment
from inpaint_app.backends.base import Configured, Window
from inpaint_app.backends.removers import self_test
from inpaint_app.backends.removers.files import FILES
from inpaint_app.errors import CheckpointError
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress


class Remover(Configured):
    """A network that is loaded with the first window and let go by `release`. Subclasses: `_loaded` and `filled`."""

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, settings: Settings) -> None:
        """Load and test the file; raises MissingWeights, CheckpointError."""
        super().__init__(settings)
        self._network: Any = None
        self._load()

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the window at its own size; see Backend.inpaint."""
        progress(0.0, "Filling")
        self._load()
        fill = self.filled(window.image, window.mask)
        progress(1.0, "Filling")
        return fill

    def held(self) -> int:
        """See Holding."""
        return FILES[self.name].size if self._network is not None else 0

    def release(self) -> None:
        """See Holding."""
        self._network = None

    def _load(self) -> None:
        if self._network is not None:
            return
        path = FILES[self.name].verified(self.settings)
        try:
            self._network = self._loaded(str(path))
        except Exception as error:
            raise CheckpointError(
                f"{path.name} is no {self.title} that this app can read ({type(error).__name__}): {error}"
            ) from error
        try:
            self_test.check(self.filled, self.title)
        except CheckpointError:
            self._network = None
            raise

    def _loaded(self, path: str) -> Any:
        raise NotImplementedError

    def filled(self, image: Image, mask: Mask) -> Image:
        """(H, W, 3) uint8 and (H, W) bool → (H, W, 3) uint8."""
        raise NotImplementedError


class Lama(Remover):
    """Suvorov et al. 2022. RGB in 0..1 and a mask with 1 = hole, sides padded by mirroring to multiples of 8."""

    name = "lama"
    title = "LaMa"
    MULTIPLE, LEAST = 8, 16

    def _loaded(self, path: str) -> Any:
        environment.share_cores()
        import torch

        from inpaint_app.models.lama import from_state

        environment.give_threads(self.settings.threads)
        self._device = environment.torch_device(self.settings.device)
        # A program of TorchScript, of which nothing is run: its tensors fill a network written here.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            state = torch.jit.load(path, map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
        return from_state(state).to(self._device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def filled(self, image: Image, mask: Mask) -> Image:
        """See Remover.filled."""
        import torch

        height, width = mask.shape
        rest = tuple(
            (0, max(self.LEAST, -(-side // self.MULTIPLE) * self.MULTIPLE) - side) for side in mask.shape
        )
        photo = np.pad(image, (*rest, (0, 0)), mode="symmetric")
        hole = np.pad(mask, rest, mode="symmetric")
        with torch.inference_mode():
            seen = torch.from_numpy(photo).to(self._device).permute(2, 0, 1)[None].float() / 255
            opening = torch.from_numpy(hole).to(self._device)[None, None].float()
            made = self._network(seen, opening)[0, :, :height, :width]
            pixels = (torch.nan_to_num(made).clamp(0, 1) * 255).round().to(torch.uint8)
        return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())

    def lower(self) -> str | None:
        """See FeedForward.lower."""
        if self._network is None or self._device == "cpu":
            return None
        self._device = "cpu"
        self._network.to("cpu")
        return "on the processor, which is slower"


class Migan(Remover):
    """Sargsyan, Navasardyan, Xu & Shi, "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices", ICCV 2023.

    The authors' whole pipeline as one graph, which OpenCV's own runtime reads: uint8 RGB and a uint8 mask with
    255 = known, 0 = hole. It softens the hole's rim, which compositing undoes.
    """

    name = "migan"
    title = "MI-GAN"

    def __init__(self, settings: Settings) -> None:
        """See Remover."""
        self._alone = threading.Lock()
        super().__init__(settings)

    def _loaded(self, path: str) -> Any:
        return cv2.dnn.readNetFromONNX(path)

    def filled(self, image: Image, mask: Mask) -> Image:
        """See Remover.filled."""
        if not mask.any():  # the pipeline looks for the hole's box
            return image.copy()
        photo = np.ascontiguousarray(image.transpose(2, 0, 1)[None])
        known = np.where(mask, 0, 255).astype(np.uint8)[None, None]
        with self._alone:
            self._network.setInput(photo, "image")
            self._network.setInput(known, "mask")
            made = self._network.forward()
        if made.shape != photo.shape or made.dtype != np.uint8:
            raise CheckpointError(f"The file gave {made.dtype} {made.shape}, expected uint8 {photo.shape}.")
        return np.ascontiguousarray(made[0].transpose(1, 2, 0))
