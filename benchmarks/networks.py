"""The networks' fast forms against their literal ones: time, and how far the numbers are apart.

`python benchmarks/networks.py [--threads 2] [--repeat 3] [--side 512]`. Times are of the process's CPU divided by the
threads, the best of the repeats, so that other work on the machine disturbs little.
"""

import argparse
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from inpaint_app.lab.objectives.inpainting import build
from inpaint_app.lab.training.recipes import find
from inpaint_app.models.attention import ContextualAttention, literal
from inpaint_app.models.contextual_attention import CoarseToFine


def smooth(channels: int, side: int) -> Tensor:
    """Features that vary slowly, as those of photos do."""
    coarse = torch.randn(1, channels, side // 8, side // 8, generator=torch.Generator().manual_seed(0))
    return F.interpolate(coarse, (side, side), mode="bicubic")


def best(work: Callable[[], Tensor], repeat: int) -> tuple[float, Tensor]:
    """Seconds of CPU a thread, the best of several, and the result."""
    seconds = []
    with torch.inference_mode():
        for _ in range(repeat):
            began = time.process_time()
            result = work()
            seconds.append((time.process_time() - began) / torch.get_num_threads())
    return min(seconds), result


def show(what: str, slow: tuple[float, Tensor], fast: tuple[float, Tensor]) -> None:
    apart = (slow[1].float() - fast[1].float()).abs().max().item()
    print(
        f"{what:58} {slow[0]:8.3f} s {fast[0]:8.3f} s {slow[0] / fast[0]:7.1f} ×   apart by {apart:.1e}",
        flush=True,
    )


def square(side: int) -> tuple[Tensor, Tensor]:
    """An image and a hole of half its side."""
    image = smooth(3, side).clamp(-1, 1)
    mask = torch.zeros(1, 1, side, side)
    mask[..., side // 4 : -side // 4, side // 4 : -side // 4] = 1
    return image, mask


def attention(side: int, repeat: int) -> None:
    features, (_, mask) = smooth(128, side // 4), square(side)
    layer = ContextualAttention()
    slow = best(lambda: literal(features, mask), 1)
    show(f"attention at {side} px, matrix products", slow, best(lambda: layer(features, mask), repeat))


def bottleneck(repeat: int) -> None:
    """4×4 features to 4000 numbers and back: convolutions as the paper words it, linear layers as we have it."""
    features = torch.randn(1, 512, 4, 4)
    down, up = nn.Conv2d(512, 4000, 4), nn.ConvTranspose2d(4000, 512, 4)
    encode, decode = nn.Linear(8192, 4000), nn.Linear(4000, 8192)
    encode.weight.data, encode.bias.data = down.weight.data.flatten(1), down.bias.data
    decode.weight.data = up.weight.data.flatten(1).t().contiguous()
    decode.bias.data = up.bias.data.repeat_interleave(16)
    slow = best(lambda: up(down(features)), repeat)
    show(
        "bottleneck of 4000, linear",
        slow,
        best(lambda: decode(encode(features.flatten(1))).view(1, 512, 4, 4), repeat),
    )


def whole(name: str, network: nn.Module, side: int, repeat: int) -> None:
    """A whole network, plain, then channels last, then in bf16."""
    image, mask = square(side)

    def fill() -> Tensor:
        made = network(image, mask)
        return made[-1] if isinstance(made, tuple) else made

    def halved() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return fill()

    network.eval()
    plain = best(fill, repeat)
    network.to(memory_format=torch.channels_last)
    show(f"{name}, channels last", plain, best(fill, repeat))
    show(f"{name}, channels last, bf16", plain, best(halved, repeat))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--side", type=int, default=512)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    print(f"{'':58} {'literal':>10} {'ours':>10}")
    attention(arguments.side, arguments.repeat)
    bottleneck(arguments.repeat)
    shipped = build(find("context-encoder").network)
    whole("context encoder, 128 px (any window)", shipped, 128, arguments.repeat)
    whole(
        f"contextual attention, width 16, {arguments.side} px",
        CoarseToFine(16),
        arguments.side,
        arguments.repeat,
    )


if __name__ == "__main__":
    main()
