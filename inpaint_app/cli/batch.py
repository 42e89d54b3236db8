"""`inpaint-app batch`: a folder of photos in, a folder of results and a table out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inpaint_app import batch
from inpaint_app.backends import registry as backends
from inpaint_app.cli import parser as shared
from inpaint_app.cli.console import Console
from inpaint_app.errors import Cancelled, OptionError
from inpaint_app.journal import Row
from inpaint_app.session import Session

EXAMPLES = """\
examples:
  inpaint-app batch holiday/ clean/ --people
  inpaint-app batch holiday/ clean/ --people --cars --recursive --resume
  inpaint-app batch scans/ repaired/ --masks scratches/ --backend telea

OUT gets a result per photo and batch.csv with what became of each. Photos in which nothing is found are saved as they
are. An error in one photo stops nothing: the exit code is 1, and the table says why. After a stop or a crash, --resume
does only what is not done yet; a photo or mask that was changed since is done again.
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(commands, "batch", "Take things out of a whole folder of photos.", EXAMPLES)
    parser.add_argument("input", type=Path, metavar="IN", help="a folder of photos")
    parser.add_argument("output", type=Path, metavar="OUT", help="the folder for the results")
    parser.add_argument("--masks", type=Path, metavar="DIR", help="a folder of masks, named as the photos")
    parser.add_argument("--recursive", action="store_true", help="photos in folders below IN, too")
    parser.add_argument("--resume", action="store_true", help="leave out what OUT holds already")
    parser.add_argument("--zip", type=Path, metavar="FILE", help="pack all results into a zip as well")
    parser.add_argument("--json", metavar="REPORT", help="write all rows as JSON (- for the screen)")
    shared.add_finding(parser)
    shared.add_filling(parser, several=False)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do the folder; 1 if any photo failed."""
    job = shared.job(arguments, arguments.backend or backends.DEFAULT)
    if not job.objects and arguments.masks is None:
        raise OptionError("Nothing to remove: give --people, --cars, --objects dog,bicycle or --masks DIR.")
    photos = batch.photos_in(arguments.input, arguments.recursive)
    if not photos:
        raise OptionError(f"There are no photos in {arguments.input}.")
    masks = None if arguments.masks is None else batch.masks_in(arguments.masks, photos)
    session = Session()

    def on_done(row: Row) -> None:
        if row.status == "failed":
            console.problem(row.message if row.photo in row.message else f"{row.photo}: {row.message}")
        elif not console.bars:
            console.say(f"{row.photo}: {row.removed or row.status} ({row.seconds:.2f} s)")

    try:
        with console.working(arguments.input.name) as progress:
            summary = batch.run(
                photos,
                job,
                arguments.output,
                session,
                progress,
                on_done,
                root=arguments.input,
                masks=masks,
                format=arguments.format,
                resume=arguments.resume,
            )
    except (Cancelled, KeyboardInterrupt):
        raise Cancelled("Stopped. What is done is kept; --resume goes on from here.") from None
    console.say(str(summary))
    if arguments.zip:
        console.say(f"Packed into {batch.zipped(summary, arguments.zip)}")
    if arguments.json:
        shared.write_json(arguments.json, [asdict(row) for row in summary.rows], console.write)
    return int(summary.count("failed") > 0)
