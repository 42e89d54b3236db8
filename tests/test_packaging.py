"""What is installed works: weights are found however the wheel got there, and a library needs no page and no finder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

MOST = 60e6
"""Bytes of a wheel."""
NAMES = """
from inpaint_app.removal.session import Session
from inpaint_app.backends import registry
import inpaint_app
print(inpaint_app.__file__)
print(Session().resolve_backend(registry.DEFAULT).name == registry.DEFAULT)
"""
BARE = """
import sys
for name in ("gradio", "ultralytics", "diffusers", "transformers", "matplotlib", "argcomplete", "fastapi", "starlette",
             "torch", "torchvision", "piq", "patchmatch", "safetensors", "tqdm"):
    sys.modules[name] = None  # an import of it fails
import numpy as np
import inpaint_app
from PIL import Image
rng = np.random.default_rng(0)
Image.fromarray(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8)).save("in.png")
mask = np.zeros((64, 96), bool)
mask[20:40, 30:60] = True
photo = inpaint_app.load("in.png")
for backend in ("telea", "exemplar"):
    done = inpaint_app.remove(photo, mask=mask, backend=backend)
    saved = inpaint_app.save(photo, done, f"{backend}.png")
    written = np.asarray(Image.open(f"{backend}.png"))
    hole = done.mask
    assert (written[~hole] == np.asarray(Image.open("in.png"))[~hole]).all() and (written[mask] != 0).any()
print("removed")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip builds it, from a copy of what git knows."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    files = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.toml", "setup.py", "README.md",
         "LICENSE", "checkpoints", "inpaint_app"],
        cwd=ROOT, capture_output=True, check=True,
    ).stdout.decode().split("\0")  # fmt: skip
    for name in filter(None, files):
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(ROOT / name, target) if _same_disk(ROOT, source) else target.write_bytes(
            (ROOT / name).read_bytes()
        )
    pip("wheel", "--no-deps", "--no-build-isolation", "-w", str(out), str(source))
    return next(out.glob("*.whl"))


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev


def pip(*arguments: str, python: str = sys.executable, **environment: str) -> None:
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", "-q", *arguments],
        env={**os.environ, **environment}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_wheel_is_small_and_holds_what_the_default_needs(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.stat().st_size <= MOST
    for wanted in ("context-encoder.safetensors", "finder.safetensors", "manifest.toml"):
        assert f"inpaint_app/weights/{wanted}" in names
    assert not [name for name in names if "gan-small" in name or name.startswith(("tests", "checkpoints"))]


@pytest.mark.parametrize("way", ["tree", "target", "user", "venv"])
def test_the_weights_are_found_however_it_was_installed(way: str, wheel: Path, tmp_path: Path) -> None:
    """Everything else comes from this environment; a missing network would change the default in silence."""
    python, environment = sys.executable, dict(os.environ)
    for name in ("PYTHONPATH", "INPAINT_CHECKPOINTS"):
        environment.pop(name, None)
    lent = sysconfig.get_path("purelib")
    if way == "tree":
        home = ROOT
        environment["PYTHONPATH"] = str(ROOT)
    elif way == "venv":
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
        python = str(tmp_path / "v/bin/python")
        (home,) = (tmp_path / "v/lib").glob("python*/site-packages")
        pip("install", "--no-deps", "--no-index", "--target", str(home), str(wheel))
        (home / "lent.pth").write_text(f"{lent}\n")
    else:
        home = tmp_path / "here"
        if way == "target":
            pip("install", "--no-deps", "--no-index", "--target", str(home), str(wheel))
        else:
            pip("install", "--no-deps", "--no-index", "--prefix", str(home), "--ignore-installed", str(wheel))
            (home,) = home.glob("lib/python*/site-packages")
        environment["PYTHONPATH"] = str(home)
    done = subprocess.run(
        [python, "-c", NAMES], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    where, same = done.stdout.split()
    assert Path(where).is_relative_to(home)
    assert same == "True"


def test_a_removal_with_a_mask_needs_neither_page_nor_finder_nor_torch(tmp_path: Path) -> None:
    """Imports are blocked in this environment; docs/python.md names the packages of a bare one, where it was tried."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", BARE],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "removed"
