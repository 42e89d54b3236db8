"""Weights: what is not there, damaged or foreign is said, what fits is loaded strictly."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.lab.training.export import write_entry
from inpaint_app.lab.training.table import table
from inpaint_app.models import checkpoints

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "checkpoints"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good checkpoint: a linear layer of ones."""
    put(tmp_path, "linear", save({"weight": torch.ones(2, 3).half(), "bias": torch.zeros(2).half()}))
    return tmp_path


def put(folder: Path, name: str, data: bytes, sha256: str | None = None) -> None:
    (folder / f"{name}.safetensors").write_bytes(data)
    table = {
        "file": f"{name}.safetensors",
        "sha256": sha256 or hashlib.sha256(data).hexdigest(),
        "network": "torch.nn:Linear",
        "size": 1,
        "arguments": {"in_features": 3, "out_features": 2},
        "scores": {"centre": {"psnr": 17.0}},
    }
    write_entry(folder / "manifest.toml", name, table)


def test_what_fits_is_loaded_as_float32(folder: Path) -> None:
    assert checkpoints.available("linear", folder)
    network = checkpoints.create("linear", folder)
    assert isinstance(network, nn.Linear)
    assert network.weight.dtype == torch.float32
    assert (network.weight == 1).all()
    assert not network.training
    assert not network.weight.requires_grad
    assert checkpoints.entry("linear", folder).scores == {"centre": {"psnr": 17.0}}


def test_what_is_not_there_says_how_to_train_it(folder: Path) -> None:
    assert not checkpoints.available("other", folder)
    with pytest.raises(MissingWeights, match="inpaint-app train other"):
        checkpoints.create("other", folder)
    (folder / "linear.safetensors").unlink()
    assert not checkpoints.available("linear", folder)
    with pytest.raises(MissingWeights, match=r"linear\.safetensors"):
        checkpoints.create("linear", folder)


def test_a_changed_byte_is_found(folder: Path) -> None:
    path = folder / "linear.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(CheckpointError, match="damaged or foreign"):
        checkpoints.create("linear", folder)


def test_a_pointer_is_recognised(folder: Path) -> None:
    (folder / "linear.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CheckpointError, match="git lfs pull"):
        checkpoints.create("linear", folder)


@pytest.mark.parametrize(
    "tensors",
    [
        {"weight": torch.ones(2, 3)},
        {"weight": torch.ones(2, 4), "bias": torch.zeros(2)},
        {"weight": torch.ones(2, 3), "bias": torch.zeros(2), "more": torch.zeros(1)},
    ],
    ids=["a name is missing", "another shape", "a name too many"],
)
def test_what_does_not_fit_is_refused(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    put(folder, "odd", save(tensors))
    with pytest.raises(CheckpointError, match="does not fit Linear"):
        checkpoints.create("odd", folder)


def test_a_pickle_is_never_opened(folder: Path, tmp_path: Path) -> None:
    pickled = tmp_path / "pickled"
    torch.save({"weight": torch.ones(2, 3)}, pickled)
    put(folder, "pickle", pickled.read_bytes())
    with pytest.raises(CheckpointError, match="no safetensors file"):
        checkpoints.create("pickle", folder)


def test_a_broken_manifest_is_said(folder: Path) -> None:
    (folder / "manifest.toml").write_text("[linear\n")
    assert not checkpoints.available("linear", folder)
    with pytest.raises(CheckpointError, match=r"manifest\.toml cannot be read"):
        checkpoints.create("linear", folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"network": "subprocess:run", "arguments": {"args": ["touch", "ran"]}},
        {"network": "os:system", "arguments": {"command": "touch ran"}},
        {"network": "torch.nn:init", "arguments": {}},
        {"network": "inpaint_app.models.vae:torch", "arguments": {}},
        {"network": "torch.nn:Linear", "arguments": {"in_features": -4, "out_features": 2}},
        {"network": "torch.nn:Linear", "arguments": {"in_features": 10**15, "out_features": 10**6}},
        {"file": "../../etc/passwd"},
        {"file": 3},
        {"sha256": 5},
        {"arguments": "x"},
        {"shares": "x"},
        {"shares": {"weight": ["x"]}},
    ],
    ids=lambda changes: " ".join(changes),
)
def test_a_tampered_manifest_runs_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    monkeypatch.chdir(folder)
    good = checkpoints.entry("linear", folder)
    table = {name: getattr(good, name) for name in ("file", "sha256", "network", "size", "arguments")}
    write_entry(folder / "manifest.toml", "linear", {**table, **changes})
    with pytest.raises(CheckpointError, match=r"cannot be made|cannot be read"):
        checkpoints.create("linear", folder)
    assert not (folder / "ran").exists()


def test_entries_are_replaced_and_others_kept(folder: Path) -> None:
    put(folder, "second", save({"weight": torch.ones(2, 3), "bias": torch.zeros(2)}))
    put(folder, "linear", save({"weight": torch.full((2, 3), 2.0), "bias": torch.zeros(2)}))
    assert set(checkpoints.entries(folder)) == {"linear", "second"}
    assert (checkpoints.create("linear", folder).weight == 2).all()
    assert not list(folder.glob("*.part"))


def test_shared_weights_are_named_by_their_hash(folder: Path) -> None:
    """A network whose second half is another entry's: both files are needed, and that other one as it was."""
    base = checkpoints.entry("linear", folder)
    data = save({"bias": torch.full((2,), 3.0).half()})
    (folder / "upon.safetensors").write_bytes(data)
    entry = {
        "file": "upon.safetensors",
        "sha256": hashlib.sha256(data).hexdigest(),
        "network": "x",
        "size": 1,
    }
    write_entry(folder / "manifest.toml", "upon", {**entry, "shares": {"inner": base.sha256}})
    network = nn.Module()
    network.inner, network.bias = nn.Linear(3, 2), nn.Parameter(torch.zeros(2))
    checkpoints.load("upon", network, folder)
    assert (network.inner.weight == 1).all()
    assert (network.bias == 3).all()
    assert checkpoints.available("upon", folder)
    put(folder, "linear", save({"weight": torch.full((2, 3), 2.0), "bias": torch.zeros(2)}))
    assert not checkpoints.available("upon", folder)
    with pytest.raises(CheckpointError, match=r"on top of weights .* no longer has"):
        checkpoints.load("upon", network, folder)
    (folder / base.file).unlink()
    assert not checkpoints.available("upon", folder)


def test_looking_costs_no_torch() -> None:
    code = (
        "import sys, pathlib, inpaint_app.models.checkpoints as c; c.available('x', pathlib.Path())\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize("name", sorted(checkpoints.entries(SHIPPED)))
def test_every_shipped_checkpoint_loads(name: str) -> None:
    network = checkpoints.create(name, SHIPPED)
    assert all(torch.isfinite(p).all() for p in network.parameters())
    known = checkpoints.entry(name, SHIPPED)
    assert known.training["images"] > 0
    assert known.training["commit"] != "unknown"


def test_the_page_of_the_weights_is_up_to_date() -> None:
    known = checkpoints.entries(SHIPPED)
    assert (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8") == table(known)
    total = sum((ROOT / "checkpoints" / one.file).stat().st_size for one in known.values())
    assert total <= 100e6
