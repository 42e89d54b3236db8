"""Takes the pictures of the README from the running app: `python assets/make_screenshots.py [PHOTO]`.

Needs chromium and playwright, and YOLO weights (INPAINT_YOLO_WEIGHTS, or in checkpoints/). Without PHOTO it takes the
sample photo that comes with ultralytics.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
os.environ.setdefault("GRADIO_TEMP_DIR", tempfile.mkdtemp())

DESK = {"viewport": {"width": 1440, "height": 900}}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


def main() -> None:
    """Start the app, take the pictures, stop it."""
    from playwright.sync_api import sync_playwright

    from inpaint_app.removal.session import Session
    from inpaint_app.ui import view_models
    from inpaint_app.ui.page import build, launch_options
    from inpaint_app.ui.warm import warm_up

    photo = Path(sys.argv[1]) if len(sys.argv) > 1 else view_models.samples()["bus.jpg"]
    page = build(Session())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page.launch(
        **{**launch_options(page.session.settings), "server_name": "127.0.0.1", "server_port": port},
        prevent_thread_lock=True,
    )
    warm_up(page.session).join()
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, size, scheme in (
            ("desktop", DESK, "light"), ("desktop-dark", DESK, "dark"),
            ("phone", PHONE, "light"), ("phone-dark", PHONE, "dark"),
        ):  # fmt: skip
            context = browser.new_context(color_scheme=scheme, **size)
            take(context.new_page(), f"http://127.0.0.1:{port}", photo, name, HERE)
            context.close()
        browser.close()
    page.close()


def take(page: Any, address: str, photo: Path, name: str, folder: Path) -> None:
    """One device in one scheme: the start, what was found, and the result beside the photo."""
    page.set_default_timeout(180_000)
    page.goto(address)
    page.wait_for_selector(".st-hero")
    page.wait_for_timeout(600)
    shoot(page, f"start-{name}", folder)
    page.set_input_files(".st-file", str(photo))
    page.wait_for_selector(".st[data-mode='edit']")
    page.click("[data-do=find]")
    page.wait_for_selector(".chip", state="attached")
    page.wait_for_timeout(400)
    page.evaluate("document.querySelector('.group[data-label=person]').click()")
    page.wait_for_timeout(300)
    shoot(page, f"found-{name}", folder)
    page.click("[data-do=remove]")
    page.wait_for_selector(".st[data-mode='compare']")
    page.wait_for_function("!document.querySelector('.st').parentElement.studio.app.busy")
    page.evaluate("document.querySelector('.st').parentElement.studio.app.compare.place(0.46)")
    page.mouse.move(4, 400)
    page.wait_for_timeout(500)
    shoot(page, f"result-{name}", folder)


def shoot(page: Any, name: str, folder: Path) -> None:
    """One picture, small enough for a repository."""
    from PIL import Image

    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(folder / f"{name}.webp", quality=86, method=6)
    if name == "result-desktop":
        picture.save(folder / "app.png", optimize=True)  # what the README opens with
        wide = picture.crop((0, 0, picture.width, round(picture.width / 1.91)))  # what links to a Space show
        wide.resize((1200, 628)).save(folder / "thumbnail.jpg", quality=85, optimize=True)


if __name__ == "__main__":
    main()
