"""`inpaint-app train` and `inpaint-app evaluate`: handed on to their own packages, which load only then."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from inpaint_app.cli import parser as shared
from inpaint_app.errors import MissingPackage

COMMANDS = {
    "train": ("inpaint_app.lab.training.command", "Train one of the networks.", "train"),
    "evaluate": ("inpaint_app.lab.evaluation.command", "Measure backends on photos with cut holes.", "test"),
}


def add(commands: Any, chosen: str | None) -> None:
    """Add both commands; only the one that is about to run brings its arguments."""
    for name, (module, help, extra) in COMMANDS.items():
        epilog = "" if name != chosen else getattr(_loaded(name, module, extra), "EXAMPLES", "")
        parser = shared.add_command(commands, name, help, epilog, output=False)
        if name == chosen:
            command = _loaded(name, module, extra)
            command.add_arguments(parser)
            parser.set_defaults(
                run=lambda arguments, console, run=command.run: run(arguments, arguments.settings) or 0
            )


def _loaded(name: str, module: str, extra: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"'{name}' needs {error.name}, which is not installed: pip install 'inpaint-app[{extra}]'"
        ) from error
