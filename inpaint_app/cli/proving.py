"""`inpaint-app remove --prove`: which backend is best for this hole on this photo, before it is filled."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from inpaint_app.cli.console import Console
from inpaint_app.errors import MaskError
from inpaint_app.photofile.photo import Photo
from inpaint_app.removal.session import Request, Session
from inpaint_app.settings import Settings


def usual(settings: Settings) -> list[str]:
    """The backends that are measured where none is named."""
    return list(_proof().quick(settings))


def best(
    session: Session, photo: Photo, requests: Sequence[Request], name: str, console: Console
) -> tuple[Request, list[dict[str, Any]]]:
    """Of several requests that differ in their backends the one that measures best, and the ranking as plain JSON.

    Where the photo has no room to measure, what is known from other photos decides, and that is said.
    """
    proof = _proof()
    names = [request.backend for request in requests]
    with console.working(f"{name} · measuring") as progress:
        case = proof.case_of(session, photo.rgb, requests[0], names, progress=progress.part(0.0, 0.1))
        try:
            standings = proof.ranking(proof.prove(session, case, progress.part(0.1, 1.0)))
        except MaskError as error:
            console.say(f"Not measured: {error}")
            standings = []
    ranked = standings or proof.unmeasured(names)
    for place, standing in enumerate(ranked, start=1):
        console.say(f"{place}. {standing.backend:<24} {described(standing)}")
    chosen = next(request for request in requests if request.backend == ranked[0].backend)
    return chosen, [
        {
            "backend": one.backend,
            "haarpsi": round(one.mean, 4),
            "best_on": one.best_on,
            "patches": one.patches,
            "usual": None if one.usual is None else round(one.usual, 4),
            "expected": round(one.expected, 4),
        }
        for one in standings
    ]


def described(standing: Any) -> str:
    """Why a backend stands where it does, in the numbers that its place follows from."""
    usual = "never measured elsewhere" if standing.usual is None else f"{standing.usual:+.3f} on other photos"
    if not standing.patches:
        return usual
    return (
        f"expected {standing.expected:.3f}: {standing.mean:.3f} on {_patches(standing.patches)} of this photo "
        f"(best on {standing.best_on}), {usual}; {standing.seconds:.2f} s"
    )


def _patches(count: int) -> str:
    return f"{count} patch" if count == 1 else f"{count} patches"


def _proof() -> Any:
    """The evaluation is loaded when it is asked for."""
    return importlib.import_module("inpaint_app.removal.proof")
