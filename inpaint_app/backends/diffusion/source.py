"""Where the diffusion model comes from, whether it is here, and what it is. Imports nothing heavy."""

from __future__ import annotations

import json
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.errors import CheckpointError, InpaintError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing

MIRROR = "sd2-community/stable-diffusion-2-inpainting"
MOVED = {"stabilityai/stable-diffusion-2-inpainting": MIRROR}
"""Models that are gone from where documents still name them, and where copies are."""

FETCH = "stable-diffusion"
MEGABYTES = 2600.0
"""Size of Stable Diffusion 2 inpainting in half precision; others are asked for when they are fetched."""

PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
SMALL = ("scheduler", "tokenizer", "tokenizer_2")
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
        return self.snapshot if complete(self.snapshot) else None

    @property
    def snapshot(self) -> Path:
        """Where the hub's library keeps, or would keep, this model."""
        store = hub_cache() / f"models--{self.name.replace('/', '--')}"
        reference = store / "refs" / self.revision
        commit = reference.read_text().strip() if reference.is_file() else self.revision
        return store / "snapshots" / commit


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


def missing(settings: Settings) -> tuple[Missing, ...]:
    """What the diffusion backend lacks on this machine besides packages."""
    named = settings.sd_model
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
