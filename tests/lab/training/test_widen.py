"""A wider network begins where the narrower one ended."""

import dataclasses
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from inpaint_app.errors import OptionError
from inpaint_app.lab.training import recipes, state
from inpaint_app.lab.training.recipe import Part
from inpaint_app.lab.training.widen import main, widen
from inpaint_app.models.context_encoder import ContextEncoder

SHIPPED = {"size": 32, "bottleneck": 16, "skips": True, "prefill": "pyramid", "up": "bilinear", "finish": 8}


def narrow(**changes: object) -> ContextEncoder:
    torch.manual_seed(0)
    network = ContextEncoder(widths=(4, 8, 12), **{**SHIPPED, **changes})
    with torch.no_grad():
        network.finish.last.weight.normal_()
        for _ in range(2):  # running means that are not those of a fresh network
            network(*picture())
    return network.eval()


def picture() -> tuple[torch.Tensor, torch.Tensor]:
    image = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(3)) * 2 - 1
    mask = torch.zeros(2, 1, 32, 32)
    mask[..., 8:20, 6:22] = 1
    return image, mask


def test_no_fill_changes_and_the_new_channels_learn() -> None:
    old, wide = narrow(), ContextEncoder(widths=(6, 20, 12), **SHIPPED)
    widen(old.state_dict(), wide)
    with torch.no_grad():
        assert torch.allclose(wide.eval()(*picture()), old(*picture()), atol=1e-6)
    wide(*picture()).square().sum().backward()
    gradient = wide.decoder[1][0][0].weight.grad
    assert gradient is not None
    assert gradient[:4, 8:20].abs().sum() > 0, "old channels begin to read new ones"


@pytest.mark.parametrize("widths", [(4, 8, 16), (4, 6, 12)], ids=["the last level", "narrower"])
def test_what_cannot_be_carried_over_is_said(widths: tuple[int, ...]) -> None:
    with pytest.raises(OptionError):
        widen(narrow().state_dict(), ContextEncoder(widths=widths, **SHIPPED))
    with pytest.raises(OptionError, match="another network"):
        widen(narrow().state_dict(), ContextEncoder(widths=(4, 8, 12), **{**SHIPPED, "finish": 0}))


def test_from_file_to_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = Part("inpaint_app.models.context_encoder:ContextEncoder", {**SHIPPED, "widths": [4, 16, 12]})
    recipe = dataclasses.replace(recipes.find("context-encoder"), name="tiny-wide", network=part)
    monkeypatch.setattr(recipes, "RECIPES", (*recipes.RECIPES, recipe))
    save_file(
        {
            key: value.half() if value.is_floating_point() else value
            for key, value in narrow().state_dict().items()
        },
        tmp_path / "n.safetensors",
    )
    monkeypatch.setattr(
        sys, "argv", ["widen", str(tmp_path / "n.safetensors"), "tiny-wide", str(tmp_path / "w.safetensors")]
    )
    assert main() == 0
    tensors, _ = state.load(tmp_path / "w.safetensors")
    assert tensors["decoder.0.0.0.weight"].shape == (16, 24, 3, 3)
    assert tensors["decoder.0.0.0.weight"].dtype == torch.float32
    monkeypatch.setattr(sys, "argv", ["widen", str(tmp_path / "none"), "tiny-wide", str(tmp_path / "w")])
    assert main() == 2
