"""`inpaint-app app`: what is said before anything heavy is loaded."""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys

import pytest

from inpaint_app.cli import app, main
from inpaint_app.errors import OptionError
from tests.conftest import ROOT


def test_a_port_in_use_is_one_sentence(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["app", "--port", str(port)]) == 2
        said = capsys.readouterr()
        assert said.err.strip() == (
            f"inpaint-app: Port {port} is in use: choose another, or --port auto for the first free one from 7860."
        )
        monkeypatch.setenv("INPAINT_PORT", str(port))
        assert main(["app"]) == 2
    app.check_port("127.0.0.1", port)
    with pytest.raises(OptionError, match=r"Nothing can listen at 203\.0\.113\.1"):
        app.check_port("203.0.113.1", port)


@pytest.mark.parametrize("text", ["0", "70000", "-1", "http", ""])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="or auto"):
        app._port(text)
    assert app._port("auto") == 0
    assert app._port("8080") == 8080


def test_app_py_takes_the_same_flags_and_ignores_none() -> None:
    done = [
        subprocess.run([sys.executable, "app.py", flag], cwd=ROOT, capture_output=True, text=True, timeout=60)
        for flag in ("--help", "--prt=8080")
    ]
    assert done[0].returncode == 0
    assert "--port" in done[0].stdout
    assert done[1].returncode == 2
    assert "--prt" in done[1].stderr
