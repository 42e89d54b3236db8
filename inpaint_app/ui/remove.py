"""Handlers of the Remove tab. Each takes a message of the studio, does one thing, and answers through the outbox."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder, is_in_or_equal

from inpaint_app import recipe
from inpaint_app.backends import registry as backends
from inpaint_app.errors import Cancelled, InpaintError, MaskError, UnreadablePhoto
from inpaint_app.imaging import files
from inpaint_app.imaging.mask import marked
from inpaint_app.metrics import no_reference
from inpaint_app.session import CONFIDENCE, Job, NothingFound, Outcome, Session
from inpaint_app.types import Image, Instance, Progress
from inpaint_app.ui import pictures, present
from inpaint_app.ui.visits import Made, Step, Visit, Visits, hole_of
from inpaint_app.ui.work import at_once, value, working

Message = Mapping[str, Any]


class Remover:
    """The handlers, over one session and all visits."""

    def __init__(self, session: Session, visits: Visits) -> None:
        self.session = session
        self.visits = visits

    def open(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Take a photo in: an uploaded file or a sample."""
        visit, message = self._met(event, request)

        def task(progress: Progress) -> None:
            progress(0.1, "Opening")
            path = _given(self.visits.root, message)
            photo = self.session.load(path, name=str(message.get("name") or path.name)[-120:])
            progress(0.7, "Preparing the preview")
            step = visit.open(photo)
            self._show(visit, step, photo.rgb)
            visit.say("photo", **present.photo(photo))
            self._say_step(visit)

        yield from working(visit, task, _work(message))

    def find(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Look for every object in the current picture."""
        visit, message = self._met(event, request)

        def task(progress: Progress) -> None:
            step = visit.step()
            instances = self.session.detect(
                visit.pixels(), message.get("segmenter") or None, _confidence(message), progress
            )
            step.found, step.found_with = instances, _finder(message)
            self._say_found(visit, step)
            if not instances:
                visit.say("nothing", text="Nothing found in this photo. Brush over what should go instead.")

        yield from working(visit, task, _work(message))

    def remove(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Remove what is marked, or all objects of a word, with every chosen backend, one after the other."""
        visit, message = self._met(event, request)

        def task(progress: Progress) -> None:
            step, image = visit.step(), visit.pixels()
            job = _job(message, step, (image.shape[0], image.shape[1]))
            names = [str(name) for name in message.get("backends") or ()] or [backends.DEFAULT]
            chosen = frozenset(int(n) for n in message.get("chosen") or ())
            shown = False
            for index, name in enumerate(names):
                part = progress.part(index / len(names), (index + 1) / len(names))
                options = dict((message.get("options") or {}).get(name) or {})
                try:
                    outcome = self.session.run(image, replace(job, backend=name, options=options), part)
                except (Cancelled, NothingFound):
                    raise
                except InpaintError as error:
                    visit.say("error", text=str(error), backend=name)
                    continue
                if index == 0 and job.objects:
                    chosen = self._chose(visit, step, job, outcome, message)
                job = replace(job, found=outcome.instances)
                if not shown:
                    shown = True
                    step.made.clear()
                    visit.say("clear")
                self._say_result(visit, step, image, job, outcome, chosen, bool(message.get("brushed")))
                part(1.0, "Done")

        yield from working(visit, task, _work(message))

    def cancel(self, request: gr.Request) -> None:
        """Stop the work that is going on."""
        self.visits.of(request.session_hash).stop.set()

    def keep(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """A result becomes the next photo."""
        visit, message = self._met(event, request)

        def task() -> None:
            made = visit.step().made.get(str(message.get("backend")))
            visit.keep(str(message.get("backend")), made.shown["what"] if made else "")
            self._show(visit, visit.step(), visit.pixels())
            self._say_step(visit)

        return at_once(visit, task, _work(message))

    def go_to(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Back or forward in the history."""
        visit, message = self._met(event, request)

        def task() -> None:
            visit.go_to(int(message.get("step", 0)))
            self._say_step(visit)

        return at_once(visit, task, _work(message))

    def download(self, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        """Write the one full-resolution file that is asked for."""
        visit, message = self._met(event, request)

        def task(progress: Progress) -> None:
            progress(0.2, "Writing the file")
            step = visit.step()
            kind = str(message.get("what", "own"))
            made = step.made.get(str(message.get("backend") or ""))
            if kind == "mask":
                self._give_mask(visit, step, message)
            elif kind == "recipe":
                _give_recipe(visit, made)
            else:
                _give_photo(visit, step, made, "PNG" if kind == "png" else None)

        yield from working(visit, task, _work(message))

    def mask(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """Take a mask file in and hand it to the canvas in the preview's size."""
        visit, message = self._met(event, request)

        def task() -> None:
            image = visit.pixels()
            size = pictures.preview_size(image.shape[1], image.shape[0])
            given = files.open_mask(_given(self.visits.root, message), (size[1], size[0]))
            if not given.any():
                raise MaskError("That mask is empty: white, or painted, is what should go.")
            path = files.write_bytes(pictures.mask_png(given), visit.file(".png"))
            visit.say("mask", path=str(path))

        return at_once(visit, task, _work(message))

    def detail(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """A full-resolution crop of what the visitor has zoomed into."""
        visit, message = self._met(event, request)

        def task() -> None:
            image = visit.pixels()
            made = visit.step().made.get(str(message.get("backend") or ""))
            if made is not None:
                image = made.whole(image).result.image
            assert visit.photo is not None
            left, top, right, bottom = _crop(message.get("box"), image.shape)
            crop = np.ascontiguousarray(image[top:bottom, left:right])
            written = pictures.write_picture(crop, visit.photo.icc, visit.file(".jpg"), 2 * pictures.PREVIEW_SIDE)
            visit.say(
                "detail", path=str(written), box=[left, top, right, bottom], backend=message.get("backend") or None
            )

        return at_once(visit, task)

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        self.visits.leave(request.session_hash)

    def _met(self, event: gr.EventData, request: gr.Request) -> tuple[Visit, Message]:
        visit = self.visits.of(request.session_hash)
        message: Message = event._data if isinstance(event._data, Mapping) else {}
        visit.confirm(int(message.get("seen", 0)))
        return visit, message

    def _show(self, visit: Visit, step: Step, image: Image) -> None:
        """Write the step's preview and thumbnail once."""
        assert visit.photo is not None
        preview = pictures.write_preview(image, visit.photo, visit.file(".jpg"))
        thumb = pictures.write_preview(image, visit.photo, visit.file(".jpg"), pictures.THUMB_SIDE)
        step.shown = {"preview": str(preview), "thumb": str(thumb)}

    def _say_step(self, visit: Visit) -> None:
        """Tell the page which step is on, with all of its history."""
        steps = [{"number": step.number, "title": step.title, **step.shown} for step in visit.steps]
        visit.say("step", at=visit.at, steps=steps)
        step = visit.step()
        if step.found is not None:
            self._say_found(visit, step)
        for made in step.made.values():
            visit.say("result", **made.shown)

    def _say_found(self, visit: Visit, step: Step, chosen: list[int] | None = None) -> None:
        assert visit.photo is not None and step.found is not None
        size = (visit.photo.width, visit.photo.height)
        visit.say("found", instances=present.found(step.found, size), chosen=chosen)

    def _chose(
        self, visit: Visit, step: Step, job: Job, outcome: Outcome, message: Message
    ) -> frozenset[int]:
        """Note and show which finds a word such as "people" has chosen; returns the numbers that go."""
        numbers = frozenset(instance.number for instance in outcome.removed)
        if job.found is None:
            step.found, step.found_with = outcome.instances, _finder(message)
        else:
            numbers |= frozenset(int(n) for n in message.get("chosen") or ())
        self._say_found(visit, step, sorted(numbers))
        return numbers

    def _say_result(
        self,
        visit: Visit,
        step: Step,
        image: Image,
        job: Job,
        outcome: Outcome,
        chosen: frozenset[int],
        brushed: bool,
    ) -> None:
        """Show a result at once, then its scores."""
        assert visit.photo is not None
        result = outcome.result
        what = present.removed([i for i in step.found or () if i.number in chosen], brushed)
        shown = present.result(result, backends.find(result.backend).title, what)
        shown["preview"] = str(pictures.write_preview(result.image, visit.photo, visit.file(".jpg")))
        shown["thumb"] = str(
            pictures.write_preview(result.image, visit.photo, visit.file(".jpg"), pictures.THUMB_SIDE)
        )
        step.made[result.backend] = Made.of(outcome, job, chosen, shown)
        visit.say("result", **shown)
        scores = no_reference.report(image, result)
        extra = {"seam": scores.seam_contrast, "texture": scores.texture_energy}
        shown.update(extra)
        visit.say("scores", backend=result.backend, **extra)

    def _give_mask(self, visit: Visit, step: Step, message: Message) -> None:
        image = visit.pixels()
        mask = marked_mask(message, step, (image.shape[0], image.shape[1]))
        if mask is None:
            raise MaskError("Nothing is marked yet: brush over what should go, or let it be found.")
        assert visit.photo is not None
        name = f"{Path(visit.photo.name).stem or 'photo'}-mask.png"
        path = files.write_bytes(pictures.mask_png(mask), visit.file(".png", name))
        visit.say("file", path=str(path), name=name, text="White is what is marked.")


def _give_photo(visit: Visit, step: Step, made: Made | None, format: str | None) -> None:
    """The current step, or a result of it, in the photo's own format or as PNG."""
    assert visit.photo is not None
    photo, patches = visit.photo, step.patches + (made.patches if made else ())
    edited = made.whole(visit.pixels()).result.image if made else visit.pixels()
    encoded = files.encode(photo, edited, hole_of(patches, photo.rgb.shape), format=format)
    name = f"{Path(photo.name).stem or 'photo'}-removed{encoded.suffix}"
    path = files.write_bytes(encoded.data, visit.file(encoded.suffix, name))
    visit.say("file", path=str(path), name=name, text=present.certificate(encoded.report))


def _give_recipe(visit: Visit, made: Made | None) -> None:
    if made is None:
        raise InpaintError("A recipe belongs to a result: remove something first.")
    assert visit.photo is not None
    photo, image = visit.photo, visit.pixels()
    if image is not photo.rgb:
        # A later step starts from pixels that are in no file: its recipe names the photo by them alone.
        photo = replace(photo, rgb=image, sha256="")
    text = recipe.make(photo, made.whole(image), made.job)
    number = "" if visit.at == 0 else f"-step{visit.at + 1}"
    name = f"{Path(photo.name).stem or 'photo'}{number}.recipe.json"
    path = files.write_bytes(text.encode(), visit.file(".json", name))
    visit.say("file", path=str(path), name=name, text="Replay it with: inpaint-app remove PHOTO --recipe FILE.")


def _given(root: Path, message: Message) -> Path:
    """The file that a message names: a sample, or an upload of this server, never anything else on its disk."""
    if message.get("sample"):
        known = present.samples()
        if message["sample"] not in known:
            raise UnreadablePhoto("There is no such sample photo.")
        return known[str(message["sample"])]
    path = Path(str(message.get("path") or ""))
    if not message.get("path") or not is_in_or_equal(path, get_upload_folder()) or is_in_or_equal(path, root):
        raise UnreadablePhoto("The photo did not arrive: open it again.")
    return path


def _work(message: Message) -> int:
    return int(message.get("work", 0))


def _confidence(message: Message) -> float:
    return float(message.get("confidence") or CONFIDENCE)


def _finder(message: Message) -> tuple[str | None, float]:
    return message.get("segmenter") or None, _confidence(message)


def marked_mask(message: Message, step: Step, shape: tuple[int, int]) -> Any:
    """The mask as the page shows it, at full size: chosen finds, less the erased, joined with the brushed."""
    numbers = {int(n) for n in message.get("chosen") or ()}
    chosen: list[Instance] = [i for i in step.found or () if i.number in numbers]
    strokes = pictures.read_strokes(message.get("strokes"), shape)
    if strokes is None and not chosen:
        return None
    brushed, erased = strokes or (None, None)
    mask = marked(shape, chosen, brushed, erased)
    return mask if mask.any() else None


def _job(message: Message, step: Step, shape: tuple[int, int]) -> Job:
    """What the page asks for, as a job: all that is marked, and all objects of the words."""
    words = tuple(str(word) for word in message.get("objects") or ())
    known = step.found if not words or step.found_with == _finder(message) else None
    strokes = pictures.read_strokes(message.get("strokes"), shape)
    corrected = strokes is not None and bool(strokes[1].any())
    chosen = frozenset(int(n) for n in message.get("chosen") or ())
    return Job(
        mask=marked_mask(message, step, shape),
        objects=words,
        found=known,
        # Where something was erased the mask alone decides: naming the finds would bring the erased part back.
        numbers=None if words else (frozenset() if corrected else chosen),
        segmenter=message.get("segmenter") or None,
        confidence=_confidence(message),
        grow=_pixels(message.get("grow")),
        feather=_pixels(message.get("feather")),
    )


def _pixels(given: Any) -> int | None:
    return None if given in (None, "", "auto") else int(given)


def _crop(box: Any, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    left, top, right, bottom = (int(v) for v in box)
    left, top = max(0, min(left, shape[1] - 1)), max(0, min(top, shape[0] - 1))
    return left, top, max(left + 1, min(right, shape[1])), max(top + 1, min(bottom, shape[0]))


__all__ = ["Remover", "value"]
