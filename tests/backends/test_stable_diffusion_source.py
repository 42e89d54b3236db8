"""Where the diffusion models come from: folders, single files, the hub, and what is said where there are none."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.diffusion import source
from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.settings import Settings


def folder_of_a_model(folder: Path, channels: int = 9) -> Path:
    index = {"unet": ["diffusers", "U"], "vae": ["diffusers", "V"], "text_encoder": ["transformers", "T"]}
    for part in index:
        (folder / part).mkdir(parents=True)
        (folder / part / "model.safetensors").touch()
    (folder / "unet" / "config.json").write_text(json.dumps({"in_channels": channels}))
    (folder / "model_index.json").write_text(json.dumps({**index, "safety_checker": [None, None]}))
    return folder


def single_file(path: Path, channels: int) -> Path:
    header = json.dumps(
        {"model.diffusion_model.input_blocks.0.0.weight": {"dtype": "F16", "shape": [320, channels, 3, 3]}}
    ).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path


@pytest.mark.parametrize(
    ("named", "name", "revision"),
    [("a/b", "a/b", "main"), ("a/b@v1", "a/b", "v1"), ("a/b@refs/pr/3", "a/b", "refs/pr/3")],
)
def test_hub_names(named: str, name: str, revision: str) -> None:
    found = source.Source.of(named)
    assert (found.name, found.revision, found.path) == (name, revision, None)


@pytest.mark.parametrize("named", ["nonsense", "a/b/c", "a b/c", ""])
def test_what_names_no_model_is_said(named: str) -> None:
    with pytest.raises(MissingWeights, match="expected a hub id"):
        source.Source.of(named)


def test_a_fetched_model_is_found_only_when_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    store = tmp_path / "models--a--b"
    folder = folder_of_a_model(store / "snapshots" / "c0ffee")
    (store / "refs").mkdir()
    (store / "refs" / "main").write_text("c0ffee\n")
    assert source.Source.of("a/b").located() == folder
    assert source.Source.of("a/b@c0ffee").located() == folder
    assert source.Source.of("a/b@other").located() is None
    (folder / "vae" / "model.safetensors").unlink()
    assert source.Source.of("a/b").located() is None


def test_missing_is_told_without_anything_heavy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    (lack,) = source.missing(Settings())
    assert (lack.fetch, lack.megabytes) == (source.FETCH, source.MEGABYTES)
    assert source.MIRROR in lack.what
    assert lack in registry.find("stable-diffusion-raw").missing(Settings())
    assert source.missing(Settings(sd_model=str(folder_of_a_model(tmp_path / "mine")))) == ()
    assert source.missing(Settings(sd_model="./gone.safetensors"))[0].fetch is None
    code = (
        "import sys; from inpaint_app.backends.diffusion import source\n"
        "from inpaint_app.settings import Settings; source.missing(Settings())\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'diffusers', 'huggingface_hub')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_inpainting_models_are_told_from_others(tmp_path: Path) -> None:
    good = single_file(tmp_path / "good.safetensors", 9)
    assert source.checked(good) == good
    assert source.checked(folder_of_a_model(tmp_path / "folder")) == tmp_path / "folder"
    for bad in (single_file(tmp_path / "text.safetensors", 4), folder_of_a_model(tmp_path / "text", 4)):
        with pytest.raises(CheckpointError, match="not an inpainting model"):
            source.checked(bad)
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 12)
    with pytest.raises(CheckpointError, match="cannot be read"):
        source.checked(tmp_path / "broken.safetensors")
