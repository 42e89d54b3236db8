"""What scoring costs beside filling: all quick scores of a 512×512 photo against the fastest fill, as a ratio.

    python benchmarks/metrics.py [PHOTO]

CPU time on one thread, the best of several runs. Without a photo a made one is used.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from inpaint_app.lab.evaluation.holes import parse
from inpaint_app.metrics.full_reference import QUICK, scores
from inpaint_app.metrics.no_reference import report
from inpaint_app.photofile.files import load
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.types import Image

RUNS = 15


def best(work: Callable[[], object], runs: int = RUNS) -> float:
    """Least CPU seconds of several runs on one thread: independent of what else the machine does."""
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def photo(path: str | None, side: int) -> Image:
    if path is None:
        noise = np.random.default_rng(0).normal(0, 60, (side, side, 3)).astype(np.float32)
        return (cv2.GaussianBlur(noise, (0, 0), 3) * 5 + 128).clip(0, 255).astype(np.uint8)
    image = load(Path(path)).rgb
    short = min(image.shape[:2])
    return np.asarray(cv2.resize(image[:short, :short], (side, side), interpolation=cv2.INTER_AREA))


def main() -> None:
    cv2.setNumThreads(1)
    session = Session()
    path = sys.argv[1] if len(sys.argv) > 1 else None
    print(
        "| hole | fastest fill | all quick scores | ratio | scores without truth | each |\n|---|---|---|---|---|---|"
    )
    image = photo(path, 512)
    for hole in ("square:0.5", "square:0.25", "freeform", "objects"):
        mask = parse(hole).draw(image.shape, 1)
        removal = Removal(image, mask, grow=0, feather=0)
        fills = {
            name: best(lambda n=name, r=removal: session.remove(r, n), 5)
            for name in ("telea", "navier-stokes")
        }
        name = min(fills, key=fills.__getitem__)
        result = session.remove(removal, name)
        whole = best(lambda m=mask, r=result: scores(image, r.image, m))
        bare = best(lambda r=result: report(image, r))
        each = ", ".join(
            f"{score} {1000 * best(lambda s=score, m=mask, r=result: scores(image, r.image, m, names=(s,)), 5):.0f}"
            for score in QUICK
        )
        print(
            f"| {hole} | {name} {1000 * fills[name]:.1f} ms | {1000 * whole:.1f} ms | {whole / fills[name]:.2f} | "
            f"{1000 * bare:.1f} ms | {each} ms |"
        )


if __name__ == "__main__":
    main()
