"""Further shots of the photo's place in the page: taken in as photos are, each with how well it fits."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from inpaint_app.batch.naming import legal
from inpaint_app.errors import Cancelled, InpaintError, OptionError
from inpaint_app.removal.session import Session
from inpaint_app.removal.shots import shot_of
from inpaint_app.server import pictures
from inpaint_app.server.guard.limits import OPENING, SHOTS
from inpaint_app.server.shots import HeldShot, check_room
from inpaint_app.server.visitors import Visit, Visits
from inpaint_app.shots.stack import Fit, fits
from inpaint_app.types import Progress, Result
from inpaint_app.ui import messages
from inpaint_app.ui.messages import Message


def changed(session: Session, visits: Visits, visit: Visit, message: Message, progress: Progress) -> None:
    """Take in the files that the message names, or let the shot go that it drops; the page hears of all.

    A file that is no photo is told and stops no other. Raises OptionError for more than SHOTS.
    """
    visit.shots.pop(str(message.get("drop")), None)
    sent = messages.listed(message.get("files"))
    if len(visit.shots) + len(sent) > SHOTS:
        raise OptionError(
            f"{len(visit.shots) + len(sent)} further shots came, expected at most {SHOTS}: choose those of the "
            "last seconds."
        )
    with visit.allowance.turn(OPENING * len(sent), progress):
        for number, one in enumerate(sent):
            part = progress.part(number / len(sent), (number + 1) / len(sent))
            part(0.0, f"Opening shot {number + 1} of {len(sent)}")
            try:
                _take(session, visits, visit, one if isinstance(one, dict) else {}, part)
            except Cancelled:
                raise
            except InpaintError as error:
                visit.say("error", text=str(error))
    tell(visit)


def _take(session: Session, visits: Visits, visit: Visit, one: Message, progress: Progress) -> None:
    with messages.taken(lambda path: visits.sent(path, visit.owner), {"path": one.get("path")}) as path:
        photo = session.load(path, legal(str(one.get("name") or path.name)), progress=progress)
    shot, image = shot_of(photo), visit.pixels()
    check_room(visit.bytes, shot, visit.settings)
    with session.device.stacking(progress):
        (fit,) = fits(image, np.zeros(image.shape[:2], bool), [shot], progress)
    thumb = pictures.write_preview(shot.image, photo, visit.file(".jpg"), pictures.THUMB_SIDE)
    shown = {"id": Path(thumb).stem, "name": photo.name, "thumb": str(thumb), **_told(fit)}
    visit.shots[shown["id"]] = HeldShot(shot, shown)
    visits.make_room(visit)


def _told(fit: Fit) -> dict[str, str]:
    """How well a shot fits, in a sentence; `good` where it can be used."""
    said = f"Not used: it {fit.note}." if fit.note else f"Fits {100 * max(0.0, fit.likeness):.0f} %"
    return {"told": said, "good": "" if fit.note else "yes"}


def fitted(visit: Visit, result: Result) -> None:
    """Tell what a removal found of each shot around its holes."""
    if result.behind is not None:
        for held, fit in zip(visit.shots.values(), result.behind.fits, strict=True):
            held.shown.update(_told(fit))
        tell(visit)


def tell(visit: Visit) -> None:
    """Tell the page of all shots."""
    visit.say("shots", shots=[held.shown for held in visit.shots.values()])
