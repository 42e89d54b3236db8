"""A window of its own: who starts and ends first, what is saved where, and what is said where nothing can be shown.

A stand-in takes pywebview's place here; tests/browser/test_window.py opens a real window where there is one to open.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import types
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inpaint_app.cli import main
from inpaint_app.ui import warm
from inpaint_app.ui.desktop import Saver


class Happening:
    """An event of pywebview's: functions are added to it."""

    def __init__(self) -> None:
        self.heard: list[Callable[..., Any]] = []

    def __iadd__(self, function: Callable[..., Any]) -> Happening:
        self.heard.append(function)
        return self


class Window:
    def __init__(self, title: str, address: str, js_api: Any, **looks: Any) -> None:
        self.title, self.address, self.saver, self.looks = title, address, js_api, looks
        self.events = types.SimpleNamespace(loaded=Happening())
        self.closed = threading.Event()
        self.scripts: list[str] = []
        self.chosen: Any = None
        self.asked: dict[str, Any] = {}

    def destroy(self) -> None:
        self.closed.set()

    def evaluate_js(self, script: str) -> None:
        self.scripts.append(script)

    def create_file_dialog(self, kind: Any, **asked: Any) -> Any:
        self.asked = {"kind": kind, **asked}
        return self.chosen


class Webview(types.ModuleType):
    """The library. `person` is who uses the window while it is open."""

    class WebViewException(Exception):  # noqa: N818 - the library's name
        pass

    FileDialog = types.SimpleNamespace(SAVE="save")

    def __init__(self) -> None:
        super().__init__("webview")
        self.windows: list[Window] = []
        self.person: Callable[[Window], None] = lambda window: window.destroy()

    def create_window(self, *given: Any, **options: Any) -> Window:
        self.windows.append(Window(*given, **options))
        return self.windows[-1]

    def start(self) -> None:
        (window,) = self.windows
        for function in window.events.loaded.heard:
            function()
        self.person(window)
        assert window.closed.wait(20), "nobody closed the window"


@pytest.fixture
def webview(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Webview:
    stand_in = Webview()
    monkeypatch.setitem(sys.modules, "webview", stand_in)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(warm, "warm_up", lambda session: None)
    return stand_in


def started() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return main(["app", "--window", "--quiet", "--port", str(port), "--host", "127.0.0.1"])


def answers(address: str) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except (urllib.error.URLError, OSError):
        return False


def test_the_server_is_there_before_the_window_and_goes_with_it(
    webview: Webview, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inpaint_app.server.visitors import Visits

    seen: list[Any] = []
    halt = Visits.halt
    monkeypatch.setattr(Visits, "halt", lambda visits: (seen.append("work stopped"), halt(visits)))

    def person(window: Window) -> None:
        seen.append(answers(window.address))
        window.destroy()

    webview.person = person
    assert started() == 0
    (window,) = webview.windows
    assert seen == [True, "work stopped"]
    assert not answers(window.address)
    assert "inpaintSaves" in window.scripts[0]
    assert (window.title, window.looks["min_size"]) == ("Inpaint", (360, 480))


def test_closing_stops_the_work_of_every_visit(tmp_path: Path) -> None:
    from inpaint_app.server.visitors import Visits

    visits = Visits(tmp_path)
    call = threading.Event()
    visits.of("a").calls.add(call)
    visits.halt()
    assert call.is_set()
    assert visits.of("a").stop.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_closes_both(webview: Webview, number: signal.Signals) -> None:
    before = signal.getsignal(number)
    webview.person = lambda window: os.kill(os.getpid(), number)
    assert started() == 0
    (window,) = webview.windows
    assert window.closed.is_set()
    assert not answers(window.address)
    assert signal.getsignal(number) is before


def test_without_the_library_the_cure_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "webview", None)
    assert main(["app", "--window"]) == 3
    said = capsys.readouterr().err
    assert 'pip install -e ".[desktop]"' in said
    assert "leave --window out" in said


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_a_screen_it_says_so(
    webview: Webview, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["app", "--window"]) == 2
    assert "no screen" in capsys.readouterr().err
    assert webview.windows == []


def test_without_an_engine_the_reason_is_told_and_the_server_ends(
    webview: Webview, capsys: pytest.CaptureFixture[str]
) -> None:
    def start() -> None:
        try:
            raise ImportError("libEGL.so.1: cannot open shared object file")
        except ImportError:
            logging.getLogger("pywebview").exception("QT cannot be loaded")
        raise Webview.WebViewException("You must have either QT or GTK")

    webview.start = start  # type: ignore[method-assign]
    assert started() == 3
    said = capsys.readouterr().err
    assert "libEGL.so.1" in said
    assert "Traceback" not in said
    assert not answers(webview.windows[0].address)


@pytest.fixture
def saver(tmp_path: Path) -> Saver:
    made = Saver(tmp_path / "uploads")
    made._window = Window("", "", None)
    return made


def handed_out(tmp_path: Path) -> str:
    file = tmp_path / "uploads" / "visit" / "a photo.jpg"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"photo")
    return f"http://127.0.0.1:7860/gradio_api/file={str(file).replace(' ', '%20')}"


@pytest.mark.parametrize("several", [False, True])
def test_a_file_is_saved_where_the_dialog_says(saver: Saver, tmp_path: Path, several: bool) -> None:
    target = tmp_path / "clean.jpg"
    saver._window.chosen = (str(target),) if several else str(target)
    assert saver.save(handed_out(tmp_path), "../../clean.jpg") == ""
    assert target.read_bytes() == b"photo"
    assert saver._window.asked["save_filename"] == "clean.jpg"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clean.jpg", "uploads"]


def test_a_dialog_that_is_cancelled_saves_nothing(saver: Saver, tmp_path: Path) -> None:
    assert saver.save(handed_out(tmp_path), "clean.jpg") == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["uploads"]


def test_only_files_of_the_server_are_copied(saver: Saver, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    address = handed_out(tmp_path)
    for wrong in (f"http://x/file={tmp_path}/secret", f"http://x/file={tmp_path}/uploads/../secret", "http://x/",
                  address + "x", f"file://{tmp_path}/secret"):  # fmt: skip
        assert "no such file" in saver.save(wrong, "secret")
    assert saver._window.asked == {}


def test_a_folder_that_cannot_be_written_is_told(saver: Saver, tmp_path: Path) -> None:
    saver._window.chosen = str(tmp_path / "nowhere" / "clean.jpg")
    said = saver.save(handed_out(tmp_path), "clean.jpg")
    assert "clean.jpg could not be written" in said
    assert "another folder" in said


def test_the_page_can_call_one_thing(saver: Saver) -> None:
    assert [name for name in dir(saver) if not name.startswith("_")] == ["save"]
