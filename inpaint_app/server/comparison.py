"""Several fills of one hole beside each other, as one page that needs nothing else: pictures and numbers inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.imaging.mask import bounds, padded
from inpaint_app.metrics import no_reference
from inpaint_app.removal.candidates import agreements
from inpaint_app.server.pictures import data_url
from inpaint_app.types import Image, Mask, Result

SIDE = 1000
"""Longer side in pixels of a picture; about 200 kB each."""
MOST = 12
"""Fills that a page holds."""
NOTE = (
    "Seam and texture are against the surroundings: 1 cannot be told from them. Agreement is the mean HaarPSI with the "
    "other fills."
)
TESTED = " What has a truth was measured on another hole of this photo."

STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; padding: 24px; font: 15px/1.5 system-ui, sans-serif; background: Canvas; color: CanvasText; }
h1 { margin: 0 0 4px; font-size: 21px; } p { margin: 0 0 18px; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(320px, 100%), 1fr)); gap: 16px; }
figure { margin: 0; } img { display: block; width: 100%; border-radius: 8px; }
figcaption b { display: block; margin: 8px 0 2px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 12px; margin: 0; font-variant-numeric: tabular-nums; }
dd { margin: 0; }
"""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One picture of the row: its title, what is in it, and its numbers in words."""

    title: str
    image: Image
    facts: Mapping[str, str]


def area(mask: Mask) -> tuple[slice, slice]:
    """The hole with as much around it as lets a fill be judged."""
    box = bounds(mask)
    if box is None:
        return slice(None), slice(None)
    return padded(box, max(48, max(box.width, box.height) // 2), mask.shape).slices


def page(name: str, photo: Image, mask: Mask, columns: Sequence[Column], note: str = NOTE) -> str:
    """The page. name: of the photo; photo (H, W, 3), as it was, mask (H, W), what was filled: all cut to `area`."""
    marked = photo.copy()
    marked[mask] = (marked[mask] * 0.4 + np.array([214, 35, 74]) * 0.6).astype(np.uint8)
    first = Column("The photo", photo, {"hole": f"{np.count_nonzero(mask):,} pixels"})
    figures = [_figure(one) for one in (first, Column("What goes", marked, {}), *columns[:MOST])]
    title = escape(f"{name}, side by side")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1><p>{escape(note)}</p><main>{''.join(figures)}</main></body></html>\n"
    )


def of_results(name: str, photo: Image, results: Sequence[Result]) -> str:
    """The page of fills of one hole, at least one, with their own numbers. photo: (H, W, 3), as it was."""
    part, columns = area(results[0].mask), []
    agreeing = agreements(results) if len(results) > 1 else [None]
    names = [one.backend for one in results]
    for one, agreement in zip(results, agreeing, strict=True):
        scores, title = no_reference.report(photo, one), backends.find(one.backend).title
        shown = {"seconds": one.seconds, "seam": scores.seam_contrast, "texture": scores.texture_energy}
        seed = f", seed {one.seed}" if names.count(one.backend) > 1 else ""
        columns.append(Column(title + seed, one.image[part], facts(shown | {"agreement": agreement}, {})))
    return page(name, photo[part], results[0].mask[part], columns)


def _figure(column: Column) -> str:
    facts = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in column.facts.items())
    title = escape(column.title)
    return (
        f'<figure><img src="{data_url(column.image, SIDE)}" alt="{title}">'
        f"<figcaption><b>{title}</b><dl>{facts}</dl></figcaption></figure>"
    )


def facts(shown: Mapping[str, object], tested: Mapping[str, float]) -> dict[str, str]:
    """A result's numbers in words: of the removal, and of the test with truth where there was one."""
    found = {}
    for key, word in (
        ("seconds", "time"),
        ("seam", "seam"),
        ("texture", "texture"),
        ("agreement", "agreement"),
    ):
        value = shown.get(key)
        if isinstance(value, int | float):
            found[word] = f"{value:.2f}" + (" s" if key == "seconds" else "")
    return found | {f"{key}, with truth": f"{value:.3f}" for key, value in tested.items()}
