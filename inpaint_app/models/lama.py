"""LaMa: Suvorov, Logacheva, Mashikhin, Remizova, Ashukha, Silvestrov, Kong, Goka, Park, Lempitsky,
"Resolution-robust Large Mask Inpainting with Fourier Convolutions", WACV 2022, on "Fast Fourier Convolution" (Chi,
Jiang & Mu, NeurIPS 2020).

Three strided convolutions, residual blocks of Fourier convolutions, three transposed ones. Modules carry the names of
the authors' state dict, so that their weights load strictly. Inference only. Padding mirrors,
a quarter of the bottleneck's channels is local, the transform is orthonormal: as in "big-lama".
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

GLOBAL = 0.75
"""Share of the bottleneck's channels that see the whole picture through its spectrum."""
ANCHOR = "model.1.ffc.convl2l.weight"
"""The first convolution; what stands before this in a state dict's names is a wrapper's."""

Pair = tuple[Tensor, Tensor | None]


class Lama(nn.Module):
    """Fills a picture of any size whose sides are multiples of 8.

    width: channels after the first convolution. blocks: residual blocks. ("big-lama": 64 and 18, 51 M parameters.)
    """

    def __init__(self, width: int = 64, blocks: int = 18) -> None:
        super().__init__()
        deep = 8 * width
        layers: list[nn.Module] = [nn.ReflectionPad2d(3), FourierConv(4, width, 7, padding=0)]
        layers += [FourierConv(width << n, width << n + 1, 3, stride=2, wide_out=n == 2) for n in range(3)]
        layers += [*(Block(deep) for _ in range(blocks)), Joined()]
        for n in (3, 2, 1):
            up = nn.ConvTranspose2d(width << n, width << n - 1, 3, 2, padding=1, output_padding=1)
            layers += [up, nn.BatchNorm2d(width << n - 1), nn.ReLU(inplace=True)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Sigmoid()]
        self.model = nn.Sequential(*layers)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        """Image (B, 3, H, W) in 0..1 and mask (B, 1, H, W), 1 = hole → the whole picture anew, in 0..1."""
        made: Tensor = self.model(torch.cat([image * (1 - mask), mask], 1))
        return made


def from_state(state: Mapping[str, Tensor]) -> Lama:
    """The network of a state dict, as large as its tensors say; raises KeyError, RuntimeError for another's."""
    prefix = next(name for name in (*state, ANCHOR) if name.endswith(ANCHOR)).removesuffix(ANCHOR)
    own = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    blocks = sum(name.endswith(".conv2.ffc.convl2l.weight") for name in own)
    network = Lama(own[ANCHOR].shape[0], blocks)
    network.load_state_dict(own)
    return network.eval().requires_grad_(False)


class FourierConv(nn.Module):
    """Convolution, normalisation and ReLU of a local and a global part (Chi et al. 2020, figure 2)."""

    def __init__(
        self, inputs: int, outputs: int, size: int, stride: int = 1, padding: int = 1, *,
        wide_in: bool = False, wide_out: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        taken, given = (
            int(GLOBAL * n) if wide else 0 for n, wide in ((inputs, wide_in), (outputs, wide_out))
        )
        self.ffc = Parts(inputs - taken, taken, outputs - given, given, size, stride, padding)
        self.bn_l = nn.BatchNorm2d(outputs - given)
        self.bn_g = nn.BatchNorm2d(given) if given else None

    def forward(self, pair: Tensor | Pair) -> Tensor | Pair:
        """Local and global features, or local ones alone, to the same."""
        near, far = self.ffc(pair if isinstance(pair, tuple) else (pair, None))
        near = self.bn_l(near).relu_()
        return near if self.bn_g is None else (near, self.bn_g(far).relu_())


class Parts(nn.Module):
    """The four paths between local and global features."""

    def __init__(
        self, near_in: int, far_in: int, near_out: int, far_out: int, size: int, stride: int, padding: int
    ) -> None:
        super().__init__()

        def conv(inputs: int, outputs: int) -> nn.Conv2d | None:
            if not inputs or not outputs:
                return None
            return nn.Conv2d(inputs, outputs, size, stride, padding, bias=False, padding_mode="reflect")

        self.convl2l, self.convl2g = conv(near_in, near_out), conv(near_in, far_out)
        self.convg2l = conv(far_in, near_out)
        self.convg2g = Spectral(far_in, far_out) if far_in and far_out else None

    def forward(self, pair: Pair) -> Pair:
        """(local, global) → the same."""
        near, far = pair
        there = [path(part) for path, part in ((self.convl2l, near), (self.convg2l, far)) if path is not None]
        beyond = [
            path(part) for path, part in ((self.convl2g, near), (self.convg2g, far)) if path is not None
        ]
        return sum(there[1:], there[0]), sum(beyond[1:], beyond[0]) if beyond else None


class Spectral(nn.Module):
    """A convolution of the spectrum, between two of single pixels, at half the channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.conv1 = nn.Sequential(
            nn.Conv2d(inputs, half, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU(inplace=True)
        )
        self.fu = Spectrum(half)
        self.conv2 = nn.Conv2d(half, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → (B, outputs, H, W)."""
        x = self.conv1(x)
        made: Tensor = self.conv2(x + self.fu(x))
        return made


class Spectrum(nn.Module):
    """Real and imaginary parts as channels, mixed by a 1×1 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_layer = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) → the same shape. The transform knows no half precision."""
        parts = torch.view_as_real(torch.fft.rfft2(x.float(), norm="ortho"))  # (B, C, H, W/2 + 1, 2)
        mixed = parts.permute(0, 1, 4, 2, 3).flatten(1, 2).to(x.dtype)
        mixed = self.bn(self.conv_layer(mixed)).relu_().float().unflatten(1, (-1, 2))
        whole = torch.complex(mixed[:, :, 0], mixed[:, :, 1])
        spread: Tensor = torch.fft.irfft2(whole, s=x.shape[-2:], norm="ortho")
        return spread.to(x.dtype)


class Block(nn.Module):
    """Two Fourier convolutions and what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = FourierConv(channels, channels, 3, wide_in=True, wide_out=True)
        self.conv2 = FourierConv(channels, channels, 3, wide_in=True, wide_out=True)

    def forward(self, pair: Pair) -> Pair:
        """(local, global) → the same."""
        near, far = self.conv2(self.conv1(pair))
        return near + pair[0], far + pair[1]


class Joined(nn.Module):
    """Both parts as one."""

    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        """(local, global) → their channels in this order."""
        return torch.cat(pair, 1)
