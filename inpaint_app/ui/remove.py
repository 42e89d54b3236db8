"""Handlers of the Remove tab. Each takes a message of the studio, does one thing, and answers through the outbox.

What stands in the class is the task alone; `long` and `short` make the event's handler of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from inpaint_app.backends import registry as backends
from inpaint_app.backends.base import Expected
from inpaint_app.errors import Cancelled, InpaintError, NothingFound
from inpaint_app.removal.session import Session
from inpaint_app.server import pictures
from inpaint_app.server.files.stored_results import opacity, seen
from inpaint_app.server.guard.limits import OPENING
from inpaint_app.server.visitors import Step, Visit, Visits
from inpaint_app.server.work import at_once, value, working
from inpaint_app.types import Image, Progress
from inpaint_app.ui import measured, messages, shots, view_models
from inpaint_app.ui.downloads import give
from inpaint_app.ui.mask_files import held, meanings, pick
from inpaint_app.ui.messages import Message, opened
from inpaint_app.ui.results import Shown
from inpaint_app.ui.tabs import models

Chosen = list[int] | None


def long(
    task: Callable[[Remover, Visit, Message, Progress], None],
) -> Callable[..., Iterator[dict[str, Any]]]:
    """The handler of a task that takes a while: done in a thread, told as it goes on."""

    def handler(self: Remover, event: gr.EventData, request: gr.Request) -> Iterator[dict[str, Any]]:
        visit, message = self._met(event, request)
        yield from working(visit, partial(task, self, visit, message), messages.work(message))

    handler.__name__, handler.__doc__ = task.__name__, task.__doc__
    return handler


def short(task: Callable[[Remover, Visit, Message], None]) -> Callable[..., dict[str, Any]]:
    """The handler of a task that is done at once; what the page waits for has a number."""

    def handler(self: Remover, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        visit, message = self._met(event, request)
        return at_once(visit, partial(task, self, visit, message), messages.work(message) or None)

    handler.__name__, handler.__doc__ = task.__name__, task.__doc__
    return handler


class Remover:
    """The handlers, over one session and all visits."""

    def __init__(self, session: Session, visits: Visits) -> None:
        self.session, self.visits = session, visits

    @long
    def open(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Take a photo in: an uploaded file or a sample."""
        progress(0.1, "Opening")
        with visit.allowance.turn(OPENING, progress):
            photo = opened(self.session, visit, self._sent_by(visit), message, progress)
        progress(0.7, "Preparing the preview")
        step = visit.open(photo)
        self.visits.make_room(visit)
        self._show(visit, step, photo.rgb)
        visit.say("photo", **view_models.photo(photo), token=visit.token)
        self._say_step(visit)
        if message.get("sample") in view_models.EXAMPLES:
            mask = view_models.example(str(message["sample"]))[1]
            self._say_mask(visit, mask, progress, run=True)

    def resume(self, event: gr.EventData, request: gr.Request) -> dict[str, Any]:
        """The page was loaded again: bring photo, history, results and marks back."""
        owner = self.visits.admit(request)
        given = event._data if isinstance(event._data, Mapping) else {}
        visit = self.visits.resume(request.session_hash, str(given.get("token") or ""), owner)
        if visit is None or visit.photo is None:
            return value(self.visits.met(request))

        def task() -> None:
            visit.say("photo", **view_models.photo(visit.opened()), token=visit.token)
            self._say_step(visit)

        return at_once(visit, task)

    @long
    def find(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Look for every object in the current picture, and choose those of the words that come along."""
        step = visit.step()
        looked = messages.finder(message, visit.settings)
        if step.found is None or step.found_with != looked or not message.get("objects"):
            with visit.allowance.turn(progress=progress):
                step.found = self.session.detect(
                    visit.pixels(), messages.segmenter(message), looked[1], progress, looked[2]
                )
            step.found_with = looked
        self._say_found(visit, step, *messages.chosen(message, visit))
        if not step.found:
            said = "Nothing found in this photo. Brush over what should go instead."
            visit.say("nothing", text=f"{said} {view_models.finder(looked[0], visit.settings)}")

    @long
    def remove(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Remove what is marked, or all objects of a word, with every chosen backend, one after the other."""
        step, image = visit.step(), visit.pixels()
        alpha = opacity(visit.opened(), step.patches)
        marks = messages.marked(message, visit, progress.check)
        wanted = messages.request(message, visit, marks)
        step.marks = messages.listed(message.get("marks"))
        names = messages.backends(message) or [backends.default(visit.settings)]
        found = partial(self._say_found, visit, step)
        shown = Shown(visit, step, image, wanted, marks.chosen, marks.brushed, message, found)
        cost = len(names) * (max(1, wanted.candidates) + OPENING * len(wanted.shots))
        with visit.allowance.turn(cost, progress):
            for index, name in enumerate(names):
                part = progress.part(index / len(names), (index + 1) / len(names))
                options = messages.options(message, name)
                wanted = replace(shown.request, backend=name, options=options)
                try:
                    result = self.session.run(
                        image, wanted, part, partial(shown.candidate, wanted), alpha=alpha
                    )
                except (Cancelled, NothingFound):
                    raise
                except InpaintError as error:
                    progress.check()
                    visit.say("error", text=str(error), backend=name)
                    continue
                shown.best(wanted, result)
                part(1.0, "Done")
            shown.agree()

    @long
    def select(self, visit: Visit, message: Message, progress: Progress) -> None:
        """The outline of what the select tool points at becomes a part of the mask."""
        pick(self.session, visit, message, progress)

    @long
    def prove(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Measure on this photo which backend is best for what is marked: the quick ones, and those that are chosen."""
        step = visit.step()
        wanted = messages.request(message, visit, messages.marked(message, visit, progress.check))
        names = measured.chosen(messages.backends(message), visit.settings)
        with visit.allowance.turn(measured.PLACES * len(names), progress):
            measured.measure(self.session, visit, step, wanted, names, progress)

    def cancel(self, event: gr.EventData, request: gr.Request) -> None:
        """Stop the work that the page names, also where it has not begun yet."""
        visit, message = self._met(event, request)
        visit.cancels.cancel(messages.work(message))

    @short
    def ask(self, visit: Visit, message: Message) -> None:
        """The page has heard nothing for a while: is anything going on?"""
        visit.say("state", busy=visit.busy.locked())

    @short
    def estimate(self, visit: Visit, message: Message) -> None:
        """What filling a hole with the chosen slow backends will take, before anybody presses Remove."""
        told = []
        for name in (str(name) for name in message.get("backends") or ()):
            spec = backends.find(name)
            if spec.slow:
                options = messages.options(message, name)
                seeds = messages.candidates(message) if spec.seeded else 1
                told.append((self.session.expected(name, options) or Expected(), seeds))
        visit.say("estimate", text=view_models.estimate(told), asked=message.get("asked"))

    @short
    def keep(self, visit: Visit, message: Message) -> None:
        """A result becomes the next photo."""
        made = visit.step().made.get(str(message.get("result")))
        visit.keep(str(message.get("result")), made.shown["what"] if made else "")
        self._show(visit, visit.step(), visit.pixels())
        self._say_step(visit)

    @short
    def go_to(self, visit: Visit, message: Message) -> None:
        """Back or forward in the history."""
        visit.go_to(messages.integer(message.get("step", 0)))
        self._say_step(visit)

    @long
    def download(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Write the one full-resolution file that is asked for."""
        progress(0.2, "Writing the file")
        with visit.allowance.turn(OPENING, progress):
            give(self.session, visit, message, progress)

    @long
    def mask(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Take a mask file in, at its own resolution."""
        progress(0.1, "Reading the mask")
        with (
            messages.taken(self._sent_by(visit), message) as path,
            visit.allowance.turn(OPENING, progress),
        ):
            self._say_mask(visit, path, progress)

    @long
    def fetch(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Fetch what a backend of the list lacks, and say what is ready then."""
        models.bring(visit, message, progress)

    @long
    def shots(self, visit: Visit, message: Message, progress: Progress) -> None:
        """Take further shots of the place in, or let one go."""
        shots.changed(self.session, self.visits, visit, message, progress)

    @short
    def detail(self, visit: Visit, message: Message) -> None:
        """A full-resolution crop of what the visitor has zoomed into."""
        image = visit.pixels()
        which = message.get("result") or None
        made = visit.step().made.get(str(which))
        image = image if made is None else made.whole(image).image
        left, top, right, bottom = messages.crop(message.get("box"), image.shape)
        crop = np.ascontiguousarray(image[top:bottom, left:right])
        profile, place = visit.opened().shown_icc, visit.passing_file(".jpg")
        written = pictures.write_picture(crop, profile, place, 2 * pictures.PREVIEW_SIDE)
        visit.say("detail", path=str(written), box=[left, top, right, bottom], result=which)

    def leave(self, request: gr.Request) -> None:
        """The tab was closed."""
        self.visits.admit(request)
        self.visits.leave(request.session_hash)

    def _met(self, event: gr.EventData, request: gr.Request) -> tuple[Visit, Message]:
        visit = self.visits.met(request)
        message: Message = event._data if isinstance(event._data, Mapping) else {}
        visit.confirm(messages.number(message.get("seen")))
        return visit, message

    def _sent_by(self, visit: Visit) -> messages.Sent:
        return lambda path: self.visits.sent(path, visit.owner)

    def _say_mask(self, visit: Visit, path: Path, progress: Progress, run: bool = False) -> None:
        """Hold a mask file at the photo's size and show it. run: what it covers is to go at once."""
        question, ways = meanings(path, visit.opened(), partial(self.session.open_mask, progress=progress))
        choices = [{"words": way.words, "note": way.note, **held(visit, way.mask)} for way in ways]
        visit.say("mask", question=question, choices=choices, run=run and not question)

    def _show(self, visit: Visit, step: Step, image: Image) -> None:
        """Write the step's preview and thumbnail once."""
        photo = seen(visit.opened(), step.patches)
        preview = pictures.write_preview(image, photo, visit.file(".jpg"))
        thumb = pictures.write_preview(image, photo, visit.file(".jpg"), pictures.THUMB_SIDE)
        step.shown = {"preview": str(preview), "thumb": str(thumb)}

    def _say_step(self, visit: Visit) -> None:
        """Tell the page which step is on, with all of its history."""
        steps = [{"number": step.number, "title": step.title, **step.shown} for step in visit.steps]
        visit.say("step", at=visit.at, steps=steps)
        shots.tell(visit)
        step = visit.step()
        if step.found is not None:
            self._say_found(visit, step)
        if step.marks:
            previews = {name: one.preview for name, one in visit.masks.items()}
            visit.say("marks", operations=step.marks, previews=previews)
        for made in step.made.values():
            visit.say("result", **made.shown)
        if step.proof:
            visit.say("proof", **step.proof)
        if step.tested:
            visit.say("tested", scores=step.tested)

    def _say_found(self, visit: Visit, step: Step, chosen: Chosen = None, subjects: Chosen = None) -> None:
        looked = step.found_with[0] if step.found_with else ""
        told = view_models.finds(step.found or (), visit.opened(), looked, visit.settings)
        visit.say("found", chosen=chosen, subjects=subjects, **told)
