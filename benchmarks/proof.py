"""How well proof patches choose: on photos with cut holes, is the backend that they name the best one in the real hole?

    python benchmarks/proof.py measure DIR OUT.jsonl [--limit N] [--count K] [--costly] [--backends a,b] [--processes N]
    python benchmarks/proof.py judge TUNE.jsonl TEST.jsonl

`measure` cuts holes shaped like objects, fills each with every backend, and fills the proof patches. `judge` takes the
prior and how much it is worth from TUNE alone, and says what "auto" would have reached on TEST.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inpaint_app.errors import MaskError
from inpaint_app.evaluation.agreement import agreement, every
from inpaint_app.evaluation.holes import parse
from inpaint_app.evaluation.photosets import PhotoRef, photos
from inpaint_app.evaluation.proof import Patch, prove, ranking
from inpaint_app.evaluation.statistics import estimate
from inpaint_app.metrics.full_reference import scores
from inpaint_app.session import Session
from inpaint_app.types import Removal

BACKENDS = "navier-stokes,telea,patchmatch,exemplar"
DOUBTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1e9)


def one(photo: PhotoRef, hole: str, backends: list[str], count: int, costly: bool) -> dict[str, Any]:
    """The real hole's scores and the patches' of one photo."""
    cv2.setNumThreads(1)
    session = Session()
    image = photo.read()
    mask = parse(hole).draw(image.shape, 0, name=photo.name)
    real, bare = {}, {}
    for backend in backends:
        cut = image.copy()
        cut[mask] = 127
        result = session.remove(Removal(cut, mask, grow=0, feather=0), backend)
        real[backend] = scores(image, result.image, mask)["hole"]
        bare[backend] = every(session, cut, result, costly=costly) | {"seconds": result.seconds}
    unseen = image.copy()
    unseen[mask] = 127
    try:
        patches = list(prove(session, unseen, mask, backends, count=count))
    except MaskError:
        patches = []
    kept = [(p.place, p.backend, p.score, p.seconds) for p in patches if p.score is not None]
    return {"photo": photo.name, "share": float(mask.mean()), "real": real, "bare": bare, "patches": kept}


def measure(
    source: Path,
    out: Path,
    limit: int,
    hole: str,
    backends: list[str],
    count: int,
    costly: bool,
    processes: int,
) -> None:
    done = {json.loads(line)["photo"] for line in out.read_text().splitlines()} if out.exists() else set()
    left = [photo for photo in photos(source, limit=limit) if photo.name not in done]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool, out.open("a") as stream:
        for number, found in enumerate(
            pool.map(one, left, *([v] * len(left) for v in (hole, backends, count, costly)))
        ):
            stream.write(json.dumps(found) + "\n")
            stream.flush()
            print(f"\r{number + 1} of {len(left)}", end="", flush=True)
    print()


def loaded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def prior_of(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Mean score of each backend less the mean of all."""
    table = np.array([[score["haarpsi"] for score in row["real"].values()] for row in rows])
    return dict(zip(rows[0]["real"], (table - table.mean(axis=1, keepdims=True)).mean(axis=0), strict=True))


def choice(row: dict[str, Any], prior: dict[str, float], doubt: float) -> str:
    blank = np.zeros((1, 1, 3), np.uint8)
    patches = [
        Patch(place, name, blank[..., 0] > 0, blank, blank, None, s, t)
        for place, name, s, t in row["patches"]
    ]
    found = ranking(patches, prior, doubt)
    return found[0].backend if found else max(prior, key=prior.__getitem__)


def reached(rows: list[dict[str, Any]], prior: dict[str, float], doubt: float) -> list[float]:
    return [row["real"][choice(row, prior, doubt)]["haarpsi"] for row in rows]


def judge(tune: list[dict[str, Any]], test: list[dict[str, Any]]) -> None:
    prior = prior_of(tune)
    doubt = max(DOUBTS, key=lambda value: float(np.mean(reached(tune, prior, value))))
    print("prior:", {name: round(value, 4) for name, value in prior.items()}, "doubt:", doubt)
    for value in DOUBTS:
        means = (np.mean(reached(rows, prior, value)) for rows in (tune, test))
        print("  doubt {:g}: tune {:.4f}, test {:.4f}".format(value, *means))
    auto = np.array(reached(test, prior, doubt))
    names = list(prior)
    table = np.array([[row["real"][name]["haarpsi"] for name in names] for row in test])
    chosen = [choice(row, prior, doubt) for row in test]
    best = [names[index] for index in table.argmax(axis=1)]
    print(f"\n{len(test)} photos\n")
    print("| always | HaarPSI | auto less it, 95 % interval | truly best on |\n|---|---|---|---|")
    for index, name in enumerate(names):
        gain = estimate(list(auto - table[:, index]))
        share = np.mean([b == name for b in best])
        interval = f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"
        print(f"| {name} | {table[:, index].mean():.4f} | {interval} | {share:.0%} |")
    hits = np.mean([c == b for c, b in zip(chosen, best, strict=True)])
    print(f"| auto | {auto.mean():.4f} | | chose the truly best on {hits:.0%} |")
    print(f"| the truly best each time | {table.max(axis=1).mean():.4f} | | |")
    agreements(test)


def agreements(rows: list[dict[str, Any]]) -> None:
    print("\n| score without truth | orders a pair rightly | its choice less the mean | rank correlation |")
    print("|---|---|---|---|")
    for name in ("seam", "texture", "spread", "repetition", "consistency", "redetection"):
        pairs = [
            {
                b: (row["bare"][b][name], row["real"][b]["haarpsi"])
                for b in row["real"]
                if name in row["bare"][b]
            }
            for row in rows
        ]
        found = agreement(name, [pair for pair in pairs if pair])
        if found is not None:
            right, gain = found.right, found.gain
            print(
                f"| {name} | {right.mean:.0%} ({right.low:.0%} to {right.high:.0%}) | {gain.mean:+.4f} "
                f"({gain.low:+.4f} to {gain.high:+.4f}) | {found.correlation:+.2f} |"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("measure")
    first.add_argument("source", type=Path)
    first.add_argument("out", type=Path)
    first.add_argument("--limit", type=int, default=1000)
    first.add_argument("--hole", default="objects")
    first.add_argument("--count", type=int, default=4)
    first.add_argument("--backends", default=BACKENDS)
    first.add_argument("--costly", action="store_true", help="also the scores that fill or detect again")
    first.add_argument("--processes", type=int, default=1)
    second = commands.add_parser("judge")
    second.add_argument("tune", type=Path)
    second.add_argument("test", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "measure":
        names = chosen.backends.split(",")
        measure(
            chosen.source,
            chosen.out,
            chosen.limit,
            chosen.hole,
            names,
            chosen.count,
            chosen.costly,
            chosen.processes,
        )
    else:
        judge(loaded(chosen.tune), loaded(chosen.test))
