"""Small files with the conventions of LaMa's and MI-GAN's: random weights, and a graph that spreads known colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def save_lama(path: Path, width: int = 8, blocks: int = 2) -> None:
    """A TorchScript archive with the names of the authors' state dict under the wrapper's, and random weights."""
    import torch

    from inpaint_app.models.lama import Lama

    class Wrapper(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.generator = Lama(width, blocks)

        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            made: torch.Tensor = self.generator(image, mask)
            return made

    torch.manual_seed(0)
    wrapper = Wrapper().eval()
    torch.jit.trace(wrapper, (torch.rand(1, 3, 32, 32), torch.zeros(1, 1, 32, 32))).save(str(path))


def save_migan(path: Path, *, known: int = 255) -> None:
    """A graph as MI-GAN's pipeline takes and gives it, which fills from means of what is known around.

    known: what the mask says of known pixels.
    """
    from onnx import TensorProto, helper, numpy_helper, save

    nodes, tensors = [], []

    def constant(value: float, name: str) -> str:
        tensors.append(numpy_helper.from_array(np.float32(value), name))
        return name

    def add(kind: str, *inputs: str, name: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    tiny, top, bottom = constant(1e-6, "tiny"), constant(255, "top"), constant(0, "bottom")
    photo = add("Cast", "image", name="photo", to=TensorProto.FLOAT)
    share = add("Div", add("Cast", "mask", name="given", to=TensorProto.FLOAT), top, name="share")
    if known == 0:
        share = add("Sub", constant(1, "one"), share, name="opposite")
    seen = add("Mul", photo, share, name="seen")
    fill = add(
        "Div",
        add("GlobalAveragePool", seen, name="mean_seen"),
        add("Add", add("GlobalAveragePool", share, name="mean_share"), tiny, name="some"),
        name="mean",
    )
    for size in (23, 9):
        pads = {"kernel_shape": [size, size], "pads": [size // 2] * 4, "count_include_pad": 1}
        colours = add("AveragePool", seen, name=f"colours{size}", **pads)
        weight = add("AveragePool", share, name=f"weight{size}", **pads)
        local = add("Div", colours, add("Add", weight, tiny, name=f"some{size}"), name=f"local{size}")
        fill = add(
            "Where",
            add("Greater", weight, constant(0.02, f"least{size}"), name=f"near{size}"),
            local,
            fill,
            name=f"fill{size}",
        )
    made = add("Where", add("Greater", share, constant(0.5, "half"), name="known"), photo, fill, name="made")
    clipped = add("Clip", add("Round", made, name="round"), bottom, top, name="clipped")
    add("Cast", clipped, name="result", to=TensorProto.UINT8)
    pictures = {
        name: helper.make_tensor_value_info(name, TensorProto.UINT8, [1, channels, "height", "width"])
        for name, channels in (("image", 3), ("mask", 1), ("result", 3))
    }
    graph = helper.make_graph(
        nodes, "pipeline", [pictures["image"], pictures["mask"]], [pictures["result"]], tensors
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
