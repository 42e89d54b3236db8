"""What the benchmark of Stable Diffusion measures, on a small pipeline of the same classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaint_app.backends.diffusion import device
from tests.backends.small_diffusion import make

pytest.importorskip("diffusers")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return make(tmp_path / "model")


def test_the_benchmark_measures_what_it_says(
    model: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the small pipeline in place of the one of real size."""
    from benchmarks import diffusion as benchmark
    from inpaint_app.backends.diffusion import backend, load

    small = load.opened(model, device.dtype("fp32"), offline=True)
    with monkeypatch.context() as patch:
        for module, name in ((load, "opened"), (backend, "required"), (device, "place")):
            patch.setattr(module, name, getattr(module, name))  # what it replaces comes back
        patch.setenv("INPAINT_CACHE", str(tmp_path))
        patch.setenv("INPAINT_DEVICE", "cpu")
        patch.setattr(benchmark, "SIDE", 64)
        patch.setattr(benchmark, "real_size", lambda dtype: small)
        found = benchmark.measure("fp32 full contiguous", 3)
    assert found["busy"] > 0
    assert found["image"] == pytest.approx(found["around"] + 20 * found["step"])
    assert 0 < found["share"] < 1
    assert benchmark.row("fp32 full", found).count("|") == benchmark.HEAD.splitlines()[0].count("|")


def test_random_weights_of_the_benchmark_are_set_and_make_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from benchmarks import diffusion as benchmark

    with benchmark.unset(torch):
        network = torch.nn.Sequential(torch.nn.Linear(300, 5000), torch.nn.LayerNorm(5000))
    for weight in network.parameters():
        weight.data.mul_(0).add_(float("nan")) if weight.ndim > 1 else None
    benchmark.fill(torch, network)
    made = network(torch.ones(2, 300))
    assert torch.isfinite(made).all()
    assert 0.5 < float(network[0](torch.randn(64, 300)).std()) < 2
    assert float(torch.nn.Linear(50, 50).weight.std()) > 0.01, "drawing by chance is back"
