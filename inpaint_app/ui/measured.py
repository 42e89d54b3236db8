"""The panel "Measured on your photo": proof patches as they come, ranked, with their little pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from inpaint_app.errors import MaskError
from inpaint_app.removal import proof
from inpaint_app.removal.proof import Patch
from inpaint_app.removal.request import Request
from inpaint_app.removal.session import Session
from inpaint_app.server import pictures
from inpaint_app.server.visitors import Step, Visit
from inpaint_app.settings import Settings
from inpaint_app.types import Image, Progress

PLACES = proof.COUNT
SIDE = 200
"""Longer side in pixels of the little pictures."""


def chosen(names: Iterable[str], settings: Settings) -> tuple[str, ...]:
    """What is measured: the quick backends always, and what the visitor has ticked besides, slow ones too."""
    return tuple(dict.fromkeys((*proof.quick(settings), *names)))


def measure(
    session: Session, visit: Visit, step: Step, request: Request, names: tuple[str, ...], progress: Progress
) -> None:
    """Measure, and tell the page after every fill. Raises MaskError, Cancelled."""
    case = proof.case_of(session, visit.pixels(), request, names, PLACES, progress.part(0.0, 0.1))
    patches: list[Patch] = []
    places: list[dict[str, Any]] = []
    for patch in proof.prove(session, case, progress.part(0.1, 1.0)):
        patches.append(patch)
        if patch.place == len(places):
            places.append({"truth": _file(visit, patch.truth), "cut": _file(visit, patch.cut), "fills": []})
        if patch.fill is not None:
            places[-1]["fills"].append(
                {"backend": patch.backend, "path": _file(visit, patch.fill), "score": patch.score}
            )
        step.proof = _told(patches, places)
        visit.say("proof", **step.proof)
    if not step.proof.get("standings"):
        raise MaskError("Nothing could be measured on this photo: choose a backend yourself.")


def _told(patches: list[Patch], places: list[dict[str, Any]]) -> dict[str, Any]:
    standings = [
        {
            "backend": one.backend,
            "mean": round(one.mean, 4),
            "bestOn": one.best_on,
            "patches": one.patches,
            "expected": round(one.expected, 4),
            "usual": None if one.usual is None else round(one.usual, 4),
            "seconds": round(one.seconds, 2),
        }
        for one in proof.ranking(patches)
    ]
    problems = list(dict.fromkeys(patch.error for patch in patches if patch.error))
    return {
        "standings": standings,
        "places": [{**place, "fills": list(place["fills"])} for place in places],
        "problems": problems,
    }


def _file(visit: Visit, image: Image) -> str:
    return str(pictures.write_picture(image, visit.opened().shown_icc, visit.file(".jpg"), SIDE))
