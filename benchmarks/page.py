"""A very large photo in the page itself: python -m benchmarks.page PHOTO… [--megapixels 100] [--shots FOLDER].

The real page in a process of its own, and a real browser that does what a person would: open the photo, find objects,
zoom in, remove the people, zoom into the result, download it. For every step: seconds, processor seconds of the
server, the server's peak memory in that step (Linux's high-water mark, reset before each) and its decoders', whatever
the server said in between, and which of its words stood beside the bar for longest. --megapixels enlarges each photo
first, with grain of 4 grey values. Needs chromium and playwright, as the browser tests do.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
from PIL import Image as PillowImage

from benchmarks import runner
from benchmarks.jpeg import enlarged
from benchmarks.load import ROOT, served

sys.path.insert(0, str(ROOT / "tests" / "browser"))
from driver import Studio

PATIENCE = 540_000
"""Milliseconds that a step may take."""
CLOCK = """
window.spent = {};
setInterval(() => {
  const stage = document.querySelector('.st.working .st-stage-name, .working .st-stage-name');
  if (stage && stage.textContent) window.spent[stage.textContent] = (window.spent[stage.textContent] ?? 0) + 0.1;
}, 100);
"""


class Watched:
    """The server's process with its children."""

    def __init__(self, pid: int) -> None:
        self.process = psutil.Process(pid)

    def peaks(self) -> tuple[float, float]:
        """GB that the server, and the largest of its children, held at most since they were reset."""
        return self._high(self.process.pid), max((self._high(c.pid) for c in self._children()), default=0.0)

    def reset(self) -> None:
        """Begin new high-water marks."""
        for one in (self.process, *self._children()):
            with suppress(OSError):
                Path(f"/proc/{one.pid}/clear_refs").write_text("5")

    def cpu(self) -> float:
        """Processor seconds of the server and of its children, those that ended among them."""
        took = self.process.cpu_times()
        total = took.user + took.system + took.children_user + took.children_system
        for child in self._children():
            with suppress(psutil.NoSuchProcess):
                total += sum(child.cpu_times()[:2])
        return total

    def _children(self) -> list[psutil.Process]:
        return self.process.children(recursive=True)

    def _high(self, pid: int) -> float:
        with suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024**2
        return 0.0


def zoomed(studio: Any) -> None:
    """Zoom in until the preview is too coarse, and wait for the crop of the photo itself."""
    studio.page.keyboard.press("0")
    box = studio.page.locator(".st-canvas").bounding_box()
    studio.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    studio.app("s.app.details.length = 0")
    for _ in range(8):
        studio.page.mouse.wheel(0, -400)
    studio.page.wait_for_function(
        "() => document.querySelector('.st').parentElement.studio.app.details.length > 0"
    )
    studio.rest()


def steps(studio: Any, photo: Path, target: Path) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What a person does, by name; the download is kept as `target`."""
    yield "open", lambda: studio.open(photo)
    yield "find objects", lambda: (studio.do("find"), studio.rest())
    yield "zoom in", lambda: zoomed(studio)
    yield "remove people", lambda: studio.remove("people")
    yield "zoom into the result", lambda: zoomed(studio)
    yield "download", lambda: shutil.copy(studio.saved("download"), target)


def visited(photo: Path, folder: Path, shots: Path | None) -> Iterator[str]:
    """One photo in a fresh server and a fresh browser: a row for each step."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    size = PillowImage.open(photo).size
    with served(folder) as (address, pid), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(accept_downloads=True, viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(CLOCK)
        studio, server = Studio(page, SimpleNamespace(address=address)), Watched(pid)
        page.set_default_timeout(PATIENCE)
        time.sleep(5)  # the models warm up once the page is there
        target = folder / f"made{photo.suffix}"
        for number, (name, step) in enumerate(steps(studio, photo, target)):
            server.reset()
            page.evaluate("window.said = []; window.spent = {}")
            began, cpu = time.perf_counter(), server.cpu()
            step()
            took, cpu = time.perf_counter() - began, server.cpu() - cpu
            own, decoder = server.peaks()
            said = "; ".join(dict.fromkeys(page.evaluate("window.said")))
            longest = ", ".join(
                f"{w} {s:.0f} s" for w, s in Counter(page.evaluate("window.spent")).most_common(3)
            )
            numbers = f"{took:.1f} | {cpu:.1f} | {own:.2f} | {decoder:.2f}"
            yield f"| {photo.name} {size[0]}×{size[1]} | {name} | {numbers} | {longest} | {said} |"
            if shots:
                page.screenshot(path=str(shots / f"{photo.stem}-{number}.png"))
        came = "" if PillowImage.open(target).size == size else ", NOT of the photo's size"
        yield f"\n{photo.name}: {target.stat().st_size / 1e6:.1f} MB came down{came}"
        browser.close()


def main() -> None:
    """Print a table."""
    parser = runner.parser(__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--megapixels", type=float, help="enlarge each photo to so many, 4:3")
    parser.add_argument("--shots", type=Path, help="a folder for a screenshot of every step")
    given = parser.parse_args()
    print(
        "| photo | step | s | CPU s | server's peak, GB | decoder's, GB | longest | said |\n"
        + "|---" * 8
        + "|"
    )
    for photo in given.photos:
        with tempfile.TemporaryDirectory() as name:
            folder, large = Path(name), photo
            if given.megapixels:
                large = folder / photo.name
                large.write_bytes(enlarged(photo, given.megapixels))
            for line in visited(large, folder, given.shots):
                print(line, flush=True)


if __name__ == "__main__":
    main()
