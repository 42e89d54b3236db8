"""Makes the pictures of docs/gallery.md: `python assets/make_gallery.py [FOLDER] [--only NAME]`.

Every picture shows a photo, what was marked on it, and the fill as it came; where several backends filled, each, around
the hole and at the photo's own size, up to HIGHEST rows. The photos come from installed packages and
may be shown: scikit-image's astronaut (NASA, public domain), coffee (Rachel Michetti, CC0), chelsea (Stefan van der
Walt, CC0), rocket (SpaceX, public domain) and brick (CC0Textures, CC0), and ultralytics' bus (AGPL-3.0). Masks are
drawn here.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / "docs" / "gallery"
sys.path.insert(0, str(HERE.parent))

CORAL = np.array([214, 35, 74])
HEIGHT = 300
"""Pixels of a picture's height."""

HIGHEST = 460
"""Rows of a picture with several fills: they are shown at the photo's own size up to here."""
BUS = 300
"""Rows of the bus photo that are left out above."""


@dataclass(frozen=True)
class Case:
    """One removal. backend: one, or several with a space between.

    shapes: polygons as points (x, y), or ellipses as ((x, y), (radius, radius), degrees).
    """

    name: str
    photo: str
    backend: str
    shapes: tuple[Any, ...]


TOWER = ((166, 118), (210, 118), (214, 384), (162, 384))
SHUTTLE = ((389, 0), (450, 0), (462, 56), (462, 215), (478, 285), (368, 288), (348, 225), (372, 84))
HANDLE = (
    (396, 62),
    (428, 68),
    (416, 124),
    (392, 218),
    (384, 250),
    (318, 260),
    (312, 238),
    (372, 212),
    (400, 112),
)
ROCKET = ((304, 118), (336, 118), (350, 404), (288, 404))
WALKERS = (
    ((52, 400), (160, 385), (215, 480), (245, 905), (50, 905)),
    ((222, 405), (300, 400), (345, 560), (340, 865), (225, 865)),
)

BOTH = "context-encoder contextual-attention"

CASES = (
    Case("tower", "rocket", "patchmatch", (TOWER,)),
    Case("spoon", "coffee", "exemplar", (HANDLE, ((366, 283), (46, 50), 0))),
    Case("patch", "astronaut", "exemplar", (((172, 386), (45, 45), 0),)),
    Case("shuttle", "astronaut", "patchmatch", (SHUTTLE,)),
    Case("eye", "chelsea", "exemplar", (((171, 116), (46, 42), 0),)),
    Case("whiskers", "chelsea", "patchmatch", (((170, 262), (90, 36), 0),)),
    Case("brick", "brick", "exemplar", (((256, 250), (70, 60), 0),)),
    Case("rocket", "rocket", "exemplar", (ROCKET,)),
    Case("cup", "coffee", "patchmatch", (((290, 115), (122, 108), 0), ((290, 220), (95, 85), 0))),
    Case("walkers", "bus", "patchmatch", WALKERS),
    Case("badge-both", "astronaut", BOTH, (((172, 386), (45, 45), 0),)),
    Case("brick-both", "brick", BOTH, (((256, 250), (70, 60), 0),)),
    Case("rocket-both", "rocket", BOTH, (ROCKET,)),
    Case("walkers-both", "bus", BOTH, WALKERS),
)


def main() -> None:
    """Make all pictures, or the one that is named, and say what is in them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--only", metavar="NAME", choices=[case.name for case in CASES])
    parser.add_argument("--backend", metavar="NAME", help="another one for all")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for case in CASES:
        if given.only in (None, case.name):
            make(case, given.folder / f"{case.name}.webp", given.backend or case.backend)


def make(case: Case, target: Path, backend: str) -> None:
    """One picture: before, marked, after."""
    import inpaint_app
    from inpaint_app.metrics import no_reference
    from inpaint_app.server.comparison import area

    photo, names = source(case.photo), backend.split()
    results = [inpaint_app.remove(photo, marked(case, photo), backend=name) for name in names]
    for name, result in zip(names, results, strict=True):
        scores = no_reference.report(photo, result)
        print(
            f"{case.name:12} {name:20} {result.changed_known} known pixels changed, "
            f"seam {scores.seam_contrast:.2f}, texture {scores.texture_energy:.2f}"
        )
    hole, several = results[0].mask, len(results) > 1
    shown = np.where(hole[..., None], 0.45 * photo + 0.55 * CORAL, photo).astype(np.uint8)
    parts = [photo, shown, *(result.image for result in results)]
    if several:
        parts = [part[area(hole)] for part in parts]
    picture = np.hstack([np.pad(part, ((0, 0), (0, 8), (0, 0)), constant_values=255) for part in parts])
    picture = picture[:, :-8]
    height = min(picture.shape[0], HIGHEST) if several else HEIGHT
    size = (round(picture.shape[1] * height / picture.shape[0]), height)
    small = cv2.resize(
        picture, size, interpolation=cv2.INTER_AREA if picture.shape[0] > height else cv2.INTER_CUBIC
    )
    encoded = cv2.imencode(".webp", small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 82])[1]
    target.write_bytes(encoded.tobytes())


def source(name: str) -> Any:
    """A photo out of an installed package, (H, W, 3) uint8."""
    if name == "bus":
        from inpaint_app.ui.view_models import samples

        photo = np.asarray(PillowImage.open(samples()["bus.jpg"]))
        return np.ascontiguousarray(photo[BUS:])
    from skimage import data

    photo = getattr(data, name)()
    return np.ascontiguousarray(photo if photo.ndim == 3 else np.dstack([photo] * 3))


def marked(case: Case, photo: Any) -> Any:
    """The mask, (H, W) bool."""
    mask = np.zeros(photo.shape[:2], np.uint8)
    for shape in case.shapes:
        if len(shape) == 3 and isinstance(shape[2], int):
            cv2.ellipse(mask, shape[0], shape[1], shape[2], 0, 360, 1, -1)
        else:
            points = np.array(shape) - ((0, BUS) if case.photo == "bus" else (0, 0))
            cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    return mask.astype(bool)


if __name__ == "__main__":
    main()
