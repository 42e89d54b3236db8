"""One server and one browser for all browser tests; every test has a page of its own."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: their server adds backends and settings, which stay until the run is over."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
    if not os.environ.get("PYTEST_XDIST_WORKER"):  # who has another order: tests/conftest.py
        items.sort(key=lambda item: HERE in item.path.parents)


@dataclass(frozen=True)
class Server:
    """The running page, in this process, so that tests can look at what the server holds."""

    address: str
    page: Any

    @property
    def visits(self) -> Any:
        return self.page.visits


@pytest.fixture(scope="session")
def server(yolo_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The page with warm models, and backends of our own besides."""
    import slow

    from inpaint_app.backends import registry

    patch = pytest.MonkeyPatch()
    patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("gradio")))
    patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    patch.setenv("INPAINT_YOLO_WEIGHTS", str(yolo_weights))
    patch.setenv("INPAINT_CACHE", str(tmp_path_factory.mktemp("cache")))
    patch.setattr(registry, "BACKENDS", (*registry.BACKENDS, *slow.ALL))
    from inpaint_app.removal.session import Session
    from inpaint_app.ui.page import build, launch_options
    from inpaint_app.ui.warm import warm_up

    page = build(Session())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page.queue(max_size=64)
    options = {**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": port}
    page.launch(**options, prevent_thread_lock=True, quiet=True)
    warm_up(page.session).join(120)
    yield Server(f"http://127.0.0.1:{port}", page)
    page.close()
    patch.undo()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; skips where it is not installed, except under CI."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None and not os.environ.get("CI"):
        pytest.skip("needs chromium on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield opened
        opened.close()


@pytest.fixture
def studio(server: Server, browser: Any) -> Iterator[Any]:
    """A fresh page at the size of a laptop; a test fails on any error in its JavaScript."""
    yield from visited(server, browser, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(server: Server, browser: Any) -> Iterator[Any]:
    """A fresh page on a phone."""
    yield from visited(
        server,
        browser,
        viewport={"width": 390, "height": 844},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
    )


def visited(server: Server, browser: Any, **size: Any) -> Iterator[Any]:
    from driver import Studio

    context = browser.new_context(accept_downloads=True, **size)
    driven = Studio(context.new_page(), server)
    yield driven
    errors = driven.errors
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def bus() -> Path:
    """The photo of a bus and people that comes with the app."""
    from inpaint_app.ui import view_models

    return view_models.samples()["bus.jpg"]


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PNG of 640×480 with grain, an object to brush over, a profile-less gradient and EXIF."""
    rows, columns = np.mgrid[0:480, 0:640]
    pixels = np.stack([rows // 3, columns // 4, 90 + 40 * (columns // 80 % 2)], axis=2)
    pixels = pixels + np.random.default_rng(3).integers(0, 9, pixels.shape)
    pixels[200:260, 300:340] = (250, 20, 20)
    path = tmp_path_factory.mktemp("photos") / "small.png"
    PillowImage.fromarray(pixels.astype(np.uint8)).save(path, dpi=(300, 300))
    return path
