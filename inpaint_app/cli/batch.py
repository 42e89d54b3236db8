"""`inpaint-app batch`: a folder or a list of photos in, a folder of results and a table out."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inpaint_app import batch, environment
from inpaint_app.backends import registry as backends
from inpaint_app.batch import cluster, processes
from inpaint_app.batch.journal import Row
from inpaint_app.batch.work import Engine
from inpaint_app.cli import masks as mask_arguments
from inpaint_app.cli import parser as shared
from inpaint_app.cli import saving, written
from inpaint_app.cli.console import Console
from inpaint_app.cli.written import remember
from inpaint_app.errors import OptionError
from inpaint_app.photofile.decoding import raw
from inpaint_app.removal.session import Request, Session

EXAMPLES = """\
examples:
  inpaint-app batch holiday/ clean/ --people
  inpaint-app batch holiday/ clean/ --people --cars --recursive --resume
  inpaint-app batch scans/ repaired/ --masks scratches/ --backend telea
  inpaint-app batch photos.txt clean/ --people --workers 4
  inpaint-app batch holiday/ clean/ --people --bursts      what a burst's other photos show behind the removed
  inpaint-app batch holiday/ clean/ --people --cluster tcp://10.0.0.5:8786

IN is a folder, a text with a path a line (counted from its own folder), or - for such a text on stdin. OUT gets a
result per photo and batch.csv with what became of each. Photos in which nothing is found are saved as they are. An
error in one photo stops nothing: the exit code is 1, and the table says why. After a stop or a crash, --resume does
only what is not done yet; a photo or mask that was changed since is done again.

--workers N works in N processes that share the cores (INPAINT_THREADS: threads for each); each takes memory of its own.
--cluster works on a Dask cluster (pip install "inpaint-app[cluster]"; dask scheduler; dask worker ADDRESS
--nthreads 1). Photos travel there and back, no folder is shared. Both give the same files as one process.
"""


def add(commands: Any, chosen: str | None) -> None:
    """Add the command."""
    parser = shared.add_command(
        commands, "batch", "Take things out of a whole folder or list of photos.", EXAMPLES
    )
    parser.add_argument("input", type=Path, metavar="IN", help="a folder of photos, or a list of them")
    parser.add_argument("output", type=Path, metavar="OUT", help="the folder for the results")
    parser.add_argument(
        "--masks",
        "--mask",
        type=Path,
        metavar="M",
        help="a folder of masks, named as the photos; or one mask for all",
    )
    parser.add_argument("--recursive", action="store_true", help="photos in folders below IN, too")
    parser.add_argument(
        "--bursts",
        action="store_true",
        help="photos that a camera took seconds apart show each other what is behind the removed",
    )
    parser.add_argument("--resume", action="store_true", help="leave out what OUT holds already")
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="write over files in OUT that no batch wrote, and over reports",
    )
    parser.add_argument("--zip", type=Path, metavar="FILE", help="pack all results into a zip as well")
    parser.add_argument("--json", metavar="REPORT", help="write all rows as JSON (- for the screen)")
    group = parser.add_argument_group("where the work is done").add_mutually_exclusive_group()
    group.add_argument(
        "--workers",
        type=_workers,
        default=1,
        metavar="N|auto",
        help="processes on this machine (auto: one a core)",
    )
    group.add_argument(
        "--cluster", metavar="ADDRESS", help="the scheduler of a Dask cluster: tcp://host:8786"
    )
    mask_arguments.add_reading(parser)
    shared.add_finding(parser)
    shared.add_filling(parser, several=False)
    saving.add_saving(parser)
    parser.set_defaults(run=run)


def _workers(text: str) -> int:
    """How many processes; auto is one for each core that may be used."""
    if text == "auto":
        return environment.cores()
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 1 to 256 processes, or auto")
    return int(text)


def _photos(arguments: argparse.Namespace, console: Console) -> tuple[tuple[Path, ...], Path]:
    """The photos, and the folder from which rows name them."""
    given: Path = arguments.input
    if given.is_dir():
        apart = [arguments.output, *([arguments.masks] if arguments.masks else [])]
        photos, root = batch.photos_in(given, arguments.recursive, apart), given
        sensor = batch.photos_in(given, arguments.recursive, apart, raw.SUFFIXES)
        if sensor:
            one = len(sensor) == 1
            many = "a camera raw file" if one else f"{len(sensor)} camera raw files"
            names = sensor[0].name if one else f"{sensor[0].name}, …"
            console.note(f"Left out: {many} ({names}): develop {'it' if one else 'them'} first.")
    elif arguments.recursive:
        raise OptionError(f"--recursive is for a folder; {given} is none.")
    else:
        photos, root = batch.listed(given), Path() if str(given) == "-" else given.parent
    if not photos:
        raise OptionError(f"There are no photos in {given}.")
    return photos, root


def _engine(arguments: argparse.Namespace, request: Request, session: Session) -> Engine | None:
    """Where the work is to be done; None is here."""
    if arguments.cluster:
        return cluster.cluster(arguments.cluster, request, session)
    return processes.processes(arguments.workers, session.settings) if arguments.workers > 1 else None


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Do all photos; 1 if any photo failed."""
    with console.stoppable():
        return _run(arguments, console)


def _run(arguments: argparse.Namespace, console: Console) -> int:
    request = shared.request(
        arguments, arguments.backend or backends.default(arguments.settings, arguments.option)
    )
    shared.note_former([arguments.backend], console)
    if not request.objects and not request.gestures and arguments.masks is None:
        raise OptionError(
            "Nothing to remove: give --people, --bystanders, --cars, --objects dog, --box L,T,R,B or --masks DIR."
        )
    photos, root = _photos(arguments, console)
    masks = None if arguments.masks is None else batch.masks_in(arguments.masks, photos, root)
    if arguments.json == "-":
        console.reserve()
    for target in (arguments.zip, arguments.json):
        written.check_file(target, arguments.overwrite, arguments.settings)
    session = Session(arguments.settings)
    done = 0

    def tell() -> None:
        console.left = (
            f"Stopped. {done} of {len(photos)} photos are done and kept, nothing is half-written; --resume goes on "
            "from here."
        )

    def on_done(row: Row) -> None:
        nonlocal done
        done += row.status != "failed"
        tell()
        if row.status == "failed":
            console.problem(row.message if row.photo in row.message else f"{row.photo}: {row.message}")
        elif not console.bars:
            console.say(f"{row.photo}: {row.removed or row.status} ({row.seconds:.2f} s)")
        if row.status == "removed" and row.message:
            console.note(f"{row.photo}: {row.message}")

    tell()
    with console.working(arguments.input.name) as progress:
        summary = batch.run(
            photos,
            request,
            arguments.output,
            session,
            progress,
            on_done,
            root=root,
            masks=masks,
            format=arguments.format,
            frame=arguments.frame,
            saving=saving.saving(arguments, request.backend),
            resume=arguments.resume,
            engine=_engine(arguments, request, session),
            reading=mask_arguments.reading(arguments),
            overwrite=arguments.overwrite,
            bursts=arguments.bursts,
        )
    console.say(str(summary))
    if arguments.zip:
        packed = batch.zipped(summary, arguments.zip)
        remember(packed, arguments.settings)
        console.say(f"Packed into {packed}")
    if arguments.json:
        rows = [asdict(row) for row in summary.rows]
        written.write_json(arguments.json, rows, console.write, arguments.settings)
    return int(summary.count("failed") > 0)
