"""Fetching a diffusion model: what is taken, what stops it, and how that is said."""

from __future__ import annotations

import json
import shutil
import struct
import sys
import time
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inpaint_app.backends.diffusion import downloads
from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress


def test_only_what_is_needed_is_fetched() -> None:
    files = [
        "README.md",
        "model_index.json",
        "safety_checker/model.safetensors",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
        "text_encoder/pytorch_model.bin",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.non_ema.safetensors",
        "512-inpainting-ema.safetensors",
    ]
    assert downloads.wanted(files) == [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "tokenizer/vocab.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/config.json",
        "text_encoder/model.safetensors",
    ]


class Hub:
    """The hub's library with one model, without a network."""

    def __init__(self, folder: Path, error: BaseException | None = None) -> None:
        self.folder = folder
        self.error = error
        self.patterns: list[str] = []

    constants = types.SimpleNamespace(ENDPOINT="http://127.0.0.1")

    def HfApi(self) -> Hub:  # noqa: N802 - the library's name
        return self

    def model_info(self, name: str, **_: Any) -> Any:
        if self.error is not None:
            raise self.error
        names = ["model_index.json", "unet/config.json", "unet/m.safetensors", "unet/m.bin"]
        return types.SimpleNamespace(
            siblings=[types.SimpleNamespace(rfilename=name, size=1_000_000) for name in names]
        )

    def snapshot_download(self, name: str, allow_patterns: list[str], tqdm_class: Any, **_: Any) -> str:
        self.patterns = allow_patterns
        with tqdm_class(total=3_000_000, unit="B", name="hub") as bar:
            for _ in range(3):
                bar.update(1_000_000)
        return str(self.folder)


AB = Settings(sd_model="a/b")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    made = Hub(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setitem(sys.modules, "huggingface_hub", made)
    return made


def test_fetch_takes_safetensors_with_progress(hub: Hub) -> None:
    told: list[tuple[float, str]] = []
    assert downloads.fetch(AB, Progress(lambda *said: told.append(said))) == hub.folder
    assert hub.patterns == ["model_index.json", "unet/config.json", "unet/m.safetensors"]
    assert (0.99, "Fetching a/b: 3 of 3 MB") in told
    assert told[-1][0] == 1


def test_fetch_can_be_cancelled(hub: Hub) -> None:
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        downloads.fetch(AB, Progress(cancelled=later))
    assert len(asked) == 3


def test_a_full_disk_is_said_before_fetching(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(MissingWeights, match=r"needs 0.0 GB.*free some"):
        downloads.fetch(AB)
    assert hub.patterns == []


def error(name: str, base: type[Exception] = Exception) -> Exception:
    return type(name, (base,), {})("as the hub's library says it")


@pytest.mark.parametrize(
    ("raised", "named", "words"),
    [
        (
            error("RepositoryNotFoundError"),
            "stabilityai/stable-diffusion-2-inpainting",
            "is gone; a copy is at sd2-",
        ),
        (error("RepositoryNotFoundError"), "a/b", "no model a/b"),
        (error("GatedRepoError", type("RepositoryNotFoundError", (Exception,), {})), "a/b", "a/b is gated"),
        (error("RevisionNotFoundError"), "a/b@v9", "no revision v9"),
        (error("ConnectError"), "a/b", "no network here"),
        (OSError(28, "No space left on device"), "a/b", "disk became full"),
        (error("Surprise"), "a/b", "Surprise"),
    ],
)
def test_what_stops_a_download_is_told_apart(hub: Hub, raised: Exception, named: str, words: str) -> None:
    hub.error = raised
    with pytest.raises(MissingWeights, match=words):
        downloads.fetch(Settings(sd_model=named))


def test_offline_is_said_within_two_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the hub's real library, at an address where nothing listens."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    import huggingface_hub

    real = huggingface_hub.HfApi
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: real(endpoint="http://127.0.0.1:9"))
    began = time.perf_counter()
    with pytest.raises(MissingWeights, match="no network here"):
        downloads.fetch(AB)
    assert time.perf_counter() - began < 10


def test_names_that_lead_nowhere_are_said_within_two_seconds(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the system's look-up of a name can take half a minute."""
    monkeypatch.setattr(downloads.socket, "getaddrinfo", lambda *_: time.sleep(20))
    monkeypatch.setattr(downloads.urllib.request, "getproxies", dict)
    began = time.perf_counter()
    with pytest.raises(MissingWeights, match="no network here"):
        downloads.fetch(AB)
    assert time.perf_counter() - began < 10
    monkeypatch.setattr(downloads.urllib.request, "getproxies", lambda: {"https": "http://proxy"})
    assert downloads.fetch(AB) == hub.folder


def test_forbidden_network_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        downloads.fetch(replace(AB, offline=True))


def single_file_of(path: Path, width: int) -> Path:
    name = "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
    header = {
        "model.diffusion_model.input_blocks.0.0.weight": {"dtype": "F16", "shape": [320, 9, 3, 3]},
        name: {"dtype": "F16", "shape": [320, width]},
    }
    packed = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(packed)) + packed)
    return path


@pytest.mark.parametrize(("width", "large"), [(768, False), (1024, False), (2048, True)])
def test_a_single_file_is_loaded_with_the_words_of_its_kind(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int, large: bool
) -> None:
    """diffusers itself would look for those of Stable Diffusion 2 where they are gone."""
    from inpaint_app.backends.diffusion import load

    called: list[tuple[str, str, dict[str, Any]]] = []

    def pipeline(kind: str) -> Any:
        def from_single_file(path: str, **given: Any) -> Any:
            called.append((kind, path, given))
            return types.SimpleNamespace(set_progress_bar_config=lambda **_: None)

        return types.SimpleNamespace(from_single_file=from_single_file)

    fake = types.SimpleNamespace(
        StableDiffusionInpaintPipeline=pipeline("plain"), StableDiffusionXLInpaintPipeline=pipeline("large")
    )
    monkeypatch.setattr(load, "library", lambda: fake)
    hub.snapshot_download = lambda name, allow_patterns: str(hub.folder / name)  # type: ignore[assignment]
    folder = hub.folder / downloads.DESCRIBED[width]
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"text_encoder_2": []} if large else {}))
    path = single_file_of(tmp_path / "mine.safetensors", width)
    load.opened(path, None, offline=False)
    ((kind, given, keywords),) = called
    assert kind == ("large" if large else "plain")
    assert given == str(path)
    assert keywords["config"] == str(folder)
    assert keywords["local_files_only"] is True
    assert ("safety_checker" in keywords) == (not large), "the folder holds none of it"


def test_a_single_file_without_words_says_why(hub: Hub, tmp_path: Path) -> None:
    path = single_file_of(tmp_path / "mine.safetensors", 1024)
    hub.error = error("ConnectError")
    with pytest.raises(MissingWeights, match=r"holds no tokenizer\. .* no network here"):
        downloads.described(path, offline=False)
    with pytest.raises(CheckpointError, match="no known kind"):
        downloads.described(single_file_of(tmp_path / "other.safetensors", 640), offline=False)
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        downloads.described(path, offline=True)
