"""What stands around the diffusion pipeline: sources and fetching, colour and grain, preview, estimate, ZeroGPU."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.backends.diffusion import fetching, finish, preview, source
from inpaint_app.backends.diffusion.estimate import Estimates, Pace, spoken
from inpaint_app.errors import Cancelled, CheckpointError, MissingWeights
from inpaint_app.types import Progress


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
    monkeypatch.delenv("INPAINT_SD_MODEL", raising=False)
    (lack,) = source.missing()
    assert (lack.fetch, lack.megabytes) == (source.FETCH, source.MEGABYTES)
    assert source.MIRROR in lack.what
    assert lack in registry.find("stable-diffusion").missing()
    monkeypatch.setenv("INPAINT_SD_MODEL", str(folder_of_a_model(tmp_path / "mine")))
    assert source.missing() == ()
    monkeypatch.setenv("INPAINT_SD_MODEL", "./gone.safetensors")
    assert source.missing()[0].fetch is None
    code = (
        "import sys; from inpaint_app.backends.diffusion import source; source.missing()\n"
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
    assert fetching.wanted(files) == [
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


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    made = Hub(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("INPAINT_OFFLINE", raising=False)
    monkeypatch.setitem(sys.modules, "huggingface_hub", made)
    return made


def test_fetch_takes_safetensors_with_progress(hub: Hub) -> None:
    told: list[tuple[float, str]] = []
    assert fetching.fetch(Progress(lambda *said: told.append(said)), "a/b") == hub.folder
    assert hub.patterns == ["model_index.json", "unet/config.json", "unet/m.safetensors"]
    assert (0.99, "Fetching a/b: 3 of 3 MB") in told
    assert told[-1][0] == 1


def test_fetch_can_be_cancelled(hub: Hub) -> None:
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        fetching.fetch(Progress(cancelled=later), "a/b")
    assert len(asked) == 3


def test_a_full_disk_is_said_before_fetching(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(MissingWeights, match=r"needs 0.0 GB.*free some"):
        fetching.fetch(None, "a/b")
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
        fetching.fetch(None, named)


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
    folder = hub.folder / fetching.DESCRIBED[width]
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"text_encoder_2": []} if large else {}))
    path = single_file_of(tmp_path / "mine.safetensors", width)
    load.opened(path, None)
    ((kind, given, keywords),) = called
    assert kind == ("large" if large else "plain")
    assert given == str(path)
    assert keywords["config"] == str(folder)
    assert keywords["local_files_only"] is True
    assert ("safety_checker" in keywords) == (not large), "the folder holds none of it"


def test_a_single_file_without_words_says_why(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = single_file_of(tmp_path / "mine.safetensors", 1024)
    hub.error = error("ConnectError")
    with pytest.raises(MissingWeights, match=r"holds no tokenizer\. .* no network here"):
        fetching.described(path)
    with pytest.raises(CheckpointError, match="no known kind"):
        fetching.described(single_file_of(tmp_path / "other.safetensors", 640))
    monkeypatch.setenv("INPAINT_OFFLINE", "1")
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        fetching.described(path)


def test_offline_is_said_within_two_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the hub's real library, at an address where nothing listens."""
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    import huggingface_hub

    real = huggingface_hub.HfApi
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: real(endpoint="http://127.0.0.1:9"))
    began = time.perf_counter()
    with pytest.raises(MissingWeights, match="no network here"):
        fetching.fetch(None, "a/b")
    assert time.perf_counter() - began < 10


def test_names_that_lead_nowhere_are_said_within_two_seconds(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the system's look-up of a name can take half a minute."""
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_: time.sleep(20))
    monkeypatch.setattr(fetching.urllib.request, "getproxies", dict)
    began = time.perf_counter()
    with pytest.raises(MissingWeights, match="no network here"):
        fetching.fetch(None, "a/b")
    assert time.perf_counter() - began < 10
    monkeypatch.setattr(fetching.urllib.request, "getproxies", lambda: {"https": "http://proxy"})
    assert fetching.fetch(None, "a/b") == hub.folder


def test_forbidden_network_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("INPAINT_OFFLINE", "1")
    with pytest.raises(MissingWeights, match="INPAINT_OFFLINE"):
        fetching.fetch(None, "a/b")


def slope(side: int = 96) -> tuple[Any, Any]:
    rows, columns = np.mgrid[0:side, 0:side]
    image = np.stack([60 + rows, 60 + columns, np.full((side, side), 120)], axis=2).astype(np.uint8)
    mask = np.zeros((side, side), dtype=bool)
    mask[30:66, 30:66] = True
    return image, mask


def test_colours_agree_across_the_seam() -> None:
    image, mask = slope()
    drift = np.array([14, -9, 6]) * np.linspace(0.5, 1.5, 96)[:, None, None]
    fill = np.clip(image + drift, 0, 255).astype(np.uint8)
    before = np.abs(fill[mask].astype(int) - image[mask]).mean()
    matched = finish.matched(fill, image, mask)
    after = np.abs(matched[mask].astype(int) - image[mask]).mean()
    assert before > 8
    assert after < 1.5


def test_what_the_model_painted_stays_under_the_matching() -> None:
    image, mask = slope()
    fill = image.copy()
    fill[40:50, 40:50] = 255
    assert np.array_equal(finish.matched(fill, image, mask), fill)


def test_matching_a_window_that_is_all_hole_changes_nothing() -> None:
    image, _ = slope(32)
    assert np.array_equal(finish.matched(image, image, np.ones((32, 32), dtype=bool)), image)


def test_grain_is_measured_and_given() -> None:
    image, mask = slope(160)
    noisy = np.clip(image + np.random.default_rng(1).normal(0, 6, image.shape), 0, 255).astype(np.uint8)
    assert finish.grain(noisy, ~mask) == pytest.approx([6, 6, 6], rel=0.2)
    fill = image.copy()
    given = finish.grained(fill, noisy, mask, seed=1)
    assert finish.grain(given, mask) == pytest.approx([6, 6, 6], rel=0.25)
    assert np.array_equal(given[~mask], fill[~mask])
    assert np.array_equal(finish.grained(fill, noisy, mask, seed=1), given)
    assert not np.array_equal(finish.grained(fill, noisy, mask, seed=2), given)


def test_a_clean_photo_gets_no_grain() -> None:
    image, mask = slope()
    assert np.array_equal(finish.grained(image, image, mask, seed=1), image)


def test_the_preview_finds_the_colours_of_any_latents() -> None:
    """Latents that are a secret mixture of the colours: the map undoes it, in the hole too."""
    image, mask = slope(64)
    small = image[::8, ::8].astype(np.float32)
    mixture = np.array([[0.02, 0.01, 0], [0, -0.03, 0.01], [0.01, 0, 0.02], [0.005, 0.01, -0.02]], np.float32)
    latents = np.moveaxis(small @ mixture.T, 2, 0)
    blocks = np.kron(image[::8, ::8], np.ones((8, 8, 1), np.uint8))
    seen = preview.drawn(latents, preview.fitted(latents, blocks, mask))
    assert np.abs(seen.astype(int) - small).max() < 12


def test_estimates_follow_the_latest_runs_and_survive_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "new" / "run-times.json"
    assert Estimates(path).pace("a") is None
    Estimates(path).learn("a", Pace(1.0, 2.0))
    assert Estimates(path).pace("a") == Pace(1.0, 2.0)
    Estimates(path).learn("a", Pace(2.0, 2.0))
    pace = Estimates(path).pace("a")
    assert pace is not None
    assert pace.step == pytest.approx(1.4)
    assert pace.seconds(10) == pytest.approx(16)
    path.write_text("{rubbish")
    assert Estimates(path).pace("a") is None
    Estimates(path).learn("b", Pace(1.0, 1.0))
    assert Estimates(path).pace("b") == Pace(1.0, 1.0)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (57, "57 s"), (400, "7 min")])
def test_times_are_spoken(seconds: float, words: str) -> None:
    assert spoken(seconds) == words
