"""The page as it is built: nothing heavy on the way, nothing public that should not be, nothing from the network."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from PIL import Image

from inpaint_app.backends import registry
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.ui import studio, view_models
from inpaint_app.ui.page import build, launch_options

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "torch",
    "torchvision",
    "ultralytics",
    "diffusers",
    "transformers",
    "numba",
    "patchmatch",
    "piq",
    "scipy",
    "skimage",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Any:
    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    yield build(Session(Settings()))
    patch.undo()


def test_the_page_answers_before_anything_heavy_is_loaded(tmp_path: Path) -> None:
    script = (
        "import sys, urllib.request, app\n"
        "app.demo.launch(**app.launch_options(app.settings), prevent_thread_lock=True, quiet=True)\n"
        "assert urllib.request.urlopen(app.demo.local_url).status == 200\n"
        f"print('LOADED', [name for name in {HEAVY!r} if name in sys.modules])\n"
        "app.demo.close()\n"
    )
    environment = {**os.environ, "GRADIO_TEMP_DIR": str(tmp_path), "GRADIO_SERVER_NAME": "127.0.0.1"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180
    )
    assert "LOADED []" in done.stdout, done.stdout + done.stderr


def test_only_the_named_endpoints_are_public(page: Any) -> None:
    public = {f.api_name for f in page.fns.values() if f.api_visibility == "public" and f.api_name}
    assert public == {"detect", "remove_objects", "remove_mask"}


def test_every_backend_has_its_controls() -> None:
    given = view_models.configuration(Settings())
    assert [backend["name"] for backend in given["backends"]] == [spec.name for spec in registry.BACKENDS]
    telea = next(backend for backend in given["backends"] if backend["name"] == "telea")
    radius = next(option for option in telea["options"] if option["name"] == "radius")
    assert (radius["default"], radius["minimum"], radius["maximum"], radius["kind"]) == (3.0, 1, 64, "float")


def test_nothing_comes_from_the_network(page: Any) -> None:
    texts = [studio.styles(), *(path.read_text() for path in studio.STATIC.iterdir() if path.is_file())]
    found = {address for text in texts for address in re.findall(r"https?://[^\s\"')]+", text)}
    shown = {address for address in found if address.startswith("http://127.0.0.1:7860")}  # in examples
    assert found - shown == {"http://www.w3.org/2000/svg"}
    assert "fonts.googleapis" not in str(launch_options(Settings())["theme"]._get_theme_css())


def test_the_template_survives_its_two_template_languages() -> None:
    template = studio.static("studio.html")
    assert not re.search(r"`|\$\{|\{\{|\\", template)


def test_every_button_of_the_studio_does_something() -> None:
    buttons = set(re.findall(r'data-do="([a-z-]+)"', studio.static("studio.html")))
    script = studio.static("studio.js")
    table = script[script.index("const does = {") : script.index("const hears = {")]
    known = set(re.findall(r'(?:^|[\s{,])"?([a-z-]+)"?:\s*\(', table)) | {"hold"}
    assert buttons <= known


def test_samples_are_there_without_ultralytics_being_imported() -> None:
    assert list(view_models.samples())[:3] == ["wall.jpg", "beach.jpg", "hills.jpg"]
    assert {"bus.jpg", "zidane.jpg"} <= set(view_models.samples())


@pytest.mark.parametrize("name", view_models.EXAMPLES)
def test_an_example_is_small_and_its_mask_covers_something_of_it(name: str) -> None:
    photo, mask = view_models.example(name)
    with Image.open(photo) as picture, Image.open(mask) as hole:
        assert picture.size == hole.size == (1200, 800)
        assert 0.005 < np.asarray(hole).mean() < 0.12
    assert photo.stat().st_size + mask.stat().st_size < 300_000


def test_what_was_removed_in_words() -> None:
    def find(label: str) -> Any:
        return type("Find", (), {"label": label})()

    assert view_models.removed([find("person")] * 4, False) == "4 people"
    assert (
        view_models.removed([find("person"), find("bus"), find("bus")], True)
        == "1 person, 2 buses, brushed area"
    )
    assert view_models.removed([], True) == "brushed area"


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("ink", "ground"), ("ink", "surface"), ("ink", "sunk"), ("quiet", "ground"), ("quiet", "surface"),
        ("quiet", "sunk"), ("quiet", "raised"), ("on-coral", "coral"), ("good", "good-soft"), ("bad", "bad-soft"),
        ("on-coral", "coral-strong"), ("ink", "coral-soft"), ("surface", "ink"),
    ],
)  # fmt: skip
def test_text_can_be_read(scheme: int, text: str, ground: str) -> None:
    """WCAG AA: 4.5 to 1."""
    known = tokens(studio.static("page.css").split("}")[scheme])
    light, dark = sorted((luminance(known[text]), luminance(known[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_a_server_that_starts_slowly_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio waits five seconds; then a port that it was given would be called taken, and the app would end."""
    startup = uvicorn.Server.startup

    async def slow(server: uvicorn.Server, sockets: Any = None) -> None:
        await asyncio.sleep(6)
        await startup(server, sockets)

    monkeypatch.setattr(uvicorn.Server, "startup", slow)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = build(Session(Settings()))
    options = {**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": port}
    try:
        page.launch(**options, prevent_thread_lock=True, quiet=True)
        assert page.server_port == port
    finally:
        page.close(verbose=False)


def test_a_port_in_use_is_said_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    page = build(Session(Settings()))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = {**launch_options(page.session.settings), "server_name": "127.0.0.1"}
        began = time.monotonic()
        with pytest.raises(OSError, match="port"):
            page.launch(
                **{**options, "server_port": taken.getsockname()[1]}, prevent_thread_lock=True, quiet=True
            )
        assert time.monotonic() - began < 30
    page.close(verbose=False)
