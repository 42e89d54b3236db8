"""What pyproject.toml cannot say: the weights of checkpoints/ are installed inside the package, as its data.

A wheel holds what the app fills with. The networks for comparison (`comparison = true` in the manifest, 37 MB) stay in
the source tree, unless ALL_WEIGHTS=1 is set while it is built.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from setuptools import find_packages, setup

WEIGHTS = Path(__file__).parent / "checkpoints"


def shipped() -> list[str]:
    """The weight files that go into a wheel."""
    entries = tomllib.loads((WEIGHTS / "manifest.toml").read_text(encoding="utf-8")).values()
    every = os.environ.get("ALL_WEIGHTS") == "1"
    return [entry["file"] for entry in entries if every or not entry.get("comparison")]


setup(
    packages=[*find_packages(include=["inpaint_app*"]), "inpaint_app.weights"],
    package_dir={"inpaint_app.weights": "checkpoints"},
    package_data={
        "inpaint_app": ["py.typed", "ui/static/*", "ui/static/examples/*"],
        "inpaint_app.weights": ["manifest.toml", *shipped()],
    },
)
