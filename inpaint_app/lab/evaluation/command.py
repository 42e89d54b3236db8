"""`inpaint-app evaluate`: measure backends on photos with cut holes, and write the report."""

from __future__ import annotations

import argparse
import csv
import dataclasses
import io
import json
import shlex
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from inpaint_app.backends import registry
from inpaint_app.errors import OptionError, printable
from inpaint_app.lab.evaluation import page, photosets, summary
from inpaint_app.lab.evaluation.measure import Plan, Row
from inpaint_app.lab.evaluation.measure import run as measured
from inpaint_app.lab.evaluation.protocol import PROTOCOLS, as_fractions
from inpaint_app.lab.evaluation.statistics import finite
from inpaint_app.lab.evaluation.store import Store
from inpaint_app.metrics.full_reference import NAMES, QUICK, unavailable
from inpaint_app.photofile.files import write_bytes
from inpaint_app.removal.session import Session
from inpaint_app.settings import Settings
from inpaint_app.types import Progress

EXAMPLES = """examples:
  inpaint-app evaluate photos/ --masks square:64/128 freeform --size 128 --report report/
  inpaint-app evaluate photos.tar --limit 200 --masks objects --backends telea,patchmatch --report report/
  inpaint-app evaluate CelebA/ --like celeba --report report/
  inpaint-app evaluate photos/ --masks masks:masks/ --size 256 --metrics all --processes 4 --report report/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "photos", type=Path, metavar="DIR|TAR|ZIP", help="a folder, a tar or a zip file of photos"
    )
    parser.add_argument(
        "--report", type=Path, required=True, metavar="OUT", help="the folder to write the report into"
    )
    parser.add_argument(
        "--masks", nargs="+", metavar="SPEC",
        help="holes to cut: square:64/128, circle, squares, equal-area, mosaic, freeform, objects, lama-thin, "
        "lama-medium, lama-thick, mat, masks:FOLDER, shapes:FOLDER (default: square:64/128 freeform objects)",
    )  # fmt: skip
    parser.add_argument("--size", type=int, metavar="N", help="scale photos to N px (default: as they are)")
    parser.add_argument(
        "--crop", choices=photosets.CROPS, help="how they are made to fit N (default: square)"
    )
    parser.add_argument(
        "--like", choices=tuple(photosets.PRESETS), metavar="PRESET",
        help=f"size, crop and holes of a report's data set: {', '.join(photosets.PRESETS)}",
    )  # fmt: skip
    parser.add_argument(
        "--backends", metavar="A,B", help="which to measure (default: all that are ready and not slow)"
    )
    parser.add_argument("--metrics", metavar="A,B", help=f"of {', '.join(NAMES)}; quick (default) or all")
    parser.add_argument("--only", metavar="GLOB", help="only photos whose name fits, such as 'crfill_*'")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="measure on N of the photos, drawn by the seed"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="the same seed gives the same holes and fills (default: 0)"
    )
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="at once; times are true with 1 (default)"
    )
    parser.add_argument("--fresh", action="store_true", help="forget the rows of an earlier run in OUT")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Measure, and write rows.csv, results.json and report.html into the report's folder. Returns the exit code."""
    plan = plan_of(arguments, settings)
    with closing(Store(arguments.report, plan, arguments.fresh)) as store:
        if store.earlier:
            _note(f"{store.earlier} rows are there from an earlier run.")
        for reason in unavailable(plan.names).values():
            _note(reason)
        began = time.perf_counter()
        with _interruptible():
            _measure(plan, store, arguments.processes, Session(settings))
        rows = [row for key in _order(plan, store) if (row := store.rows.get(key))]
        command = shlex.join(["inpaint-app", "evaluate", *_words(arguments)])
        title = f"Evaluation on {arguments.photos.name}"
        write(rows, store, plan, title, command, time.perf_counter() - began)
    sys.stdout.write(_said(rows) + f"{arguments.report / 'report.html'}\n")
    return 1 if any(row.error for row in rows) else 0


def plan_of(arguments: argparse.Namespace, settings: Settings) -> Plan:
    """The plan that the arguments ask for; raises OptionError."""
    like = photosets.preset(arguments.like) if arguments.like else None
    if arguments.size is not None and not 8 <= arguments.size <= 8192:
        raise OptionError(f"--size is {arguments.size}, expected 8 to 8192 pixels.")
    if arguments.limit is not None and arguments.limit < 1:
        raise OptionError(f"--limit is {arguments.limit}, expected at least 1.")
    photos = photosets.photos(
        arguments.photos, limit=arguments.limit, seed=arguments.seed, like=like, only=arguments.only
    )
    backends = _listed(arguments.backends) or tuple(
        spec.name for spec in registry.BACKENDS if not spec.slow and spec.measurable(settings)
    )
    for name in backends:
        registry.find(name)
    return Plan(
        photos=photos,
        holes=tuple(arguments.masks or (like.holes if like else ("square:64/128", "freeform", "objects"))),
        backends=backends,
        size=arguments.size or (like.size if like else None),
        crop=arguments.crop or (like.crop if like else "square"),
        seed=arguments.seed,
        names=_metrics(arguments.metrics),
    )


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _metrics(text: str | None) -> tuple[str, ...]:
    if text in (None, "", "quick"):
        return QUICK
    names = NAMES if text == "all" else _listed(text)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise OptionError(f"There is no metric {unknown[0]!r}. Known: {', '.join(NAMES)}, quick, all.")
    return names


def _measure(plan: Plan, store: Store, processes: int, session: Session) -> None:
    from tqdm import tqdm

    with tqdm(total=plan.count, initial=store.earlier, unit="fill", file=sys.stderr, disable=None) as bar:

        def report(fraction: float, stage: str) -> None:
            bar.set_postfix_str(stage[:40], refresh=False)

        for found in measured(plan, session, Progress(report), done=store.has, processes=processes):
            store.add(found)
            bar.update()


def _order(plan: Plan, store: Store) -> list[tuple[str, str, str]]:
    """The keys of the plan's rows in the plan's order: several processes finish in any."""
    backends = (*plan.backends, "mosaic")
    return [
        (p.name, hole.strip(), backend) for hole in plan.holes for p in plan.photos for backend in backends
    ]


def _words(arguments: argparse.Namespace) -> list[str]:
    """The call as it would be typed again."""
    words = [str(arguments.photos)]
    for name in ("like", "size", "crop", "backends", "metrics", "only", "limit"):
        value = getattr(arguments, name)
        words += [f"--{name}", str(value)] if value is not None else []
    words += ["--masks", *arguments.masks] if arguments.masks else []
    return [*words, "--seed", str(arguments.seed), "--report", str(arguments.report)]


def write(rows: Sequence[Row], store: Store, plan: Plan, title: str, command: str, seconds: float) -> None:
    """Write the rows as rows.csv, results.json and report.html into the store's folder."""
    folder = store.folder
    write_bytes(as_csv(rows).encode(), folder / "rows.csv")
    write_bytes(json.dumps(as_json(rows, plan, command), indent=1).encode(), folder / "results.json")
    write_bytes(page.render(rows, store, plan, title, command, seconds).encode(), folder / "report.html")


def as_csv(rows: Sequence[Row]) -> str:
    """A line per fill: hole.* over the hole, image.* over the image, seeds.* as the reports have it."""
    lines = []
    for row in rows:
        line: dict[str, Any] = {
            key: value for key, value in dataclasses.asdict(row).items() if key not in ("scores", "error")
        }
        for place in PROTOCOLS:
            if row.scores:
                values = as_fractions(row.scores, place) if place == "seeds" else row.scores[place]
                line |= {f"{place}.{name}": value for name, value in values.items()}
        line |= {f"truth.{name}": value for name, value in row.scores.get("truth", {}).items()}
        lines.append({**line, "error": row.error})
    names = list(dict.fromkeys(name for line in lines for name in line))
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, names)
    writer.writeheader()
    writer.writerows(lines)
    return stream.getvalue()


def as_json(rows: Sequence[Row], plan: Plan, command: str) -> dict[str, Any]:
    """Tables, paired differences and rows; an infinite PSNR stands as 100 dB."""
    holes = summary.holes_of(rows)
    tables = [
        summary.table(rows, hole, protocol, plan.seed)
        for hole in (*holes, summary.ALL)
        for protocol in PROTOCOLS
    ]
    pairs = {hole: summary.differences(rows, hole, seed=plan.seed) for hole in (*holes, summary.ALL)}
    return {
        "command": command,
        "size": plan.size,
        "crop": plan.crop,
        "seed": plan.seed,
        "photos": len({row.photo for row in rows}),
        "tables": [dataclasses.asdict(table) for table in tables],
        "differences": {
            hole: [dataclasses.asdict(pair) for pair in several] for hole, several in pairs.items()
        },
        "rows": [_finite(dataclasses.asdict(row)) for row in rows],
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return finite(value) if isinstance(value, float) else value


def _said(rows: Sequence[Row]) -> str:
    """The short table for the terminal."""
    table = summary.table(rows, summary.ALL, "hole")
    columns = [("l1", "L1 %", 2), ("psnr", "PSNR", 2), ("ssim", "SSIM", 4), ("haarpsi", "HaarPSI", 4)]
    columns.append((summary.SECONDS, "s", 3))
    lines = [f"{'over the hole':<18}" + "".join(f"{head:>9}" for _, head, _ in columns)]
    for backend, cells in table.cells.items():
        line = f"{backend:<18}"
        for name, _, digits in columns:
            factor = 100 if name == "l1" else 1
            line += f"{factor * cells[name].mean:>9.{digits}f}" if name in cells else f"{'–':>9}"
        lines.append(line)
    return "\n".join(lines) + "\n"


def _note(text: str) -> None:
    sys.stderr.write(printable(text) + "\n")


class _interruptible:  # noqa: N801 - used as a with statement's word
    """Ctrl-C ends the measurement at once: every row that is done is on disk already."""

    def __enter__(self) -> None:
        self._before: Any = None
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
