"""How the command line is read: the parser that helps with misspelt words, and arguments that commands share."""

from __future__ import annotations

import argparse
import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from importlib import metadata
from typing import Any, NoReturn

from inpaint_app.backends import registry as backends
from inpaint_app.cli.console import Console
from inpaint_app.errors import OptionError, printable
from inpaint_app.removal.parts import AUTO, KINDS
from inpaint_app.removal.request import ARGUMENTS, Request
from inpaint_app.segmenters import registry as segmenters
from inpaint_app.segmenters.base import GROUPS, labels_of
from inpaint_app.segmenters.selecting.gesture import Gesture
from inpaint_app.types import Box

YES_NO = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}

ABOUT = """\
Removes people, cars and anything else from photos, and leaves every other pixel exactly as it was.
"""

MORE = """\
first steps:
  inpaint-app app                                           the page, in the browser
  inpaint-app remove street.jpg --people -o clean.jpg       everyone gone
  inpaint-app remove street.jpg --mask mask.png -o out/     what is white in the mask gone
  inpaint-app detect street.jpg                             what could be removed
  inpaint-app batch holiday/ clean/ --people --cars         a whole folder; --resume after a stop
  inpaint-app compare street.jpg --people -o compared.html  several fills side by side
  inpaint-app COMMAND --help                                more, with examples

exit codes: 0 done · 1 some photos failed · 2 wrong call · 3 weights or a package missing · 130 or 143 stopped
"""


class Parser(argparse.ArgumentParser):
    """An argument parser that says which word was probably meant."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)
        self.commands: dict[str, Parser] = {}

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As argparse has it, but an unknown option is answered by the command that it was given to."""
        arguments, rest = self.parse_known_args(args, namespace)
        if rest:
            command = self.commands.get(getattr(arguments, "command", ""), self)
            command.error(f"unrecognized argument: {rest[0]}")
        return arguments

    def error(self, message: str) -> NoReturn:
        """The message with a "did you mean", then where help is; exit code 2."""
        unknown = re.search(r"(?:unrecognized argument: |invalid choice: ')(-*[\w-]+)", message)
        known = [*self._option_string_actions, *self.commands]
        if unknown:
            choices = re.findall(r"'([\w.-]+)'", message.partition("(choose from")[2])
            near = get_close_matches(unknown[1], choices or known, n=1)
            message = message.partition(" (choose from")[0] + (f". Did you mean {near[0]}?" if near else "")
        self.exit(2, f"{self.prog}: {printable(message)}\nTry '{self.prog} --help'.\n")


def program() -> tuple[Parser, Any]:
    """The bare program and what commands are added to."""
    parser = Parser(prog="inpaint-app", description=ABOUT, epilog=MORE)
    try:
        version = metadata.version("inpaint-app")
    except metadata.PackageNotFoundError:
        version = "(not installed)"
    parser.add_argument("--version", action="version", version=f"inpaint-app {version}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands", parser_class=Parser
    )
    commands._inpaint_parser = parser  # type: ignore[attr-defined]
    return parser, commands


def add_command(commands: Any, name: str, help: str, epilog: str = "", output: bool = True) -> Parser:
    """A command of the program, with --quiet and --progress unless it has its own (`output` false)."""
    parser: Parser = commands.add_parser(name, help=help, description=help, epilog=epilog)
    commands._inpaint_parser.commands[name] = parser
    if output:
        group = parser.add_argument_group("output")
        group.add_argument("-q", "--quiet", action="store_true", help="say nothing but what went wrong")
        group.add_argument("--progress", action="store_true", help="show progress even without a terminal")
    return parser


def completed(action: argparse.Action, words: Iterable[str]) -> None:
    """What the Tab key offers for an argument of free form (completion.py)."""
    names = tuple(words)
    action.completer = lambda **_: names  # type: ignore[attr-defined]


def add_arguments(group: Any, *names: str) -> None:
    """Those of the arguments that all faces have (`ARGUMENTS`) as flags."""
    for name in names:
        asked: dataclasses.Field[Any] = ARGUMENTS[name]
        flag, rules, choices = f"--{name.replace('_', '-')}", asked.metadata, asked.metadata["choices"]
        if asked.default is False:
            group.add_argument(flag, action="store_true", help=rules["help"])
            continue
        auto = asked.default is None
        given = {"choices": choices} if choices else {"type": partial(number, rules=rules, auto=auto)}
        span = None if choices else f"{rules['minimum']:g}..{rules['maximum']:g}" + ("|auto" if auto else "")
        said = f"{rules['help']} (default {AUTO if auto else asked.default})"
        group.add_argument(flag, default=asked.default, metavar=span, help=said, **given)


def add_finding(parser: Parser) -> None:
    """Which picture of a file is meant, and what is to be found in it."""
    parser.add_argument(
        "--frame",
        type=partial(number, rules={"minimum": 1, "maximum": 100_000}, auto=False),
        metavar="N",
        help="of an animation, a TIFF with pages or a HEIC with several pictures: which one is edited (default 1); the "
        "others stay as they are",
    )
    group = parser.add_argument_group("what is found")
    group.add_argument("--people", action="store_true", help="all people")
    group.add_argument("--bystanders", action="store_true", help="all people but whom the photo is about")
    group.add_argument("--cars", action="store_true", help="cars, buses, trucks, motorcycles")
    group.add_argument(
        "--objects", metavar="A,B", default="", help=f"kinds of things: dog, bicycle, {', '.join(GROUPS)}, …"
    )
    for name, kind, form, where in (
        ("at", point, "X,Y", "at this pixel"),
        ("box", box, "L,T,R,B", "in this box"),
    ):
        said = f"the thing {where}; repeatable"
        group.add_argument(f"--{name}", type=kind, action="append", default=[], metavar=form, help=said)
    add_arguments(group, "confidence", *KINDS)
    segmenter = group.add_argument("--segmenter", metavar="NAME", help="what finds; see 'inpaint-app models'")
    completed(segmenter, (spec.name for spec in segmenters.SEGMENTERS))


def add_filling(parser: Parser, several: bool, usual: str = backends.DEFAULT) -> None:
    """How holes are filled. usual: what fills where nothing is named."""
    group = parser.add_argument_group("how it is filled")
    backend = group.add_argument(
        "--backend",
        action="append" if several else "store",
        metavar="NAME",
        help=f"see 'inpaint-app backends' (default {usual})"
        + ("; several give a file each" if several and usual == backends.DEFAULT else ""),
    )
    completed(backend, (spec.name for spec in backends.BACKENDS))
    group.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the backend, see 'inpaint-app backends --options'",
    )
    add_arguments(group, "grow", "feather", "candidates")
    group.add_argument(
        "--seed", type=int, default=None, metavar="N", help="the same seed gives the same pixels (default 0)"
    )


def note_former(names: Iterable[str | None] | None, console: Console) -> None:
    """Say what a backend is called or means now to whoever names it as before; raises OptionError for no backend."""
    for name in filter(None, names or ()):
        backends.find(name)
        if backends.word(name):
            console.note(backends.word(name))


def number(text: str, rules: Mapping[str, Any], auto: bool) -> float | None:
    """A number within the range of an argument and of its kind; None for auto, where that may stand."""
    low, high = rules["minimum"], rules["maximum"]
    if auto and text == AUTO:
        return None
    try:
        value: float = type(low)(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        kind = "a number" if isinstance(low, float) else "a whole number"
        or_auto = ", or auto" if auto else ""
        raise argparse.ArgumentTypeError(f"{text!r}: expected {kind} from {low:g} to {high:g}{or_auto}")
    return value


def point(text: str) -> Gesture:
    """A click at a pixel of the upright photo."""
    return Gesture(points=(tuple(number + 0.5 for number in _whole(text, "X,Y")),))  # type: ignore[arg-type]


def box(text: str) -> Gesture:
    """A box in pixels of the upright photo."""
    left, top, right, bottom = _whole(text, "L,T,R,B")
    if right <= left or bottom <= top:
        raise argparse.ArgumentTypeError(f"{text!r}: expected right beyond left and bottom below top")
    return Gesture(Box(left, top, right, bottom))


def _whole(text: str, names: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(names.split(",")) or not all(part.isdecimal() and len(part) < 7 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r}: expected {names}, whole pixels of the upright photo")
    return tuple(int(part) for part in parts)


def objects(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The words for what is to be found; raises OptionError on one that nothing stands for."""
    words = [word.strip().lower() for word in arguments.objects.split(",") if word.strip()]
    words = [word for word in ("people", "bystanders", "cars") if getattr(arguments, word)] + words
    if words:
        labels_of(words, segmenters.labels(arguments.settings))
    return tuple(dict.fromkeys(words))


def options(arguments: argparse.Namespace, backend: str, others: Iterable[str] = ()) -> dict[str, Any]:
    """The options of --option and --seed, in the types that the backend wants; raises OptionError.

    An option that only one of `others` has is left to that one.
    """
    spec = backends.find(backend)
    fields = {field.name: field for field in dataclasses.fields(spec.options)}
    elsewhere = {field.name for name in others for field in dataclasses.fields(backends.find(name).options)}
    values: dict[str, Any] = {} if arguments.seed is None else {"seed": arguments.seed}
    for text in arguments.option:
        name, equals, value = text.partition("=")
        name = name.strip().replace("-", "_")
        if not equals:
            raise OptionError(f"--option {text!r}: expected KEY=VALUE, such as radius=5.")
        if name in fields:
            values[name] = typed(name, value.strip(), fields[name].default)
        elif name not in elsewhere:
            values[name] = value
    spec.make_options(values)
    return values


def typed(name: str, text: str, example: Any) -> Any:
    """The text as a value of the example's type."""
    try:
        if isinstance(example, bool):
            return YES_NO[text.lower()]
        if isinstance(example, int):
            return int(text)
        if isinstance(example, float):
            return float(text)
    except (ValueError, KeyError):
        kind = {bool: "yes or no", int: "a whole number", float: "a number"}[type(example)]
        raise OptionError(f"--option {name}={text}: expected {kind}.") from None
    return text


def request(arguments: argparse.Namespace, backend: str, others: Iterable[str] = ()) -> Request:
    """What the shared arguments ask for, through one backend; `others` run beside it."""
    return Request(
        objects=objects(arguments),
        backend=backend,
        segmenter=arguments.segmenter,
        confidence=arguments.confidence,
        grow=arguments.grow,
        feather=arguments.feather,
        options=options(arguments, backend, others),
        candidates=arguments.candidates,
        gestures=(*arguments.at, *arguments.box),
        **{kind: getattr(arguments, kind) for kind in KINDS},
    )


__all__ = ["Parser", "add_command", "add_filling", "add_finding", "objects", "program", "request"]
