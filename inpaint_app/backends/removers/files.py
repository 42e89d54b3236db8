"""The weight files of trained removers: where each comes from, on what terms, and whether it is here.

Only a file whose sha256 stands here is opened. Imports nothing heavy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.errors import CheckpointError, MissingWeights
from inpaint_app.settings import Settings
from inpaint_app.types import Missing

ORIGIN = "trained on Places365, whose photos are for research"


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file as its publisher has it. size: bytes. terms: what to know before it is fetched."""

    file: str
    address: str
    size: int
    sha256: str
    terms: str

    def check(self, path: Path) -> None:
        """Raise CheckpointError where the file at `path` is another one."""
        with path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != self.sha256:
            raise CheckpointError(
                f"{path.name} has sha256 {found[:12]}…, expected {self.sha256[:12]}…: it is damaged or another file. "
                "Delete it and fetch it in Models."
            )


FILES = {
    "lama": WeightFile(
        "big-lama.pt",
        "https://github.com/Sanster/models/releases/download/add_big_lama/big-lama.pt",
        205_669_692,
        "344c77bbcb158f17dd143070d1e789f38a66c04202311ae3a258ef66667a9ea9",
        f"Apache-2.0, from github.com/Sanster/models; {ORIGIN}",
    ),
    "migan": WeightFile(
        "migan_pipeline_v2.onnx",
        "https://huggingface.co/andraniksargsyan/migan/resolve/406830d0fa60666da0071c342ad2fbc8f30c5c64/"
        "migan_pipeline_v2.onnx",
        28_079_181,
        "6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b",
        f"MIT, from huggingface.co/andraniksargsyan/migan; {ORIGIN}",
    ),
}
"""All second-hand: no machine of this project reached these hosts, see docs/decisions/removers.md."""


def locate(name: str, settings: Settings) -> Path | None:
    """The file that serves for `name`, or None. Looks at names: `verified` looks at the content."""
    file = FILES[name].file
    return next((folder / file for folder in settings.weight_folders if (folder / file).is_file()), None)


def verified(name: str, settings: Settings) -> Path:
    """The file, its content checked; raises MissingWeights, CheckpointError."""
    path = locate(name, settings)
    if path is None:
        raise MissingWeights(f"{FILES[name].file} is not on this machine: fetch it in Models.")
    FILES[name].check(path)
    return path


def _missing(name: str, settings: Settings) -> tuple[Missing, ...]:
    if locate(name, settings) is not None:
        return ()
    one = FILES[name]
    cure = f"fetch it in Models, or name a folder that holds {one.file} in INPAINT_MIRRORS"
    return (Missing(f"the weight file {one.file}", cure, round(one.size / 1e6, 1), name, one.terms),)


def lama_missing(settings: Settings) -> tuple[Missing, ...]:
    """What LaMa lacks on this machine besides packages."""
    return _missing("lama", settings)


def migan_missing(settings: Settings) -> tuple[Missing, ...]:
    """What MI-GAN lacks on this machine besides packages."""
    return _missing("migan", settings)


def both_missing(settings: Settings) -> tuple[Missing, ...]:
    """The smaller of both where neither is here."""
    return () if any(locate(name, settings) for name in FILES) else migan_missing(settings)
