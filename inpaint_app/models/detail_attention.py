"""Contextual attention that borrows detail: coarse to fine, matching and attending of Yu, Lin, Yang, Shen, Lu, Huang,
"Generative Image Inpainting with Contextual Attention", CVPR 2018, section 3; what is borrowed is the detail of Yi,
Tang, Azizi, Jang, Xu, "Contextual Residual Aggregation for Ultra High-Resolution Image Inpainting", CVPR 2020, 3.2.

A coarse network lays the hole out, and leaves it blurred. The attention matches it with the known part, and instead of
features it rebuilds the hole from the photo's own detail: what remains of the known part when its blur is taken away. A
few convolutions say how much of what was borrowed to add at each pixel. Nothing else can be drawn: the hole gets the
photo's own texture, or none. Deviations from both papers:

- The coarse network is a trained context encoder (the recipe holds its weights), there is no second branch that
  hallucinates, and no critic: what makes fills sharp is not invented, so that nothing has to tell it from real.
- Places ask and answer by features of their own, to which their likeness in blurred colour is added, so that the
  attention begins where matching by hand would end. 3×3 of them are matched, as by Yu et al.; nothing is propagated.
- A blurred hole looks alike everywhere, and would take the same patch everywhere: a grid. So a place looks only at
  places that are whole multiples of `STRIDE` places away: neighbours cannot take the same patch, they take neighbouring
  ones. And none is taken more than `share` times as much as they are on average (a few rounds of Sinkhorn's scaling
  with an upper bound, no gradient through it).
- Yi et al. share the attention between scales and add all of what was borrowed; here it is weighed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.models.context_encoder import ContextEncoder

STEP = 4
"""Pixels between places; a place lends a patch of twice that side, and patches overlap by half."""
MOST = 2.0
"""The factor by which borrowed detail is enlarged at most: means of several patches are fainter than each."""
STRIDE = 4
"""Places from one that a place looks at to the next: 16 pixels."""
REUSED = 0.1
"""What a share of a place is worth that was taken once already."""
FAINT = 1.5e-5
"""Squares of detail, of -1..1, that are as good as none: half a grey value."""
ODD = 2.0
"""How much less a patch counts that is rougher than what a place takes altogether: to that power."""
ROUNDS = 8
"""Of Sinkhorn's scaling."""


class DetailAttention(nn.Module):
    """A context encoder's fill and the detail that it lacks, for squares of its size, divisible by 16.

    encoder: arguments of the ContextEncoder. width: channels of the features. sigma: of the Gaussian blur that parts
    layout from detail, in pixels. share: see the module.
    """

    def __init__(
        self, encoder: Mapping[str, Any], width: int = 32, sigma: float = 2.0, share: float = 1.5
    ) -> None:
        super().__init__()
        self.sigma, self.share = sigma, share
        self.coarse = ContextEncoder(**encoder)
        # Half the size: 2×2 pixels of three colours, and of the mask, are one place of 12, and 4, channels.
        self.look = nn.Sequential(
            _convolution(28, width), _convolution(width, 2 * width, 2), _convolution(2 * width, 2 * width)
        )
        self.ask, self.answer = nn.Conv2d(2 * width, width, 1), nn.Conv2d(2 * width, width, 1)
        self.likeness = nn.Parameter(torch.tensor(6.5))  # of colours: the logarithm of its weight
        self.weigh = nn.Sequential(_convolution(40, width), _convolution(width, width), _plain(width, 4))

    def forward(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """image (B, 3, S, S) in -1..1, mask (B, 1, S, S) with 1 = hole → coarse and refined fill, about -1..1."""
        laid = self._laid(image, mask)
        return laid.coarse, laid.completed + mask * laid.amount * laid.borrowed

    def matched(self, image: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of one image, as for `forward`: who borrows where, what is no detail, and how much to add.

        (N, 2, 2): row and column, in places, of each that touches the hole and of the one that it takes most of.
        (S, S, 3): mean of the known pixels around each, -1..1. (S, S): 0..MOST.
        """
        laid, side = self._laid(image, mask), image.shape[2] // STEP
        numbers = grouped(torch.arange(side * side).view(1, 1, side, side))[0, ..., 0]
        detail = ((image - laid.mean) * (1 - mask)).square().mean(1, keepdim=True)
        rough = grouped(F.avg_pool2d(detail, 2 * STEP, STEP, STEP // 2))[0, ..., 0].add(FAINT).log()  # (G, L)
        usual = (laid.shares[0] @ rough[..., None]).squeeze(2)
        odd = (rough[:, None] - usual[..., None]).clamp_min(0)
        pairs = [
            numbers[group, [ask, lend]]
            for group, ask, lend in _chosen((laid.shares[0] * (-ODD * odd).exp()).cpu())
        ]
        flat = torch.stack(pairs) if pairs else numbers.new_zeros(0, 2)
        places = torch.stack([flat // side, flat % side], 2)
        return places, laid.mean[0].permute(1, 2, 0).contiguous(), laid.amount[0, 0]

    def _laid(self, image: Tensor, mask: Tensor) -> _Laid:
        coarse = self.coarse(image, mask)
        completed = (coarse * mask + image * (1 - mask)).clamp(-1, 1)
        blurred, known = blur(completed, self.sigma), 1 - mask
        mean = blur(image * known, self.sigma) / blur(known, self.sigma).clamp_min(1e-3)
        detail = (image - mean) * known
        halved = [F.pixel_unshuffle(one, 2) for one in (blurred, mask, detail)]
        seen = torch.cat(halved, 1)  # (B, 28, S/2, S/2)
        shares = self.shares(seen, blurred, mask)
        borrowed = rebuilt(shares, detail)
        weighed = self.weigh(torch.cat([seen, F.pixel_unshuffle(borrowed, 2)], 1))
        amount = F.pixel_shuffle(MOST * torch.sigmoid(weighed.float()), 2)  # (B, 1, S, S)
        return _Laid(coarse, completed, mean, shares, borrowed, amount)

    def shares(self, seen: Tensor, blurred: Tensor, mask: Tensor) -> Tensor:
        """What each place that touches the hole takes of the known ones in its group: (B, G, L, L).

        Rows sum to 1, or to 0 where the place does not touch the hole, or no patch of its group is known.
        """
        looked = self.look(seen).float()  # (B, 2 · width, S/4, S/4)
        touching = grouped(F.max_pool2d(mask, 2 * STEP, STEP, STEP // 2))[..., 0]  # (B, G, L)
        # A place is taken from where its patch, and those beside it, are known altogether.
        usable = grouped(F.max_pool2d(F.max_pool2d(mask, STEP), 3, 1, 1))[..., 0] < 0.5
        with torch.autocast(seen.device.type, enabled=False):
            asked, answered = (grouped(_threes(one(looked))) for one in (self.ask, self.answer))
            colours = grouped(_threes(F.avg_pool2d(blurred.float(), STEP)))  # (B, G, L, 27)
            scores = asked @ answered.transpose(2, 3) / asked.shape[3] ** 0.5
            apart = torch.cdist(colours, colours).square() / colours.shape[3]
            scores = (scores - self.likeness.exp() * apart).masked_fill(~usable[:, :, None], -1e4)
            scarce = scarcity(scores.detach(), touching, usable, self.share)
            shares: Tensor = (scores + scarce[:, :, None]).softmax(3)
            return shares * (touching * usable.any(2, keepdim=True))[..., None]


class _Laid(NamedTuple):
    """A fill before its detail is added. shares (B, G, L, L); the others at the network's size, amount one channel.

    mean: of the known pixels around each one, by the Gaussian.
    """

    coarse: Tensor
    completed: Tensor
    mean: Tensor
    shares: Tensor
    borrowed: Tensor
    amount: Tensor


def _chosen(shares: Tensor) -> Iterator[tuple[int, int, int]]:
    """Of shares (G, L, L), group, place, and the one that it takes most of, whoever is surest first.

    What was taken once counts less for the next, by REUSED: a mean of many shows no repetition, one patch does.
    """
    left, most = shares.clone(), shares.amax(2)
    for number in most.flatten().argsort(descending=True).tolist():
        group, place = divmod(number, shares.shape[1])
        if most[group, place] > 0:
            lend = int(left[group, place].argmax())
            left[group, :, lend] *= REUSED
            yield group, place, lend


def scarcity(scores: Tensor, weight: Tensor, usable: Tensor, share: float) -> Tensor:
    """What to add to the scores of known places so that none is taken too much: (…, L), at most 0.

    scores (…, K, L) of the places that ask, weight (…, K) of each of them, usable (…, L). Too much is `share` times
    the mean over the usable places.
    """
    bound = share * weight.sum(-1, keepdim=True) / usable.sum(-1, keepdim=True).clamp_min(1)
    weights = (scores - scores.amax(-1, keepdim=True)).exp()
    scale = torch.ones_like(scores[..., 0, :])
    for _ in range(ROUNDS):
        rows = weight / (weights @ scale[..., None]).squeeze(-1).clamp_min(1e-20)  # (…, K)
        scale = (bound / (rows[..., None, :] @ weights).squeeze(-2).clamp_min(1e-20)).clamp(1e-20, 1.0)
    return scale.log()


def rebuilt(shares: Tensor, detail: Tensor) -> Tensor:
    """Patches of detail (B, 3, H, W) by shares (B, G, L, L), faded into each other: (B, 3, H, W).

    H × W: the size that the shares were made at, or whole times that.
    """
    height, width = detail.shape[2:]
    step = round((height * width / (shares.shape[1] * shares.shape[2])) ** 0.5)
    side, rim, places = 2 * step, step // 2, (height // step, width // step)
    fade = torch.hann_window(side + 2, periodic=False, device=detail.device)[1:-1]
    fade = torch.outer(fade, fade).flatten()  # (side²,)
    patches = F.unfold(detail.float(), side, padding=rim, stride=step).view(len(detail), -1, *places)
    taken = shares @ grouped(patches) * fade.repeat(3)  # (B, G, L, 3 · side²)
    faded = shares.sum(3, keepdim=True) * fade
    both = ungrouped(torch.cat([taken, faded], 3), places)  # what is put there, and how much of it
    added = F.fold(both.flatten(2), (height, width), side, padding=rim, stride=step)  # (B, 4, H, W)
    made: Tensor = added[:, :3] / added[:, 3:].clamp_min(1e-6)
    return made


def grouped(features: Tensor) -> Tensor:
    """Places that look at each other, together: (B, C, rows, columns) → (B, STRIDE², L, C)."""
    batch, channels, rows, columns = features.shape
    split = features.reshape(batch, channels, rows // STRIDE, STRIDE, columns // STRIDE, STRIDE)
    return split.permute(0, 3, 5, 2, 4, 1).reshape(batch, STRIDE**2, -1, channels)


def ungrouped(features: Tensor, places: tuple[int, int]) -> Tensor:
    """The way back: (B, STRIDE², L, C) → (B, C, rows, columns)."""
    batch, (rows, columns) = len(features), places
    split = features.reshape(batch, STRIDE, STRIDE, rows // STRIDE, columns // STRIDE, -1)
    return split.permute(0, 5, 3, 1, 4, 2).reshape(batch, -1, rows, columns)


def _threes(features: Tensor) -> Tensor:
    """Each place with its eight neighbours, edges repeated: (B, C, rows, columns) → (B, 9 C, rows, columns)."""
    padded = F.pad(features, (1, 1, 1, 1), mode="replicate")
    return F.unfold(padded, 3).view(len(features), -1, *features.shape[2:])


def blur(image: Tensor, sigma: float) -> Tensor:
    """(B, C, H, W) blurred by a Gaussian of that many pixels, edges repeated."""
    reach = round(3 * sigma)
    taps = torch.arange(-reach, reach + 1, device=image.device, dtype=image.dtype).div(sigma).square()
    taps = taps.mul(-0.5).exp()
    taps, channels = taps / taps.sum(), image.shape[1]
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate")
    across = F.conv2d(padded, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(across, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)


def _convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(_plain(inputs, outputs, stride), nn.ELU(inplace=True))


def _plain(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1)
