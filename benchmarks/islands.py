"""Thousands of small holes (dust, scratches): what does the default take, beside a start that spares nothing?

    python benchmarks/islands.py                       # 10,816 islands on one megapixel, then dust and scratches
    python benchmarks/islands.py --cases dust PHOTO …   # on photos of yours, cut to 640×640

"Before" compares every patch with the whole sample, however many patches there are. Both run in turns in one process.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from inpaint_app.backends.exemplar import initialise
from inpaint_app.backends.registry import DEFAULT
from inpaint_app.removal.session import Request, Session
from inpaint_app.types import Image, Mask

EXAMPLES = Path(__file__).resolve().parents[1] / "inpaint_app/ui/static/examples"
NEVER = 1 << 40
"""More patches than any window has: the whole sample for each."""


def islands(side: int, count: int = 104, dot: int = 3) -> Mask:
    """count × count squares on a grid."""
    mask = np.zeros((side, side), bool)
    for y in np.linspace(4, side - dot - 4, count).astype(int):
        for x in np.linspace(4, side - dot - 4, count).astype(int):
            mask[y : y + dot, x : x + dot] = True
    return mask


def dust(side: int) -> Mask:
    """Specks of 2 to 4 px radius anywhere."""
    rng, mask = np.random.default_rng(3), np.zeros((side, side), np.uint8)
    for _ in range(side * side // 300):
        cv2.circle(mask, tuple(map(int, rng.integers(side, size=2))), int(rng.integers(2, 5)), 1, -1)
    return mask > 0


def scratches(side: int) -> Mask:
    """Straight lines of 2 to 5 px anywhere."""
    rng, mask = np.random.default_rng(4), np.zeros((side, side), np.uint8)
    for _ in range(side * side // 7000):
        start = rng.integers(side, size=2)
        stop = start + rng.integers(-160, 160, 2)
        cv2.line(mask, tuple(map(int, start)), tuple(map(int, stop)), 1, int(rng.integers(2, 6)))
    return mask > 0


CASES = {"islands": (islands, 1040), "dust": (dust, 640), "scratches": (scratches, 640)}


def picture(path: Path, side: int) -> Image:
    """The middle of a photo, enlarged where it is smaller."""
    image = PillowImage.open(path).convert("RGB")
    scale = max(1.0, side / min(image.size))
    image = image.resize((round(image.width * scale), round(image.height * scale)))
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def filled(session: Session, image: Image, mask: Mask, usual: int) -> NDArray[np.float64]:
    """Seconds, processor seconds, PSNR over the hole, and known pixels that changed."""
    initialise.USUAL = usual
    wall, processor = time.perf_counter(), time.process_time()
    result = session.run(image, Request(mask=mask, backend=DEFAULT, grow=0))
    spent = time.perf_counter() - wall, time.process_time() - processor
    error = float(((result.image[mask].astype(float) - image[mask]) ** 2).mean())
    known = int((result.image != image)[~mask].any(axis=-1).sum())
    return np.array([*spent, 10 * np.log10(255**2 / max(error, 1e-9)), known])


def main(arguments: Any = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", nargs="*", type=Path)
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    given = parser.parse_args(arguments)
    photos = given.photos or [EXAMPLES / name for name in ("wall.jpg", "beach.jpg")]
    usual, session = initialise.USUAL, Session()
    small = picture(photos[0], 96)
    filled(session, small, _middle(96), usual)  # compiles and loads
    print(
        "| holes | photos | before s | now s | now / before (processor) | PSNR before | PSNR now | known changed |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in given.cases:
        make, side = CASES[name]
        rows = []
        for path in photos[:1] if name == "islands" else photos:
            image, mask = picture(path, side), make(side)
            rows.append([filled(session, image, mask, limit) for limit in (NEVER, usual)])
        (was, now), changed = np.mean(rows, axis=0), int(np.sum(rows, axis=0)[:, 3].sum())
        print(f"| {name} | {len(rows)} | {was[0]:.1f} | {now[0]:.1f} | {now[1] / was[1]:.2f} | {was[2]:.2f} | {now[2]:.2f} | {changed} |", flush=True)  # fmt: skip  # noqa: E501


def _middle(side: int) -> Mask:
    mask = np.zeros((side, side), bool)
    mask[side // 3 : side // 2, side // 3 : side // 2] = True
    return mask


if __name__ == "__main__":
    main()
