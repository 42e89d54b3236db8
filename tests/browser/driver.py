"""Drives the studio the way a person does: by its buttons, its canvas and its keys."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

WAIT = 120_000
LISTEN = """
window.said = [];
new MutationObserver(changes => {
  for (const {target} of changes)
    if (target.classList?.contains("st-toast")) window.said.push(target.querySelector("p")?.textContent ?? "");
}).observe(document, {subtree: true, childList: true});
"""


class Studio:
    """One page. Coordinates are pixels of the photo."""

    def __init__(self, page: Any, server: Any) -> None:
        self.page = page
        self.server = server
        self.errors: list[str] = []
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.add_init_script(LISTEN)
        page.goto(server.address)
        page.wait_for_selector(".st-hero")
        self.page.wait_for_function("window.inpaintMarks !== undefined")

    def open(self, path: Path) -> None:
        """Open a photo and wait until it is on the canvas."""
        self.page.set_input_files(".st-file", str(path))
        self.page.wait_for_function(
            "name => document.querySelector('.st-name').textContent === name", arg=path.name
        )
        self.page.wait_for_selector(".st[data-mode='edit']")
        self.rest()

    def rest(self) -> None:
        """Wait until nothing is at work."""
        self.page.wait_for_function("!document.querySelector('.st').parentElement.studio.app.busy")

    def do(self, name: str) -> None:
        """Press a button by what it does."""
        self.page.locator(f"[data-do={name}]:visible").first.click()

    def only(self, *backends: str) -> None:
        """Fill with these backends."""
        for box in self.page.locator("input[name=backend]").all():
            box.evaluate(
                "(box, on) => { if (box.checked !== on) box.click(); }",
                box.get_attribute("value") in backends,
            )

    def app(self, expression: str) -> Any:
        """A value of the page's state."""
        return self.page.evaluate(
            f"(() => {{ const s = document.querySelector('.st').parentElement.studio; return {expression}; }})()"
        )

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the photo is in the window."""
        box = self.page.locator(".st-canvas").bounding_box()
        view = self.app("({x: s.view.x, y: s.view.y, k: s.view.scale / s.app.ratio()})")
        return box["x"] + view["x"] + x * view["k"], box["y"] + view["y"] + y * view["k"]

    def stroke(self, *points: tuple[float, float]) -> None:
        """Draw through points with the tool that is on."""
        mouse = self.page.mouse
        mouse.move(*self.at(*points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.at(*point), steps=8)
        mouse.up()

    def brush(self, photo_pixels: float) -> float:
        """Set the brush as near to that width as its slider goes; returns the width that it has."""
        k = self.app("s.view.scale / s.app.ratio()")
        self.app(f"s.app.setBrush({photo_pixels} * {k})")
        return float(self.app("s.app.brush") / k)

    def remove(self, button: str = "remove") -> None:
        """Press a button that removes, and wait for its result."""
        self.do(button)
        self.page.wait_for_selector(".st[data-mode='compare']")
        self.rest()

    def mask(self) -> NDArray[np.bool_]:
        """The mask as the server has it, at full size."""
        return np.asarray(PillowImage.open(self.saved("mask-save")).convert("L")) > 127

    def saved(self, button: str) -> Path:
        """Press a button that downloads, and return the file."""
        if not self.page.locator(f".st-files [data-do={button}]").is_visible():
            self.page.locator(".st-files summary").click()
        with self.page.expect_download() as download:
            self.page.locator(f".st-files [data-do={button}]").click()
        self.rest()
        target = Path(download.value.path()).with_name(download.value.suggested_filename)
        download.value.save_as(target)
        return target

    def says(self, words: str) -> None:
        """Wait until a message with these words has come since the last one asked for; it may be gone again."""
        self.page.wait_for_function("words => window.said.some(one => one.includes(words))", arg=words)
        self.page.evaluate("window.said = []")

    def visit(self) -> Any:
        """What the server holds for this page."""
        name = self.app("s.app.photo.name")
        visits = [
            v for v in self.server.visits._visits.values() if v.photo is not None and v.photo.name == name
        ]
        return max(visits, key=lambda visit: visit.touched)

    def wait_until(self, condition: Any, seconds: float = 60.0) -> None:
        """Wait for something on the server's side."""
        ends = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends, "it did not happen in time"
            self.page.wait_for_timeout(50)


def painted(path: Path, width: int, height: int, orientation: int = 1) -> Path:
    """A photo with soft structure; the size is the stored one."""
    rows, columns = np.mgrid[0:height:8, 0:width:8]
    small = np.stack([rows * 255 // height, columns * 255 // width, (rows + columns) // 9 % 255], axis=2)
    picture = PillowImage.fromarray(small.astype(np.uint8)).resize(
        (width, height), PillowImage.Resampling.BILINEAR
    )
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    picture.save(path, quality=90, exif=exif)
    return path
