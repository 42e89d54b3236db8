"""Runs the app in a real window and uses it as a person would: open, brush, remove, save, close.

`python windowed.py FOLDER` with photo.png in it, on a screen (Xvfb is one). It leaves saved.png and said.json.
The photo is put into the page's chooser, and the dialog for saving is answered, since nobody is there to type.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

APP = "document.querySelector('.st').parentElement.studio.app"


class Person:
    """Who sits at the window."""

    def __init__(self, folder: Path, window: Any) -> None:
        self.folder = folder
        self.window = window
        self.said: dict[str, Any] = {}

    def use(self) -> None:
        """Do it all, and close the window at the end whatever happens."""
        try:
            self._use()
        except Exception as error:  # noqa: BLE001 - told by the test
            self.said["error"] = repr(error)
        finally:
            (self.folder / "said.json").write_text(json.dumps(self.said))
            self.window.destroy()

    def _use(self) -> None:
        self.until("document.querySelector('.st-hero') && window.inpaintSaves && window.inpaintMarks")
        self.said["address"] = self.window.get_current_url()
        self.said["status"] = urllib.request.urlopen(self.said["address"]).status
        self.js(PUT)
        self.until(f"document.querySelector('.st').dataset.mode === 'edit' && !{APP}.busy")
        self.js(
            "for (const box of document.querySelectorAll('input[name=backend]')) "
            "if (box.checked !== (box.value === 'telea')) box.click()"
        )
        self.js(STROKE)
        self.js("document.querySelector('[data-do=remove]').click()")
        self.until(f"document.querySelector('.st').dataset.mode === 'compare' && !{APP}.busy")
        self.said["untouched"] = self.js("document.querySelector('.badge').textContent")
        self.js("document.querySelector('.st-looks [data-do=download]').click()")
        ends = time.monotonic() + 60
        while not (self.folder / "saved.png").exists() and time.monotonic() < ends:
            time.sleep(0.2)
        self.said["asked for"] = DIALOGS

    def js(self, code: str) -> Any:
        return self.window.evaluate_js(code)

    def until(self, condition: str, seconds: float = 90.0) -> None:
        ends = time.monotonic() + seconds
        while not self.js(f"Boolean({condition})"):
            if time.monotonic() > ends:
                raise TimeoutError(condition)
            time.sleep(0.2)


DIALOGS: list[str] = []

PUT = """
(async () => {
  const bytes = await (await fetch("data:image/png;base64,PHOTO")).blob();
  const files = new DataTransfer();
  files.items.add(new File([bytes], "photo.png", { type: "image/png" }));
  const chooser = document.querySelector(".st-file");
  chooser.files = files.files;
  chooser.dispatchEvent(new Event("change"));
})()
"""

STROKE = """
(() => {
  const canvas = document.querySelector(".st-canvas"), box = canvas.getBoundingClientRect();
  const at = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, {
    bubbles: true, pointerId: 1, pointerType: "mouse", isPrimary: true, button: 0,
    buttons: kind === "pointerup" ? 0 : 1, clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
  at("pointerdown", 0.45, 0.5); at("pointermove", 0.5, 0.5); at("pointermove", 0.55, 0.5); at("pointerup", 0.55, 0.5);
})()
"""


def main(folder: Path) -> int:
    """Start the app with somebody at it."""
    import base64

    import webview

    from inpaint_app.cli import main as command

    global PUT
    PUT = PUT.replace("PHOTO", base64.b64encode((folder / "photo.png").read_bytes()).decode())
    create = webview.create_window

    def created(*given: Any, **options: Any) -> Any:
        window = create(*given, **options)

        def dialog(kind: Any, **asked: Any) -> tuple[str]:
            DIALOGS.append(asked["save_filename"])
            return (str(folder / "saved.png"),)

        window.create_file_dialog = dialog
        window.events.shown += lambda *_: threading.Thread(
            target=Person(folder, window).use, daemon=True
        ).start()
        return window

    webview.create_window = created
    return command(["app", "--window", "--quiet"])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
