"""How near real removals come to the true background, scene by scene (eval/real_removal: objects and shadows marked).

    python -m benchmarks.real OUT --methods context-encoder exemplar telea

The photo goes through the app as a user's would (the mask grown as it chooses); the fill is scored with the truth
pasted outside the marked region: HaarPSI over its box and 24 px, PSNR inside. Every second scene, by name, is for
tuning, the others tell. `--eroded` gives the app masks that are too tight, `--options` what the
engines go by. OUT gets rows.jsonl (what is there is not done again), table.md, and for every photo a picture: marked,
true, then every method.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.exemplar_cases import DATA, Case, load, scores
from benchmarks.runner import Row, keep, parser, publish, rows_of, write
from benchmarks.runner import marked as shown
from inpaint_app.backends import registry
from inpaint_app.removal.pipeline import Removal
from inpaint_app.removal.session import Session
from inpaint_app.types import Image, Mask

METHODS = (registry.DEFAULT, "exemplar", "telea")


def marked(folder: Path) -> Mask:
    """Objects and shadows of a case."""
    parts = [load(path)[..., 0] > 127 for path in (folder / "objects.png", folder / "shadow.png")]
    return np.logical_or(*parts)


def eroded(mask: Mask, pixels: int) -> Mask:
    """The mask without so many pixels of its rim."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1,) * 2)
    return np.asarray(cv2.erode(mask.view(np.uint8), disc) > 0)


def run(out: Path, methods: list[str], options: dict[str, Any], tight: int, grow: int | None) -> None:
    """A row for every photo and method."""
    session = Session()
    done = {(row["photo"], row["method"]) for row in rows_of(out)}
    for folder in sorted(path for path in (DATA / "eval/real_removal").iterdir() if path.is_dir()):
        photo, mask = load(folder / "photo.jpg"), marked(folder)
        case = Case(folder.name, load(folder / "truth.png"), mask)
        views: list[Image] = []
        for method in methods:
            if (case.name, method) in done:
                continue
            known = {} if method == "telea" else options
            given = Removal(photo, eroded(mask, tight), grow, options=known)
            fill = session.remove(given, method).image
            views.append(np.where(mask[..., None], fill, case.image))
            keep(out, {"photo": case.name, "method": method} | scores(case, fill))
        if views:
            tiles = (shown(photo, mask), case.image, *views)
            write(out / f"{case.name}.png", [view[case.crop] for view in tiles])


def table(rows: list[Row]) -> str:
    """PSNR and HaarPSI of every method, by scene, and the means over photos."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    scenes = sorted({row["photo"].rsplit("_", 1)[0] for row in rows})
    groups = {scene: {scene} for scene in scenes}
    groups |= {"**tuning**": set(scenes[::2]), "**telling**": set(scenes[1::2]), "**all**": set(scenes)}
    lines = ["| scene | photos | " + " | ".join(methods) + " |", "|---" * (len(methods) + 2) + "|"]
    for name, group in groups.items():
        cells, count = [], 0
        for method in methods:
            mine = [r for r in rows if r["method"] == method and r["photo"].rsplit("_", 1)[0] in group]
            count = len(mine)
            psnr, haarpsi = (np.mean([row[key] for row in mine]) for key in ("psnr", "haarpsi"))
            cells.append(f"{psnr:.2f} / {haarpsi:.3f}")
        lines.append(f"| {name} | {count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    line = parser(__doc__, "rows, table and pictures")
    line.add_argument("--methods", nargs="+", default=METHODS)
    line.add_argument(
        "--options", type=json.loads, default={}, help='of the engines, as JSON: {"guidance": 0.1}'
    )
    line.add_argument("--eroded", type=int, default=0, help="pixels that the masks lack all around")
    line.add_argument("--grow", type=int, help="pixels that they grow by; without: as the app chooses")
    arguments = line.parse_args()
    run(arguments.out, arguments.methods, arguments.options, arguments.eroded, arguments.grow)
    publish(arguments.out, table(rows_of(arguments.out)))


if __name__ == "__main__":
    main()
