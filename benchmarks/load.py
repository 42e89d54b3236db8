"""Many visitors at once: does everyone get their own result, in time, and does memory stay flat?

    python benchmarks/load.py                                # 16 visitors, two minutes, then 500 removals
    python benchmarks/load.py --visitors 4 --seconds 10 --removals 0

Starts the real page as a process of its own and visits it over loopback, half the visitors as the page's own script
does, half through gradio_client. Everyone has a photo of their own and checks every known pixel of every result.
What finds objects is YOLO (INPAINT_YOLO_WEIGHTS). The slow backend is Stable Diffusion's own code over a small network
with weights drawn by chance: it takes seconds, holds its line like the real one, and fills with nothing worth seeing.
"""

from __future__ import annotations

import argparse
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.load_photos import KINDS, Log, OwnPhoto  # noqa: E402
from benchmarks.load_visitors import ApiVisitor, Fills, PageVisitor  # noqa: E402

STEPS = 12
MIX = {"detect": 2, "quick": 6, "slow": 1, "cancel": 1, "bad": 2}
"""How often a visitor does what, in a dozen."""

NAMES = dict(zip(MIX, KINDS, strict=True))
Visitor = ApiVisitor | PageVisitor


@contextmanager
def served(folder: Path, **environment: str) -> Iterator[tuple[str, int]]:
    """The real page in a process of its own: its address and its process number."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {
        **os.environ, "INPAINT_HOST": "127.0.0.1", "INPAINT_PORT": str(port), "GRADIO_TEMP_DIR": str(folder),
        "INPAINT_CACHE": str(folder / "cache"), **environment,
    }  # fmt: skip
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=given, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        answered(address, server)
        yield address, server.pid
    finally:
        server.terminate()
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
        server.kill()


def answered(address: str, server: subprocess.Popen[bytes], seconds: float = 180) -> None:
    """Wait until the page answers."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/config", timeout=20):
            return
        time.sleep(0.3)
    raise SystemExit("the page did not start: see server.log")


def crowd(address: str, count: int, fills: Fills, folder: Path) -> list[Visitor]:
    """Visitors, every other one on the page, each with a photo of their own."""
    from inpaint_app.ui import view_models

    bus = view_models.samples()["bus.jpg"]
    visitors: list[Visitor] = []
    for number in range(count):
        kind = ApiVisitor if number % 2 else PageVisitor
        visitors.append(kind(address, OwnPhoto(number, folder, bus), fills, folder, number))
    return visitors


def mixed(visitors: Sequence[Visitor], seconds: float, log: Log) -> None:
    """Everybody does one thing after the other, as MIX has it, until the time is over; what was begun is ended."""
    ends = time.monotonic() + seconds

    def visit(number: int, visitor: Visitor) -> None:
        chance = random.Random(1000 + number)
        while time.monotonic() < ends:
            (name,) = chance.choices(list(MIX), weights=list(MIX.values()))
            log.run(NAMES[name], getattr(visitor, name))

    together([lambda n=n, v=v: visit(n, v) for n, v in enumerate(visitors)])


def together(works: Sequence[Callable[[], None]]) -> None:
    """All in threads of their own, to their end."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def repeated(visitor: Visitor, name: str, seconds: float, log: Log, kind: str) -> None:
    """The same again and again for a time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        log.run(kind, getattr(visitor, name))


def beside_slow(visitors: Sequence[Visitor], seconds: float, log: Log) -> None:
    """One visitor's quick fills alone, then while two others keep the slow line full; twice, in turns."""
    for _ in range(2):
        repeated(visitors[0], "quick", seconds, log, "alone")
        works = [lambda v=v: repeated(v, "slow", seconds, log, "slow beside") for v in visitors[1:3]]
        together([*works, lambda: repeated(visitors[0], "quick", seconds, log, "beside slow")])


def resident(process: int) -> float:
    """Memory that a process holds, MB."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def removals(
    visitors: Sequence[Visitor], count: int, process: int, log: Log, each: int = 50
) -> list[tuple[int, float]]:
    """Quick fills by all visitors in turn; the server's memory after every `each`, MB."""
    points = [(0, resident(process))]
    while points[-1][0] < count:
        share = [each // len(visitors) + (n < each % len(visitors)) for n in range(len(visitors))]
        works = [
            lambda v=v, times=times: [log.run("removal", v.quick) for _ in range(times)]
            for v, times in zip(visitors, share, strict=True)
        ]
        together(works)
        points.append((points[-1][0] + each, resident(process)))
        print(f"  {points[-1][0]} removals: {points[-1][1]:.0f} MB", flush=True)
    return points


def slope(points: Sequence[tuple[int, float]]) -> tuple[float, float]:
    """KB per removal by least squares, with its standard error."""
    x, y = (np.asarray(values, float) for values in zip(*points, strict=True))
    y = y * 1024
    spread = ((x - x.mean()) ** 2).sum()
    rise = ((x - x.mean()) * (y - y.mean())).sum() / spread
    left = y - y.mean() - rise * (x - x.mean())
    error = np.sqrt((left**2).sum() / max(1, len(x) - 2) / spread)
    return float(rise), float(error)


def latencies(log: Log, kinds: Sequence[str]) -> str:
    """A table: requests, announced refusals, other errors, and seconds, by kind."""
    lines = [
        "| request | answered | busy | other errors | p50 s | p95 s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in kinds:
        seconds = [taken for name, taken in log.done if name == kind]
        counts = [sum(name == kind for name, _ in rows) for rows in (log.busy, log.errors)]
        p50, p95 = np.percentile(seconds, [50, 95]) if seconds else (float("nan"), float("nan"))
        lines.append(f"| {kind} | {len(seconds)} | {counts[0]} | {counts[1]} | {p50:.2f} | {p95:.2f} |")
    return "\n".join(lines)


def errors(log: Log) -> str:
    """Every error that was not announced, counted by its words."""
    counted = Counter(f"{kind}: {text[:300]}" for kind, text in log.errors)
    return "\n".join(f"- {count} × {text}" for text, count in counted.most_common()) or "None."


def slow_model(folder: Path) -> Path:
    """A Stable Diffusion inpainting pipeline that takes its time, with weights drawn by chance."""
    from tests.backends.small_diffusion import make

    return make(folder / "slow", side=256, widths=(64, 128))


def main(arguments: Any = None) -> int:
    """Print the tables; 1 where anything but an announced error came."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--visitors", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--removals", type=int, default=500)
    parser.add_argument(
        "--beside", type=float, default=20, help="seconds of each part of the fairness measurement"
    )
    parser.add_argument(
        "--keep",
        type=float,
        default=0,
        help="INPAINT_KEEP_MINUTES; then what is left after that time is counted",
    )
    parser.add_argument("--steps", type=int, default=STEPS, help="of the slow backend")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="load-") as place:
        folder = Path(place)
        model = slow_model(folder)
        kept = {"INPAINT_KEEP_MINUTES": str(given.keep)} if given.keep else {}
        with served(folder, INPAINT_SD_MODEL=str(model), **kept) as (address, process):
            fills = Fills(slow_options={"steps": given.steps, "strength": 1.0})
            visitors = crowd(address, given.visitors, fills, folder)
            failed = measured(given, visitors, process)
            for visitor in visitors:
                visitor.close()
            if given.keep:
                time.sleep(60 * given.keep + min(30.0, 15 * given.keep))
                left = [path for path in folder.glob("server-*/*/**/*") if path.is_file()]
                print(
                    f"\n{len(left)} files of visitors are left {given.keep:g} min and one round of the cleaner later"
                )
                failed = failed or bool(left)
        if failed:
            print((folder / "server.log").read_text()[-4000:])
    return int(failed)


def measured(given: Any, visitors: Sequence[Visitor], process: int) -> bool:
    """Run all phases and print their tables; whether anything failed."""
    warm = Log()
    for name in ("quick", "slow", "detect"):
        warm.run(name, getattr(visitors[0], name))
    logs = [warm]
    load = Log()
    mixed(visitors, given.seconds, load)
    logs.append(load)
    shown = sum(len(visitor.places) for visitor in visitors if isinstance(visitor, PageVisitor))
    print(f"\n{len(visitors)} visitors, {given.seconds:.0f} s, {shown} reports of a place in the line\n")
    print(latencies(load, KINDS), "\n\nErrors that were not announced:\n\n" + errors(load), flush=True)
    if given.beside and len(visitors) > 2:
        fair = Log()
        beside_slow(visitors, given.beside, fair)
        logs.append(fair)
        print("\n" + latencies(fair, ("alone", "beside slow", "slow beside")), flush=True)
    if given.removals:
        logs.append(Log())
        points = removals(visitors[:4], given.removals, process, logs[-1])
        print("\n| removals | MB |\n| --- | --- |")
        print("\n".join(f"| {count} | {held:.0f} |" for count, held in points))
        for name, part in (("all", points), ("the second half", points[len(points) // 2 :])):
            print(f"\nSlope over {name}: {slope(part)[0]:.1f} ± {slope(part)[1]:.1f} KB a removal", end="")
        print("\n\n" + latencies(logs[-1], ("removal",)))
    failed = [log for log in logs if log.errors]
    for log in failed:
        print(errors(log))
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
