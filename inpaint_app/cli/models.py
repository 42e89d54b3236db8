"""`inpaint-app backends` and `inpaint-app models`: what there is, what is ready, and fetching what can be fetched."""

from __future__ import annotations

import argparse
import dataclasses
from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import BackendSpec, Missing
from inpaint_app.cli import parser as shared
from inpaint_app.cli import written
from inpaint_app.cli.console import Console
from inpaint_app.errors import OptionError
from inpaint_app.runtime import downloads
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.settings import Settings

BACKENDS = """\
examples:
  inpaint-app backends
  inpaint-app backends --options          what --option can set
"""
MODELS = """\
examples:
  inpaint-app models                      what finds objects and what fills, and what is missing
  inpaint-app models fetch yolov8n-seg    download weights into the user's cache
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add both commands."""
    parser = shared.add_command(commands, "backends", "List what fills holes, with its state.", BACKENDS)
    parser.add_argument("--options", action="store_true", help="with the options of each")
    parser.add_argument("--json", metavar="FILE", help="as JSON (- for the screen)")
    parser.set_defaults(run=run_backends)
    parser = shared.add_command(commands, "models", "List or fetch everything that has weights.", MODELS)
    parser.add_argument("action", nargs="?", choices=("list", "fetch"), default="list")
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to fetch")
    parser.set_defaults(run=run_models)


def run_backends(arguments: argparse.Namespace, console: Console) -> int:
    """The table of all backends."""
    if arguments.json:
        records = [record(spec, arguments.settings) for spec in backends.BACKENDS]
        written.write_json(arguments.json, records, console.write, arguments.settings)
    if arguments.json != "-":
        console.write(_all_lines(arguments.settings, arguments.options))
    return 0


def record(spec: BackendSpec, settings: Settings) -> dict[str, Any]:
    """A backend as plain JSON."""
    lacks = spec.missing(settings)
    return {
        "name": spec.name,
        "title": spec.title,
        "summary": spec.summary,
        "family": spec.family,
        "group": spec.group,
        "default": spec.name == backends.default(settings),
        "ready": not lacks,
        "missing": [dataclasses.asdict(lack) for lack in lacks],
        "options": {
            field.name: {
                "default": field.default,
                **{k: v for k, v in field.metadata.items() if v is not None},
            }
            for field in dataclasses.fields(spec.options)
        },
    }


def _all_lines(settings: Settings, options: bool) -> str:
    return "\n".join(line for spec in backends.BACKENDS for line in lines(spec, settings, options))


def lines(spec: BackendSpec, settings: Settings, options: bool) -> list[str]:
    """A backend as lines for people."""
    lacks = spec.missing(settings)
    default = " (default)" if spec.name == backends.default(settings) else ""
    said = [f"{spec.name:<22} {state(lacks):<9} {spec.title}{default}: {spec.summary}", *cures(lacks)]
    if options:
        for field in dataclasses.fields(spec.options):
            said.append(f"{'':<24}--option {field.name}={field.default}  {described(field)}")
    return said


def described(field: dataclasses.Field[Any]) -> str:
    """What an option is and takes."""
    low, high, choices = (field.metadata.get(key) for key in ("minimum", "maximum", "choices"))
    taken = ""
    if choices:
        taken = f" (one of {', '.join(map(str, choices))})"
    elif low is not None or high is not None:
        taken = f" ({'any' if low is None else f'{low:g}'} to {'any' if high is None else f'{high:.10g}'})"
    return f"{field.metadata.get('help', '')}{taken}"


def state(lacks: tuple[Missing, ...]) -> str:
    """Ready or not, in a word."""
    return "missing" if lacks else "ready"


def cures(lacks: tuple[Missing, ...]) -> list[str]:
    """What is missing and how to get it, a line each."""
    said = []
    for lack in lacks:
        size = f" ({lack.megabytes:g} MB)" if lack.megabytes else ""
        cure = f"inpaint-app models fetch {lack.fetch}" if lack.fetch else lack.cure
        terms = f". {lack.terms}" if lack.terms else ""
        said.append(f"{'':<24}{lack.what} is missing{size}: {cure}{terms}")
    return said


def run_models(arguments: argparse.Namespace, console: Console) -> int:
    """The table of all models, or fetching."""
    if arguments.action == "fetch":
        return fetch(arguments.names, console, arguments.settings)
    console.write("Finding and outlining objects:")
    for spec in (*segmenters.specs(arguments.settings), *segmenters.SELECTORS):
        lacks = spec.missing(arguments.settings)
        said = f"{spec.name:<22} {state(lacks):<9} {spec.title}: {spec.summary} {spec.note}".rstrip()
        console.write("\n".join([said, *cures(lacks)]))
    console.write("\nFilling holes:")
    console.write(_all_lines(arguments.settings, False))
    return 0


def fetch(names: list[str], console: Console, settings: Settings) -> int:
    """Download what is named; raises OptionError for what cannot be fetched, MissingWeights where it fails."""
    can = downloads.fetchable(settings)
    if not names:
        raise OptionError(
            f"Which? {'; '.join(f'{name} ({what})' for name, what in can.items()) or 'Nothing is missing'}."
        )
    for name in names:
        if name in can:
            console.say(f"{name}: {can[name]}")
        with console.working(name) as progress:
            path = downloads.fetch(name, settings, progress)
        console.say(f"{name} is here: {path}")
    return 0
