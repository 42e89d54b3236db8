"""`inpaint-app completion`: the Tab key in bash, zsh, fish and PowerShell, by argcomplete."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console

SHELLS = ("bash", "zsh", "fish", "powershell")
EXAMPLES = """\
examples:
  inpaint-app completion bash >> ~/.bashrc        then open a new shell
  inpaint-app completion zsh >> ~/.zshrc
  inpaint-app completion fish > ~/.config/fish/completions/inpaint-app.fish
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(
        commands, "completion", "Print what makes the Tab key complete commands.", EXAMPLES, output=False
    )
    parser.add_argument("shell", choices=SHELLS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Print the shell's code on standard output."""
    from argcomplete.shell_integration import shellcode

    console.write(shellcode(["inpaint-app"], shell=arguments.shell))
    return 0


def offer(build: Callable[[str | None], argparse.ArgumentParser]) -> None:
    """Answer a shell that asks what could stand here, and end the process.

    It asks by `_ARGCOMPLETE` and the line typed so far, `COMP_LINE` (argcomplete's protocol).
    """
    import argcomplete

    words = os.environ.get("COMP_LINE", "").split()[1:]
    argcomplete.autocomplete(build(words[0] if words else None), always_complete_options="long")
