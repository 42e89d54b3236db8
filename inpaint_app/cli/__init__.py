"""The command line: `inpaint-app remove · detect · batch · compare · backends · models · app · completion · train ·
evaluate`.

Exit codes: 0 done; 1 some photos failed or had nothing to remove; 2 the call is wrong; 3 weights or a package are
missing; 130 stopped with Ctrl-C, 143 with SIGTERM.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from inpaint_app import environment
from inpaint_app.cli import completion
from inpaint_app.cli.console import Console
from inpaint_app.cli.parser import Parser, program
from inpaint_app.errors import Cancelled, InpaintError, MissingError, OptionError
from inpaint_app.runtime.ending import leave
from inpaint_app.settings import Settings

FAILED, USAGE, MISSING = 1, 2, 3

COMMANDS = {
    "remove": "remove", "detect": "detect", "batch": "batch", "compare": "compare", "app": "app", "backends": "models",
    "models": "models", "completion": "completion", "train": "delegated", "evaluate": "delegated",
}  # fmt: skip
"""Each command with the module that adds it."""


def build(chosen: str | None = None) -> Parser:
    """The parser: of the command that is `chosen` alone, or the whole where the word is none."""
    parser, commands = program()
    for module in dict.fromkeys([COMMANDS[chosen]] if chosen in COMMANDS else COMMANDS.values()):
        import_module(f"inpaint_app.cli.{module}").add(commands, chosen)
    return parser


def script() -> NoReturn:
    """The command, as a process of its own."""
    leave(main())


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; every error that the app raises becomes one line on stderr."""
    environment.share_cores()
    if "_ARGCOMPLETE" in os.environ:
        completion.offer(build)
    words = list(sys.argv[1:] if argv is None else argv)
    console = Console()
    try:
        arguments = build(words[0] if words else None).parse_args(words)
        arguments.settings = Settings.from_environment()  # once: all below is handed these
        quiet, progress = getattr(arguments, "quiet", False), getattr(arguments, "progress", False)
        console = Console(quiet, bool(progress))
        return int(arguments.run(arguments, console))
    except SystemExit as exit:
        return exit.code if isinstance(exit.code, int) else USAGE
    except (Cancelled, KeyboardInterrupt) as stop:
        console.problem(console.left or str(stop) or "Stopped.")
        return console.status
    except BrokenPipeError:
        console.forget_output()
        return FAILED
    except OptionError as error:
        console.problem(str(error))
        return USAGE
    except MissingError as error:
        console.problem(f"{error} 'inpaint-app models' lists what is missing and how to fetch it.")
        return MISSING
    except InpaintError as error:
        console.problem(str(error))
        return FAILED
    except OSError as error:  # a name that is too long, a folder that may not be read, a disk that went away
        console.problem(f"{error.filename or 'A file'} cannot be used: {error.strerror or error}.")
        return FAILED
