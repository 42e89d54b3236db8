"""The project's own networks as backends: arrays in, arrays out, at the size that each was trained at."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from inpaint_app import environment
from inpaint_app.backends.base import Window
from inpaint_app.backends.networks.borrowing import lay_on
from inpaint_app.backends.networks.exposure import AS_IT_IS, curves
from inpaint_app.backends.networks.scaling import restored, scaled
from inpaint_app.errors import CheckpointError
from inpaint_app.imaging.window import cut, frame, holes
from inpaint_app.imaging.window import restored as back
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Mask, Options, Progress

if TYPE_CHECKING:
    from torch import Tensor


class Network:
    """A network with its weights on its device, and the way from pixels to tensors and back.

    weights: its entry in the manifest.
    """

    def __init__(self, settings: Settings, *, weights: str) -> None:
        """Load the weights; raises MissingWeights, CheckpointError."""
        environment.share_cores()
        import torch

        from inpaint_app.models import checkpoints

        self.weights = weights
        where = checkpoints.folder(settings)
        self._size = checkpoints.entry(self.weights, where).size
        self._network = checkpoints.create(self.weights, where).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._device = environment.torch_device(settings.device)
        environment.give_threads(settings.threads)
        self._network.to(self._device)

    def lower(self) -> str | None:
        """Go on where there is more memory, and say where; None where there is no such place."""
        if self._device == "cpu":
            return None
        self._device = "cpu"
        self._network.to("cpu")
        return "on the processor, which is slower"

    def _tensors(self, images: Image, masks: Mask) -> tuple[Tensor, Tensor]:
        """The images as (B, 3, S, S) in -1..1 and the masks as (B, 1, S, S), 1 = hole."""
        import torch

        photo = torch.from_numpy(np.array(images)).to(self._device).permute(0, 3, 1, 2)
        hole = torch.from_numpy(np.array(masks)).to(self._device)[:, None].float()
        return photo.float() / 127.5 - 1, hole

    def _pixels(self, made: Tensor) -> Image:
        """(B, 3, S, S) → (B, S, S, 3) uint8; raises CheckpointError where it is no picture."""
        import torch

        if not torch.isfinite(made).all():
            raise CheckpointError(f"The weights {self.weights} made no picture here: take another backend.")
        pixels = ((made.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return np.asarray(pixels.permute(0, 2, 3, 1).cpu().numpy())


class FeedForward(Network):
    """A network that fills a window in one go.

    restores: the network is shown what the hole holds (the window's guide, or, where there is none, its image).
    lifts: it is shown dark surroundings brighter, see `exposure`; the networks that are there to compare with are not.
    """

    def __init__(
        self, settings: Settings, *, weights: str, restores: bool = False, lifts: bool = False
    ) -> None:
        """See Network."""
        super().__init__(settings, weights=weights)
        self.restores, self.lifts = restores, lifts

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the window at the network's own size and scale the fill back; see Backend.inpaint."""
        return self.inpaint_all([window], options, progress)[0]

    def inpaint_all(self, windows: Sequence[Window], options: Options, progress: Progress) -> list[Image]:
        """The same for several windows in one pass, which takes a third less than one by one: see Batching."""
        progress(0.0, "Filling")
        seen = [one.guide if self.restores and one.guide is not None else one.image for one in windows]
        pairs = [scaled(image, one.mask, self._size) for image, one in zip(seen, windows, strict=True)]
        shown = [curves(*pair) if self.lifts else AS_IT_IS for pair in pairs]
        images = [there[image] for (image, _), (there, _) in zip(pairs, shown, strict=True)]
        fills = self._filled(np.stack(images), np.stack([mask for _, mask in pairs]))
        progress(1.0, "Filling")
        return [
            restored(undone[fill], one) for fill, (_, undone), one in zip(fills, shown, windows, strict=True)
        ]

    def _filled(self, images: Image, masks: Mask) -> Image:
        """(B, S, S, 3) uint8 and (B, S, S) bool → (B, S, S, 3) uint8."""
        import torch

        photo, hole = self._tensors(images, masks)
        with torch.inference_mode():
            made = self._network(photo if self.restores else photo * (1 - hole), hole)
        return self._pixels(made[-1] if isinstance(made, tuple) else made)


class DetailAttention(Network):
    """The context encoder's fill with detail that attention borrows (Yu et al. 2018, Yi et al. 2020).

    Laid out from nearby, hole by hole, as "context-encoder-raw" does, matched at the network's size in the whole
    window, borrowed at the window's own.
    """

    CONTEXT: ClassVar[float] = 0.12
    LEAST: ClassVar[int] = 16

    def __init__(self, settings: Settings) -> None:
        """See Network."""
        super().__init__(settings, weights="contextual-attention-detail")

    def inpaint(self, window: Window, options: Options, progress: Progress) -> Image:
        """Fill the window at its own size; see Backend.inpaint."""
        import torch

        progress(0.0, "Filling")
        image, mask = window.image, window.mask
        # Squeezed where it is no square, as what it learned from was: from a mirrored rim it would borrow.
        small, opening = scaled(image, mask, self._size)
        photo, hole = self._tensors(small[None], opening[None])
        with torch.inference_mode():
            found = self._network.matched(photo * (1 - hole), hole)
        pairs, mean, amount = (one.cpu().numpy() for one in found)
        fill, apart = image.copy(), holes(mask, self.CONTEXT, self.LEAST, 4 * self._size)
        for number, one in enumerate(apart):
            progress((number + 1) / (len(apart) + 1), "Borrowing detail")
            where = frame(
                one.box, mask.shape, context=self.CONTEXT, context_minimum=self.LEAST, native=self._size
            )
            seen, opening = cut(image, mask, where)
            there, undone = curves(seen, opening)
            photo, hole = self._tensors(there[seen][None], opening[None])
            with torch.inference_mode():
                made = undone[self._pixels(self._network.coarse(photo * (1 - hole), hole))[0]]
            part = np.zeros_like(mask)
            part[one.box.slices] = one.mask
            lay_on(
                fill, back(made, where), where.crop, part[where.crop.slices], image, mask,
                where.crop.width / where.size[1], pairs, (mean + 1) * np.float32(127.5), amount,
            )  # fmt: skip
        progress(1.0, "Filling")
        return fill


# What papers and reports have, by the name of its weights; the lab's training says how each was made.
ContextEncoder = partial(
    FeedForward, weights="context-encoder", lifts=True
)  # Pathak et al. 2016, for any hole
SharpContextEncoder = partial(FeedForward, weights="context-encoder-sharp")  # trained against a discriminator
ContextualAttention = partial(
    FeedForward, weights="contextual-attention-small"
)  # Yu et al. 2018, half the width
Glcic = partial(FeedForward, weights="glcic")  # Iizuka et al. 2017
MosaicRestorer = partial(
    FeedForward, weights="mosaic", restores=True
)  # report 001's, restores what was pixelated
Autoencoder = partial(FeedForward, weights="autoencoder")  # report 001's plain baseline
VariationalAutoencoder = partial(FeedForward, weights="vae-small")  # report 002
AdversarialAutoencoder = partial(FeedForward, weights="gan-small")  # report 002, with its discriminator
ChannelwiseContextEncoder = partial(
    FeedForward, weights="context-encoder-channelwise-small"
)  # Pathak et al., in 001
SevenLayer = partial(FeedForward, weights="seven-layer-small")  # report 000's context encoder
