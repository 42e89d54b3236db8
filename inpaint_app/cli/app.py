"""`inpaint-app app`: the page."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import socket
from typing import Any

from inpaint_app import environment
from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console
from inpaint_app.errors import MissingPackage, OptionError
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings

EXAMPLES = """\
examples:
  inpaint-app app                            on http://127.0.0.1:7860
  inpaint-app app --host 0.0.0.0 --port 80   for others in the network
  inpaint-app app --share                    through a public address of gradio's
  inpaint-app app --window                   in a window of its own
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "app", "Start the page in the browser.", EXAMPLES)
    parser.add_argument(
        "--host",
        default=None,
        metavar="ADDRESS",
        help="where to listen (default INPAINT_HOST, else 127.0.0.1)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=None,
        metavar="N|auto",
        help="default: INPAINT_PORT, else auto: the first free from 7860",
    )
    parser.add_argument("--share", action="store_true", help="a public address for some days")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--open", action="store_true", help="open the browser")
    shown.add_argument(
        "--window", action="store_true", help="open a window of its own (pywebview); closing it ends the app"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until Ctrl-C, or until the window is closed. The heavy parts load in the background once the page is up."""
    settings: Settings = arguments.settings
    wanted = arguments.port if arguments.port is not None else settings.port
    if wanted:
        check_port(arguments.host or settings.host, wanted)
    if arguments.share and settings.surroundings == environment.SPACES:
        raise OptionError("A Space has a public address already: leave --share out.")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.cores))
    try:
        page = importlib.import_module("inpaint_app.ui.page")
    except ModuleNotFoundError as error:
        raise MissingPackage(f"The page needs {error.name}: pip install {error.name}") from error
    window = importlib.import_module("inpaint_app.ui.desktop")
    if arguments.window:
        window.check()
    blocks = page.build(Session(settings))
    given = page.launch_options(settings)
    options = {
        **given,
        "server_name": arguments.host or given["server_name"],
        "server_port": wanted or None,
        "share": arguments.share,
        "inbrowser": arguments.open,
        "quiet": arguments.quiet,
    }
    serving = importlib.import_module("inpaint_app.ui.serving")
    serving.serve(blocks, options, window.show if arguments.window else None)
    return 0


def _port(text: str) -> int:
    """A port's number; 0 for auto, the first free one from 7860."""
    if text == "auto":
        return 0
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a port from 1 to 65535, or auto")
    return int(text)


def check_port(host: str, port: int) -> None:
    """Raises OptionError where nothing can listen at that port, before anything heavy is loaded."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name != "nt":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
            probe.bind((host or "127.0.0.1", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise OptionError(
                f"Port {port} is in use: choose another, or --port auto for the first free one from 7860."
            ) from None
        raise OptionError(
            f"Nothing can listen at {host or '127.0.0.1'}, port {port} ({error.strerror or error}): choose another "
            "--host or --port."
        ) from None
