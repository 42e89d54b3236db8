"""The largest photos that people bring: a panorama of 20,000 pixels, opened, filled and saved in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from inpaint_app.backends import registry
from inpaint_app.photofile import files
from inpaint_app.settings import Settings

GIGABYTES = 1.5
"""At most: of it 0.13 are the panorama and 0.5 what the libraries take. A photo of 100 MP may take four."""
ONE = """
import re, sys
from inpaint_app.cli import main
code = main(sys.argv[1:])
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024)
sys.exit(code)
"""
"""Not what getrusage tells: on Linux a process that was forked begins with its parent's peak."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is not told here")
@pytest.mark.skipif(
    bool(registry.find(registry.DEFAULT).missing(Settings())), reason="the default backend is not ready"
)
def test_a_panorama_is_cleaned_and_saved(data: Path, tmp_path: Path) -> None:
    source, target = data / "cases" / "panorama" / "pano.jpg", tmp_path / "clean.jpg"
    before = files.load(source)
    mask = np.zeros(before.rgb.shape[:2], bool)
    mask[900:1400, 3000:3200] = mask[900:1400, 12000:12300] = True
    cv2.imwrite(str(tmp_path / "mask.png"), mask.view(np.uint8) * np.uint8(255))
    line = ["remove", str(source), "--mask", str(tmp_path / "mask.png"), "-o", str(target), "--quiet"]
    done = subprocess.run([sys.executable, "-c", ONE, *line], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) < GIGABYTES * 1e9
    changed = (files.load(target).rgb != before.rgb).any(axis=2)
    assert changed[mask].mean() > 0.5
    assert not changed[:, 3400:11800].any(), "what lies between the two holes is in no block of theirs"
