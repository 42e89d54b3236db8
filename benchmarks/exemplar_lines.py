"""Are straight structures continued through the hole? Lines are found in the truth, so nobody picks the photos.

    python -m benchmarks.exemplar_lines

A photo counts where a straight edge of the truth (probabilistic Hough transform on Canny edges) runs through the hole
for 25 px or more and is seen for 12 px or more on both sides of it. It is continued where the contrast across the
line, inside the hole and up to 3 px beside the line, keeps its sign and at least half of its size in the truth. All
fills go through the app, in its windows.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import runner
from benchmarks.exemplar_cases import Case, cases
from benchmarks.fullsize import METHODS

Points = NDArray[np.float32]


def lines(case: Case) -> list[tuple[Points, Points, NDArray[np.bool_]]]:
    """Lines across the hole: points (N, 2: x, y) a pixel apart, the unit normal, which points lie in the hole."""
    luma = cv2.cvtColor(case.image, cv2.COLOR_RGB2GRAY)
    edges = cv2.Canny(luma, 80, 160)
    found: Any = cv2.HoughLinesP(edges, 1, np.pi / 360, 50, minLineLength=50, maxLineGap=5)
    out = []
    for segment in [] if found is None else np.reshape(found, (-1, 4)):
        start, stop = np.float32(segment[:2]), np.float32(segment[2:])
        length = float(np.hypot(*(stop - start)))
        points = start + np.linspace(0, 1, int(length) + 1, dtype=np.float32)[:, None] * (stop - start)
        inside = case.mask[points[:, 1].round().astype(int), points[:, 0].round().astype(int)]
        if inside.sum() < 25 or inside[:12].any() or inside[-12:].any():
            continue
        direction = (stop - start) / length
        out.append((points, np.array([-direction[1], direction[0]], np.float32), inside))
    return out


def contrast(luma: NDArray[np.float32], points: Points, normal: Points, shift: float) -> float:
    """Mean difference between the two sides of a line moved by `shift` px along its normal."""
    sides = [points + normal * (shift + step) for step in (2.0, -2.0)]
    values = [
        cv2.remap(
            luma, side[:, :1].astype(np.float32), side[:, 1:].astype(np.float32), cv2.INTER_LINEAR, None
        )
        for side in sides
    ]
    return float((values[0] - values[1]).mean())


def continued(case: Case, fill: NDArray[np.uint8]) -> float:
    """Share of the case's lines that the fill continues."""
    result = np.where(case.mask[..., None], fill, case.image)
    luma = cv2.cvtColor(result, cv2.COLOR_RGB2GRAY).astype(np.float32)
    truth = cv2.cvtColor(case.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kept = []
    for points, normal, inside in lines(case):
        wanted = contrast(truth, points[inside], normal, 0.0)
        best = max(
            contrast(luma, points[inside], normal, s) * np.sign(wanted) for s in np.arange(-3, 3.5, 0.5)
        )
        kept.append(best >= 0.5 * abs(wanted))
    return float(np.mean(kept))


def main() -> None:
    parser = runner.parser(__doc__)
    parser.add_argument("--folder", default="eval/bsds_test100")
    arguments = parser.parse_args()
    photos = [case for case in cases(arguments.folder) if lines(case)]
    print(f"{len(photos)} photos with a line across the hole", flush=True)
    for name in ("default", "exemplar", "PyPatchMatch, our 768 px window", "Navier-Stokes"):
        values = [continued(case, METHODS[name](case.holed, case.mask)) for case in photos]
        print(
            f"{name}: {sum(v >= 0.5 for v in values)} photos with half of their lines continued or more, "
            f"mean share {np.mean(values):.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
