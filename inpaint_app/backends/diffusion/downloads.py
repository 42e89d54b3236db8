"""Fetching a diffusion model from the hub, and saying in one sentence what stopped it."""

from __future__ import annotations

import importlib
import json
import shutil
import socket
import struct
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from inpaint_app.backends.diffusion.source import MIRROR, MOVED, PARTS, SMALL, Source, hub_cache, required
from inpaint_app.errors import CheckpointError, InpaintError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

DESCRIBED = {
    768: "stable-diffusion-v1-5/stable-diffusion-inpainting",
    1024: MIRROR,
    2048: "diffusers/stable-diffusion-xl-1.0-inpainting-0.1",
}
"""Where tokenizer and configuration of a single file come from, by the width of the text that its network reads."""

TIMEOUT = 1.5
"""Seconds after which the hub counts as out of reach."""


def _reach(hub: Any) -> None:
    """Ask for the hub's address; raises ConnectionError. The system's own look-up may take half a minute to give up."""
    host = urllib.parse.urlsplit(getattr(hub.constants, "ENDPOINT", "")).hostname
    if not host or urllib.request.getproxies():
        return  # a proxy looks names up by itself
    found: list[object] = []

    def look() -> None:
        with suppress(OSError):
            found.append(socket.getaddrinfo(host, 443))

    thread = threading.Thread(target=look, daemon=True, name="hub-address")
    thread.start()
    thread.join(TIMEOUT)
    if not found:
        raise ConnectionError(host)


def wanted(files: Iterable[str]) -> list[str]:
    """Of a model's files those that are needed: half precision where there is one, safetensors only."""
    names = sorted(files)
    chosen = [name for name in names if name == "model_index.json" or name.split("/")[0] in SMALL]
    for part in PARTS:
        inside = [name for name in names if name.startswith(f"{part}/")]
        tensors = [name for name in inside if name.endswith(".safetensors") and "non_ema" not in name]
        half = [name for name in tensors if ".fp16." in name]
        full = [name for name in tensors if ".fp16." not in name]
        chosen += [name for name in inside if name.endswith("config.json")] + (half or full)
    return chosen


def fetch(settings: Settings, progress: Progress | None = None) -> Path:
    """Download the settings' model into the hub's cache and return its folder; goes on where a stopped download ended.

    Raises MissingWeights with one sentence that says which it was: gone, gated, no network, no space. Cancelled.
    """
    progress = progress or Progress()
    source = Source.of(settings.sd_model)
    found = source.located()
    if found is not None:
        progress(1.0, f"{source.name} is here")
        return found
    if source.path is not None:
        required(source.name)
    if settings.offline:
        raise MissingWeights(f"{source.name} is not here and INPAINT_OFFLINE forbids fetching it.")
    hub: Any = importlib.import_module("huggingface_hub")
    progress(0.0, f"Asking for {source.name}")
    try:
        _reach(hub)
        information = hub.HfApi().model_info(
            source.name, revision=source.revision, timeout=TIMEOUT, files_metadata=True
        )
        sizes = {file.rfilename: int(file.size or 0) for file in information.siblings}
        files = wanted(sizes)
        total = sum(sizes[name] for name in files)
        if not any(name.startswith("unet/") and name.endswith(".safetensors") for name in files):
            raise CheckpointError(
                f"{source.name} holds no diffusers model in safetensors: choose another one."
            )
        _check_space(source, total)
        folder = hub.snapshot_download(
            source.name,
            revision=source.revision,
            allow_patterns=files,
            tqdm_class=_reporting(progress, source.name, total),
            max_workers=2,
        )
    except InpaintError:
        raise
    except Exception as error:
        raise said(source, error) from error
    progress(1.0, f"{source.name} is here")
    return Path(folder)


def described(path: Path, offline: bool) -> Path:
    """A folder with tokenizer and configuration for a single file, fetched (some 2 MB) where it is not here.

    Raises MissingWeights, within seconds where there is no network; CheckpointError for a file of no known kind.
    """
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    width = next(
        (int(entry["shape"][1]) for name, entry in header.items() if name.endswith("attn2.to_k.weight")), 0
    )
    if width not in DESCRIBED:
        raise CheckpointError(
            f"{path.name} is of no known kind: expected Stable Diffusion 1, 2 or XL inpainting."
        )
    source = Source(DESCRIBED[width])
    if (source.snapshot / "model_index.json").is_file():
        return source.snapshot
    if offline:
        raise MissingWeights(
            f"{path.name} holds no tokenizer; {source.name} has it, but INPAINT_OFFLINE forbids fetching."
        )
    hub: Any = importlib.import_module("huggingface_hub")
    try:
        _reach(hub)
        hub.HfApi().model_info(source.name, timeout=TIMEOUT)
        return Path(
            hub.snapshot_download(source.name, allow_patterns=["*.json", "*.txt", "*/*.json", "*/*.txt"])
        )
    except Exception as error:
        raise MissingWeights(f"{path.name} holds no tokenizer. {said(source, error)}") from error


def _check_space(source: Source, total: int) -> None:
    folder = hub_cache()
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < total * 1.05:
        raise MissingWeights(
            f"{source.name} needs {total / 1e9:.1f} GB, {folder} has {free / 1e9:.1f} GB left: free some, or set "
            "HF_HOME to another disk."
        )


def _reporting(progress: Progress, name: str, total: int) -> type:
    """A progress bar for the hub's library that reports to ours and stops the download when it is cancelled."""
    bar: Any = importlib.import_module("tqdm").tqdm
    done = [0.0]

    class Reporting(bar):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            self._bytes = keywords.get("unit") == "B"
            keywords.pop("name", None)
            super().__init__(*arguments, **{**keywords, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            if self._bytes:
                done[0] += n or 0
                share = done[0] / max(1, total)
                progress(min(0.99, share), f"Fetching {name}: {done[0] / 1e6:.0f} of {total / 1e6:.0f} MB")
            return None

    return Reporting


def said(source: Source, error: BaseException) -> MissingWeights:
    """What stopped a download, in one sentence with the cure."""
    kinds = {kind.__name__ for kind in type(error).__mro__}
    name = source.name
    if name in MOVED and kinds & {"RepositoryNotFoundError", "GatedRepoError", "HfHubHTTPError"}:
        return MissingWeights(
            f"The model {name} is gone; a copy is at {MOVED[name]}: set INPAINT_SD_MODEL to it."
        )
    if "GatedRepoError" in kinds:
        return MissingWeights(
            f"{name} is gated: accept its terms on its page and log in with `hf auth login`."
        )
    if "RepositoryNotFoundError" in kinds:
        return MissingWeights(f"There is no model {name} (gone, private or misspelt): try {MIRROR}.")
    if "RevisionNotFoundError" in kinds:
        return MissingWeights(f"{name} has no revision {source.revision}: leave it out, or name another.")
    if kinds & {
        "ConnectError",
        "TimeoutException",
        "OfflineModeIsEnabled",
        "ConnectionError",
        "NetworkError",
    }:
        return MissingWeights(f"{name} cannot be fetched because there is no network here: try again later.")
    if isinstance(error, OSError) and error.errno == 28:
        return MissingWeights(f"The disk became full while fetching {name}: free some space and fetch again.")
    return MissingWeights(f"{name} could not be fetched ({type(error).__name__}: {error}): try again later.")
