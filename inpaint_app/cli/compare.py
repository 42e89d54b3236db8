"""`inpaint-app compare`: fills of one photo side by side; and `remove --prove`: which backend is best for it."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inpaint_app.backends import registry as backends
from inpaint_app.cli import masks as mask_arguments
from inpaint_app.cli import parser as shared
from inpaint_app.cli import streams
from inpaint_app.cli.console import Console
from inpaint_app.cli.written import check_file, remember, say_finder
from inpaint_app.errors import MaskError, OptionError
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Photo
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings
from inpaint_app.types import Result

EXAMPLES = """\
examples:
  inpaint-app compare street.jpg --people -o compared.html
  inpaint-app compare street.jpg --mask mask.png --backend lama-guided --backend exemplar -o compared.html

The page needs no other file: pictures and numbers are inside. The photo itself stays as it is.
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(
        commands, "compare", "Fill with several backends, side by side on a page.", EXAMPLES
    )
    parser.add_argument("photo", type=Path, metavar="PHOTO", help="a file; - is standard input")
    parser.add_argument(
        "-o", "--output", required=True, metavar="HTML", help="the page; - is standard output"
    )
    parser.add_argument(
        "--mask", type=Path, metavar="M", help="a picture, white = remove; - is standard input"
    )
    mask_arguments.add_reading(parser)
    shared.add_finding(parser)
    three = ", ".join(backends.SIDE_BY_SIDE)
    shared.add_filling(parser, several=True, usual=f"{three}, as far as they are here")
    parser.add_argument("--overwrite", action="store_true", help="write over a file that is there already")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Fill with each and write the page; whatever fails ends it."""
    settings, target = arguments.settings, str(arguments.output)
    if not (shared.objects(arguments) or arguments.at or arguments.box or arguments.mask):
        raise OptionError(mask_arguments.NOTHING)
    streams.check([str(arguments.photo), str(arguments.mask)].count(streams.STREAM), 1)
    if target == streams.STREAM:
        console.reserve()
    shared.note_former(arguments.backend, console)
    session = Session(settings)
    names = list(dict.fromkeys(arguments.backend or _ready(settings, console)))
    requests = [shared.request(arguments, name, names) for name in names]
    for name in names:
        session.resolve_backend(name)
    check_file(target, arguments.overwrite, settings)
    source = streams.source(arguments.photo, session.limits)
    photo = session.load(source.given, source.path.name, arguments.frame)
    given = mask_arguments.given(arguments, session)
    mask = mask_arguments.mask_of(photo, source.path, given, arguments, session, console)
    requests = [replace(request, mask=mask) for request in requests]
    comparison = importlib.import_module("inpaint_app.server.comparison")
    with console.stoppable():
        results = list(_filled(session, photo, requests, source.path.name, console))
        text = comparison.of_results(photo.name, photo.rgb, results).encode()
    if target == streams.STREAM:
        streams.hand_out(text)
    else:
        files.write_bytes(text, Path(target))
        remember(text, settings)
        console.say(f"{target}: {len(results)} side by side.")
    return 0


def _ready(settings: Settings, console: Console) -> list[str]:
    """Those of the usual three that can run here; of the others is said what they take."""
    lacking = {name: backends.find(name).missing(settings) for name in backends.SIDE_BY_SIDE}
    for name, lacks in lacking.items():
        for lack in lacks:
            console.note(f"Left out: {name}. {lack.what} is missing: {lack.cure}.")
    return [name for name, lacks in lacking.items() if not lacks]


def _filled(
    session: Session, photo: Photo, requests: Sequence[Request], name: str, console: Console
) -> Iterator[Result]:
    """What each request makes, each candidate of it; what goes is looked for once."""
    found = None
    for request in requests:
        with console.working(f"{name} · {request.backend}") as progress:
            result = session.run(photo.rgb, replace(request, found=found), progress, alpha=photo.alpha)
        if found is None:
            say_finder(result.finder, console, session.settings)
        found = result.instances if request.objects or request.gestures else None
        yield from result.candidates or (result,)


def usual(arguments: argparse.Namespace) -> list[str]:
    """What fills where no backend is named: with --prove those that are measured."""
    settings: Settings = arguments.settings
    return (
        list(_proof().quick(settings)) if arguments.prove else [backends.default(settings, arguments.option)]
    )


def best(
    session: Session, photo: Photo, requests: Sequence[Request], name: str, console: Console
) -> tuple[Request, list[dict[str, Any]]]:
    """Of several requests that differ in their backends the one that measures best, and the ranking as plain JSON.

    Where the photo has no room to measure, what is known from other photos decides, and that is said.
    """
    proof = _proof()
    names = [request.backend for request in requests]
    with console.working(f"{name} · measuring") as progress:
        case = proof.case_of(session, photo.rgb, requests[0], names, progress=progress.part(0.0, 0.1))
        try:
            standings = proof.ranking(proof.prove(session, case, progress.part(0.1, 1.0)))
        except MaskError as error:
            console.say(f"Not measured: {error}")
            standings = []
    ranked = standings or proof.unmeasured(names)
    for place, standing in enumerate(ranked, start=1):
        console.say(f"{place}. {standing.backend:<24} {described(standing)}")
    chosen = next(request for request in requests if request.backend == ranked[0].backend)
    return chosen, [
        {
            "backend": one.backend,
            "haarpsi": round(one.mean, 4),
            "best_on": one.best_on,
            "patches": one.patches,
            "usual": None if one.usual is None else round(one.usual, 4),
            "expected": round(one.expected, 4),
        }
        for one in standings
    ]


def described(standing: Any) -> str:
    """Why a backend stands where it does, in the numbers that its place follows from."""
    usual = "never measured elsewhere" if standing.usual is None else f"{standing.usual:+.3f} on other photos"
    if not standing.patches:
        return usual
    return (
        f"expected {standing.expected:.3f}: {standing.mean:.3f} on {_patches(standing.patches)} of this photo "
        f"(best on {standing.best_on}), {usual}; {standing.seconds:.2f} s"
    )


def _patches(count: int) -> str:
    return f"{count} patch" if count == 1 else f"{count} patches"


def _proof() -> Any:
    """The evaluation is loaded when it is asked for."""
    return importlib.import_module("inpaint_app.removal.proof")
