"""The command line's tests share an empty folder to work in."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaint_app.backends import registry as backends
from inpaint_app.segmenters import registry as segmenters
from tests.toys import FINDER, INTERRUPTING


@pytest.fixture(autouse=True)
def here(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder and with an empty cache, with the toy finder as the only one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INPAINT_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setattr(segmenters, "SEGMENTERS", (FINDER,))
    monkeypatch.delenv("INPAINT_YOLO_WEIGHTS", raising=False)
    monkeypatch.setattr(backends, "BACKENDS", (*backends.BACKENDS, INTERRUPTING))
    return tmp_path
