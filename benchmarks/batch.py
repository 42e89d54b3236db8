"""Throughput of a batch: one process, several processes, a cluster of as many workers, side by side on the same photos.

    python benchmarks/batch.py --photos 24 --workers 2 --rounds 2

Wall time is the whole run with the start of the workers (of the cluster: without its own start, for it stands already).
Processor time is that of this process and of the workers; it does not depend on what else runs on the machine. The
files of all ways are compared byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app import batch
from inpaint_app.batch import cluster, processes
from inpaint_app.batch.work import Engine
from inpaint_app.removal.session import Request, Session


def photos(folder: Path, count: int, side: int) -> tuple[tuple[Path, ...], dict[Path, Path]]:
    """JPEGs of smooth noise with an edge, side×4/3 by side pixels, and a mask of 3 % for each."""
    masks = {}
    (folder / "masks").mkdir(parents=True)
    for number in range(count):
        noise = np.random.default_rng(number).integers(0, 256, (side, side * 4 // 3, 3)).astype(np.uint8)
        image = cv2.GaussianBlur(noise, (0, 0), 4)
        image[:, side // 2 :] //= 2
        path = folder / f"{number:03}.jpg"
        cv2.imwrite(str(path), image)
        hole = np.zeros(image.shape[:2], np.uint8)
        hole[side // 3 : side // 3 + side // 5, side // 2 : side // 2 + side // 5] = 255
        masks[path] = folder / "masks" / f"{number:03}.png"
        cv2.imwrite(str(masks[path]), hole)
    return batch.photos_in(folder), masks


def used() -> float:
    """Processor seconds of this process and of all children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def hashes(out: Path) -> list[str]:
    """Of all results, by name."""
    files = sorted(path for path in out.iterdir() if path.suffix == ".jpg")
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]


def main() -> None:
    """Run all ways in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--side", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--backend", default="exemplar")
    arguments = parser.parse_args()
    import distributed

    request, session = Request(backend=arguments.backend), Session()
    with tempfile.TemporaryDirectory() as scratch:
        found, masks = photos(Path(scratch) / "in", arguments.photos, arguments.side)
        batch.run(found[:1], request, Path(scratch) / "warm", session, masks=masks)
        local: Any = distributed.LocalCluster(
            n_workers=arguments.workers, threads_per_worker=1, dashboard_address=":0", memory_limit=0
        )
        engines: dict[str, Callable[[], Engine | None]] = {
            "one process": lambda: None,
            f"{arguments.workers} processes": lambda: processes.processes(
                arguments.workers, session.settings
            ),
            f"cluster of {arguments.workers}": lambda: cluster.cluster(
                local.scheduler_address, request, session
            ),
        }
        walls: dict[str, list[float]] = {name: [] for name in engines}
        costs: dict[str, list[float]] = {name: [] for name in engines}
        made = {}
        for number in range(arguments.rounds):
            for name, make in engines.items():
                out = Path(scratch) / f"{name} {number}"
                began, cpu = time.perf_counter(), used()
                batch.run(found, request, out, session, masks=masks, engine=make())
                walls[name].append(time.perf_counter() - began)
                costs[name].append(used() - cpu)
                made[name] = hashes(out)
        local.close()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    first = statistics.median(walls["one process"])
    print(
        f"{arguments.photos} JPEGs of {arguments.side * 4 // 3}×{arguments.side}, {arguments.backend}; "
        f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.0f}; median of {arguments.rounds}\n"
    )
    print("| way | s | photos a minute | against one process | processor s a photo | same files |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, seconds in walls.items():
        wall, cost = statistics.median(seconds), statistics.median(costs[name]) / arguments.photos
        told = "–" if name.startswith("cluster") else f"{cost:.2f}"
        same = "yes" if made[name] == made["one process"] else "NO"
        print(
            f"| {name} | {wall:.1f} | {60 * arguments.photos / wall:.0f} | {first / wall:.2f} × | {told} | {same} |"
        )
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"\nThe largest worker took {peak:.0f} MB; this process {own:.0f} MB.")


if __name__ == "__main__":
    main()
