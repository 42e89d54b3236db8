"""The attention layer against its literal form, and what it promises by itself."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812

from inpaint_app.models.attention import ContextualAttention, known_patches, literal, propagated


def smooth(channels: int, height: int, width: int, batch: int = 1) -> torch.Tensor:
    """Features that vary slowly: with random ones every patch matches only itself, which hides errors."""
    generator = torch.Generator().manual_seed(3)
    coarse = torch.randn(batch, channels, max(2, height // 6), max(2, width // 6), generator=generator)
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False)


def hole(height: int, width: int, batch: int = 1) -> torch.Tensor:
    mask = torch.zeros(batch, 1, height, width)
    mask[..., height // 4 : height // 2, width // 3 : width // 2] = 1
    return mask


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


def test_propagated_sums_diagonal_neighbours() -> None:
    scores = torch.zeros(1, 4, 4)  # two rows of two places
    scores[0, 0, 2] = 1  # known place (0, 0), place (1, 0)
    # Left-right in row order: (0, 2) is followed by (1, 3). Top-down in column order, place 2 coming before place 1:
    # after (0, 2) comes (2, 1), and before (1, 3) comes (2, 1).
    expected = torch.zeros(4, 4)
    expected[0, 2] = expected[1, 3] = 1
    expected[2, 1] += 2
    assert torch.equal(propagated(scores, 2, 2)[0], expected)


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
