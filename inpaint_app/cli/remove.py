"""`inpaint-app remove`: photos in, photos without the things out; or a recipe replayed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from inpaint_app.batch.naming import beside, same_file
from inpaint_app.cli import compare, saving, streams
from inpaint_app.cli import masks as mask_arguments
from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console
from inpaint_app.cli.record import report, summary
from inpaint_app.cli.saving import Plan, planned
from inpaint_app.cli.written import check_file, remember, say_finder, write_json
from inpaint_app.errors import (
    Cancelled,
    InpaintError,
    MaskError,
    MissingError,
    NothingFound,
    OptionError,
    SaveError,
)
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Photo
from inpaint_app.photofile.target import write_kept
from inpaint_app.removal import recipe
from inpaint_app.removal.session import Request, Session
from inpaint_app.types import Result

EXAMPLES = """\
examples:
  inpaint-app remove street.jpg --people -o clean.jpg
  inpaint-app remove street.jpg --objects dog,bicycle --backend patchmatch --backend telea -o results/
  inpaint-app remove a.jpg b.jpg --mask masks/ -o results/        the mask of a.jpg is masks/a.png
  inpaint-app remove street.jpg --mask mask.png --option radius=8 --backend navier-stokes -o clean.png --format png
  inpaint-app remove street.jpg --at 1200,800 --box 40,900,400,1300 -o clean.jpg   the thing at a pixel, and in a box
  inpaint-app remove street.jpg --people -o clean.jpg --json report.json --save-recipe
  inpaint-app remove street.jpg --people --candidates 4 -o clean.jpg             clean-1.jpg to clean-4.jpg, by seed
  inpaint-app remove street.jpg --recipe clean.jpg.recipe.json -o again.jpg      the same pixels again
  inpaint-app remove first.jpg --people --shots second.jpg third.jpg -o clean.jpg      what the others show behind
  inpaint-app remove - --people -o - < street.jpg > clean.jpg                    through pipes

A JPEG stays the same file wherever the mask does not reach; metadata, colour profile and orientation are kept.
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "remove", "Take things out of photos.", EXAMPLES)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO", help="files; - is standard input")
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        metavar="OUT",
        help="a file, a folder for several results (made where it is missing), or - for standard output",
    )
    parser.add_argument(
        "--mask",
        "--masks",
        type=Path,
        metavar="M",
        help="a picture, white = remove; a folder of them, named as the photos; - is standard input",
    )
    mask_arguments.add_reading(parser)
    mask_arguments.add_shots(parser)
    shared.add_finding(parser)
    shared.add_filling(parser, several=True)
    saving.add_saving(parser)
    parser.add_argument(
        "--prove", action="store_true", help="measure which backend is best for this photo, and fill with it"
    )
    parser.add_argument("--best", action="store_true", help="of several candidates write only the best one")
    group = parser.add_argument_group("reports and recipes")
    group.add_argument("--json", metavar="REPORT", help="write what was done as JSON (- for the screen)")
    group.add_argument("--recipe", type=Path, metavar="FILE", help="do again what a recipe holds")
    group.add_argument(
        "--save-recipe", action="store_true", help="write RESULT.recipe.json beside each result"
    )
    group.add_argument(
        "--overwrite", action="store_true", help="write over files that are there, the photo too"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do all photos; 1 if any of them failed, 2 if all that failed did so by a wrong call."""
    shared.note_former(arguments.backend, console)
    names = list(dict.fromkeys(arguments.backend or compare.usual(arguments)))
    session = Session(arguments.settings)
    _check(arguments)
    if streams.STREAM in (str(arguments.output), arguments.json):
        console.reserve()
    requests = [] if arguments.recipe else [shared.request(arguments, name, names) for name in names]
    for request in requests:
        session.resolve_backend(request.backend)
    if arguments.segmenter or (requests and requests[0].objects):
        session.resolve_segmenter(arguments.segmenter)
    sources = _sources(arguments, session, console)
    plan = planned(arguments, sources, requests, session.limits)
    check_file(arguments.json, arguments.overwrite, session.settings)
    given = mask_arguments.given(arguments, session)
    records: list[dict[str, Any]] = []
    errors: list[Exception] = []
    console.left = _kept(records)
    with console.stoppable():
        for source in sources:
            work = _Work(source, plan, given, arguments, session, console)
            for record in work.records(requests):
                records.append(record)
                console.left = _kept(records)
            errors += work.errors
    if arguments.json:
        write_json(arguments.json, records, console.write, session.settings)
    return exit_code(errors)


def _kept(records: Sequence[dict[str, Any]]) -> str:
    """What a stop leaves, in a sentence."""
    names = [Path(record["result"]).name for record in records if record.get("result")]
    if not names:
        return "Stopped. Nothing is finished, nothing is half-written."
    are = "is" if len(names) == 1 else "are"
    return f"Stopped. {', '.join(names)} {are} finished and kept, nothing is half-written."


def exit_code(errors: Sequence[Exception]) -> int:
    """0 without errors; 2 where each of them says that the call means nothing clear, else 1."""
    wrong = [
        isinstance(error, MaskError | OptionError) and not isinstance(error, NothingFound) for error in errors
    ]
    return 0 if not errors else 2 if all(wrong) else 1


def _check(arguments: argparse.Namespace) -> None:
    pointed = arguments.at or arguments.box
    asked = mask_arguments.check_shots(arguments) or shared.objects(arguments) or pointed
    if arguments.recipe:
        given = asked or arguments.mask or arguments.backend or arguments.option or arguments.prove
        if given or arguments.seed is not None:
            raise OptionError("--recipe says already what to remove and how: give it with PHOTO and -o only.")
        if not arguments.recipe.is_file():
            raise OptionError(f"The recipe {arguments.recipe} cannot be read: there is no such file.")
    elif not asked and not arguments.mask:
        raise OptionError(mask_arguments.NOTHING)
    read = [*arguments.photos, *([arguments.mask] if arguments.mask else [])]
    streams.check(
        sum(str(path) == streams.STREAM for path in read),
        (arguments.output == streams.STREAM) + (arguments.json == streams.STREAM),
    )


def _sources(arguments: argparse.Namespace, session: Session, console: Console) -> list[streams.Source]:
    """The photos, each once; what only lies beside photos (`IN/*` names it too) is left out."""
    photos: list[Path] = []
    for path in arguments.photos:
        if not any(path == known or same_file(path, known) for known in photos):
            photos.append(path)
    plain = [path for path in photos if str(path) == streams.STREAM or not beside(path.name)]
    if plain and len(plain) < len(photos):
        left = ", ".join(path.name for path in photos if path not in plain)
        console.note(f"Left out, for it is no photo: {left}.")
    return [streams.source(path, session.limits) for path in plain or photos]


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """One photo. given: its mask from standard input. errors: what went wrong with it, each in a record too."""

    source: streams.Source
    plan: Plan
    given: bytes | None
    arguments: argparse.Namespace
    session: Session
    console: Console
    errors: list[Exception] = field(default_factory=list)

    def records(self, requests: Sequence[Request]) -> Iterator[dict[str, Any]]:
        """One record per result. A failure is a record, too; only a stop or something missing ends the run."""
        path, backend = self.source.path, ""
        try:
            photo = self.session.load(self.source.given, path.name, self.arguments.frame)
            held = _recipe(self.arguments.recipe, photo) if self.arguments.recipe else None
            mask = mask_arguments.mask_of(photo, path, self.given, self.arguments, self.session, self.console)
            shots = mask_arguments.shots(photo, path, self.arguments, self.session)
            further = {"mask": mask, "shots": shots, "everything": self.arguments.everything_that_moves}
            requests = [held.request(shots)] if held else [replace(one, **further) for one in requests]
            found, proof = None, None
            if self.arguments.prove:
                chosen, proof = compare.best(self.session, photo, requests, path.name, self.console)
                requests = [chosen]
            for request in requests:
                backend = request.backend
                files.planned(photo, self.plan.format, saving.saving(self.arguments, backend))
                with self.console.working(f"{path.name} · {backend}") as progress:
                    request = request if found is None else replace(request, found=found)
                    result = self.session.run(photo.rgb, request, progress, alpha=photo.alpha)
                found = result.instances if request.objects else None
                for record in self.results(photo, request, result, held):
                    yield record | ({} if proof is None else {"proof": proof})
        except (Cancelled, MissingError):
            raise
        except (InpaintError, OSError) as error:
            self.failed(error)
            yield {"photo": str(path), "backend": backend, "error": str(error)}

    def results(
        self, photo: Photo, request: Request, result: Result, held: recipe.Recipe | None
    ) -> Iterator[dict[str, Any]]:
        """Write what one backend made, each candidate of it, and say what was done."""
        target = self.plan.target(self.source, request.backend)
        written = (result,) if self.arguments.best else result.candidates
        for number, one in enumerate(written, start=1):
            place = target
            if len(written) > 1:
                place = target.with_name(f"{target.stem}-{number}{target.suffix}")
            record = self.written(photo, one, request, place)
            if len(written) > 1:
                record |= {"candidate": number, "best": one.seed == result.seed}
            self.console.say(summary(record, several=len(self.plan.targets) > 1))
            for line in record["file"]["lines"]:
                self.console.note(f"{Path(record['result']).name}: {line}")
            if held:
                record["replay"] = _replayed(held, photo, one, self.session, self.console)
            yield record
        for notice in result.notices:
            self.console.note(notice)
        if result.note:
            self.console.say(result.note)
        say_finder(result.finder, self.console, self.session.settings)

    def written(self, photo: Photo, result: Result, request: Request, target: Path) -> dict[str, Any]:
        """Save one result, with its recipe if that is wanted; returns its record."""
        options = saving.saving(self.arguments, request.backend)
        encoded = files.encode(photo, result.image, result.mask, format=self.plan.format, options=options)
        if str(target) == streams.STREAM:
            streams.hand_out(encoded.data)
            return report(self.source.path, photo, result, files.Saved(target, encoded.report))
        path, trouble = write_kept(encoded.data, target)
        remember(encoded.data, self.session.settings)
        record = report(self.source.path, photo, result, files.Saved(path, encoded.report))
        if trouble:
            self.failed(SaveError(trouble))
            record["error"] = trouble
        elif self.arguments.save_recipe:
            beside = path.with_name(f"{path.name}.recipe.json")
            again = recipe.make(photo, result, request, self.session.settings, encoded.report).encode()
            files.write_bytes(again, beside)
            remember(again, self.session.settings)
            record["recipe"] = str(beside)
        return record

    def failed(self, error: Exception) -> None:
        """Say what went wrong, and remember it."""
        self.errors.append(error)
        said, path = str(error), self.source.path
        self.console.problem(said if path.name in said else f"{path}: {said}")


def _recipe(path: Path, photo: Photo) -> recipe.Recipe:
    try:
        if path.stat().st_size > recipe.MAX_BYTES:
            raise OptionError(f"{path} is too large for a recipe.")
        return recipe.parse(path.read_bytes(), photo.rgb.shape)
    except OSError as error:
        raise OptionError(f"The recipe {path} cannot be read: {error.strerror or error}.") from error


def _replayed(
    held: recipe.Recipe, photo: Photo, result: Result, session: Session, console: Console
) -> dict[str, Any]:
    """Whether a replay gave the recipe's pixels, and what differs if anything does."""
    same = recipe.fingerprint(result.image) == held.pixels_sha256
    differences = held.differences(photo, session.settings, result.image)
    if same:
        console.say("Replayed: identical pixels.")
    for difference in differences:
        console.note(f"Note: {difference}.")
    return {"identical": same, "differences": list(differences)}
