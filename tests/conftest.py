"""Fixtures that all tests share."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: spinning threads starve a shared machine

import numpy as np
import pytest

from inpaint_app.types import Image, Mask

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path | None:
    """The folder of real photos and weights (INPAINT_TEST_DATA, by default ../shared/data), if it is there."""
    folder = Path(os.environ.get("INPAINT_TEST_DATA", ROOT / ".." / "shared" / "data")).resolve()
    return folder if folder.is_dir() else None


FIRST = ("abuse", "faults", "backends")
"""Folders that take long: with several workers they begin. The browser's come last, in halves: what they set stays."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Several workers (pytest -n 2 --dist loadgroup) share the files out, but each server's tests stay with one."""
    if not config.pluginmanager.hasplugin("xdist") or not os.environ.get("PYTEST_XDIST_WORKER"):
        return
    pages = sorted({item.path for item in items if _folder(item) == "browser"})
    for item in items:
        group = f"browser {pages.index(item.path) % 2}" if item.path in pages else _group(item)
        item.add_marker(pytest.mark.xdist_group(group))
    order = {name: at for at, name in enumerate((*FIRST, "", "browser"))}
    items.sort(key=lambda item: order.get(_folder(item), order[""]))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(ROOT / "tests").parts[0]


def _group(item: pytest.Item) -> str:
    """Which tests one worker does: a file's, or all against one of the attacked servers."""
    server = getattr(getattr(item, "callspec", None), "params", {}).get("server")
    return f"{_folder(item)} {server}" if server else item.nodeid.partition("::")[0]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """Under CI, with the data folder there, a skipped test is a failed run: nothing may pass by not running."""
    if skips_forbidden() and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("FAILED: tests were skipped although CI has the data folder", red=True)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """See pytest_terminal_summary."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and skips_forbidden() and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def skips_forbidden() -> bool:
    """Whether this run may skip nothing."""
    return bool(os.environ.get("CI")) and data_folder() is not None


@pytest.fixture(scope="session")
def data() -> Path:
    """The data folder; skips where it is absent."""
    folder = data_folder()
    if folder is None:
        pytest.skip("needs the data folder: set INPAINT_TEST_DATA to it")
    return folder


@pytest.fixture(scope="session")
def yolo_weights(data: Path) -> Path:
    """Real YOLOv8n-seg weights; skips where they are absent."""
    weights = data / "weights" / "yolov8n-seg_rebuilt.pt"
    if not weights.is_file():
        pytest.skip(f"needs {weights.name} in the data folder")
    return weights


@pytest.fixture
def image() -> Image:
    """A 48×64 image with a gradient, an edge and grain."""
    rows, columns = np.mgrid[0:48, 0:64]
    base = np.stack([rows * 5, columns * 4, np.where(columns > 30, 200, 40)], axis=2)
    grain = np.random.default_rng(1).integers(-6, 7, (48, 64, 3))
    return np.clip(base + grain, 0, 255).astype(np.uint8)


@pytest.fixture
def mask() -> Mask:
    """A 9×11 hole in the middle of `image`."""
    mask = np.zeros((48, 64), dtype=bool)
    mask[20:29, 26:37] = True
    return mask
