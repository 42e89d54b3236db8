"""`inpaint-app remove`: photos in, photos without the things out; or a recipe replayed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inpaint_app import recipe
from inpaint_app.backends import registry as backends
from inpaint_app.batch import result_suffix
from inpaint_app.cli import masks, proving
from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console
from inpaint_app.cli.record import report, told
from inpaint_app.errors import Cancelled, InpaintError, MissingError, OptionError
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Photo
from inpaint_app.session import Job, Outcome, Session

EXAMPLES = """\
examples:
  inpaint-app remove street.jpg --people -o clean.jpg
  inpaint-app remove street.jpg --objects dog,bicycle --backend patchmatch --backend telea -o results/
  inpaint-app remove a.jpg b.jpg --mask masks/ -o results/        the mask of a.jpg is masks/a.png
  inpaint-app remove street.jpg --mask mask.png --option radius=8 --backend navier-stokes -o clean.png --format png
  inpaint-app remove street.jpg --people -o clean.jpg --json report.json --save-recipe
  inpaint-app remove street.jpg --people --candidates 4 -o clean.jpg             clean-1.jpg to clean-4.jpg, by seed
  inpaint-app remove street.jpg --recipe clean.jpg.recipe.json -o again.jpg      the same pixels again

A JPEG stays the same file wherever the mask does not reach; metadata, colour profile and orientation are kept.
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "remove", "Take things out of photos.", EXAMPLES)
    parser.add_argument("photos", nargs="+", type=Path, metavar="PHOTO")
    parser.add_argument(
        "-o", "--output", required=True, metavar="OUT", help="a file, or a folder for several results"
    )
    parser.add_argument(
        "--mask",
        type=Path,
        metavar="M",
        help="a picture, white = remove; or a folder of them, named as the photos",
    )
    masks.add_reading(parser)
    shared.add_frame(parser)
    shared.add_finding(parser)
    shared.add_filling(parser, several=True)
    parser.add_argument(
        "--prove",
        action="store_true",
        help="measure which backend is best for this photo, and fill with it",
    )
    parser.add_argument("--best", action="store_true", help="of several candidates write only the best one")
    group = parser.add_argument_group("reports and recipes")
    group.add_argument("--json", metavar="REPORT", help="write what was done as JSON (- for the screen)")
    group.add_argument("--recipe", type=Path, metavar="FILE", help="do again what a recipe holds")
    group.add_argument(
        "--save-recipe", action="store_true", help="write RESULT.recipe.json beside each result"
    )
    group.add_argument("--overwrite", action="store_true", help="allow writing over the photo itself")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do all photos; 1 if any of them failed."""
    usual = proving.usual() if arguments.prove else [backends.DEFAULT]
    names = list(dict.fromkeys(arguments.backend or usual))
    session = Session()
    _check(arguments, names)
    jobs = [] if arguments.recipe else [shared.job(arguments, name, names) for name in names]
    for job in jobs:
        session.ready(job.backend)
    if jobs and jobs[0].objects:
        session.segmenter(arguments.segmenter)
    several = len(arguments.photos) * max(1, 1 if arguments.prove else len(jobs)) > 1
    records = []
    for path in arguments.photos:
        for record in _photo(path, jobs, several, arguments, session, console):
            records.append(record)
            if "error" in record:
                said = record["error"]
                console.problem(said if path.name in said else f"{path}: {said}")
    if arguments.json:
        shared.write_json(arguments.json, records, console.write)
    return int(any("error" in record for record in records))


def _check(arguments: argparse.Namespace, names: list[str]) -> None:
    for name in names:
        backends.find(name)
    asked = arguments.people or arguments.cars or arguments.objects
    if arguments.recipe:
        given = asked or arguments.mask or arguments.backend or arguments.option or arguments.prove
        if given or arguments.seed is not None:
            raise OptionError("--recipe says already what to remove and how: give it with PHOTO and -o only.")
    elif not asked and not arguments.mask:
        raise OptionError(
            "Nothing to remove: give --mask, --people, --cars or --objects dog,bicycle (or a --recipe)."
        )
    if arguments.mask and not arguments.mask.exists():
        raise OptionError(f"There is no mask {arguments.mask}.")


def _photo(
    path: Path,
    jobs: list[Job],
    several: bool,
    arguments: argparse.Namespace,
    session: Session,
    console: Console,
) -> Iterator[dict[str, Any]]:
    """One record per result of a photo. A failure is a record, too; only a stop or something missing ends the run."""
    name = ""
    try:
        photo = session.load(path, frame=arguments.frame)
        held = _recipe(arguments.recipe, photo) if arguments.recipe else None
        mask = masks.mask_of(photo, path, arguments, session, console)
        found, proof = None, None
        jobs = [held.job()] if held else [job if mask is None else replace(job, mask=mask) for job in jobs]
        if arguments.prove:
            chosen, proof = proving.best(session, photo, jobs, path.name, console)
            jobs = [chosen]
        for job in jobs:
            name = job.backend
            target = _target(path, photo, name, several, len(jobs), arguments)
            with console.working(f"{path.name} · {name}") as progress:
                job = job if found is None else replace(job, found=found)
                outcome = session.run(photo.rgb, job, progress, alpha=photo.alpha)
            found = outcome.instances if job.objects else None
            written = (outcome,) if arguments.best else outcome.each()
            for number, one in enumerate(written, start=1):
                record = _written(
                    path, photo, one, job, _numbered(target, number, written, arguments), arguments
                )
                record |= {} if proof is None else {"proof": proof}
                if len(written) > 1:
                    record |= {"candidate": number, "best": one.result is outcome.result}
                console.say(told(record))
                for line in record["file"]["lines"]:
                    console.note(f"{Path(record['result']).name}: {line}")
                if held:
                    record["replay"] = _replayed(held, photo, one, console)
                yield record
            for notice in outcome.notices:
                console.note(notice)
            if outcome.note:
                console.say(outcome.note)
            shared.say_finder(outcome.finder, console)
    except (Cancelled, MissingError, OptionError):
        raise
    except (InpaintError, OSError) as error:
        yield {"photo": str(path), "backend": name, "error": str(error)}


def _written(
    path: Path, photo: Photo, outcome: Outcome, job: Job, target: Path, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Save one result, with its recipe if that is wanted; returns its record."""
    result = outcome.result
    saved = files.save(photo, result.image, result.mask, target, format=arguments.format)
    record = report(path, photo, outcome, saved)
    if arguments.save_recipe:
        beside = saved.path.with_name(f"{saved.path.name}.recipe.json")
        files.write_bytes(recipe.make(photo, outcome, job, saved.report).encode(), beside)
        record["recipe"] = str(beside)
    return record


def _numbered(target: Path, number: int, written: Sequence[Outcome], arguments: argparse.Namespace) -> Path:
    """name-1, name-2, … where there are several candidates."""
    if len(written) == 1:
        return target
    return _allowed(target.with_name(f"{target.stem}-{number}{target.suffix}"), arguments)


def _target(
    path: Path, photo: Photo, backend: str, several: bool, each: int, arguments: argparse.Namespace
) -> Path:
    """Where a result goes; never over the photo itself unless that is allowed."""
    out = Path(arguments.output)
    ending = out.suffix.lower().lstrip(".")
    if several or out.is_dir() or not ending:
        out.mkdir(parents=True, exist_ok=True)
        suffix = result_suffix(path, photo.format, arguments.format)
        target = out / (f"{path.stem}-{backend}{suffix}" if each > 1 else f"{path.stem}{suffix}")
    else:
        target = out
        if arguments.format is None and ending:
            arguments.format = ending
    return _allowed(target, arguments)


def _allowed(target: Path, arguments: argparse.Namespace) -> Path:
    """The target, unless it is a photo that is read and may not be written over."""
    inputs = {given.resolve() for given in arguments.photos}
    if target.resolve() in inputs and not arguments.overwrite:
        raise OptionError(
            f"{target} is a photo that is read: choose another name, or allow it with --overwrite."
        )
    return target


def _recipe(path: Path, photo: Photo) -> recipe.Recipe:
    try:
        if path.stat().st_size > recipe.MAX_BYTES:
            raise OptionError(f"{path} is too large for a recipe.")
        return recipe.parse(path.read_bytes(), photo.rgb.shape)
    except OSError as error:
        raise OptionError(f"The recipe {path} cannot be read: {error.strerror or error}.") from error


def _replayed(held: recipe.Recipe, photo: Photo, outcome: Outcome, console: Console) -> dict[str, Any]:
    """Whether a replay gave the recipe's pixels, and what differs if anything does."""
    same = recipe.fingerprint(outcome.result.image) == held.pixels_sha256
    differences = held.differences(photo, outcome.result.image)
    if same:
        console.say("Replayed: identical pixels.")
    for difference in differences:
        console.note(f"Note: {difference}.")
    return {"identical": same, "differences": list(differences)}
