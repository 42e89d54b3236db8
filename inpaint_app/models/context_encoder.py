"""Context encoder: Pathak, Krähenbühl, Donahue, Darrell, Efros, "Context Encoders: Feature Learning by Inpainting",
CVPR 2016, sections 3.1 to 3.3 and figure 9.

Five 4×4 convolutions of stride 2 take 128 px to 4 px, a bottleneck mixes everything with everything, five
up-convolutions bring the size back, and a discriminator judges the fill. Deviations from the paper:

- The network returns the whole square instead of the 64×64 centre, and sees the mask as a fourth channel, so that any
  hole can be filled (the paper's own random-region variant does the former; report 004 asks for the latter).
- A bottleneck of 1×1 size is written as two linear layers, the same sums as its 4×4 convolutions but many times faster.
- `join="channelwise"` is the channel-wise fully connected layer of the paper's section 3.1 (and report 001): one matrix
  per feature map, then a 1×1 convolution across the maps.
- Options that the paper has not, used by the shipped weights and off by default: `skips` (features of each encoder size
  are handed to the decoder), `prefill="pyramid"` (the hole starts from a smooth pull-push fill and the network adds to
  it), `up="bilinear"` (a 3×3 convolution, then upsampling, for the 4×4 transposed one), `finish` (channels of a last
  step that adds detail at full size, which bilinear upsampling cannot).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from inpaint_app.models.prefill import PREFILLS

Join = Literal["dense", "channelwise"]
Up = Literal["transposed", "bilinear"]


class ContextEncoder(nn.Module):
    """Fills a square of a fixed size.

    size: side in pixels, len(widths) times divisible by 2. widths: channels after each halving. bottleneck: numbers
    between the dense layers (4000 in the paper; reports try 500 and 2000); unused by join="channelwise".
    """

    def __init__(
        self,
        size: int = 128,
        widths: Sequence[int] = (64, 64, 128, 256, 512),
        bottleneck: int = 4000,
        join: Join = "dense",
        skips: bool = False,
        prefill: Literal["mean", "pyramid"] = "mean",
        up: Up = "transposed",
        finish: int = 0,
    ) -> None:
        super().__init__()
        self.size, self.skips, self.prefill = size, skips, prefill
        side = size >> len(widths)
        inputs = [4, *widths[:-1]]
        self.encoder = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(i, o, 4, 2, 1, bias=False), nn.BatchNorm2d(o), nn.LeakyReLU(0.2, inplace=True)
            )
            for i, o in zip(inputs, widths, strict=True)
        )
        self.join: nn.Module = (
            DenseJoin(widths[-1], side, bottleneck)
            if join == "dense"
            else ChannelwiseJoin(widths[-1], side, bottleneck)
        )
        outputs = [*reversed(widths[:-1])]
        decoder: list[nn.Module] = []
        channels = widths[-1] * (2 if skips else 1)
        for width in outputs:
            decoder.append(
                nn.Sequential(_up(up, channels, width), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
            )
            channels = width * (2 if skips else 1)
        self.decoder = nn.ModuleList(decoder)
        self.last = _up(up, channels, 3, bias=True)
        self.finish = _Finish(channels, finish) if finish else None

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) with 1 = hole → fill (B, 3, S, S), about -1..1."""
        start = PREFILLS[self.prefill](image, mask)
        features = features_of(start, mask)  # (B, 4, S, S)
        seen: list[Tensor] = []
        for layer in self.encoder:
            features = layer(features)  # (B, widths[k], S / 2^(k+1), …)
            seen.append(features)
        joined = self.join(features)  # (B, widths[-1], 4, 4)
        for layer in self.decoder:
            if self.skips:
                joined = torch.cat([joined, seen.pop()], 1)
            joined = layer(joined)
        if self.skips:
            joined = torch.cat([joined, seen.pop()], 1)
        output: Tensor = self.last(joined).float()
        if self.finish is not None:
            output = output + self.finish(joined, features_of(start, mask)).float()
        return start + output if self.prefill == "pyramid" else torch.tanh(output)


class _Finish(nn.Module):
    """Detail at full size, worked out at half of it: (B, C, S/2, S/2) and (B, 4, S, S) → (B, 3, S, S), 0 at first."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels + 16, width, 3, 1, 1)
        self.last = nn.Conv2d(width, 12, 3, 1, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def forward(self, joined: Tensor, seen: Tensor) -> Tensor:
        """joined: the decoder's last features; seen: what the encoder saw."""
        quarters = nn.functional.pixel_unshuffle(seen, 2)  # (B, 16, S/2, S/2)
        # Of one kind and layout before they are joined: else all is copied in full precision, a tenth of a step.
        quarters = quarters.to(joined.dtype).contiguous(memory_format=torch.channels_last)
        mixed = nn.functional.leaky_relu(self.mix(torch.cat([joined, quarters], 1)), 0.2)
        return nn.functional.pixel_shuffle(self.last(mixed), 2)


def features_of(start: Tensor, mask: Tensor) -> Tensor:
    """The encoder's input: the image with its hole filled for a start, and the mask in -1..1."""
    return torch.cat([start, mask * 2 - 1], 1)


class DenseJoin(nn.Module):
    """Everything to everything through a bottleneck: (B, C, s, s) → `bottleneck` numbers → (B, C, s, s)."""

    def __init__(self, channels: int, side: int, bottleneck: int) -> None:
        super().__init__()
        numbers = channels * side * side
        self.encode = nn.Linear(numbers, bottleneck)
        self.decode = nn.Linear(bottleneck, numbers)
        self.normalise = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """features (B, C, s, s) → the same shape."""
        code = nn.functional.relu(self.encode(features.flatten(1)))  # (B, bottleneck)
        back = self.decode(code).view(features.shape)
        return nn.functional.relu(self.normalise(back))


class ChannelwiseJoin(nn.Module):
    """One s² × s² matrix per feature map, then a 1×1 convolution across the maps (the paper's section 3.1)."""

    def __init__(self, channels: int, side: int, bottleneck: int = 0) -> None:
        super().__init__()
        area = side * side
        self.weight = nn.Parameter(torch.randn(channels, area, area) * area**-0.5)
        self.bias = nn.Parameter(torch.zeros(channels, area))
        self.across = nn.Conv2d(channels, channels, 1)
        self.normalise = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        """features (B, C, s, s) → the same shape."""
        flat = features.flatten(2)  # (B, C, s²)
        mixed = torch.einsum("bci,cij->bcj", flat, self.weight.to(flat.dtype)) + self.bias.to(flat.dtype)
        mixed = nn.functional.relu(mixed).view(features.shape)
        return nn.functional.relu(self.normalise(self.across(mixed)))


class Discriminator(nn.Module):
    """Judges a square: 4×4 convolutions of stride 2 down to one number (Radford et al. 2015; the paper's figure 9)."""

    def __init__(
        self, size: int = 128, widths: Sequence[int] = (64, 128, 256, 512), channels: int = 3
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, width in enumerate(widths):
            layers.append(nn.Conv2d(channels, width, 4, 2, 1, bias=number == 0))
            if number:
                layers.append(nn.BatchNorm2d(width))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            channels = width
        side = size >> len(widths)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side * side, 1))

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """image (B, C, S, S) in -1..1 → logits (B, 1): positive looks real; the mask is not looked at."""
        logits: Tensor = self.layers(image)
        return logits.float()


def _up(kind: Up, inputs: int, outputs: int, bias: bool = False) -> nn.Module:
    """Twice the size: (B, inputs, h, w) → (B, outputs, 2h, 2w)."""
    if kind == "transposed":
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)
    # The convolution comes first: it costs a quarter of what it would after the upsampling.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )
