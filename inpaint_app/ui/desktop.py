"""The page in a window of its own (pywebview, the extra `desktop`), with the system's dialogs for files."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from gradio.utils import get_upload_folder

from inpaint_app.errors import MissingPackage, OptionError
from inpaint_app.runtime.ending import handled, heard
from inpaint_app.ui.studio import static

SIZE = (1360, 860)
SMALLEST = (360, 480)

INSTEAD = "or leave --window out and use the page in the browser."
CURE = f'pip install -e ".[desktop]", {INSTEAD}'
ENGINES = {
    "linux": "Qt's (pip install -e '.[desktop]') or GTK's (apt install python3-gi gir1.2-webkit2-4.1)",
    "win32": "the WebView2 runtime, which comes with Windows 11 and with the Edge browser",
    "darwin": "PyObjC (pip install pyobjc-framework-WebKit)",
}
"""What draws the page, by system."""

QT = (("PySide6", "Qt"), ("PyQt6", "Qt6"))
"""Packages of Qt, and where they keep it."""

LIBRARIES = "apt install libegl1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1"


def check() -> Any:
    """The library; raises MissingPackage or OptionError with the cure where it, or a screen, is not there."""
    try:
        webview = importlib.import_module("webview")
    except ImportError as error:
        raise MissingPackage(f"A window needs {error.name}: {CURE}") from error
    if sys.platform == "linux":
        _check_screen()
    return webview


def _check_screen() -> None:
    """What Qt would end the whole process for."""
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        raise OptionError(f"There is no screen to open a window on (DISPLAY is not set): set it, {INSTEAD}")
    if (
        importlib.util.find_spec("gi")
        or os.environ.get("WAYLAND_DISPLAY")
        or os.environ.get("QT_QPA_PLATFORM")
    ):
        return
    for package, folder in QT:
        spec = importlib.util.find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            plugin = Path(root, folder, "plugins", "platforms", "libqxcb.so")
            try:
                ctypes.CDLL(str(plugin))
            except OSError as error:
                library = str(error).partition(":")[0]
                raise MissingPackage(f"Qt lacks {library} of the system: {LIBRARIES}, {INSTEAD}") from None


def _forget_other_plugins() -> None:
    """Importing OpenCV has pointed Qt to OpenCV's own plugins, which fit no other Qt."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def show(address: str, title: str = "Inpaint") -> None:
    """Show the page until its window is closed, or Ctrl-C or an end signal closes it. Only in the main thread.

    Raises MissingPackage where nothing can draw a page.
    """
    webview = check()
    _forget_other_plugins()
    saver = Saver(Path(get_upload_folder()))
    window = webview.create_window(
        title,
        address,
        js_api=saver,
        width=SIZE[0],
        height=SIZE[1],
        min_size=SMALLEST,
        background_color="#f6f4f1",
        text_select=True,
    )
    saver._window, saver._dialog = window, webview.FileDialog.SAVE
    window.events.loaded += lambda *_: window.evaluate_js(static("window.js"))
    with _told_why(webview) as why, _ended_by_signals(window.destroy):
        try:
            webview.start()
        except webview.WebViewException as error:
            engine = ENGINES.get(sys.platform, "a web engine")
            told = f" ({why[-1]})" if why else ""
            raise MissingPackage(
                f"Nothing here can draw a page in a window{told}: it takes {engine}; {INSTEAD}"
            ) from error


class Saver:
    """What the page's script may call: one method. Attributes with an underscore are not handed to it."""

    def __init__(self, uploads: Path) -> None:
        self._uploads = uploads.resolve()
        self._window: Any = None
        self._dialog: Any = None

    def save(self, address: str, name: str) -> str:
        """Ask where to, and copy the file that the server has at the address; a sentence where it fails, else ""."""
        path = Path(unquote(urlsplit(address).path.partition("/file=")[2])).resolve()
        if not path.is_relative_to(self._uploads) or not path.is_file():
            return "There is no such file any more: make it again."
        chosen = self._window.create_file_dialog(self._dialog, save_filename=Path(name).name or path.name)
        if not chosen:
            return ""
        target = Path(chosen if isinstance(chosen, str) else chosen[0])
        beside = target.with_name(f".{target.name}.part")
        try:
            shutil.copyfile(path, beside)
            beside.replace(target)
        except OSError as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            return f"{target.name} could not be written ({error.strerror}): choose another folder."
        return ""


@contextmanager
def _told_why(webview: Any) -> Iterator[list[str]]:
    """pywebview logs the tracebacks of the engines that it tries; their reasons are kept, and nothing is printed."""
    reasons: list[str] = []

    class Reasons(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1]:
                reasons.append(str(record.exc_info[1]))

    log = logging.getLogger("pywebview")
    kept, log.handlers, propagate = log.handlers, [Reasons()], log.propagate
    log.propagate = False
    try:
        yield reasons
    finally:
        log.handlers, log.propagate = kept, propagate


@contextmanager
def _ended_by_signals(end: Callable[[], None]) -> Iterator[None]:
    """Call `end` on Ctrl-C or an end signal. Where an engine takes their channel for itself, it runs the handler."""
    asked, over = threading.Event(), threading.Event()

    def wait() -> None:
        asked.wait()
        if not over.is_set():
            end()

    threading.Thread(target=wait, daemon=True, name="window").start()
    try:
        with handled(lambda *_: asked.set()), heard(lambda number: asked.set()):
            yield
    finally:
        over.set()
        asked.set()
