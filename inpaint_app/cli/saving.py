"""Where results go, looked at before any work begins so that none is lost after it, and how they are written."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.batch import result_suffix
from inpaint_app.batch.naming import Names, key, legal, result_name, same_file
from inpaint_app.cli import written
from inpaint_app.cli.parser import Parser, add_arguments
from inpaint_app.cli.streams import STREAM, Source
from inpaint_app.errors import InpaintError, OptionError, SaveError
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import Limits, SaveOptions
from inpaint_app.photofile.target import prepare
from inpaint_app.removal import request as requests
from inpaint_app.removal.request import Request
from inpaint_app.removal.session import source_type

FORMATS = ("jpeg", "png", "webp", "tiff", "heif", "avif", "bmp", "gif", "ppm")


def add_saving(parser: Parser) -> None:
    """How results are written."""
    group = parser.add_argument_group("how it is written")
    group.add_argument(
        "--format", choices=FORMATS, type=str.lower, help="write this format instead of the photo's own"
    )
    add_arguments(group, "exact", "mark_edited")


def saving(arguments: argparse.Namespace, backend: str) -> SaveOptions:
    """What --exact and --mark-edited ask for, for a result of that backend."""
    return SaveOptions(arguments.exact, source_type(backend) if arguments.mark_edited else "")


@dataclass(frozen=True, slots=True)
class Plan:
    """format: what is written, None for each photo's own. targets: by photo and backend ("" where there is one)."""

    format: str | None
    targets: Mapping[tuple[Source, str], Path]

    def target(self, source: Source, backend: str) -> Path:
        """Where a result goes; `-` is standard output."""
        return self.targets.get((source, backend)) or self.targets[source, ""]


def planned(
    arguments: argparse.Namespace, sources: Sequence[Source], work: Sequence[Request], limits: Limits
) -> Plan:
    """Where every result goes. Photos that cannot be read have none: they fail by themselves.

    Raises OptionError for a place that means something else, or where something is already; SaveError where nothing can
    be written or the format does not hold the photo.
    """
    each = [""] if arguments.prove or len(work) < 2 else [request.backend for request in work]
    several = len(sources) * len(each) > 1
    most = max((requests.count(request, backends.find(request.backend)) for request in work), default=1)
    # what numbered candidates are told apart by
    endings = ("",) if most == 1 or arguments.best else tuple(f"-{number}" for number in range(1, most + 1))
    if str(arguments.output) == STREAM:
        if several or len(endings) > 1 or arguments.save_recipe:
            raise OptionError(
                "-o - writes one picture to standard output: give one photo, one backend, no recipe."
            )
        return Plan(arguments.format, {(source, ""): Path(STREAM) for source in sources})
    out, format = Path(arguments.output), _format(arguments, several)
    apart = format is None
    folder, format = (out, arguments.format) if apart else (out.parent, format)
    inputs = [source for source in sources if isinstance(source.given, Path)]
    names = _Results(folder, inputs, Names(folder), arguments)
    targets: dict[tuple[Source, str], Path] = {}
    room = 0.0
    for source in sources:
        try:
            own, width, height, size = source.header(limits)
        except InpaintError:
            continue
        chosen = files.chosen_format(own, format, arguments.exact, (width, height))
        for backend in each:
            stem, suffix = out.stem, out.suffix
            if apart:
                stem = legal(source.path.stem, f"-{backend}" if backend else "")
                suffix = result_suffix(source.path, own, chosen)
            targets[source, backend] = folder / names.take(source, stem, suffix, endings)
            room += (size if chosen == own else max(size, width * height)) * len(endings) / 1e6
    prepare(folder, room)
    return Plan(format, targets)


def _format(arguments: argparse.Namespace, several: bool) -> str | None:
    """The format that the name of one result says; None where -o means a folder.

    That is one, ends as one, has no ending, or is to take several results. Raises OptionError where name, number of
    results and --format say different things.
    """
    given, out = str(arguments.output), Path(arguments.output)
    if out.is_dir() or given.endswith(("/", "\\")) or not out.suffix:
        return None
    try:
        named = files.chosen_format("", out.suffix)
    except SaveError:
        if several:
            return None
        known = ", ".join(sorted(files.SUFFIX.values()))
        raise OptionError(
            f"{out}: {out.suffix} is no format that can be written. Known: {known}. For a folder of that name write "
            f"{out}/."
        ) from None
    if several:
        raise OptionError(
            f"There are several results, and {out} is the name of one file: give a folder, such as {out.stem}/."
        )
    if arguments.format and files.chosen_format("", arguments.format) != named:
        raise OptionError(f"{out} says {named}, --format says {arguments.format}: leave one of them out.")
    return named


@dataclass(frozen=True, slots=True, eq=False)
class _Results:
    """The names that results get in one folder. inputs: the photos that are read from files."""

    folder: Path
    inputs: Sequence[Source]
    names: Names
    arguments: argparse.Namespace

    def take(self, source: Source, stem: str, suffix: str, endings: Sequence[str]) -> str:
        """A name of its own; raises OptionError where something is there already that may not be written over."""
        if self.arguments.save_recipe:
            endings = [*endings, *(f"{ending}{suffix}.recipe.json" for ending in endings)]
        number, room = 1, max(len(f"{end}{suffix}".encode()) for end in endings)
        while True:
            base = result_name(stem, "" if number == 1 else f"-{number}", room)
            names = [f"{base}{end}" if end.endswith(".json") else f"{base}{end}{suffix}" for end in endings]
            if not self._anothers(source, names) and self.names.take(*names):
                break
            number += 1
        if not self.arguments.overwrite:
            for name in names:
                self._check(name)
        return f"{base}{suffix}"

    def _anothers(self, source: Source, names: Sequence[str]) -> bool:
        """Whether a name is that of another photo that may be written over but is still to be read."""
        return self.arguments.overwrite and any(
            other is not source and same_file(other.path, self.folder / name)
            for other in self.inputs
            for name in names
        )

    def _check(self, name: str) -> None:
        target = self.folder / name
        if any(same_file(source.path, target) for source in self.inputs):
            raise OptionError(
                f"{target} is a photo that is read: choose another name, or allow it with --overwrite."
            )
        if key(name) in self.names.there:
            there = self.folder / self.names.there[key(name)]
            written.check(there, self.arguments.settings)
