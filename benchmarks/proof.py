"""How well proof patches choose: on photos with cut holes, is the backend that they name the best one in the real hole?

    python benchmarks/proof.py measure DIR OUT.jsonl [--limit N] [--count K] [--costly] [--backends a,b] [--processes N]
    python benchmarks/proof.py judge TUNE.jsonl TEST.jsonl

`measure` cuts holes shaped like objects, fills each with every backend, and fills the proof patches. `judge` takes the
prior and how much it is worth from TUNE alone, and says what "auto" would have reached on TEST.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np

from benchmarks.agreement import agreement, every
from inpaint_app.backends import registry
from inpaint_app.errors import MaskError
from inpaint_app.lab.evaluation.holes import parse
from inpaint_app.lab.evaluation.photosets import PhotoRef, fitted, photos
from inpaint_app.lab.evaluation.statistics import estimate
from inpaint_app.metrics.full_reference import scores
from inpaint_app.metrics.no_reference import report
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.proof import DOUBT, Case, Patch, prove, ranking
from inpaint_app.removal.session import Session
from inpaint_app.types import Image, Result

Row: TypeAlias = dict[str, Any]
SCORE = "haarpsi"
BACKENDS = "navier-stokes,telea,patchmatch,exemplar"
DOUBTS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 1e9)


def one(
    photo: PhotoRef, hole: str, size: int, backends: list[str], seeds: int, count: int, costly: bool
) -> Row:
    """The real hole's scores and the patches' of one photo. Backends that draw by chance fill with several seeds."""
    cv2.setNumThreads(1)
    session = Session()
    image = fitted(photo.read(session.limits), size or None, "fit")
    mask = parse(hole).draw(image.shape, 0, name=photo.name)
    cut = image.copy()
    cut[mask] = 127
    real, bare, fills = {}, {}, {}
    for backend in backends:
        for seed in range(seeds if registry.find(backend).family == "exemplar" else 1):
            result = session.remove(Removal(cut, mask, grow=0, feather=0, options={"seed": seed}), backend)
            name = f"{backend}/{seed}"
            fills[name] = result.image
            real[name] = scores(image, result.image, mask)["hole"]
            found = every(session, cut, result, costly=costly and not seed)
            bare[name] = found | {"seconds": result.seconds} | signed(cut, result)
    cross = {
        a: {b: scores(fills[b], fills[a], mask, names=(SCORE,))["hole"][SCORE] for b in fills if b != a}
        for a in fills
    }
    try:
        patches = list(prove(session, Case(cut, mask, tuple(backends), count=count))) if count else []
    except MaskError:
        patches = []
    kept = [(p.place, p.backend, p.score, p.seconds) for p in patches if p.score is not None]
    shape = {
        "photo": photo.name,
        "share": float(mask.mean()),
        "height": image.shape[0],
        "width": image.shape[1],
    }
    return {**shape, "real": real, "bare": bare, "cross": cross, "patches": kept}


def signed(cut: Image, result: Result) -> dict[str, float]:
    """Seam and texture as they are, with their side of 1."""
    found = report(cut, result)
    return {
        "log seam": math.log(found.seam_contrast or 1.0),
        "log texture": math.log(found.texture_energy or 1.0),
    }


def measure(chosen: argparse.Namespace) -> None:
    out = chosen.out
    done = {json.loads(line)["photo"] for line in out.read_text().splitlines()} if out.exists() else set()
    left = [photo for photo in photos(chosen.source, limit=chosen.limit) if photo.name not in done]
    how = chosen.hole, chosen.size, chosen.backends.split(","), chosen.seeds, chosen.count, chosen.costly
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as pool, out.open("a") as stream:
        for number, found in enumerate(pool.map(one, left, *([value] * len(left) for value in how))):
            stream.write(json.dumps(found) + "\n")
            stream.flush()
            print(f"\r{number + 1} of {len(left)}", end="", flush=True)
    print()


def loaded(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def backend_of(fill: str) -> str:
    return fill.split("/")[0]


def real(row: Row, fill: str) -> float:
    """HaarPSI of a fill over the real hole."""
    return float(row["real"][fill][SCORE])


def singles(rows: list[Row]) -> dict[str, float]:
    """Mean score of each backend with its first seed."""
    return {f: float(np.mean([real(row, f) for row in rows])) for f in rows[0]["real"] if f.endswith("/0")}


def prior_of(rows: list[Row]) -> dict[str, float]:
    """Mean score of each backend less the mean of all."""
    means = singles(rows)
    middle = float(np.mean(list(means.values())))
    return {backend_of(fill): mean - middle for fill, mean in means.items()}


def patched(row: Row, prior: dict[str, float], doubt: float) -> dict[str, float]:
    """What the patches make expected of each backend, held back by the prior."""
    blank = np.zeros((1, 1, 3), np.uint8)
    patches = [
        Patch(place, name, blank[..., 0] > 0, blank, blank, None, s, t)
        for place, name, s, t in row["patches"]
    ]
    found = {standing.backend: standing.expected for standing in ranking(patches, prior, doubt)}
    return found or dict(prior)


def by_patches(row: Row, prior: dict[str, float], doubt: float) -> str:
    found = patched(row, prior or dict.fromkeys(("exemplar",), 0.0), doubt)
    return f"{max(found, key=found.__getitem__)}/0"


def by_agreement(row: Row, every_vote: bool, prior: dict[str, float] | None = None) -> str:
    """The textured fill with the most agreement; with a prior, what it and the patches expect is added.

    every_vote: the blurred fills of diffusion vote too; they are never chosen.
    """
    fills = [fill for fill in row["cross"] if registry.find(backend_of(fill)).family != "classical"]
    voters = list(row["cross"]) if every_vote else fills
    expected = patched(row, prior, DOUBT) if prior else {}
    values = {a: float(np.mean([row["cross"][a][b] for b in voters if b != a])) for a in fills}
    return max(fills, key=lambda fill: values[fill] + expected.get(backend_of(fill), 0.0))


def judge(tune: list[Row], test: list[Row]) -> None:
    prior = prior_of(tune)
    print("prior from TUNE:", {name: round(value, 4) for name, value in prior.items()})
    doubt = max(DOUBTS, key=lambda d: float(np.mean([real(row, by_patches(row, prior, d)) for row in tune])))
    print(f"doubt from TUNE ({len(tune)} photos): {doubt:g}")
    ways: dict[str, Callable[[Row], str]] = {
        "patches alone": lambda row: by_patches(row, {}, 0.0),
        "patches, held back by the prior": lambda row: by_patches(row, prior, doubt),
        "agreement of the textured fills": lambda row: by_agreement(row, False),
        "agreement of all fills": lambda row: by_agreement(row, True),
        "agreement of all fills, and patches": lambda row: by_agreement(row, True, prior),
    }
    for name, rows in (("TUNE", tune), ("TEST", test)):
        tried = [row for row in rows if row["patches"]]
        for title, some in ((name, rows), (f"{name}, where patches were measured", tried)):
            if some:
                print(f"\n{title}: {len(some)} photos\n")
                compared(some, {k: v for k, v in ways.items() if "patches" not in k or some is tried})
    agreements(tune + test)


def compared(test: list[Row], ways: dict[str, Callable[[Row], str]]) -> None:
    means = singles(test)
    best = max(means, key=means.__getitem__)
    print(
        "| choice | HaarPSI | less the best single backend, 95 % interval | the truly best backend |\n|---|---|---|---|"
    )
    truly = [backend_of(max(means, key=lambda fill, row=row: real(row, fill))) for row in test]
    for fill, mean in means.items():
        gain = estimate([real(row, fill) - real(row, best) for row in test])
        share = np.mean([name == backend_of(fill) for name in truly])
        print(f"| always {fill} | {mean:.4f} | {said(gain)} | on {share:.0%} |")
    for title, way in ways.items():
        chosen = [way(row) for row in test]
        gain = estimate([real(row, fill) - real(row, best) for row, fill in zip(test, chosen, strict=True)])
        hits = np.mean([backend_of(fill) == name for fill, name in zip(chosen, truly, strict=True)])
        mean = np.mean([real(row, fill) for row, fill in zip(test, chosen, strict=True)])
        print(f"| {title} | {mean:.4f} | {said(gain)} | chosen on {hits:.0%} |")
    oracle = np.mean([max(real(row, fill) for fill in row["real"]) for row in test])
    print(f"| the best of all fills each time | {oracle:.4f} | | |")


def said(gain: Any) -> str:
    return f"{gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def agreements(rows: list[Row]) -> None:
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
    first.add_argument("--size", type=int, default=0, help="longer side in pixels; 0: as the photos are")
    first.add_argument(
        "--seeds", type=int, default=1, help="fills of the real hole by backends that draw by chance"
    )
    first.add_argument("--backends", default=BACKENDS)
    first.add_argument("--costly", action="store_true", help="also the scores that fill or detect again")
    first.add_argument("--processes", type=int, default=1)
    second = commands.add_parser("judge")
    second.add_argument("tune", type=Path)
    second.add_argument("test", type=Path)
    chosen = parser.parse_args()
    if chosen.command == "measure":
        measure(chosen)
    else:
        judge(loaded(chosen.tune), loaded(chosen.test))
