"""What Auto reaches beside every single backend, on photos with object-shaped holes of 5 % cut into them.

    python -m benchmarks.auto OUT.jsonl [--folder eval/bsds_test100] [--count N]

Every photo is filled by Auto and by each backend with its first seed (the fills that Auto itself made are used where it
made them). HaarPSI on the hole's crop as in benchmarks.exemplar; intervals: 95 % bootstrap over the photos, paired.
OUT keeps the scores: what is there already is not filled again.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.exemplar_cases import Case, cases, scores
from inpaint_app.lab.evaluation.statistics import estimate
from inpaint_app.removal.ensemble import NAME, choose
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session

BESIDE = ("navier-stokes", "telea")
SCORES = ("haarpsi", "fsim", "psnr", "texture")


def measured(session: Session, case: Case) -> dict[str, Any]:
    """Scores of every fill of one photo, and seconds of processor time by Auto's own clock."""
    cut = Removal(case.holed, case.mask, grow=0, feather=0)
    choice = choose(session, cut)
    found = {NAME: scores(case, choice.result.image) | {"seconds": choice.result.seconds}}
    for fill in choice.fills:
        if fill.seed == 0:
            found[fill.result.backend] = scores(case, fill.result.image) | {"seconds": fill.result.seconds}
    for name in BESIDE:
        result = session.remove(cut, name)
        found[name] = scores(case, result.image) | {"seconds": result.seconds}
    return {"photo": case.name, "scores": found}


def table(rows: list[dict[str, Any]]) -> str:
    """Means, the difference to the best single backend with its interval, and how often each is the best."""
    names = list(rows[0]["scores"])
    values = {name: np.array([row["scores"][name]["haarpsi"] for row in rows]) for name in names}
    best = max((name for name in names if name != NAME), key=lambda name: float(values[name].mean()))
    top = np.max([values[name] for name in names], axis=0)
    lines = [
        f"{len(rows)} photos. The best single backend is {best}.",
        "",
        "| fill | HaarPSI | less the best single one, 95 % interval | the best of all | FSIM | PSNR dB | texture | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in sorted(names, key=lambda name: -float(values[name].mean())):
        gain = estimate(values[name] - values[best])
        means = [np.mean([row["scores"][name][score] for row in rows]) for score in ("fsim", "psnr")]
        texture = np.median([row["scores"][name]["texture"] for row in rows])
        seconds = np.median([row["scores"][name]["seconds"] for row in rows])
        lines.append(
            f"| {name} | {values[name].mean():.4f} | {gain.mean:+.4f} ({gain.low:+.4f} to {gain.high:+.4f}) "
            f"| on {np.mean(values[name] >= top):.0%} | {means[0]:.4f} | {means[1]:.2f} | {texture:.2f} "
            f"| {seconds:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure what is not in OUT yet, and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--folder", default="eval/bsds_test100")
    parser.add_argument("--count", type=int, default=None)
    chosen = parser.parse_args()
    rows = [json.loads(line) for line in chosen.out.read_text().splitlines()] if chosen.out.exists() else []
    done = {row["photo"] for row in rows}
    session = Session()
    with chosen.out.open("a") as stream:
        for case in cases(chosen.folder, chosen.count):
            if case.name not in done:
                rows.append(measured(session, case))
                stream.write(json.dumps(rows[-1]) + "\n")
                stream.flush()
    print(table(rows))


if __name__ == "__main__":
    main()
