"""Where the diffusion model comes from, whether it is here, and how to fetch it. Imports nothing heavy."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaint_app.errors import CheckpointError, InpaintError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing, Progress

MIRROR = "sd2-community/stable-diffusion-2-inpainting"
MOVED = {"stabilityai/stable-diffusion-2-inpainting": MIRROR}
"""Models that are gone from where documents still name them, and where copies are."""

FETCH = "stable-diffusion"
MEGABYTES = 2600.0
"""Size of Stable Diffusion 2 inpainting in half precision; others are asked for when they are fetched."""

PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
SMALL = ("scheduler", "tokenizer", "tokenizer_2")
TIMEOUT = 1.5
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")


@dataclass(frozen=True, slots=True)
class Source:
    """A model as it was named: a hub id with a revision, or a path to a folder or a .safetensors file."""

    name: str
    revision: str = "main"
    path: Path | None = None

    @classmethod
    def of(cls, named: str) -> Source:
        """The source that a setting or an option names; raises MissingWeights for what is neither."""
        path = Path(named).expanduser()
        if (
            (named.strip() and path.exists())
            or path.suffix in (".safetensors", ".ckpt", ".pt", ".bin")
            or named.startswith((".", "/", "~"))
        ):
            return cls(named, path=path)
        if not _HUB_NAME.fullmatch(named):
            raise MissingWeights(
                f"{named!r} names no model: expected a hub id such as {MIRROR}, a folder, or a .safetensors file."
            )
        identity, _, revision = named.partition("@")
        return cls(identity, revision or "main")

    def located(self) -> Path | None:
        """The folder or file if it is on this machine; a hub's model counts when all its parts are there."""
        if self.path is not None:
            return self.path if self.path.exists() else None
        store = hub_cache() / f"models--{self.name.replace('/', '--')}"
        reference = store / "refs" / self.revision
        commit = reference.read_text().strip() if reference.is_file() else self.revision
        folder = store / "snapshots" / commit
        return folder if complete(folder) else None


def hub_cache() -> Path:
    """The folder in which the hub's own library keeps what it fetched."""
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub")


def complete(folder: Path) -> bool:
    """Whether every network that the folder's index names has its weights, as safetensors."""
    index = folder / "model_index.json"
    try:
        parts = json.loads(index.read_text())
    except (OSError, ValueError):
        return False
    needed = [name for name in PARTS if (parts.get(name) or [None])[0]]
    return bool(needed) and all(any((folder / name).glob("*.safetensors")) for name in needed)


def missing() -> tuple[Missing, ...]:
    """What the diffusion backend lacks on this machine besides packages."""
    named = Settings.from_environment().sd_model
    try:
        source = Source.of(named)
    except InpaintError as error:
        return (Missing(f"the model {named!r}", str(error)),)
    if source.located() is not None:
        return ()
    if source.path is not None:
        return (Missing(f"the model {source.path}", "check INPAINT_SD_MODEL"),)
    size = MEGABYTES if source.name == MIRROR else None
    return (Missing(f"the model {named}", "fetch it in Models, or set INPAINT_SD_MODEL", size, FETCH),)


def required(named: str) -> Path:
    """Where the named model lies; raises MissingWeights, with the reason, where it is not here."""
    source = Source.of(named)
    found = source.located()
    if found is not None:
        return found
    if source.path is not None:
        raise MissingWeights(f"There is no model at {source.path}: check INPAINT_SD_MODEL or the option.")
    raise MissingWeights(
        f"The model {named} is not on this machine: fetch it in Models, or name a folder or a .safetensors file."
    )


def checked(path: Path) -> Path:
    """The path itself, after checking that an inpainting model in safetensors lies there; raises CheckpointError."""
    channels = _channels(path)
    if channels != 9:
        raise CheckpointError(
            f"{path.name} is not an inpainting model (its network takes {channels} channels, expected 9): use one "
            f"such as {MIRROR}."
        )
    return path


def _channels(path: Path) -> int:
    """How many channels the model's UNet takes, read without loading it."""
    try:
        if path.is_dir():
            if not complete(path):
                raise CheckpointError(
                    f"{path} is no complete diffusers model in safetensors: expected model_index.json and "
                    f"*.safetensors in {', '.join(PARTS[:3])}."
                )
            config = json.loads((path / "unet" / "config.json").read_text())
            return int(config["in_channels"])
        if path.suffix != ".safetensors":
            raise CheckpointError(
                f"{path.name} is refused: only .safetensors files hold weights and no program."
            )
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(length, 100_000_000)))
        return int(header["model.diffusion_model.input_blocks.0.0.weight"]["shape"][1])
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error) as error:
        raise CheckpointError(
            f"{path.name} cannot be read as a Stable Diffusion model ({type(error).__name__}): expected a diffusers "
            "folder or a single .safetensors file."
        ) from error


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


def fetch(progress: Progress | None = None, named: str | None = None) -> Path:
    """Download the model into the hub's cache and return its folder; goes on where a stopped download ended.

    Raises MissingWeights with one sentence that says which it was: gone, gated, no network, no space. Cancelled.
    """
    progress = progress or Progress()
    settings = Settings.from_environment()
    source = Source.of(named or settings.sd_model)
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
