"""The files that a visitor asks for: photo, mask, recipe. Each is made when it is asked for, at full size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from inpaint_app.backends import registry as backends
from inpaint_app.batch.naming import legal
from inpaint_app.errors import InpaintError, MaskError
from inpaint_app.photofile import files
from inpaint_app.photofile.photo import SaveOptions
from inpaint_app.removal import recipe
from inpaint_app.removal.session import Session, source_type
from inpaint_app.server import comparison, pictures
from inpaint_app.server.files.stored_results import StoredResult, hole_of
from inpaint_app.server.visitors import Step, Visit
from inpaint_app.types import Progress
from inpaint_app.ui import view_models
from inpaint_app.ui.messages import Message, marked


def give(session: Session, visit: Visit, message: Message, progress: Progress) -> None:
    """Write the one file that is asked for and hand it out."""
    step, kind = visit.step(), str(message.get("what", "own"))
    made = step.made.get(str(message.get("result") or ""))
    if kind == "mask":
        give_mask(visit, message)
    elif kind == "comparison":
        give_comparison(visit, step)
    elif kind == "recipe":
        give_recipe(session, visit, step, made, progress)
    else:
        give_photo(session, visit, step, made, kind == "png", bool(message.get("mark")), progress)


def hand_out(visit: Visit, data: bytes, ending: str, text: str) -> None:
    """Write a file that is called after the photo, tell the page where it is, and what to know of it."""
    name = legal(Path(visit.opened().name).stem, ending)
    path = files.write_bytes(data, visit.passing_file("", name))
    visit.say("file", path=str(path), name=name, text=text)


def give_photo(
    session: Session,
    visit: Visit,
    step: Step,
    made: StoredResult | None,
    exact: bool,
    mark: bool,
    progress: Progress,
) -> None:
    """The current step, or a result of it, in the photo's own format, or as a PNG in which no known pixel changes.

    mark: state in the file that it was edited.
    """
    photo, patches = visit.opened(), step.patches + (made.patches if made else ())
    edited = made.whole(visit.pixels()).image if made else visit.pixels()
    # steps before this one may have been made with anything: what states most is stated
    word = (
        source_type(made.request.backend if made and not step.patches else backends.DEFAULT) if mark else ""
    )
    hole, options = hole_of(patches, photo.rgb.shape), SaveOptions(exact, word)
    format = "PNG" if exact else None
    encoded = session.encode(photo, edited, hole, format=format, options=options, progress=progress)
    hand_out(visit, encoded.data, f"-removed{encoded.suffix}", view_models.certificate(encoded.report))


def give_recipe(
    session: Session, visit: Visit, step: Step, made: StoredResult | None, progress: Progress
) -> None:
    """Hand out the recipe of a result, with the certificate of the file that the photo's own format makes of it."""
    if made is None:
        raise InpaintError("A recipe belongs to a result: remove something first.")
    photo, image = visit.opened(), visit.pixels()
    whole, hole = made.whole(image), hole_of(step.patches + made.patches, photo.rgb.shape)
    report = session.encode(photo, whole.image, hole, progress=progress).report
    if image is not photo.rgb:
        # A later step starts from pixels that are in no file: its recipe names the photo by them alone.
        photo = replace(photo, rgb=image, sha256="")
    text = recipe.make(photo, whole, made.request, visit.settings, report)
    number = "" if visit.at == 0 else f"-step{visit.at + 1}"
    told = "Replay it with: inpaint-app remove PHOTO --recipe FILE."
    hand_out(visit, text.encode(), f"{number}.recipe.json", told)


def give_comparison(visit: Visit, step: Step) -> None:
    """Hand out the results of the step beside each other, as one page with their numbers."""
    if not step.made:
        raise InpaintError("There is nothing to compare yet: remove something first.")
    photo, image = visit.opened(), visit.pixels()
    made = list(step.made.values())[: comparison.MOST]
    hole = hole_of([patch for one in made for patch in one.patches], image.shape)
    part = comparison.area(hole)
    columns = [
        comparison.Column(
            one.shown["title"] + (f", seed {one.shown['seed']}" if "seed" in one.shown else ""),
            one.whole(image).image[part].copy(),
            comparison.facts(one.shown, step.tested.get(one.request.backend, {})),
        )
        for one in made
    ]
    note = comparison.NOTE + (comparison.TESTED if step.tested else "")
    text = comparison.page(photo.name, image[part], hole[part], columns, note)
    hand_out(
        visit, text.encode(), "-compared.html", "Pictures and numbers are inside: it needs nothing else."
    )


def give_mask(visit: Visit, message: Message) -> None:
    """Hand out the mask as it is shown, at full size."""
    mask = marked(message, visit).mask
    if mask is None:
        raise MaskError("Nothing is marked yet: brush over what should go, or let it be found.")
    hand_out(visit, pictures.mask_png(mask), "-mask.png", "White is what is marked.")
