"""Losses. Images (B, C, H, W) in -1..1, weights (B, 1, H, W) >= 0, logits of critics any shape.

Reconstruction losses are averaged over the weight: the weight's scale and the hole's area do not change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.errors import OptionError


def l1(fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of |fill - photo|."""
    return _mean((fill - photo).abs(), weight)


def l2(fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """Weighted mean of (fill - photo)²."""
    return _mean((fill - photo).square(), weight)


def log_l2(fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """Mean over the images of the logarithm of each one's weighted squared error: PSNR as it is averaged in tables.

    An error of a quarter of a grey level is added inside the logarithm, so that a perfect image has no infinite pull.
    """
    error = ((fill - photo).square() * weight).sum((1, 2, 3)) / (3 * weight.sum((1, 2, 3))).clamp_min(1e-6)
    return (error + (0.25 / 127.5) ** 2).log().mean()


def dissimilarity(fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """1 - SSIM (Wang et al. 2004: 11×11 Gaussian, sigma 1.5, K1 0.01, K2 0.03, range 2), averaged over the weight."""
    taps = torch.arange(-5, 6, device=fill.device, dtype=torch.float32).square().div(-2 * 1.5**2).exp()
    taps = taps / taps.sum()
    a, b = fill.float(), photo.float()
    stack = torch.cat([a, b, a * a, b * b, a * b], 1)
    with torch.autocast(fill.device.type, enabled=False):  # variances are small differences of large numbers
        mean_a, mean_b, aa, bb, ab = _blur(stack, taps).chunk(5, 1)
    c1, c2 = (0.01 * 2) ** 2, (0.03 * 2) ** 2
    light = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
    detail = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a**2 + bb - mean_b**2 + c2)
    return _mean(1 - light * detail, weight)


def haar_dissimilarity(fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """1 - HaarPSI (Reisenhofer et al. 2018; see metrics.structure) of the places that see something of the weight.

    Meant for fills that are the photo where the weight is 0: a Haar filter sees 16 pixels.
    """
    with torch.autocast(fill.device.type, enabled=False):
        x, y = (_halved_yiq((image.float() + 1) * 127.5) for image in (fill, photo))
        near = F.max_pool2d(weight, 33, 1, 16)  # the metric is taken of the hole and 16 pixels around it
        near = F.avg_pool2d(near, 2)[:, 0]
        top, bottom = torch.zeros(len(fill), device=fill.device), torch.zeros(len(fill), device=fill.device)
        weights = []
        for upright in (True, False):
            bands = [[_haar(one[:, :1], size, upright) for size in (2, 4, 8)] for one in (x, y)]
            place = torch.maximum(bands[0][2], bands[1][2]) * near
            local = (_alike(bands[0][0], bands[1][0]) + _alike(bands[0][1], bands[1][1])) / 2
            top = top + (torch.sigmoid(_ALPHA * local) * place).sum((1, 2))
            bottom = bottom + place.sum((1, 2))
            weights.append(place)
        place = (weights[0] + weights[1]) / 2
        colours = [F.avg_pool2d(F.pad(one[:, 1:], (0, 1, 0, 1)), 2, 1).abs() for one in (x, y)]
        local = _alike(*colours).mean(1)
        top = top + (torch.sigmoid(_ALPHA * local) * place).sum((1, 2))
        score = top / (bottom + place.sum((1, 2))).clamp_min(1e-6)
        return (1 - (torch.logit(score, 1e-6) / _ALPHA).square()).mean()


_ALPHA = 4.2


def _alike(x: Tensor, y: Tensor) -> Tensor:
    return (2 * x * y + 30) / (x.square() + y.square() + 30)


def _halved_yiq(image: Tensor) -> Tensor:
    matrix = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))
    return torch.einsum("bchw,dc->bdhw", F.avg_pool2d(image, 2), image.new_tensor(matrix))


def _haar(luma: Tensor, size: int, upright: bool) -> Tensor:
    """Absolute response (B, H, W) of (B, 1, H, W) to the size×size Haar filter, zeros outside."""
    half = size // 2
    kernel = luma.new_full((size, size), 1 / size)
    kernel[half:] *= -1
    kernel = kernel if upright else kernel.T
    padded = F.pad(luma, (half - 1, half, half - 1, half))
    return F.conv2d(padded, kernel[None, None].contiguous()).abs()[:, 0]


RECONSTRUCTION: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "l1": l1,
    "l2": l2,
    "log-l2": log_l2,
    "ssim": dissimilarity,
    "haarpsi": haar_dissimilarity,
}


def reconstruction(mixture: Mapping[str, float], fill: Tensor, photo: Tensor, weight: Tensor) -> Tensor:
    """The weighted sum of named losses: report 004's λ_L1·L1 + λ_SSIM·(1 - SSIM) is {"l1": λ, "ssim": λ}."""
    for name in mixture:
        if name not in RECONSTRUCTION:
            raise OptionError(
                f"There is no reconstruction loss {name!r}. Known: {', '.join(RECONSTRUCTION)}."
            )
    terms = [factor * RECONSTRUCTION[name](fill, photo, weight) for name, factor in mixture.items()]
    return torch.stack(terms).sum()


def discounted(mask: Tensor, gamma: float = 0.99) -> Tensor:
    """Weights γ^d inside the hole, d the pixels to the nearest known one (Yu et al. 2018, section 3.2); 0 outside.

    d is the chessboard distance, found by growing the known part one pixel at a time, at most half the square deep.
    """
    known, weight, layer = 1 - mask, torch.zeros_like(mask), 1.0
    for _ in range(max(mask.shape[2:]) // 2):
        layer *= gamma
        grown = F.max_pool2d(known, 3, 1, 1)
        weight = weight + layer * (grown - known)
        known = grown
    return weight + layer * (1 - known)


def bce_critic(real: Tensor, fake: Tensor) -> Tensor:
    """The discriminator's loss of Goodfellow et al. 2014, on logits."""
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    loss = F.binary_cross_entropy_with_logits
    return (loss(real, ones) + loss(fake, zeros)) / 2


def bce_generator(fake: Tensor) -> Tensor:
    """The generator's non-saturating loss."""
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def least_squares_critic(real: Tensor, fake: Tensor) -> Tensor:
    """LSGAN (Mao et al. 2017): real towards 1, fake towards 0. Report 004's L2 adversarial loss."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_generator(fake: Tensor) -> Tensor:
    """LSGAN: fake towards 1."""
    return (fake - 1).square().mean()


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """WGAN (Arjovsky et al. 2017)."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor) -> Tensor:
    """WGAN."""
    return -fake.mean()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, mask: Tensor) -> Tensor:
    """WGAN-GP (Gulrajani et al. 2017): (|∇| - 1)² on lines between real and fake, in full precision.

    Only the gradient inside the mask counts (Yu et al. 2018, section 3.3), since the rest is the same in both. critic
    takes an image and the mask.
    """
    along = torch.rand(len(real), 1, 1, 1, device=real.device)
    between = (real + along * (fake - real)).detach().requires_grad_(True)
    with torch.autocast(real.device.type, enabled=False):
        judged = critic(between, mask).sum()
    (gradient,) = torch.autograd.grad(judged, between, create_graph=True)
    norm = ((gradient * mask).square().sum((1, 2, 3)) + 1e-12).sqrt()
    return (norm - 1).square().mean()


ADVERSARIAL: Mapping[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "bce": (bce_critic, bce_generator),
    "least-squares": (least_squares_critic, least_squares_generator),
    "wasserstein": (wasserstein_critic, wasserstein_generator),
}


def kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, variance) || N(0, 1)), summed over the code, averaged over the batch (Kingma and Welling 2014)."""
    return (-0.5 * (1 + log_variance - mean.square() - log_variance.exp())).sum(1).mean()


def _mean(error: Tensor, weight: Tensor) -> Tensor:
    return (error * weight).sum() / (error.shape[1] * weight.sum()).clamp_min(1e-6)


def _blur(image: Tensor, taps: Tensor) -> Tensor:
    channels = image.shape[1]
    image = F.pad(image, (5, 5, 5, 5), mode="reflect" if min(image.shape[2:]) > 5 else "replicate")
    image = F.conv2d(image, taps.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return F.conv2d(image, taps.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
