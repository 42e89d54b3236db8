"""The attention layer against its literal form, and what it promises by itself."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from inpaint_app.models.attention import ContextualAttention, Pairs, known_patches


def smooth(channels: int, height: int, width: int, batch: int = 1) -> torch.Tensor:
    """Features that vary slowly: with random ones every patch matches only itself, which hides errors."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.randn(batch, channels, max(2, height // 6), max(2, width // 6), generator=generator)
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)


def hole(height: int, width: int, batch: int = 1) -> torch.Tensor:
    mask = torch.zeros(batch, 1, height, width)
    mask[..., height // 4 : height // 2, width // 3 : width // 2] = 1
    return mask


def literal(
    features: Tensor, mask: Tensor, rate: int = 2, scale: float = 10.0, propagate: bool = True
) -> Tensor:
    """The same layer as the paper words it: patches as convolution kernels, identity kernels for propagation."""
    outputs = []
    small = F.interpolate(features, scale_factor=1 / rate)
    rows, columns = small.shape[2:]
    channels, places = features.shape[1], rows * columns
    for one, big, hole in zip(small, features, mask, strict=True):
        kernels = F.unfold(one[None], 3, padding=1)[0].t().reshape(places, channels, 3, 3)
        norms = kernels.flatten(1).norm(dim=1).clamp_min(1e-4)
        scores = F.conv2d(one[None], kernels / norms[:, None, None, None], padding=1)  # (1, L, rows, columns)
        if propagate:
            identity = torch.eye(3, device=features.device)[None, None]
            scores = F.conv2d(scores.view(1, 1, places, places), identity, padding=1)
            turned = scores.view(rows, columns, rows, columns).permute(1, 0, 3, 2)
            scores = F.conv2d(turned.reshape(1, 1, places, places), identity, padding=1)
            scores = scores.view(columns, rows, columns, rows).permute(1, 0, 3, 2)
        scores = scores.reshape(1, places, rows, columns)
        usable = known_patches(hole[None], (rows, columns)).view(1, places, 1, 1)
        attention = (scores * scale).masked_fill(~usable, -1e4).softmax(1) * usable
        raw = F.unfold(big[None], 2 * rate, padding=rate // 2, stride=rate)[0].t()
        raw = raw.reshape(places, channels, 2 * rate, 2 * rate)
        outputs.append(F.conv_transpose2d(attention, raw, stride=rate, padding=rate // 2) / 4)
    return torch.cat(outputs)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (16, 28), (32, 20)])
@pytest.mark.parametrize("propagate", [False, True])
def test_equals_the_literal_form(height: int, width: int, propagate: bool) -> None:
    features, mask = smooth(6, height, width, 2), hole(4 * height, 4 * width, 2)
    mask[1] = mask[1].flip(1).flip(2)
    fast = ContextualAttention(propagate=propagate)(features, mask)
    slow = literal(features, mask, propagate=propagate)
    assert fast.abs().max() > 0.1
    assert (fast - slow).abs().max() <= 1e-4


def test_propagation_changes_the_result() -> None:
    features, mask = smooth(6, 24, 24), hole(96, 96)
    with_it = ContextualAttention()(features, mask)
    without = ContextualAttention(propagate=False)(features, mask)
    assert (with_it - without).abs().max() > 1e-3


def test_propagated_sums_diagonal_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = torch.zeros(4, 4)  # place, known place: two rows of two each
    scores[2, 0] = 1  # place (1, 0), known place (0, 0)
    # Left-right in row order: (2, 0) is followed by (3, 1). Top-down in column order, place 2 coming before place 1:
    # after (2, 0) comes (1, 2), and before (3, 1) comes (1, 2).
    expected = torch.zeros(4, 4)
    expected[2, 0] = expected[3, 1] = 1
    expected[1, 2] += 2
    monkeypatch.setattr(Pairs, "patches", lambda pairs, row: scores.view(1, 2, 2, 2, 2)[:, row])
    pairs = Pairs(torch.zeros(1, 1, 2, 2), torch.ones(1, 4, dtype=torch.bool), 1.0, propagate=True)
    assert torch.equal(torch.cat([pairs.propagated(row)[0] for row in range(2)]).view(4, 4), expected)


@pytest.mark.parametrize(("height", "width"), [(2, 12), (12, 2), (4, 6), (18, 14)])
def test_narrow_features_are_as_the_literal_form_has_them(height: int, width: int) -> None:
    features, mask = smooth(5, height, width), torch.zeros(1, 1, 4 * height, 4 * width)
    mask[..., :4, :4] = 1
    assert (ContextualAttention()(features, mask) - literal(features, mask)).abs().max() <= 1e-4


def test_rows_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(torch.Tensor, "masked_fill", lambda scores, *_: made.append(1) or scores)
    ContextualAttention()(smooth(4, 32, 32), hole(64, 64))
    assert len(made) == 16


def test_a_patch_that_touches_the_hole_is_not_copied() -> None:
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 16:18, 16:18] = 1
    usable = known_patches(mask, (8, 8)).view(8, 8)
    assert not usable[3:6, 3:6].any()
    assert usable.sum() == 64 - 9


def test_nothing_known_gives_zeros() -> None:
    assert not ContextualAttention()(smooth(4, 8, 8), torch.ones(1, 1, 32, 32)).any()


def test_copies_the_texture_of_the_known_part() -> None:
    """A striped image whose hole is roughly striped gets the stripes back."""
    stripes = torch.sin(torch.arange(32) * 1.2)[None, None, None].expand(1, 4, 32, 32).contiguous()
    seen = stripes.clone()
    seen[..., 10:20, 10:20] *= 0.6
    mask = torch.zeros(1, 1, 32, 32)
    mask[..., 10:20, 10:20] = 1
    rebuilt = ContextualAttention(scale=50.0)(seen, mask)
    inside = (slice(None), slice(None), slice(12, 18), slice(12, 18))
    assert (rebuilt - stripes)[inside].abs().mean() < 0.5 * (seen - stripes)[inside].abs().mean()
