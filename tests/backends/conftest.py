"""A small diffusion model and the backend on it, for the tests of both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small inpainting pipeline, a little trained."""
    from tests.backends.small_diffusion import make

    return make(tmp_path_factory.mktemp("model"), train=30)


@pytest.fixture(scope="module")
def sd(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The backend on that model, on the processor."""
    from inpaint_app.backends.diffusion.backend import StableDiffusion
    from inpaint_app.settings import Settings

    return StableDiffusion(
        Settings(sd_model=str(model), cache=tmp_path_factory.mktemp("cache"), device="cpu")
    )
