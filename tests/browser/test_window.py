"""A real window, where pywebview and a screen to draw on are there; tests/ui/test_window.py holds everywhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from tests.conftest import ROOT

HERE = Path(__file__).parent

if find_spec("webview") and shutil.which("xvfb-run"):

    def test_a_photo_is_opened_a_thing_removed_and_the_file_saved(tmp_path: Path) -> None:
        rows, columns = np.mgrid[0:240, 0:320]
        before = np.stack([rows, columns % 256, (rows + columns) % 256], axis=2).astype(np.uint8)
        PillowImage.fromarray(before).save(tmp_path / "photo.png")
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "GRADIO_TEMP_DIR": str(tmp_path / "gradio"),
            "QTWEBENGINE_DISABLE_SANDBOX": "1",
        }
        command = [
            "xvfb-run",
            "-a",
            "-s",
            "-screen 0 1440x900x24",
            sys.executable,
            str(HERE / "windowed.py"),
            str(tmp_path),
        ]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=400)
        assert done.returncode == 0, done.stderr
        said = json.loads((tmp_path / "said.json").read_text())
        assert said.pop("address").startswith("http://127.0.0.1:")
        assert said == {
            "status": 200,
            "untouched": "0 known pixels changed",
            "asked for": ["photo-removed.png"],
        }
        after = np.asarray(PillowImage.open(tmp_path / "saved.png").convert("RGB"))
        changed = (after != before).any(axis=2)
        assert changed[115:125, 150:170].mean() > 0.2
        assert not changed[:60].any()
        assert not changed[180:].any()
