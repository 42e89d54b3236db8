"""Semantic inpainting (Yeh et al. 2017): a search for the noise whose photo fits, then a seamless paste."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inpaint_app import environment
from inpaint_app.backends.base import Window
from inpaint_app.backends.networks.scaling import restored, scaled
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress, option


@dataclass(frozen=True, slots=True)
class SemanticOptions(Options):
    """The search and the paste."""

    steps: int = option(300, "steps of the search (report 003 takes 3000)", minimum=1, maximum=5000, step=50)
    starts: int = option(4, "searches side by side; the best one is kept", minimum=1, maximum=32)
    prior: float = option(
        0.003, "weight of the discriminator's opinion", minimum=0.0, maximum=1.0, step=0.001
    )
    blend: str = option("poisson", "how the find is pasted in", choices=("poisson", "overlay"))


def weight(options: Options) -> float:
    """A step of one search is some 0.1 s on two cores: 200 of them count as a fill."""
    chosen = options if isinstance(options, SemanticOptions) else SemanticOptions()
    return chosen.steps * chosen.starts / 200


class SemanticInpainting:
    """DCGAN and latent search, at 64 px."""

    def __init__(self, settings: Settings) -> None:
        """Load generator and discriminator; raises MissingWeights, CheckpointError."""
        from inpaint_app.models import checkpoints

        where = checkpoints.folder(settings)
        self._size = checkpoints.entry("dcgan", where).size
        self._device = environment.torch_device(settings.device)
        environment.give_threads(settings.threads)
        self._generator = checkpoints.create("dcgan", where).to(self._device)
        self._discriminator = checkpoints.create("dcgan-critic", where).to(self._device)

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Search and paste at the generator's size, and scale the fill back; see Backend.inpaint."""
        import torch

        from inpaint_app.models.dcgan import search

        chosen = options if isinstance(options, SemanticOptions) else SemanticOptions(seed=options.seed)
        image, mask = scaled(window.image, window.mask, self._size)
        photo = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float().to(self._device) / 127.5 - 1
        hole = torch.from_numpy(mask.copy())[None, None].float().to(self._device)
        found = search(
            self._generator,  # type: ignore[arg-type]
            self._discriminator,
            photo,
            hole,
            steps=chosen.steps,
            prior=chosen.prior,
            starts=chosen.starts,
            seed=chosen.seed,
            report=lambda share: progress(0.95 * share, "Searching"),
        )
        made = ((found[0].clamp(-1, 1) + 1) * 127.5).permute(1, 2, 0).cpu().numpy()
        fill = poisson(image, made, mask) if chosen.blend == "poisson" else made
        progress(1.0, "Searching")
        return restored(np.clip(np.rint(fill), 0, 255).astype(np.uint8), window)


def poisson(
    image: Image, source: NDArray[np.floating], mask: Mask, tolerance: float = 0.05, rounds: int = 2000
) -> NDArray[np.float64]:
    """Paste so that in the hole the source's gradients hold and at its rim the image's colours (Pérez et al. 2003).

    image (H, W, 3), source (H, W, 3) in 0..255, mask (H, W) True = hole → (H, W, 3) in 0..255, not clipped. Conjugate
    gradients to a residual under `tolerance` grey levels. A hole without a rim keeps the source's colours.
    """
    source = source.astype(np.float64)
    if mask.all() or not mask.any():
        return np.where(mask[..., None], source, image)
    # Solve for the difference d = result - source: Laplace's equation in the hole, image - source on the rim.
    rim = np.where(mask[..., None], 0.0, image - source)
    inside = mask[..., None].astype(np.float64)
    residual = -_laplacian(rim) * inside
    difference = np.zeros_like(source)
    direction = residual.copy()
    energy = float((residual**2).sum())
    for _ in range(rounds):
        if np.abs(residual).max() < tolerance:
            break
        through = _laplacian(direction) * inside
        step = energy / float((direction * through).sum())
        difference += step * direction
        residual -= step * through
        fresh = float((residual**2).sum())
        direction = residual + fresh / energy * direction
        energy = fresh
    return np.where(mask[..., None], source + difference, image)


def _laplacian(field: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each pixel times its neighbours' number, less its neighbours; none beyond the frame."""
    padded = cv2.copyMakeBorder(field, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
    return 4 * field - around
