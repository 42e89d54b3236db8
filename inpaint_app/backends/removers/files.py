"""The weight files of trained removers: where each comes from, on what terms, and whether it is here.

Imports nothing heavy.
"""

from __future__ import annotations

from inpaint_app.models.checkpoints import WeightFile
from inpaint_app.settings import Settings
from inpaint_app.types import Missing

ORIGIN = "trained on Places365, whose photos are for research"

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


def lama_missing(settings: Settings) -> tuple[Missing, ...]:
    """What LaMa lacks on this machine besides packages."""
    return FILES["lama"].missing("lama", settings)


def migan_missing(settings: Settings) -> tuple[Missing, ...]:
    """What MI-GAN lacks on this machine besides packages."""
    return FILES["migan"].missing("migan", settings)


def both_missing(settings: Settings) -> tuple[Missing, ...]:
    """The smaller of both where neither is here."""
    return () if any(one.locate(settings) for one in FILES.values()) else migan_missing(settings)
