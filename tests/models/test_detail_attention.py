"""What borrowed detail promises: the photo's own, for the hole alone, and no patch everywhere."""

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from inpaint_app.models.detail_attention import (
    STEP,
    STRIDE,
    DetailAttention,
    _chosen,
    blur,
    grouped,
    rebuilt,
    scarcity,
    ungrouped,
)

SIDE = 32
ENCODER = {"size": SIDE, "widths": (8, 16), "bottleneck": 8, "skips": True, "prefill": "pyramid"}


@pytest.fixture
def network() -> DetailAttention:
    torch.manual_seed(0)
    return DetailAttention(ENCODER, 8).eval()


def hole() -> Tensor:
    mask = torch.zeros(1, 1, SIDE, SIDE)
    mask[..., 10:20, 12:21] = 1
    return mask


def added(network: DetailAttention, photo: Tensor, mask: Tensor) -> Tensor:
    with torch.no_grad():
        coarse, refined = network(photo * (1 - mask), mask)
    return refined - (coarse * mask + photo * (1 - mask)).clamp(-1, 1)


def test_grain_is_borrowed_and_the_known_part_left(network: DetailAttention) -> None:
    torch.manual_seed(1)
    photo = (0.3 * torch.randn(1, 3, SIDE, SIDE)).clamp(-1, 1)
    change = added(network, photo, hole())
    assert change[hole().expand_as(change) > 0].std() > 0.02
    assert torch.equal(change * (1 - hole()), torch.zeros_like(change))


def test_a_photo_without_detail_lends_none(network: DetailAttention) -> None:
    for values in network.weigh.parameters():
        values.data.mul_(10)
    assert added(network, torch.full((1, 3, SIDE, SIDE), 0.3), hole()).abs().max() < 1e-5


def test_nothing_known_adds_nothing(network: DetailAttention) -> None:
    photo = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    assert added(network, photo, torch.ones(1, 1, SIDE, SIDE)).abs().max() == 0
    assert added(network, photo, torch.zeros(1, 1, SIDE, SIDE)).abs().max() == 0


def test_a_place_at_the_hole_borrows_from_a_known_one_whole_strides_away(
    network: DetailAttention,
) -> None:
    torch.manual_seed(5)
    mask = hole()
    with torch.no_grad():
        pairs, mean, amount = network.matched((torch.rand(1, 3, SIDE, SIDE) * 2 - 1) * (1 - mask), mask)
    touching = F.max_pool2d(mask, 2 * STEP, STEP, STEP // 2)[0, 0] > 0
    assert touching[pairs[:, 0, 0], pairs[:, 0, 1]].all()
    assert len({tuple(place) for place in pairs[:, 0].tolist()}) == len(pairs) >= 0.8 * touching.sum()
    assert ((pairs[:, 0] - pairs[:, 1]) % STRIDE == 0).all()
    known = F.max_pool2d(mask, STEP)[0, 0] == 0
    assert known[pairs[:, 1, 0], pairs[:, 1, 1]].all()
    assert mean.shape == (SIDE, SIDE, 3)
    assert amount.shape == (SIDE, SIDE)


def test_holes_of_a_batch_do_not_meet(network: DetailAttention) -> None:
    torch.manual_seed(2)
    photo, mask = torch.rand(2, 3, SIDE, SIDE) * 2 - 1, torch.zeros(2, 1, SIDE, SIDE)
    mask[0], mask[1, :, 2:30, 4:12] = hole()[0], 1
    together = added(network, photo, mask)
    for number in range(2):
        alone = added(network, photo[number : number + 1], mask[number : number + 1])
        assert torch.allclose(together[number : number + 1], alone, atol=1e-5)


def test_no_known_place_is_taken_more_than_its_share() -> None:
    torch.manual_seed(3)
    scores = torch.randn(2, 12, 30)
    scores[..., 7] += 9  # what all of them would take
    usable = torch.ones(2, 30, dtype=torch.bool)
    usable[1, 20:] = False
    scores = scores.masked_fill(~usable[:, None], -1e4)
    weight = torch.ones(2, 12)
    weight[0, 10:] = 0
    taken = (scores + scarcity(scores, weight, usable, 1.5)[:, None]).softmax(2)
    assert scores.softmax(2).mul(weight[..., None]).sum(1)[:, 7].min() > 8
    bound = 1.5 * weight.sum(1) / usable.sum(1)
    assert (taken * weight[..., None]).sum(1).amax(1).div(bound).max() < 1.1


def test_what_was_taken_once_is_taken_again_only_where_nothing_is_nearly_as_good() -> None:
    shares = torch.zeros(1, 3, 3)
    shares[0, 0] = torch.tensor([0.9, 0.1, 0.0])
    shares[0, 1] = torch.tensor([0.8, 0.2, 0.0])
    assert list(_chosen(shares)) == [(0, 0, 0), (0, 1, 1)]
    shares[0, 1] = torch.tensor([0.98, 0.02, 0.0])
    assert list(_chosen(shares)) == [(0, 1, 0), (0, 0, 1)]
    shares[0, 0] = torch.tensor([0.95, 0.05, 0.0])
    assert list(_chosen(shares)) == [(0, 1, 0), (0, 0, 0)]


def test_places_meet_those_whole_strides_away() -> None:
    numbers = torch.arange(2 * 8 * 12).view(1, 2, 8, 12)
    groups = grouped(numbers)
    assert groups.shape == (1, STRIDE**2, 6, 2)
    assert groups[0, 0, :, 0].tolist() == [0, 4, 8, 48, 52, 56]
    assert torch.equal(ungrouped(groups, (8, 12)), numbers)


def test_patches_taken_whole_from_beside_are_what_is_there() -> None:
    torch.manual_seed(4)
    detail = torch.randn(1, 3, 32, 64)
    shares = torch.zeros(1, STRIDE**2, 8, 8)
    shares[:, :, [0, 1, 4, 5], [1, 2, 5, 6]] = 1  # all from STRIDE places to the right
    made = rebuilt(shares, detail)
    assert torch.allclose(made[..., 2:-2, 2:30], detail[..., 2:-2, 18:46], atol=1e-5)
    assert made[..., 36:].abs().max() == 0


def test_blur_keeps_what_is_even() -> None:
    assert torch.allclose(blur(torch.full((1, 2, 9, 9), 0.4), 2.0), torch.full((1, 2, 9, 9), 0.4), atol=1e-6)
