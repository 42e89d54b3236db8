"""Everything that can be set from outside, read from INPAINT_* once, in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from inpaint_app.errors import OptionError


@dataclass(frozen=True, slots=True)
class Settings:
    """The app's settings. Field `x_y` is read from the environment variable INPAINT_X_Y."""

    yolo_weights: Path | None = None
    """A YOLO segmentation weight file to use before any other."""
    checkpoints: Path | None = None
    """A folder with the project's weights and their manifest, instead of the one that came with the code."""
    sd_model: str = "sd2-community/stable-diffusion-2-inpainting"
    """Stable Diffusion inpainting model: a hub id, a local folder or a .safetensors file."""
    cache: Path = Path.home() / ".cache" / "inpaint-app"
    """Where fetched weights and learned run times are kept."""
    max_megapixels: float = 200.0
    """Photos with more pixels are refused."""
    max_megabytes: float = 500.0
    """Files with more bytes are refused."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    threads: int = 0
    """Threads for the heavy work; 0 takes what the machine has."""
    offline: bool = False
    """Never touch the network."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """The settings as the environment has them; a value that does not fit raises OptionError."""
        source = os.environ if environment is None else environment
        values: dict[str, object] = {}
        for field in fields(cls):
            name = f"INPAINT_{field.name.upper()}"
            raw = source.get(name, "").strip()
            if raw:
                values[field.name] = _parsed(name, raw, str(field.type))
        return cls(**values)  # type: ignore[arg-type]


def _parsed(name: str, raw: str, kind: str) -> object:
    try:
        if kind.startswith("Path"):
            return Path(raw).expanduser()
        if kind == "float":
            return float(raw)
        if kind == "int":
            return int(raw)
    except ValueError:
        raise OptionError(f"{name} is {raw!r}, expected a number.") from None
    if kind == "bool":
        if raw.lower() in ("1", "true", "yes", "on"):
            return True
        if raw.lower() in ("0", "false", "no", "off"):
            return False
        raise OptionError(f"{name} is {raw!r}, expected 1 or 0.")
    return raw
