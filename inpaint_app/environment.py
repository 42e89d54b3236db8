"""Where the app runs, found by looking: on somebody's machine, in a container, or as a public demo on Spaces."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.errors import OptionError

OWN, CONTAINER, SPACES = "own", "container", "spaces"
PLACES = (OWN, CONTAINER, SPACES)

PHOTO_BYTES = 10e6
"""Memory that one megapixel of a photo takes while it is worked on; 9.5 MB measured (benchmarks/results/speed.md)."""

CONTROL = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Environment:
    """place: one of PLACES. memory: bytes that may be used here, in a container less than there is; 0: not asked."""

    place: str
    memory: float

    @property
    def defaults(self) -> dict[str, object]:
        """Values of settings that follow from the place; what is not named keeps the default of its field."""
        if self.place == OWN:
            return {}
        served: dict[str, object] = {
            "host": "0.0.0.0",  # noqa: S104 - behind the container's own port
            "port": 7860,
            "max_megapixels": min(200.0, float(math.floor(self.memory / 4 / PHOTO_BYTES))),
            "visits_gigabytes": round(min(6.0, self.memory / 4e9), 2),
            "fetch_at_first_use": True,
            "decode_apart": True,
            "visitor_at_once": 16,
        }
        if self.place == CONTAINER:
            return served
        return served | {
            "max_megapixels": min(25.0, self.memory / 4 / PHOTO_BYTES),
            "max_megabytes": 40.0,
            "batch_photos": 5,
            "visitor_at_once": 2,
            "visitor_per_minute": 20,
            "behind_proxy": True,
            "keep_minutes": 60.0,
            "uploads_gigabytes": 4.0,
            "queue": 40,
            "fetch_megabytes": 60.0,
        }


def detect(environment: Mapping[str, str] | None = None) -> Environment:
    """What the environment and the system tell. INPAINT_SURROUNDINGS decides; else a Space says that it is one.

    Raises OptionError for a place that is not known.
    """
    source = os.environ if environment is None else environment
    named = source.get("INPAINT_SURROUNDINGS", "").strip().lower()
    if named not in ("", "auto", *PLACES):
        raise OptionError(f"INPAINT_SURROUNDINGS is {named!r}, expected auto, {', '.join(PLACES)}.")
    space = _is_space(source)
    place = named if named in PLACES else SPACES if space else OWN
    told = _size(source.get("MEMORY", "")) if space else 0.0
    return Environment(place, 0.0 if place == OWN else told or _memory())


def cores(environment: Mapping[str, str] | None = None) -> int:
    """Processor cores that may be used: in a container its share, not the cores of the machine under it."""
    source = os.environ if environment is None else environment
    shares = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1]
    for said in (source.get("CPU_CORES", "") if _is_space(source) else "", _quota()):
        with suppress(ValueError, OverflowError):
            shares.append(math.ceil(float(said)))
    return max(1, min(shares))


def share_cores() -> None:
    """Let threads that wait sleep instead of spin; to be called before torch is imported, of no use afterwards.

    On cores that other work shares, spinning makes a small network ten times slower (0.7 s for 0.06 s).
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def torch_device(chosen: str) -> str:
    """Where networks run: what INPAINT_DEVICE says, for "auto" the first of GPU, Apple's and processor that is there.

    A GPU that is lent from call to call (Spaces' ZeroGPU) is none to settle on.
    """
    if chosen != "auto":
        return chosen
    import torch

    if torch.cuda.is_available() and not gpu_is_lent():
        return "cuda:0"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def give_threads(count: int) -> None:
    """Let torch work with so many threads; 0 leaves it as it is."""
    if count:
        import torch

        torch.set_num_threads(count)


def gpu_is_lent(environment: Mapping[str, str] | None = None) -> bool:
    """Whether this is a Space whose GPU is there during certain calls alone (ZeroGPU)."""
    source = os.environ if environment is None else environment
    return source.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def _is_space(source: Mapping[str, str]) -> bool:
    return bool(source.get("SPACE_ID") or source.get("SPACE_HOST"))


def _quota() -> str:
    """The control group's share of processor time in cores, "" where there is none."""
    try:
        quota, period = (CONTROL / "cpu.max").read_text().split()
        return str(float(quota) / float(period))
    except (OSError, ValueError):
        return ""


def _memory() -> float:
    """Bytes of memory: the machine's, or the control group's limit."""
    try:
        whole = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        whole = 8e9
    try:
        return min(whole, float((CONTROL / "memory.max").read_text()))
    except (OSError, ValueError):  # no control group, or "max"
        return whole


def _size(words: str) -> float:
    """Bytes of a size such as 16Gi, 0 where it is none."""
    text = words.strip().lower().removesuffix("b").removesuffix("i")
    scale = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}.get(text[-1:], 1)
    try:
        size = float(text.rstrip("kmgt")) * scale
    except ValueError:
        return 0.0
    return size if math.isfinite(size) and size > 0 else 0.0
