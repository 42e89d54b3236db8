"""Everything that can be set from outside, read from INPAINT_* once, in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from inpaint_app import environment
from inpaint_app.errors import OptionError

ROOT = Path(__file__).resolve().parents[1]
"""Where the code lies: beside it, in a clone, checkpoints/."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The app's settings. Field `x_y` is read from the environment variable INPAINT_X_Y.

    The values here are those of somebody's own machine; `environment` has what is different elsewhere.
    docs/settings.md is the table of all of them, and a test holds it equal to this class.
    """

    surroundings: str = environment.OWN
    """Where the app runs, which decides the defaults: auto looks."""
    yolo_weights: Path | None = None
    """A YOLO segmentation weight file to use before any other."""
    checkpoints: Path | None = None
    """A folder with the project's weights and their manifest, instead of the one that came with the code."""
    mirrors: str = ""
    """Folders and addresses, separated by commas, where weight files are looked for by name before anywhere else."""
    sd_model: str = "sd2-community/stable-diffusion-2-inpainting"
    """Stable Diffusion inpainting model: a hub id (id@revision too), a local folder or a .safetensors file."""
    cache: Path = Path.home() / ".cache" / "inpaint-app"
    """Where fetched weights and learned run times are kept."""
    offline: bool = False
    """Never touch the network."""
    fetch_at_first_use: bool = False
    """Fetch the smallest finder when objects are first looked for; else only when somebody asks for it."""
    fetch_megabytes: float = 0.0
    """Weights larger than this are not fetched from the page; 0 is no limit."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    threads: int = 0
    """Threads for the heavy work; 0 takes the cores that may be used."""
    host: str = ""
    """Where the page listens; empty is this machine alone, or what GRADIO_SERVER_NAME says."""
    port: int = 0
    """The page's port; 0 is the first free one from 7860."""
    hosts: str = ""
    """Names under which the server may be asked besides its own, separated by commas; * is any."""
    behind_proxy: bool = False
    """Tell visitors apart by X-Forwarded-For, which only a proxy makes true."""
    max_megapixels: float = 200.0
    """Photos with more pixels are refused."""
    max_megabytes: float = 500.0
    """Files with more bytes are refused."""
    decode_apart: bool = False
    """Decode photos in processes of their own, which have as much memory as the header's pixels need."""
    decode_seconds: float = 20.0
    """Seconds that opening one photo may take there, then its process is killed."""
    batch_photos: int = 0
    """Photos that the page takes in one batch; 0 is no limit."""
    visitor_at_once: int = 0
    """Pieces of work that one visitor may have running or waiting; 0 is no limit."""
    visitor_per_minute: int = 0
    """Fills that one visitor may ask for in a minute, looking for objects counting as one; 0 is no limit."""
    visits: int = 64
    """Visitors whose photos are held at once; the one idle longest goes first."""
    visits_gigabytes: float = 6.0
    """Memory that their photos may take together."""
    uploads_gigabytes: float = 20.0
    """Disk that files which were sent and not opened yet may take together; 0 is no limit."""
    keep_minutes: float = 120.0
    """Photos and results of a visitor who does nothing are deleted after this time; 0 keeps them."""
    queue: int = 64
    """Events that may wait at the page; more are turned away with a message."""
    waiting: int = 32
    """Jobs that may wait for the device in each of its two lines; more are turned away with "busy, n before you"."""
    patience: float = 300.0
    """Seconds without a sign of life after which work is given up, so that it holds up nobody."""

    @property
    def cores(self) -> int:
        """Threads that heavy work may use."""
        return self.threads or environment.cores()

    @property
    def fetch_limit(self) -> float:
        """Megabytes above which the page fetches nothing."""
        return self.fetch_megabytes or float("inf")

    @property
    def mirror_addresses(self) -> tuple[str, ...]:
        """The mirrors that are asked over the network."""
        return tuple(one.rstrip("/") for one in self._mirrors if "://" in one)

    @property
    def weight_folders(self) -> tuple[Path, ...]:
        """Folders of this machine in which fetched or given weight files lie, the first that has one first."""
        mirrors = (Path(one).expanduser() for one in self._mirrors if "://" not in one)
        return (*mirrors, self.checkpoints or ROOT / "checkpoints", self.weights)

    def may_fetch(self, megabytes: float) -> bool:
        """Whether a file of that size may be offered here."""
        return not self.offline and not 0 < self.fetch_megabytes < megabytes

    @property
    def weights(self) -> Path:
        """Where fetched weight files are kept."""
        return self.cache / "weights"

    @property
    def _mirrors(self) -> list[str]:
        return [one.strip() for one in self.mirrors.split(",") if one.strip()]

    @classmethod
    def from_environment(cls, variables: Mapping[str, str] | None = None) -> Settings:
        """The settings as the environment has them; a value that does not fit raises OptionError."""
        source = os.environ if variables is None else variables
        found = environment.detect(source)
        values: dict[str, object] = {**found.defaults, "surroundings": found.place}
        for field in fields(cls):
            name = f"INPAINT_{field.name.upper()}"
            raw = source.get(name, "").strip()
            if raw and field.name != "surroundings":
                values[field.name] = _parsed(name, raw, str(field.type))
        return cls(**values)  # type: ignore[arg-type]


def _parsed(name: str, raw: str, kind: str) -> object:
    try:
        if kind.startswith("Path"):
            return Path(raw).expanduser()
        if kind in ("float", "int"):
            number = float(raw) if kind == "float" else int(raw)
            if not 0 <= number < float("inf"):
                raise ValueError(raw)
            return number
    except ValueError:
        whole = " whole" if kind == "int" else ""
        raise OptionError(f"{name} is {raw!r}, expected a{whole} number from 0.") from None
    if kind == "bool":
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("0", "false", "no", "off"):
            return False
        raise OptionError(f"{name} is {raw!r}, expected 1 or 0.")
    return raw
