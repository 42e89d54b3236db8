"""Losses against values worked out by hand or by a published implementation."""

import math

import cv2
import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity

from inpaint_app.errors import OptionError
from inpaint_app.lab.objectives import losses
from inpaint_app.metrics.structure import haarpsi


def test_only_the_weight_counts() -> None:
    fill, photo, weight = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4), torch.zeros(1, 1, 4, 4)
    weight[..., 0, 0] = 5
    photo[..., 0, 0] = 0.5
    assert losses.l1(fill, photo, weight).item() == pytest.approx(0.5)
    assert losses.l2(fill, photo, weight).item() == pytest.approx(0.25)
    assert losses.log_l2(fill, photo, weight).item() == pytest.approx(math.log(0.25), abs=1e-4)


def test_log_l2_is_the_mean_of_psnr() -> None:
    photo, weight = torch.zeros(2, 3, 4, 4), torch.ones(2, 1, 4, 4)
    fill = photo.clone()
    fill[0], fill[1] = 0.2, 0.02
    decibels = torch.tensor([10 * math.log10(4 / 0.04), 10 * math.log10(4 / 0.0004)]).mean()
    got = losses.log_l2(fill, photo, weight)
    assert 10 * math.log10(4) - 10 / math.log(10) * got.item() == pytest.approx(decibels.item(), abs=0.05)


def test_ssim_is_the_published_one() -> None:
    rng = np.random.default_rng(0)
    a = rng.random((40, 40)).astype(np.float32) * 2 - 1
    b = np.clip(a + rng.normal(0, 0.3, a.shape), -1, 1).astype(np.float32)
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 2.0}
    _, expected = structural_similarity(a, b, full=True, **settings)
    one, other = (torch.from_numpy(x)[None, None].expand(1, 3, -1, -1) for x in (a, b))
    weight = torch.zeros(1, 1, 40, 40)
    weight[..., 6:-6, 6:-6] = 1
    got = 1 - losses.dissimilarity(one, other, weight).item()
    assert got == pytest.approx(expected[6:-6, 6:-6].mean(), abs=1e-4)


def test_haarpsi_is_the_one_that_tables_show() -> None:
    rng = np.random.default_rng(0)
    truth = cv2.GaussianBlur(rng.integers(0, 255, (2, 64, 64, 3)).astype(np.uint8)[0], (0, 0), 1.5)
    made = np.clip(truth + rng.integers(-20, 20, truth.shape), 0, 255).astype(np.uint8)
    fill, photo = (torch.from_numpy(x).permute(2, 0, 1)[None].float() / 127.5 - 1 for x in (made, truth))
    everywhere = torch.ones(1, 1, 64, 64)
    found = 1 - losses.haar_dissimilarity(fill, photo, everywhere).item()
    assert found == pytest.approx(haarpsi(truth, made), abs=1e-3)
    assert losses.haar_dissimilarity(photo, photo, everywhere).item() == pytest.approx(0, abs=1e-3)
    # far from the weight nothing counts
    corner = torch.zeros(1, 1, 64, 64)
    corner[..., 50:, 50:] = 1
    elsewhere = photo.clone()
    elsewhere[..., :16, :16] = 0
    assert losses.haar_dissimilarity(elsewhere, photo, corner).item() == pytest.approx(0, abs=1e-3)


def test_mixtures_add_up_and_name_what_is_unknown() -> None:
    fill, photo, weight = torch.zeros(1, 3, 16, 16), torch.rand(1, 3, 16, 16), torch.ones(1, 1, 16, 16)
    mixed = losses.reconstruction({"l1": 0.3, "ssim": 0.7}, fill, photo, weight)
    expected = 0.3 * losses.l1(fill, photo, weight) + 0.7 * losses.dissimilarity(fill, photo, weight)
    assert torch.allclose(mixed, expected)
    with pytest.raises(OptionError, match="'l3'"):
        losses.reconstruction({"l3": 1}, fill, photo, weight)


def test_discount_falls_with_the_way_to_the_rim() -> None:
    mask = torch.zeros(1, 1, 9, 9)
    mask[..., 2:7, 2:7] = 1
    weight = losses.discounted(mask, 0.5)[0, 0]
    assert weight[4].tolist() == pytest.approx([0, 0, 0.5, 0.25, 0.125, 0.25, 0.5, 0, 0])


def test_adversarial_losses_by_hand() -> None:
    real, fake = torch.tensor([[2.0]]), torch.tensor([[-1.0]])
    softplus = math.log1p(math.exp(-2)) + math.log1p(math.exp(-1))
    assert losses.bce_critic(real, fake).item() == pytest.approx(softplus / 2)
    assert losses.bce_generator(fake).item() == pytest.approx(math.log1p(math.e))
    assert losses.least_squares_critic(real, fake).item() == pytest.approx(1.0)
    assert losses.least_squares_generator(fake).item() == pytest.approx(4.0)
    assert losses.wasserstein_critic(real, fake).item() == pytest.approx(-3.0)
    assert losses.wasserstein_generator(fake).item() == pytest.approx(1.0)


class Plane(torch.nn.Module):
    def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return 3 * image[:, 0].sum((1, 2))


def test_gradient_penalty_of_a_plane() -> None:
    real, fake, mask = torch.zeros(2, 3, 4, 4), torch.ones(2, 3, 4, 4), torch.zeros(2, 1, 4, 4)
    mask[:, :, 0] = 1  # four pixels of slope 3: a norm of 6
    assert losses.gradient_penalty(Plane(), real, fake, mask).item() == pytest.approx(25.0, rel=1e-4)


def test_divergence_of_a_normal_from_itself_is_nothing() -> None:
    assert losses.kl(torch.zeros(3, 5), torch.zeros(3, 5)).item() == 0
    assert losses.kl(torch.full((1, 2), 2.0), torch.zeros(1, 2)).item() == pytest.approx(4.0)
