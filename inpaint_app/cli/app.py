"""`inpaint-app app`: the page."""

from __future__ import annotations

import argparse
import importlib
from typing import Any

from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console
from inpaint_app.errors import MissingPackage

EXAMPLES = """\
examples:
  inpaint-app app                            on http://127.0.0.1:7860
  inpaint-app app --host 0.0.0.0 --port 80   for others in the network
  inpaint-app app --share                    through a public address of gradio's
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "app", "Start the page in the browser.", EXAMPLES)
    parser.add_argument("--host", default=None, metavar="ADDRESS", help="where to listen (default 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=None, metavar="N", help="default: the first free from 7860"
    )
    parser.add_argument("--share", action="store_true", help="a public address for some days")
    parser.add_argument("--open", action="store_true", help="open the browser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Serve until Ctrl-C."""
    try:
        page = importlib.import_module("inpaint_app.ui.launch")
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"The page needs {error.name}, which is not installed: pip install {error.name}"
        ) from error
    page.launch(host=arguments.host, port=arguments.port, share=arguments.share, open=arguments.open)
    return 0
